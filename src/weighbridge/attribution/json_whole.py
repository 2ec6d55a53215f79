"""A whole document in one piece: the everyday body, read by a C decoder in a microsecond.

Hides the shortcut. Rules for future edits: what it takes is a subset of what `json_members`
takes, and it finds the same offsets (a property test compares); whatever it is not sure of, it
leaves to that. Counterpart: `json_members.MemberScanner.feed`.
"""

import re
from typing import Final, NamedTuple

import msgspec

NAME: Final = "labels"
_WORD: Final = NAME.encode()
_QUOTED: Final = b'"%b"' % _WORD
# One letter of the name as an escape, by which a key can spell it without its bytes.
_ESCAPED_LETTER: Final = re.compile(rb"\\u00(?:6[125cC]|73)")
_SPACE = re.compile(rb"[ \t\n\r]*+").match
_SPACE_BEFORE: Final = b" \t\n\r"
_NOT_READ: Final = (msgspec.MsgspecError, RecursionError, UnicodeError)


class Whole(NamedTuple):
    """Offsets in a document that is one JSON object, strictly.

    `closed_at` is its last bracket, `empty` says that it has no member. The rest is of the member
    `labels`, `key_at` -1 where there is none; see `json_members.Member`.
    """

    closed_at: int
    empty: bool
    key_at: int = -1
    before: int = -1
    first: bool = False
    value_at: int = -1
    end: int = -1
    comma_at: int | None = None
    known_at: int = -1


class _Top(msgspec.Struct):
    labels: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decode = msgspec.json.Decoder(_Top).decode


def may_hold_name(document: bytes) -> bool:
    """Whether a member `labels` may stand in it: False is certain."""
    if _WORD in document:
        return True
    return b"\\u00" in document and _ESCAPED_LETTER.search(document) is not None


def read_whole(document: bytes) -> Whole | None:
    """The member `labels` of a whole document, or None where it takes a closer look."""
    closed_at = len(document.rstrip(_SPACE_BEFORE)) - 1
    if closed_at < 1 or document[closed_at] != ord("}"):
        return None
    try:
        labels = _decode(document).labels
    except _NOT_READ:
        return None
    if not isinstance(labels, msgspec.Raw):
        return Whole(closed_at, document[:closed_at].rstrip(_SPACE_BEFORE).endswith(b"{"))
    key_at = document.find(_QUOTED)
    if key_at < 0 or document.find(_QUOTED, key_at + 1) >= 0:
        return None
    if b"\\u00" in document and _ESCAPED_LETTER.search(document):
        return None
    # The name is spelled nowhere else, so that is where the member is.
    before = len(document[:key_at].rstrip(_SPACE_BEFORE)) - 1
    colon = _after_space(document, key_at + len(_QUOTED))
    value_at = _after_space(document, colon + 1)
    end = value_at + len(bytes(labels))
    behind = _after_space(document, end)
    comma_at = behind if behind < closed_at else None
    known_at = closed_at if comma_at is None else _after_space(document, comma_at + 1)
    first = document[before] == ord("{")
    return Whole(closed_at, False, key_at, before, first, value_at, end, comma_at, known_at)


def _after_space(document: bytes, at: int) -> int:
    found = _SPACE(document, at)
    return found.end() if found else at
