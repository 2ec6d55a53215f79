"""What one turn of the event loop leaves for its end: first bytes to send, then rows to book.

Hides that sending waits. A busy turn brings dozens of reads. Written at once, what each leads to
wakes its receiver, who has read it and sleeps again before the next comes, and waking costs more
than sending. Written one after another when all reads are dealt with, most of it finds its
receiver awake. A turn with one read sends no later than it otherwise would.

Rules for future edits: bytes leave in the order in which they were given, whatever their
connection; so whoever closes a transport, or ends its writing, calls `flush` before. What waits
is bounded: large pieces don't.
Counterparts: both kinds of connections send by it, `booking` books at its end;
docs/decisions/0017-end-of-turn.md has the figures.
"""

from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio

_LARGE_BYTES: Final = 16 * 1024
Work = Callable[[], None]


class Sender(Protocol):
    """A connection; one that is lost has no transport, and what was to be sent is dropped."""

    transport: "asyncio.Transport | None"


class Timed(Protocol):
    """An exchange, as far as its time goes: monotonic nanoseconds."""

    ended_ns: int
    overhead_ns: int


class _Nobody:
    transport: "asyncio.Transport | None" = None


_NOBODY: Final = _Nobody()


class Turn:
    """The end of the loop's present turn, of one worker.

    An exchange whose bytes are given has its overhead running: it has subtracted the instant at
    which that began, and gets the one added at which its bytes leave.
    """

    __slots__ = ("_call_soon", "_scheduled", "_sends", "_works")

    def __init__(self, call_soon: Callable[[Work], object]) -> None:
        self._call_soon = call_soon
        self._scheduled = False
        self._sends: list[tuple[Sender, bytes, Timed | None]] = []
        self._works: list[Work] = []

    def __repr__(self) -> str:
        return f"<Turn {len(self._sends)} to send>"

    def send(self, to: Sender, data: bytes, exchange: Timed | None = None) -> None:
        """Send bytes at the end of the turn, and end the exchange's overhead then."""
        if not self._scheduled:
            self._schedule()
        self._sends.append((to, data, exchange))
        if len(data) > _LARGE_BYTES:
            self.flush()

    def time(self, exchange: Timed) -> None:
        """End the exchange's overhead at the end of the turn."""
        self.send(_NOBODY, b"", exchange)

    def at_end(self, work: Work) -> None:
        """Do this behind all that is sent."""
        if not self._scheduled:
            self._schedule()
        self._works.append(work)

    def flush(self) -> None:
        """Send all that waits; behind a transport that fails, the rest waits for the next time."""
        sends = iter(self._sends)
        self._sends = []
        try:
            for to, data, exchange in sends:
                transport = to.transport
                if transport is not None:
                    transport.write(data)
                if exchange is not None:
                    exchange.ended_ns = now_ns = perf_counter_ns()
                    exchange.overhead_ns += now_ns
        finally:
            self._sends[:0] = sends  # nothing, unless one has failed

    def end(self) -> None:
        """Send all that waits, then do what was to be done behind it."""
        self._scheduled = False
        try:
            self.flush()
            works, self._works = self._works, []
            for work in works:
                work()
        finally:
            if self._sends or self._works:
                self._schedule()

    def _schedule(self) -> None:
        self._scheduled = True
        self._call_soon(self.end)
