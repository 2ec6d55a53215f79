"""Walks a JSON document as it comes and hands over the values at a few wanted paths.

Hides how to find small things in a document of any size: the state of a batch between its
answers, the number of images between their bytes. Rules for future edits: memory is bounded by
the limits below and by the depth of the wanted paths, whatever comes in whatever pieces; what
is not wanted is passed over inside regular expressions, which keeps it in C; nothing raises.
Counterpart: `documents` and `json_array` for answers of which one object is decoded.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

# A member's name, a string or a number that is longer is told as too long, not kept.
LONGEST_VALUE_BYTES: Final = 4 << 10
# Likewise an object or array.
LONGEST_OBJECT_BYTES: Final = 256 << 10

# The next thing that means something: a whole string, a bracket, a scalar, or the quote of a
# string that this piece does not end. It always matches, if only at the end.
_TOKEN: Final = re.compile(
    rb'[\s,:]*+(?:("[^"\\]*+(?:\\.[^"\\]*+)*+")|([{}\[\]])|([^\s,:"{}\[\]]++)|("))?', re.DOTALL
)
_STRING, _BRACKET, _SCALAR, _OPEN_STRING = 1, 2, 3, 4
# Up to and with the next bracket outside strings, or the quote of a string left open.
_NEXT: Final = re.compile(
    rb'[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"\[\]{}]*+)*+(["\[\]{}])?', re.DOTALL
)
_INSIDE: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_QUOTE: Final = 0x22
_OPENING: Final = frozenset(b"{[")
_OBJECT: Final = 0x7B

Take = Callable[[str, bytes | None], None]


class Wanted:
    """One step of the wanted paths: what to tell here, and the steps below."""

    __slots__ = ("each", "ended", "members", "name")

    def __init__(self) -> None:
        self.members: dict[bytes, Wanted] = {}
        self.each: Wanted | None = None
        self.name: str | None = None
        self.ended: str | None = None

    def __repr__(self) -> str:
        return f"<Wanted {self.name or self.ended or ''} {sorted(self.members)}>"


def wanted(values: Mapping[str, str], ends: Mapping[str, str] | None = None) -> Wanted:
    """Paths to walk for.

    Takes: names by path, of values to hand over and of values to tell the end of. A path is
    member names with dots between them, `[]` behind a name for each element.
    Example: `wanted({"data[].b64_json": "image"}, {"data[]": "piece"})`.
    """
    root = Wanted()
    for path, name in values.items():
        _step(root, path).name = name
    for path, name in (ends or {}).items():
        _step(root, path).ended = name
    return root


def _step(root: Wanted, path: str) -> Wanted:
    step = root
    for part in path.split("."):
        name = part.rstrip("[]")
        step = step.members.setdefault(name.encode(), Wanted())
        for _ in range(part.count("[]")):
            if step.each is None:
                step.each = Wanted()
            step = step.each
    return step


class JsonWalker:
    """Walks one document, the elements of a top-level array, or one document after another.

    Takes: what to walk for, and whom to tell. A value is told as its JSON, None where it is too
    long to keep; `null` is not told; an end as `b""`.
    """

    __slots__ = (
        "_carry",
        "_depth",
        "_ended",
        "_escaped",
        "_in_key",
        "_in_string",
        "_kept",
        "_lost",
        "_name",
        "_next",
        "_stack",
        "_take",
        "_top",
        "broken",
        "documents",
    )

    def __init__(self, root: Wanted, take: Take) -> None:
        self._take = take
        self._top = Wanted()
        self._top.each = root
        self._stack: list[tuple[Wanted, bool]] = []  # open containers, and which are objects
        self._in_key = False  # A name comes next, not a value.
        self._next: Wanted | None = None  # the step that the next value of an object is
        self._carry = b""  # the beginning of a token that this piece does not end
        self._in_string = False  # within a string too long to keep, or within what is passed over
        self._escaped = False
        self._depth = 0  # of what is passed over
        self._name: str | None = None  # what is passed over is told by this name
        self._ended: str | None = None
        self._kept = bytearray()
        self._lost = False
        self.documents = 0  # top-level objects that came whole
        self.broken = False

    def __repr__(self) -> str:
        state = "broken" if self.broken else "skipping" if self._depth else "walking"
        return f"<JsonWalker {state} at depth {len(self._stack) + self._depth}>"

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._carry:
            data = self._carry + data
            self._carry = b""
        at = 0
        while at < len(data) and not self.broken:
            if self._in_string:
                at = self._leave_string(data, at)
            elif self._depth:
                at = self._pass_over(data, at)
            else:
                at = self._step_on(data, at)

    @property
    def inside(self) -> bool:
        """Whether a document is not at its end."""
        return bool(self._stack or self._depth or self._in_string or self._carry)

    def _step_on(self, data: bytes, at: int) -> int:
        """Take the next token; gives the position behind it."""
        match = _TOKEN.match(data, at)
        if match is None or match.lastindex is None:
            return len(data)
        kind = match.lastindex
        start, end = match.span(kind)
        if kind == _BRACKET:
            byte = data[start]
            if byte in _OPENING:
                self._open(byte)
            else:
                self._close()
        elif kind == _OPEN_STRING or (kind == _SCALAR and end == len(data)):
            return self._wait(data, start, kind)
        elif kind == _STRING:
            self._string(data[start:end])
        elif end - start > LONGEST_VALUE_BYTES:
            self.broken = True
        else:
            self._value(data[start:end])
        return end

    def _wait(self, data: bytes, start: int, kind: int) -> int:
        """A token goes on in the next piece: keep it while it is short."""
        if len(data) - start <= LONGEST_VALUE_BYTES:
            self._carry = data[start:]
        elif kind == _OPEN_STRING:
            self._stay_in_string(data, start + 1)
        else:
            self.broken = True
        return len(data)

    def _string(self, token: bytes) -> None:
        kept = token if len(token) <= LONGEST_VALUE_BYTES else None
        if self._in_key:
            step = self._stack[-1][0] if self._stack else self._top
            self._next = None if kept is None else step.members.get(kept[1:-1])
            self._in_key = False
        else:
            self._value(kept)

    def _value(self, token: bytes | None) -> None:
        """A string or scalar is at its end."""
        step = self._value_step()
        if step is not None and token != b"null":
            if step.name is not None:
                self._take(step.name, token)
            if step.ended is not None:
                self._take(step.ended, b"")
        self._after_value()

    def _value_step(self) -> Wanted | None:
        if not self._stack:
            return self._top.each
        step, is_object = self._stack[-1]
        return self._next if is_object else step.each

    def _after_value(self) -> None:
        self._next = None
        self._in_key = bool(self._stack) and self._stack[-1][1]

    def _open(self, byte: int) -> None:
        is_object = byte == _OBJECT
        step = self._value_step()
        if not self._stack and not is_object:
            step = self._top  # The elements of a top-level array are documents.
        if step is not None and step.name is None and (step.members if is_object else step.each):
            self._stack.append((step, is_object))
            self._in_key = is_object
            self._next = None
            return
        self._depth = 1
        self._name = None if step is None else step.name
        self._ended = None if step is None else step.ended
        self._kept = bytearray((byte,)) if self._name is not None else bytearray()
        self._lost = False

    def _close(self) -> None:
        if not self._stack:
            return
        step, is_object = self._stack.pop()
        if is_object and (not self._stack or self._stack[-1][0] is self._top):
            self.documents += 1
        if step.ended is not None:
            self._take(step.ended, b"")
        self._after_value()

    def _pass_over(self, data: bytes, start: int) -> int:
        """Go on to the end of an object or array that is not walked."""
        at = len(data)
        for match in _NEXT.finditer(data, start):
            if match.lastindex is None:
                break
            end = match.end()
            byte = data[end - 1]
            if byte == _QUOTE:
                self._stay_in_string(data, end)
                break
            self._depth += 1 if byte in _OPENING else -1
            if not self._depth:
                at = end
                break
        self._keep(data, start, at)
        if not self._depth:
            self._passed()
        return at

    def _passed(self) -> None:
        if self._name is not None:
            self._take(self._name, None if self._lost else bytes(self._kept))
            self._kept = bytearray()
            self._name = None
        if self._ended is not None:
            self._take(self._ended, b"")
        self._after_value()

    def _keep(self, data: bytes, start: int, end: int) -> None:
        if self._name is None or self._lost:
            return
        if len(self._kept) + end - start > LONGEST_OBJECT_BYTES:
            self._lost = True
            self._kept = bytearray()
        else:
            self._kept += data[start:end]

    def _stay_in_string(self, data: bytes, content: int) -> None:
        """From `content` on, the piece is the inside of a string that goes on in the next."""
        self._in_string = True
        trailing = len(data) - max(content, len(data.rstrip(b"\\")))
        self._escaped = trailing % 2 == 1

    def _leave_string(self, data: bytes, start: int) -> int:
        """Position behind the string that an earlier piece left open, or the piece's end."""
        at = start
        if self._escaped:
            self._escaped = False
            at += 1
        if data.find(b'"', at) < 0:  # Most of an image's bytes: no need to look closer.
            self._stay_in_string(data, at)
            at = len(data)
        else:
            match = _INSIDE.match(data, at)
            at = match.end() if match is not None else at
            if at < len(data) and data[at] == _QUOTE:
                self._in_string = False
                at += 1
            elif at < len(data):
                self._escaped = True  # What stopped the match is a backslash at the very end.
                at = len(data)
        if self._depth:
            self._keep(data, start, at)
        elif not self._in_string:
            if self._in_key:
                self._in_key = False
                self._next = None
            else:
                self._value(None)
        return at
