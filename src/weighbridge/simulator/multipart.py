"""A multipart/related upload: a JSON part that describes a file, and the file.

Hides the boundary, and that the end of a large body was not kept: the file's length follows
from the whole body's.
"""

import re

import msgspec

_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]+)\"|([^;\s]+))")
_KIND = re.compile(rb"(?im)^content-type:[ \t]*([^\r\n]+)")


class Parts(msgspec.Struct, frozen=True):
    """The two parts; `content` is None where the body was too large to keep."""

    metadata: bytes
    mime: str
    size: int
    content: bytes | None


def parse_multipart(body: bytes, body_bytes: int, content_type: str) -> Parts | None:
    """The parts of a body of which the beginning, or all, is there; None for anything else."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return None
    mark = b"--" + (found[1] or found[2]).encode("latin-1")
    start, first, second = body.find(mark), b"", b""
    middle = body.find(b"\r\n" + mark, start + len(mark))
    if start < 0 or middle < 0:
        return None
    first = body[start + len(mark) : middle]
    second = body[middle + 2 + len(mark) :]
    _, _, metadata = first.partition(b"\r\n\r\n")
    head, split, content = second.partition(b"\r\n\r\n")
    if not split:
        return None
    kind = _KIND.search(head)
    mime = kind[1].decode("latin-1").strip() if kind else "application/octet-stream"
    end = b"\r\n" + mark + b"--"
    if len(body) == body_bytes:
        content = content[: at if (at := content.rfind(end)) >= 0 else len(content)]
        return Parts(metadata, mime, len(content), content)
    before = len(body) - len(content)
    return Parts(metadata, mime, max(0, body_bytes - before - len(end)), None)
