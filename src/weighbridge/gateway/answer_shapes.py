"""Answer heads that came before: what the same head says, without reading it again.

A server repeats its heads but for the date, the length and the time it took. A head that has
come twice becomes a shape: a pattern of its very bytes with those values left open, and what the
reading of it gave. Hides the pattern and when it is learnt.

Rules for future edits: only heads that the strict parser has accepted become shapes, and the
open values match only what it would accept there; heads that may speak of one caller alone
(`Set-Cookie`, upload URLs, file names) are never kept; learning is bounded, so that a server
whose heads never repeat costs no more than reading them.
Counterparts: `upstream` asks, `answer_heads` reads what is not known.
"""

import re
from typing import Final

from weighbridge.gateway.answer_heads import AnswerHead

# Values that change from answer to answer, as they may stand in a head that was accepted.
_OPEN: Final = re.compile(
    rb"(?i)(?<=\r\n)(?P<name>content-length|date|server-timing): (?P<value>[^\r\n]*)(?=\r\n)"
)
_PATTERNS: Final = {
    b"content-length": rb"(?P<length>[0-9]{1,15})",
    b"date": rb"[A-Za-z0-9:, +-]{0,40}",
    b"server-timing": rb"[A-Za-z0-9:;,=._ -]{0,100}",
}
_HOP_BY_HOP: Final = re.compile(rb"(?i)\r\n(?:connection: keep-alive|transfer-encoding: chunked)")
_PERSONAL: Final = re.compile(
    rb"(?i)\r\n(?:set-cookie|location|content-disposition|x-goog-upload|x-guploader)"
)
_USUAL_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: [0-9]{1,15}\r\n")
_EVENT_STREAM: Final = b"text/event-stream"
_MOST_SHAPES: Final = 16
_MOST_BYTES: Final = 4096
_MOST_CREDIT: Final = 64
_MOST_RENEWALS: Final = 4  # a tick


class AnswerShape:
    """One head with its changing values left open.

    `match(data)` is a match at the very beginning of `data`, up to and with the empty line; its
    groups `before` and `after` are what is passed on, `length` the digits of a sized body.
    """

    __slots__ = (
        "_back",
        "_front",
        "_front_bytes",
        "_may_settle",
        "_passed",
        "_rest_bytes",
        "after",
        "before",
        "head",
        "length",
        "match",
        "renewals",
        "sized",
    )

    def __init__(self, raw: bytes, head: AnswerHead) -> None:
        self.head = head
        pattern = re.compile(_pattern(raw))
        self.match = pattern.match
        self.before = pattern.groupindex["before"]
        self.after = pattern.groupindex["after"]
        self.length = pattern.groupindex.get("length", 0)
        self.sized = head.content_length is not None
        # Whole answers of one second mostly have the very same head but for the length. What the
        # newest one was is kept, unless it turns out to change more often than it is of use.
        event_stream = (head.content_type or b"").lower().startswith(_EVENT_STREAM)
        self._may_settle = self.sized and head.status == 200 and not event_stream
        self.renewals = _MOST_RENEWALS
        self._front = self._back = self._passed = b""
        self._front_bytes = self._rest_bytes = 0

    def __repr__(self) -> str:
        return f"<AnswerShape {self.head.status} {'sized' if self.sized else 'chunked'}>"

    def body_length(self, data: bytes) -> int:
        """Bytes of the body, where `data` is a whole answer like the last one; else -1.

        Only bodies of 100 to 9,999 bytes are told so: three or four digits.
        """
        if not self._front:
            return -1
        length = len(data) - self._rest_bytes - 4
        if length < 999:
            length += 1  # three digits
        elif length == 999:
            return -1  # four digits and a byte missing, or three and a byte too many
        if (
            99 < length < 10_000
            and data.startswith(self._front)
            and data.startswith(self._back % length, self._front_bytes)
        ):
            return length
        return -1

    def passed(self, exchange_id: str, body: bytes) -> bytes:
        """A whole answer as the client gets it, with the head that `body_length` knew."""
        return self._passed % (len(body), exchange_id.encode(), body)

    def renew(self, data: bytes, matched: "re.Match[bytes]") -> None:
        """Take the values of a head that matched for those of the answers to come."""
        if not self._may_settle or self.renewals <= 0:
            return
        self.renewals -= 1
        start, end = matched.span(self.length)
        self._front = data[:start]
        self._front_bytes = start
        self._rest_bytes = start + matched.end() - end
        self._back = b"%d" + data[end : matched.end()].replace(b"%", b"%%")
        cut = matched.end(self.before)
        before, after = matched[self.before], matched[self.after]
        if end <= cut:
            kept = (before[:start], before[end:], after)
        else:
            at = start - matched.start(self.after)
            kept = (before + after[:at], after[at + end - start :], b"")
        front, back, more = (piece.replace(b"%", b"%%") for piece in kept)
        self._passed = front + b"%d" + back + more + b"X-Weighbridge-Id: %b\r\n\r\n%b"

    def read(self, matched: "re.Match[bytes]") -> AnswerHead:
        """The head that matched, as `read_answer_head` gives it."""
        known = self.head
        head = AnswerHead(known.status, b"")
        head.passed = matched[self.before] + matched[self.after]
        head.chunked = known.chunked
        head.content_type = known.content_type
        head.content_encoding = known.content_encoding
        if self.sized:
            head.content_length = int(matched[self.length])
        return head


class AnswerShapes:
    """The shapes of one origin's answers, newest first."""

    __slots__ = ("_credit", "_seen", "_shapes", "newest")

    def __init__(self) -> None:
        self.newest: AnswerShape | None = None
        self._shapes: list[AnswerShape] = []
        self._seen: set[int] = set()
        self._credit = _MOST_CREDIT

    def __repr__(self) -> str:
        return f"<AnswerShapes {len(self._shapes)}, {self._credit} to learn>"

    def find(self, data: bytes) -> "tuple[AnswerShape, re.Match[bytes]] | tuple[None, None]":
        """A shape that the beginning of `data` has, other than the newest."""
        for shape in self._shapes:
            if shape is not self.newest:
                matched = shape.match(data)
                if matched is not None:
                    self.newest = shape
                    return shape, matched
        return None, None

    def learn(self, raw: bytes, head: AnswerHead) -> None:
        """Take note of a head that was read and accepted, up to and with its last CRLF."""
        if self._credit <= 0 or len(raw) > _MOST_BYTES or not _can_be_shaped(raw, head):
            return
        self._credit -= 1
        fixed = hash(_OPEN.sub(rb"\g<name>", raw))
        if fixed not in self._seen:
            if len(self._seen) >= 4 * _MOST_CREDIT:
                self._seen.clear()
            self._seen.add(fixed)
            return
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.pop()
        self.newest = AnswerShape(raw, head)
        self._shapes.insert(0, self.newest)

    def tick(self) -> None:
        """Allow some more learning as time goes by."""
        self._credit = min(self._credit + 1, _MOST_CREDIT)
        for shape in self._shapes:
            shape.renewals = _MOST_RENEWALS


def _can_be_shaped(raw: bytes, head: AnswerHead) -> bool:
    return (
        head.readable
        and head.keep_alive
        and head.upgrade is None
        and head.status >= 200
        and (head.content_length is not None) != head.chunked
        and (head.chunked or _USUAL_LENGTH.search(raw) is not None)
        and raw.startswith(b"HTTP/1.1 ")
        and head.passed == _HOP_BY_HOP.sub(b"", raw, count=1)
        and _PERSONAL.search(raw) is None
    )


def _pattern(raw: bytes) -> bytes:
    """The pattern of a head: literal but for its open values and what is not passed on."""
    ending = _HOP_BY_HOP.search(raw)
    if ending is None:
        return b"(?P<before>%b)(?P<after>)\\r\\n" % _opened(raw)
    before, after = _opened(raw[: ending.start()] + b"\r\n")[:-4], _opened(raw[ending.end() :])
    return b"(?P<before>%b)%b(?P<after>%b)\\r\\n" % (before, re.escape(ending[0]), after)


def _opened(lines: bytes) -> bytes:
    """Header lines as a pattern, each changing value replaced by what it may be."""
    parts = []
    at = 0
    for line in _OPEN.finditer(lines):
        parts += [re.escape(lines[at : line.start("value")]), _PATTERNS[line["name"].lower()]]
        at = line.end()
    return b"".join([*parts, re.escape(lines[at:])])
