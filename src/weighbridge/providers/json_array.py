"""Frames a JSON body: one document, or the elements of a top-level array as they come.

Hides where an element of a streamed array ends. The first byte tells the two apart, never the
URL: `streamGenerateContent` without `alt=sse` streams an array, its errors may be one object.
Rules for future edits: brackets are counted outside strings only; a piece may end anywhere,
also inside an escape; elements that are no objects are passed over.
Counterpart: `sse` frames event streams for the same answers.
"""

import re
from typing import Final

import msgspec

from weighbridge.providers.base import Reading
from weighbridge.providers.documents import WHOLE_BYTES, Answer, DocumentBuffer

# Everything up to and with the next bracket outside strings, or the quote of a string that this
# piece does not end, or the piece's end. Whole strings are passed over inside the match, which
# keeps it in C. It always matches, or a search would go on in the middle of a string.
_NEXT: Final = re.compile(
    rb'[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"\[\]{}]*+)*+(["\[\]{}])?', re.DOTALL
)
_IN_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_OPENING: Final = b"{["
_QUOTE: Final = 0x22
_OBJECT: Final = 0x7B
_ARRAY: Final = 0x5B


class JsonReader(msgspec.Struct, gc=False):
    """Reads a body of `application/json`: an object is one document, an array's objects many.

    Most bodies are an object in one piece, which is kept as it came; a second piece, or one
    that is too large, brings the buffer.
    """

    answer: Answer
    _piece: bytes = b""
    _buffer: DocumentBuffer | None = None
    _elements: "_Elements | None" = None
    shape: int = 0  # First byte that is no white space; 0 until it came.

    def __repr__(self) -> str:
        shape = chr(self.shape) if self.shape else "waiting"
        return f"<JsonReader {shape} {self._buffered()!r}>"

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        if not data:
            return
        if self.shape:
            self._add(data)
            return
        if data[0] != _OBJECT:
            data = data.lstrip()
            if not data:
                return
        self.shape = shape = data[0]
        if shape == _OBJECT and len(data) <= WHOLE_BYTES:
            self._piece = data
            return
        if shape == _ARRAY:
            self._elements = _Elements(self.answer)
        self._add(data)

    def so_far(self) -> Reading:
        """What the elements that came whole have said; reading goes on."""
        return self.answer.reading(complete=False)

    def finish(self, *, complete: bool) -> Reading:
        """Sum up; `complete` is False where the answer was cut."""
        if complete and self._piece:
            self.answer.document(self._piece)
        else:
            self.close(complete=complete)
        return self.answer.reading(complete=complete)

    def close(self, *, complete: bool) -> None:
        """Hand over what is left, for a reader that asks for the reading itself."""
        if self._elements is not None:
            self._elements.finish(complete=complete)
        elif self.shape == _OBJECT:
            buffer = self._buffered()
            if complete or not buffer.whole:
                buffer.hand_to(self.answer)
            else:
                self.answer.cut(buffer.take())
        elif self.shape:
            self.answer.broken()

    def _add(self, data: bytes) -> None:
        if self._elements is not None:
            self._elements.feed(data)
        elif self.shape == _OBJECT:
            self._buffered().add(data)

    def _buffered(self) -> DocumentBuffer:
        """The buffer, with what came before there was one."""
        if self._buffer is None:
            self._buffer = DocumentBuffer()
            self._buffer.add(self._piece)
            self._piece = b""
        return self._buffer


class _Elements:
    """Cuts a top-level array into its objects."""

    __slots__ = ("_answer", "_buffer", "_depth", "_escaped", "_in_string", "_keeping")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._buffer = DocumentBuffer()
        self._depth = 0
        self._in_string = False
        self._escaped = False  # The piece before ended in a backslash inside a string.
        self._keeping = False

    def feed(self, data: bytes) -> None:
        start = 0
        position = self._leave_string(data) if self._in_string else 0
        for match in _NEXT.finditer(data, position):
            if match.lastindex is None:
                break
            end = match.end()
            byte = data[end - 1]
            if byte == _QUOTE:
                self._stay_in_string(data, end)
                break
            if byte in _OPENING:
                if self._depth == 1 and byte == _OBJECT:
                    self._keeping = True
                    start = end - 1
                self._depth += 1
            else:
                self._depth = max(self._depth - 1, 0)
                if self._depth == 1 and self._keeping:
                    self._buffer.add(data[start:end])
                    self._buffer.hand_to(self._answer)
                    self._keeping = False
        if self._keeping:
            self._buffer.add(data[start:] if start else data)

    def finish(self, *, complete: bool) -> None:
        if self._keeping:
            if self._buffer.whole:
                self._answer.cut(self._buffer.take())
            else:
                self._buffer.hand_to(self._answer)
        if complete and self._depth:
            self._answer.broken()

    def _stay_in_string(self, data: bytes, content: int) -> None:
        """From `content` on, the piece is the inside of a string that goes on in the next."""
        self._in_string = True
        trailing = len(data) - max(content, len(data.rstrip(b"\\")))
        self._escaped = trailing % 2 == 1

    def _leave_string(self, data: bytes) -> int:
        """Position behind the string that the last piece left open, or the piece's end."""
        position = 0
        if self._escaped:
            self._escaped = False
            position = 1
        if data.find(b'"', position) < 0:  # Most of a long text or image: no need to look closer.
            self._stay_in_string(data, position)
            return len(data)
        match = _IN_STRING.match(data, position)
        end = match.end() if match is not None else position
        if end == len(data):
            return end
        if data[end] == _QUOTE:
            self._in_string = False
            return end + 1
        self._escaped = True  # What stopped the match is a backslash at the very end.
        return len(data)
