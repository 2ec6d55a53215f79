"""A request whose head is kept back until its body has been looked into.

Hides when head and body go up: once the body is whole, or too long to be kept, or too slow, or
at once where the client waits for a 100. Rules for future edits: the head goes up once, with the
length of what follows it; after a refusal nothing more goes up, and what did is no whole request.
Counterparts: `request_bodies` reads the body, `exchange` sends, refuses and books.
"""

from typing import TYPE_CHECKING, Final

from weighbridge.gateway.lifecycle import ENDED
from weighbridge.gateway.request_bodies import BodyReading, with_length

if TYPE_CHECKING:
    import asyncio

    from weighbridge.gateway.exchange import LiveExchange


# How long a body is waited for: far longer than it takes to come, far shorter than a person, or
# a client that sends its body bit by bit, would notice.
HELD_S: Final = 0.1


class HeldRequest:
    """One request on its way through a reading; `take` and `end` follow its body."""

    __slots__ = ("_exchange", "_head", "reading", "timer")

    def __init__(self, exchange: "LiveExchange", head: bytes, reading: BodyReading) -> None:
        self._exchange = exchange
        self._head = head
        self.reading = reading
        self.timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<HeldRequest {'whole' if self._head else 'without its head'} {self.reading!r}>"

    def stream(self) -> None:
        """Send up what there is; the rest of the body follows as it comes."""
        self._let_go(self.reading.release(), whole=False)

    def take(self, data: bytes) -> None:
        """The next bytes of the body."""
        pieces = self.reading.take(data)
        if not self.reading.held:
            self._let_go(pieces, whole=False)

    def end(self) -> None:
        """The body is whole."""
        self._let_go(self.reading.end(), whole=True)

    def _let_go(self, pieces: list[bytes], *, whole: bool) -> None:
        refusal = self.reading.refusal
        if refusal is not None:
            self._exchange.refuse_body(refusal)
            return
        if self._head:
            head, self._head = self._head, b""
            chunked = False
            if not self._exchange.head.chunked:
                chunked = self.reading.grows and not whole
                length = sum(map(len, pieces))
                if chunked or (whole and length != self._exchange.request_bytes):
                    head = with_length(head, None if chunked else length)
            body = b"".join(pieces) if whole else None
            self._exchange.send_held(head, body, chunked=chunked)
        if self._exchange.phase is ENDED:
            return
        for piece in pieces:
            self._exchange.queue_up(piece)
