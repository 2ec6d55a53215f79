"""How the bytes of a `labels` member are read, blanked and filled; the rest of a body is not here.

Hides how labels look in JSON. Rules for future edits: an edit is (start, end, new bytes) in
offsets of the body; what is blanked keeps its length and its lines, so that the positions in
Google's own messages stay true. Counterparts: `json_members` gives the offsets, `body_labels`
decides which edit.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from weighbridge.attribution.json_members import Member
from weighbridge.attribution.labels import LabelError, checked_labels

Edit = tuple[int, int, bytes]

SOURCE: Final = "labels of the body"
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PAIR = re.compile(rb"[\s,]*(" + _STRING + rb")\s*:\s*(" + _STRING + rb")?", re.DOTALL)
_OTHER_VALUE = re.compile(rb"[^,}]{0,64}")
_ENDS_OPEN = re.compile(rb"[,{]\s*\}\Z")
_BLANK: Final = bytes(byte if byte in b"\t\n\r" else 0x20 for byte in range(256))


def read_labels(raw: bytes, *, lenient: bool) -> dict[str, str]:
    """The labels of a member's value.

    Takes: one JSON value, its grammar checked; `null` is no labels, as it is to Google.
    Errors: `LabelError` at the first rule that is broken.
    """
    if raw == b"null":
        return {}
    if not raw.startswith(b"{"):
        shown = raw[:64].decode("utf-8", "replace")
        rule = "the member must be an object of keys and values"
        raise LabelError(SOURCE, rule, key="labels", value=shown)
    return checked_labels(_pairs(raw), source=SOURCE, lenient=lenient)


def blanked(member: Member, body: bytearray, body_at: int) -> Edit:
    """The member, and the comma that would be left over, as white space.

    Takes: bytes of the body from offset `body_at` on, in which the member stands.
    Example: `{"a":1,"labels":{}}` loses the comma before, `{"labels":{},"a":1}` the one behind.
    """
    start, end = member.key_at, member.end
    if member.comma_at is not None:
        end = member.comma_at + 1
    if member.last and not member.first:
        start = member.before
    return start, end, bytes(body[start - body_at : end - body_at]).translate(_BLANK)


def filled(member: Member, raw: bytes, missing: Mapping[str, str]) -> Edit:
    """More labels behind those of the member, or in the place of its `null`."""
    if not raw.startswith(b"{"):
        return member.value_at, member.end, b"{%b}" % _members(missing)
    comma = b"" if _ENDS_OPEN.search(raw) else b","
    return member.end - 1, member.end - 1, comma + _members(missing)


def as_new_member(closed_at: int, labels: Mapping[str, str], *, bare: bool) -> Edit:
    """A `labels` member before the body's last bracket; `bare` = no comma is needed."""
    return closed_at, closed_at, b'%b"labels":{%b}' % (b"" if bare else b",", _members(labels))


def _members(labels: Mapping[str, str]) -> bytes:
    text = json.dumps(dict(labels), ensure_ascii=False, separators=(",", ":"))
    return text[1:-1].encode()


def _pairs(raw: bytes) -> Iterator[tuple[str, str]]:
    at = 1
    while pair := _PAIR.match(raw, at):
        at = pair.end()
        key = _text(pair[1])
        if pair[2] is None:
            other = _OTHER_VALUE.match(raw, at)
            shown = other[0].decode("utf-8", "replace").strip() if other else ""
            rule = "the value is no text; give it in double quotes"
            raise LabelError(SOURCE, rule, key=key, value=shown)
        yield key, _text(pair[2])


def _text(token: bytes) -> str:
    """What a JSON string says."""
    try:
        if b"\\" not in token:
            return token[1:-1].decode("utf-8")
        return str(json.loads(token.decode("utf-8"), strict=False))
    except ValueError as error:
        shown = token[1:-1][:64].decode("utf-8", "replace")
        rule = "this is no JSON string in UTF-8"
        raise LabelError(SOURCE, rule, key=shown) from error
