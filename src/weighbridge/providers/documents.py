"""Keeps one JSON document as its bytes arrive: whole while it is small, else its tail.

Hides the memory bound of every reader. A document may be a 100 MB answer or one element of a
stream; beyond `WHOLE_BYTES` only the last bytes stay, because Google writes `usageMetadata`
after the candidates or embeddings. Rules for future edits: memory never depends on what or in
which pieces the upstream sends.
"""

import re
from typing import Final, Protocol

from weighbridge.providers.base import Reading

WHOLE_BYTES: Final = 1 << 20
TAIL_BYTES: Final = 256 << 10
_HEAD_BYTES: Final = 16

# A complete string, a bracket, or the quote of a string that this document does not end.
_TOKENS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]|"', re.DOTALL)


class Answer(Protocol):
    """What framings hand documents to: it knows their meaning, they know where one ends."""

    def document(self, document: bytes | bytearray) -> None:
        """Take one whole document."""
        ...

    def tail(self, tail: bytes | bytearray) -> None:
        """Take the end of a document that was too large to keep."""
        ...

    def cut(self, document: bytes | bytearray) -> None:
        """Take the beginning of a document whose end never came."""
        ...

    def broken(self) -> None:
        """Take note that something came which is no document."""
        ...

    def reading(self, *, complete: bool) -> Reading:
        """Sum up."""
        ...


class DocumentBuffer:
    """Collects one document; `take` gives it and starts the next.

    `head` is the beginning of a document of which only the tail is left.
    """

    __slots__ = ("_first", "_rest", "head", "whole")

    def __init__(self) -> None:
        self._first = b""
        self._rest: bytearray | None = None
        self.whole = True
        self.head = b""

    def __repr__(self) -> str:
        kind = "document" if self.whole else "tail"
        return f"<DocumentBuffer {kind} of {len(self)} bytes>"

    def __len__(self) -> int:
        return len(self._first) if self._rest is None else len(self._rest)

    def add(self, piece: bytes) -> None:
        """Take the next bytes of the document."""
        rest = self._rest
        if rest is None:
            if not self._first and len(piece) <= WHOLE_BYTES:
                self._first = piece  # Most documents come in one piece, which is not copied.
                return
            rest = self._rest = bytearray(self._first)
            self._first = b""
        if len(rest) + len(piece) <= WHOLE_BYTES:
            rest += piece
            return
        if self.whole:
            self.whole = False
            self.head = bytes(rest[:_HEAD_BYTES]) + piece[: max(0, _HEAD_BYTES - len(rest))]
        if len(piece) < TAIL_BYTES:
            del rest[: max(0, len(rest) + len(piece) - TAIL_BYTES)]
            rest += piece
        else:
            rest[:] = piece[-TAIL_BYTES:]

    def take(self) -> bytes | bytearray:
        """What was kept; the buffer is empty afterwards.

        Gives: the whole document, or exactly its last `TAIL_BYTES`, whatever the pieces were.
        """
        kept: bytes | bytearray = self._first if self._rest is None else self._rest
        if not self.whole:
            kept = kept[-TAIL_BYTES:]
        self._first, self._rest, self.whole, self.head = b"", None, True, b""
        return kept

    def hand_to(self, answer: Answer) -> None:
        """Give what was kept to `answer`, as a document or as a tail."""
        whole = self.whole
        kept = self.take()
        if whole:
            answer.document(kept)
        else:
            answer.tail(kept)


def member_of_cut(document: bytes | bytearray, quoted_key: bytes) -> bytes | None:
    """The value of a top-level member of a document that was cut later on, as JSON.

    Takes: the beginning of a JSON object, and a member's name in its quotes.
    Gives: the last such member's value where it is an object that came whole; a key of that
    name inside strings or deeper objects is not mistaken for it.
    Example: in `{"a":{"k":{}},"k":{"n":1},"b":"tex` the member `k` is `{"n":1}`.
    """
    depth = 0
    start = -1
    found: bytes | None = None
    named = False
    for match in _TOKENS.finditer(document):
        token = match[0]
        if token in (b"{", b"["):
            if depth == 1 and named and token == b"{":
                start = match.start()
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
            if depth == 1 and start >= 0:
                found = bytes(document[start : match.end()])
                start = -1
        if depth == 1:
            named = token == quoted_key
    return found
