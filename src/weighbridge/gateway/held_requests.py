"""A request whose head is kept back until its body has been looked into.

Hides when head and body go up: once the body is whole, or too long to be kept, or too slow, or
at once where the client waits for a 100; and what the body tells the row. Rules for future edits:
the head goes up once, with the length of what follows it; after a refusal nothing more goes up,
and what did is no whole request.
Counterparts: `request_bodies` reads the body, `exchange` sends and refuses.
"""

from typing import TYPE_CHECKING, Final

import msgspec

from weighbridge.core.outcome import Note
from weighbridge.gateway.lifecycle import AWAITING, ENDED
from weighbridge.gateway.request_bodies import BodyReading, with_length
from weighbridge.providers.base import NOTHING_ASKED

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from weighbridge.gateway.exchange import LiveExchange

    CallLater = Callable[[float, Callable[[], None]], asyncio.TimerHandle]


# How long a body is waited for: far longer than it takes to come, far shorter than a person, or
# a client that sends its body bit by bit, would notice.
HELD_S: Final = 0.1
_LABELS_UNREAD: Final = Note.LABELS_UNREAD


class HeldRequest:
    """One request on its way through a reading; `take` and `end` follow its body."""

    __slots__ = ("_exchange", "_head", "_reading", "_timer")

    def __init__(self, exchange: "LiveExchange", head: bytes, reading: BodyReading) -> None:
        self._exchange = exchange
        self._head = head
        self._reading = reading
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<HeldRequest {'whole' if self._head else 'without its head'} {self._reading!r}>"

    def begin(self, call_later: "CallLater") -> None:
        """Wait for the body, where that is of use."""
        if self._exchange.head.expects_continue or not self._reading.held:
            self._stream()  # a client that waits for a 100 would wait for ever
        elif not self._exchange.request_done:
            self._timer = call_later(HELD_S, self.held_long_enough)

    def held_long_enough(self) -> None:
        """The body takes its time: let it stream."""
        if self._exchange.phase is AWAITING:
            self._stream()
            self._exchange.request_flush()

    def take(self, data: bytes) -> None:
        """The next bytes of the body."""
        pieces = self._reading.take(data)
        if not self._reading.held:
            self._let_go(pieces, whole=False)

    def end(self) -> None:
        """The body is whole."""
        self._let_go(self._reading.end(), whole=True)

    def book(self) -> None:
        """Put what the body said to the row; nothing more is waited for."""
        if self._timer is not None:
            self._timer.cancel()
        reading, exchange = self._reading, self._exchange
        self.attribute()
        if reading.refusal is None and exchange.request_done:
            exchange.labels_sent = reading.sent
        if reading.unread:
            exchange.notes = (*exchange.notes, _LABELS_UNREAD)

    def attribute(self) -> None:
        """Take model and labels from the body, as far as it has come."""
        exchange, reading = self._exchange, self._reading
        former = route = exchange.route
        assert route is not None
        exchange.asked = asked = reading.asked
        if asked is not NOTHING_ASKED:
            route = msgspec.structs.replace(
                route,
                model=asked.model or route.model,
                provider=asked.provider or route.provider,
            )
        identity = exchange.identity
        if reading.refusal is None:
            identity = reading.attributed(identity)
        if identity is not exchange.identity or route is not former:
            exchange.attribute(route, identity)

    def _stream(self) -> None:
        """Send up what there is; the rest of the body follows as it comes."""
        self._let_go(self._reading.release(), whole=False)

    def _let_go(self, pieces: list[bytes], *, whole: bool) -> None:
        refusal = self._reading.refusal
        if refusal is not None:
            self._exchange.refuse_body(refusal)
            return
        if self._head:
            head, self._head = self._head, b""
            chunked = False
            if not self._exchange.head.chunked:
                chunked = self._reading.grows and not whole
                length = sum(map(len, pieces))
                if chunked or (whole and length != self._exchange.request_bytes):
                    head = with_length(head, None if chunked else length)
            body = b"".join(pieces) if whole else None
            self._exchange.send_held(head, body, chunked=chunked)
        if self._exchange.phase is ENDED:
            return
        for piece in pieces:
            self._exchange.queue_up(piece)
