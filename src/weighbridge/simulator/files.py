"""Uploaded and generated files: get, list, delete, download.

A file's bytes are kept only where they are few; a larger one is known by its length and hash,
and downloads as filler of that length. Counterpart: `uploads` makes most of them.
"""

import base64
import hashlib
from datetime import timedelta

import msgspec

from weighbridge.simulator.context import GOOGLE, Context
from weighbridge.simulator.messages import Document, Reply
from weighbridge.simulator.paging import page
from weighbridge.simulator.problems import NOT_FOUND

_FILLER = b"weighed " * 32_768


class File(msgspec.Struct, kw_only=True):
    """A file: how the API shows it, its length, and its bytes where they were kept."""

    shown: Document
    size: int
    content: bytes | None


def files(context: Context) -> Reply:
    """Whatever is asked of files."""
    call, shelf = context.call, context.state.files
    if not call.rest:
        listed = [each.shown for each in reversed(shelf.values())]
        return context.reply(page(context, "files", listed))
    found: File | None = shelf.get(call.rest)
    if found is None:
        return NOT_FOUND.reply(call)
    if call.query.get("alt") == "media":
        return download(context)
    if context.request.method == b"DELETE":
        del shelf[call.rest]
        return context.reply({})
    return context.reply(found.shown)


def download(context: Context) -> Reply:
    """The bytes of a file, or as many bytes of filler."""
    found: File | None = context.state.files.get(context.call.rest)
    if found is None:
        return NOT_FOUND.reply(context.call)
    kind = found.shown["mimeType"]
    if found.content is not None:
        return Reply(content_type=kind, pieces=(found.content,), sized=True)
    whole, rest = divmod(found.size, len(_FILLER))
    return Reply(content_type=kind, pieces=(_FILLER,) * whole + (_FILLER[:rest],), sized=True)


def make_file(  # noqa: PLR0913 -- a file has this many properties
    context: Context,
    name: str,
    *,
    mime: str,
    content: bytes | None,
    size: int | None = None,
    digest: str | None = None,
    title: str | None = None,
    source: str = "UPLOADED",
) -> File:
    """Puts a file on the shelf; size and hash are those of its bytes unless given."""
    size = len(content or b"") if size is None else size
    digest = digest or hashlib.sha256(content or b"").hexdigest()
    shown: Document = {"name": f"files/{name}"}
    if title:
        shown["displayName"] = title
    shown |= {
        "mimeType": mime,
        "sizeBytes": str(size),
        "createTime": context.time(),
        "updateTime": context.time(),
        "expirationTime": context.time(timedelta(days=2)),
        "sha256Hash": base64.b64encode(digest.encode()).decode(),
        "uri": f"{GOOGLE}/{context.call.version}/files/{name}",
        "state": "ACTIVE",
        "source": source,
    }
    if source == "GENERATED":
        shown["downloadUri"] = f"{shown['uri']}:download?alt=media"
    made = File(shown=shown, size=size, content=content)
    context.state.files.put(name, made)
    return made
