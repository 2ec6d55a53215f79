"""JSON as Google's front end reads it, which forgives what the standard does not.

Hides the forgiveness: a comma after the last member or element, as people leave it in bodies
that they write by hand, and the byte order mark that Windows puts before them. Strict first, so
that a large well-formed body is read once.
"""

import re
from typing import Any

import msgspec

_STRING_OR_LAST_COMMA = re.compile(rb'"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])', re.DOTALL)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decode(body: bytes) -> Any:
    """The document of a body.

    Example: `{"a": [1, 2,],}` is read as `{"a": [1, 2]}`; a comma inside a text stays.
    Errors: `msgspec.DecodeError`, `UnicodeDecodeError`, `RecursionError`.
    """
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        plain = body.removeprefix(_BYTE_ORDER_MARK)
        return msgspec.json.decode(_STRING_OR_LAST_COMMA.sub(_kept, plain))


def _kept(match: re.Match[bytes]) -> bytes:
    return b"" if match[0] == b"," else match[0]
