"""Decoding JSON that may be anything: which faults that has, and how an object's end is read.

Hides how usage is found in a document of which only the end is left. Pure.
Counterparts: the answers of each provider, and the messages of live sessions.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

_Document = TypeVar("_Document")

# What a decoder raises over bytes that are not the document it knows, however they are nested.
UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_ATTEMPTS: Final = 8


def from_last(
    key: bytes, tail: bytes | bytearray, decode: Callable[[bytes], _Document]
) -> tuple[_Document, int] | None:
    """The members from an object's last top-level `key` on, and where that stands in `tail`.

    `{` and the rest from that key decode exactly where the key stands at the top level:
    deeper, the rest has brackets too many; inside a text, its quotes are escaped.
    Takes: the key with its quotes.
    Gives: None where none of the last few such keys stands there.
    """
    end = len(tail)
    for _ in range(_ATTEMPTS):
        end = tail.rfind(key, 0, end)
        if end < 0:
            return None
        try:
            return decode(b"{" + tail[end:]), end
        except UNREADABLE:
            continue
    return None
