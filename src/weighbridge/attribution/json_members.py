"""Where the top-level member `labels` of a JSON object stands, told while the bytes pass.

Hides JSON: long strings are skipped by searching for their end, runs of short values by one
match, so that a body of megabytes costs little; whatever the pieces, the offsets are the same.
The grammar is RFC 8259's, with what Google's parser also takes: a comma after the last member,
raw control characters in strings, a byte order mark. Rules for future edits: nothing of the
document is kept but an unfinished word or key (at most `_MOST_PENDING` bytes) and the open
brackets (at most `_DEEPEST`); never raises.
Counterparts: `json_whole` reads the everyday body; `body_labels` holds back and rewrites the
bytes that these offsets bound.
"""

import json
import re
from collections.abc import Callable
from enum import IntEnum
from typing import ClassVar, Final

from weighbridge.attribution.json_whole import NAME, Whole, read_whole

_NAME_BYTES: Final = NAME.encode()
_MOST_PENDING: Final = 256
_DEEPEST: Final = 10_000  # more than the decoder of `json_whole` takes
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

_WS = rb"[ \t\n\r]*+"
# Longer strings are left to a search for their end, which is a hundred times faster.
_SHORT = rb'"[^"\\]{0,512}+(?:\\.[^"\\]{0,512}+){0,64}+"'
_SCALAR = (
    rb"(?:true|false|null"
    rb"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+)"
)


def _nested(levels: int) -> bytes:
    """The pattern of a value of short strings and at most so many levels of brackets."""
    if levels == 0:
        return rb"(?:%b|%b)" % (_SHORT, _SCALAR)
    inner = _WS + _nested(levels - 1) + _WS
    member = _WS + _SHORT + _WS + rb":" + inner
    return rb"(?:%b|%b|\{(?:%b(?:,|(?=\})))*+%b\}|\[(?:%b(?:,|(?=\])))*+%b\])" % (
        _SHORT, _SCALAR, member, _WS, inner, _WS,
    )  # fmt: skip


_PLAIN = _WS + _nested(3) + _WS
_SPACE = re.compile(_WS).match
_WORD = re.compile(rb"[-+.0-9A-Za-z]*+").match
_IS_SCALAR = re.compile(_SCALAR).fullmatch
_WHOLE_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL).match
_STRING_REST = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL).match
_KEY_AND_COLON = re.compile(_SHORT + _WS + rb":", re.DOTALL).match
# What needs no look at each: values, and runs of members and items, each with its comma.
_WHOLE_VALUE = re.compile(_nested(3), re.DOTALL).match
_MEMBERS = re.compile(rb"(?:%b%b%b:%b,)*+" % (_WS, _SHORT, _WS, _PLAIN), re.DOTALL).match
_ITEMS = re.compile(rb"(?:%b,)*+" % _PLAIN, re.DOTALL).match

_STOP: Final = -1
_BLANK: Final = 0x20
_QUOTE, _BACKSLASH, _COMMA_BYTE, _COLON_BYTE = b'"\\,:'
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = b"{}[]"


class State(IntEnum):
    """What the next byte that is no white space may be; `MemberScanner._steps` has this order."""

    START = 0  # the document
    KEY = 1  # a key, or the object's end
    COLON = 2
    VALUE = 3
    ITEM = 4  # a value, or the array's end
    AFTER = 5  # a comma, or the end of what is open
    STRING = 6  # the rest of a string
    LONG_WORD = 7  # the rest of a number
    TAIL = 8  # nothing: the document is whole
    BROKEN = 9
    FOREIGN = 10  # a document that is no object


# As plain names: a member read off its enum costs as much as a function call.
(
    _START, _KEY, _COLON, _VALUE, _ITEM, _AFTER, _STRING, _LONG_WORD, _TAIL, _BROKEN, _FOREIGN,
) = State  # fmt: skip


_INSIDE_WORDS: Final = frozenset({_STRING, _LONG_WORD})


class Member:
    """One member `labels`; offsets count from the body's first byte.

    `before` is the comma or bracket that stands before it, `key_at` its key, `value_at` and `end`
    bound its value, `comma_at` is the comma behind it, None where there is none; `last` says that
    no other member follows; `known_at` is where that became clear.
    """

    __slots__ = ("before", "comma_at", "end", "first", "key_at", "known_at", "last", "value_at")

    def __init__(self, before: int, key_at: int, *, first: bool) -> None:
        self.before = before
        self.key_at = key_at
        self.first = first
        self.value_at = -1
        self.end = -1
        self.comma_at: int | None = None
        self.last = False
        self.known_at = -1

    def __repr__(self) -> str:
        return f"<Member {self.key_at}:{self.end}, {'last' if self.last else 'not last'}>"


class MemberScanner:
    """Life: `feed` piece by piece; then `state` is `TAIL` if all of it was one JSON object.

    `offset` is how far it has read; `broken_at` where the grammar broke; `closed_at` where the
    object's last bracket stands, and `bare` whether a comma or the first bracket precedes that.
    `unfed` is what was read of the pieces but belongs to what comes next.
    """

    __slots__ = (
        "_escaped", "_found", "_open", "_separator", "_separator_first",
        "_stack", "_then", "bare", "broken_at", "closed_at", "offset", "state", "unfed",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state = _START
        self.offset = 0
        self.broken_at: int | None = None
        self.closed_at: int | None = None
        self.bare = False
        self.unfed = b""
        self._stack = bytearray()
        self._escaped = False
        self._then = _AFTER
        self._open: Member | None = None
        self._separator: int | None = None
        self._separator_first = False
        self._found: list[Member] = []

    def __repr__(self) -> str:
        return f"<MemberScanner {State(self.state).name} at {self.offset}>"

    @property
    def held_from(self) -> int | None:
        """Where what may turn out to be the member begins, its comma or bracket included."""
        return self._separator if self._open is None else self._open.before

    @property
    def inside(self) -> bool:
        """Whether the member has begun, and what follows it is not known yet."""
        return self._open is not None

    def feed(self, data: bytes) -> list[Member]:
        """Read the next bytes; gives the members that became known, in order."""
        if self.state is _START and self.offset == 0 and not self.unfed:
            whole = read_whole(data)
            if whole is not None:
                return self._read(whole, len(data))
        if self.unfed:
            data = self.unfed + data
        at = self._scan(data)
        self.unfed = data[at:]
        self.offset += at
        found, self._found = self._found, []
        return found

    def _read(self, whole: Whole, length: int) -> list[Member]:
        """Be where reading step by step would have led."""
        self.state = _TAIL
        self.offset = length
        self.closed_at = whole.closed_at
        self.bare = whole.empty
        if whole.key_at < 0:
            return []
        member = Member(whole.before, whole.key_at, first=whole.first)
        member.value_at = whole.value_at
        member.end = whole.end
        member.comma_at = whole.comma_at
        member.last = whole.comma_at is None
        member.known_at = whole.known_at
        return [member]

    def _scan(self, data: bytes) -> int:
        """As far as it can be read; gives how far that is."""
        at, end = 0, len(data)
        while at < end:
            if data[at] <= _BLANK and self.state not in _INSIDE_WORDS:
                at = _SPACE(data, at).end()  # type: ignore[union-attr]
                if at == end:
                    break
            step = self._steps[self.state](self, data, at)
            if step == _STOP:
                break
            at = step
        return at

    def _start(self, data: bytes, at: int) -> int:
        if data[at] == _OPEN_OBJECT:
            self._separator = self.offset + at
            self._separator_first = True
            return self._opened(_OPEN_OBJECT, at)
        if self.offset + at == 0 and _BYTE_ORDER_MARK.startswith(data[:3]):
            return 3 if len(data) >= 3 else _STOP
        self.state = _FOREIGN
        return _STOP

    def _key(self, data: bytes, at: int) -> int:
        top = len(self._stack) == 1
        if not top:
            at = _SPACE(data, _MEMBERS(data, at).end()).end()  # type: ignore[union-attr]
            if at == len(data):
                return at
        if data[at] == _CLOSE_OBJECT:
            return self._closed(at)
        if data[at] != _QUOTE:
            return self._break(at)
        if top:
            return self._top_key(data, at)
        key = _KEY_AND_COLON(data, at)
        if key is None:
            return self._string(data, at, _COLON)
        self.state = _VALUE
        return key.end()

    def _top_key(self, data: bytes, at: int) -> int:
        whole = _WHOLE_STRING(data, at)
        if whole is None and len(data) - at <= _MOST_PENDING:
            return _STOP
        self._resolve(at, last=False)
        before, self._separator = self._separator, None
        if whole is None:  # longer than the name can be written
            return self._string(data, at, _COLON)
        if before is not None and self._is_name(data[at + 1 : whole.end() - 1]):
            self._open = Member(before, self.offset + at, first=self._separator_first)
        self._separator_first = False
        self.state = _COLON
        return whole.end()

    @staticmethod
    def _is_name(raw: bytes) -> bool:
        if b"\\" not in raw:
            return raw == _NAME_BYTES
        if len(raw) > 6 * len(NAME):
            return False
        try:
            return bool(json.loads(b'"' + raw + b'"', strict=False) == NAME)
        except ValueError:
            return False

    def _colon(self, data: bytes, at: int) -> int:
        if data[at] != _COLON_BYTE:
            return self._break(at)
        self.state = _VALUE
        return at + 1

    def _value(self, data: bytes, at: int) -> int:
        if self._open is not None and self._open.value_at < 0:
            self._open.value_at = self.offset + at
        first = data[at]
        if first == _QUOTE:
            return self._string(data, at, _AFTER)
        if first in (_OPEN_OBJECT, _OPEN_ARRAY):
            whole = _WHOLE_VALUE(data, at)
            return self._opened(first, at) if whole is None else self._ended(whole.end())
        end = _WORD(data, at).end()  # type: ignore[union-attr]
        if end - at > _MOST_PENDING:
            self.state = _LONG_WORD
            return end
        if end == len(data):
            return _STOP
        return self._ended(end) if _IS_SCALAR(data, at, end) else self._break(at)

    def _long_word(self, data: bytes, at: int) -> int:
        """A number of hundreds of digits, taken for one unseen."""
        end = _WORD(data, at).end()  # type: ignore[union-attr]
        return end if end == len(data) else self._ended(end)

    def _item(self, data: bytes, at: int) -> int:
        at = _SPACE(data, _ITEMS(data, at).end()).end()  # type: ignore[union-attr]
        if at == len(data):
            return at
        if data[at] == _CLOSE_ARRAY:
            return self._closed(at)
        return self._value(data, at)

    def _after(self, data: bytes, at: int) -> int:
        in_object = self._stack[-1] == _OPEN_OBJECT
        if data[at] == _COMMA_BYTE:
            if len(self._stack) == 1:
                self._separator = self.offset + at
                if self._open is not None:
                    self._open.comma_at = self._separator
            self.state = _KEY if in_object else _ITEM
            return at + 1
        if data[at] != (_CLOSE_OBJECT if in_object else _CLOSE_ARRAY):
            return self._break(at)
        return self._closed(at)

    def _tail(self, _data: bytes, at: int) -> int:
        return self._break(at)

    def _string(self, data: bytes, at: int, then: State) -> int:
        self.state = _STRING
        self._then = then
        return self._rest_of_string(data, at + 1)

    def _rest_of_string(self, data: bytes, at: int) -> int:
        if self._escaped:
            self._escaped = False
            at += 1
        quote = data.find(b'"', at)
        last = quote if quote >= 0 else len(data)
        if last > at and data[last - 1] == _BACKSLASH:
            quote = last = _STRING_REST(data, at).end()  # type: ignore[union-attr]
        if quote < 0 or last == len(data):
            return last
        if data[last] == _BACKSLASH:  # the piece's last byte: what it escapes comes next
            self._escaped = True
            return last + 1
        if self._then is _AFTER:
            return self._ended(last + 1)
        self.state = self._then
        return last + 1

    def _opened(self, bracket: int, at: int) -> int:
        if len(self._stack) >= _DEEPEST:
            return self._break(at)
        self._stack.append(bracket)
        self.state = _KEY if bracket == _OPEN_OBJECT else _ITEM
        return at + 1

    def _closed(self, at: int) -> int:
        self._stack.pop()
        if self._stack:
            return self._ended(at + 1)
        self._resolve(at, last=True)
        self.closed_at = self.offset + at
        self.bare = self.state is _KEY
        self._separator = None
        self.state = _TAIL
        return at + 1

    def _ended(self, end: int) -> int:
        """A value ends before `end`."""
        if self._open is not None and len(self._stack) == 1:
            self._open.end = self.offset + end
        self.state = _AFTER
        return end

    def _resolve(self, at: int, *, last: bool) -> None:
        """What follows the open member is known."""
        member, self._open = self._open, None
        if member is not None:
            member.last = last
            member.known_at = self.offset + at
            self._found.append(member)

    def _break(self, at: int) -> int:
        self.broken_at = self.offset + at
        self.state = _BROKEN
        return _STOP

    def _stop(self, _data: bytes, _at: int) -> int:
        return _STOP

    _steps: ClassVar[tuple[Callable[["MemberScanner", bytes, int], int], ...]] = (
        _start, _key, _colon, _value, _item, _after, _rest_of_string, _long_word, _tail, _stop,
        _stop,
    )  # fmt: skip
