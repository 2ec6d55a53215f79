"""One connection from a client: known heads, pipelining, backpressure, bad input, how it closes.

Hides the order of pipelined requests: exchanges are answered one after another; while one is
under way, later ones wait with reading paused, so what waits is bounded by one read.
Rules for future edits: a head that breaks a rule is answered 400, 414, 431, 501 or 505 and the
connection closed; bytes pass the parser by only where a plan or a tunnel says so.
Counterparts: `request_receiver` finds the requests, `exchange.LiveExchange` is one of them. Long,
but one thing: what a connection does with the bytes that come depends on all of its state.
"""

import asyncio
from collections import deque
from time import perf_counter_ns
from typing import TYPE_CHECKING, cast

from weighbridge.gateway.answers import own_answer
from weighbridge.gateway.bad_requests import bad_request
from weighbridge.gateway.exchange import LiveExchange
from weighbridge.gateway.exchange_state import ExchangeState
from weighbridge.gateway.heads import HEAD_END, Headers
from weighbridge.gateway.lifecycle import ENDED, Event
from weighbridge.gateway.plans import RawHead, head_key
from weighbridge.gateway.request_heads import RequestHead
from weighbridge.gateway.request_receiver import RequestReceiver

if TYPE_CHECKING:
    from weighbridge.gateway.gate import Gate

_LINGER_BYTES = 16 * 1024 * 1024
_LINGER_S = 5.0
_LONGEST_PLANNED_HEAD = 8 * 1024
_OWN_PATHS = (b"/-/healthz", b"/-/readyz")


class ClientConnection(asyncio.Protocol):
    """A keep-alive connection from a client.

    Fields by lifetime. Connection: gate, transport, queue, flags. Request being received:
    `_receiving`, `_raw`, `_missing`.
    """

    __slots__ = (
        "_advancing",
        "_current",
        "_gate",
        "_lingered",
        "_lingering_since",
        "_missing",
        "_problem",
        "_queue",
        "_raw",
        "_receiving",
        "_requests",
        "_upgrading",
        "closing",
        "last_read",
        "read_ns",
        "reading_paused",
        "transport",
        "write_blocked_since",
    )

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self.transport: asyncio.Transport | None = None
        self._requests = RequestReceiver(self, gate.settings)
        self._raw: RawHead | None = None
        self._missing = 0
        self._upgrading: LiveExchange | None = None
        self._advancing = False
        self._current: LiveExchange | None = None
        self._queue: deque[LiveExchange] = deque()
        self._receiving: LiveExchange | None = None
        self._lingering_since = 0.0
        self._lingered = 0
        self._problem = 0
        self.closing = False
        self.last_read = gate.now()
        self.read_ns = 0
        self.reading_paused = False
        self.write_blocked_since = 0.0

    def __repr__(self) -> str:
        return f"<ClientConnection {self._current!r}, {len(self._queue)} queued>"

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, or turn the client away where there are too many."""
        self.transport = cast("asyncio.Transport", transport)
        if not self._gate.connected(self):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse what came; the exchange is told in order, then flushes."""
        self.read_ns = perf_counter_ns()
        self.last_read = self._gate.now()
        if self._upgrading is not None or self.closing:
            self._unparsed(data)
            return
        if self._missing:
            self._counted(data)
            return
        requests = self._requests
        if requests.at_boundary and self._planned(data):
            return
        data = requests.feed(data)
        while data:
            self._raw = None  # the head is read once more, without its offer to upgrade
            data = requests.feed(data)
        if self._current is not None and not self.closing:
            self._current.request_flush()

    def _planned(self, data: bytes) -> bool:
        """At a request's first bytes: is its head one that came before?

        Then the very bytes of the head have passed the strict parser, all but the digits of the
        length, and the body is counted; the parser stands between two requests meanwhile.

        Gives: whether all of `data` is dealt with.
        """
        self._raw = None
        end = data.find(HEAD_END) + 4
        gate = self._gate
        if end <= 4 or end > _LONGEST_PLANNED_HEAD or gate.draining or self._current is not None:
            return False
        raw = data[:end]
        came = len(data) - end
        key, length = head_key(raw, came, gate.plans.secret)
        missing = length - came
        if missing < 0:
            return False  # another request follows in the same read
        plan = gate.plans.find(key)
        if plan is None:
            self._raw = RawHead(raw, key, length)
            return False
        exchange = self._current = LiveExchange(
            gate, self, plan.head, plan.method, length, False, False
        )
        if missing:
            self._missing = missing
            self._receiving = exchange
        exchange.begin_planned(self.read_ns, plan, raw, data[end:], whole=not missing)
        return True

    def _counted(self, data: bytes) -> None:
        """The rest of a body whose length is known, and what may follow it."""
        piece = data[: self._missing]
        self._missing -= len(piece)
        self.body_received(piece)
        if not self._missing:
            self.request_received([])
        if self._current is not None:
            self._current.request_flush()
        rest = data[len(piece) :]
        if rest:
            self.data_received(rest)

    def eof_received(self) -> bool:
        """A client that closes its side has left: there is nobody to answer."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange under way; those that wait never began."""
        del exc
        self.transport = None
        self.closing = True
        self._queue.clear()
        self._gate.disconnected(self)
        current, self._current = self._current, None
        self._receiving = self._upgrading = None
        if current is not None:
            current.client_event(Event.CLIENT_LOST)

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        self.write_blocked_since = self._gate.now()
        if self._current is not None:
            self._current.client_writable(writable=False)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.write_blocked_since = 0.0
        if self._current is not None:
            self._current.client_writable(writable=True)

    # The exchange's side.

    def write(self, pieces: list[bytes], exchange: ExchangeState | None = None) -> None:
        """Send bytes to the client at the end of the turn."""
        self._gate.turn.send(self, b"".join(pieces), exchange)

    def pause_reading(self) -> None:
        """Take no more from the client for now."""
        if not self.reading_paused and self.transport is not None:
            self.reading_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take more from the client."""
        held = self._queue or self._problem
        if self.reading_paused and self.transport is not None and not held:
            self.reading_paused = False
            self.last_read = self._gate.now()
            self.transport.resume_reading()

    def cut(self, *, abort: bool) -> None:
        """Close: with `abort` where a plain end would look like a whole answer."""
        self.closing = True
        self._gate.turn.flush()
        if self.transport is not None:
            if abort:
                self.transport.abort()
            else:
                self.transport.close()

    def exchange_ended(self, exchange: ExchangeState, *, close: bool) -> None:
        """An exchange has its answer; go on where its request is whole too."""
        if exchange is not self._current or self.closing:
            return
        waiting = self._queue or self._problem or self.reading_paused
        if not (close or waiting) and exchange.request_done:
            self._current = None
        elif close:
            self._current = None
            if exchange.request_done:
                self.cut(abort=False)
            else:
                self._linger()
        elif exchange.request_done:
            self._next()
        else:
            self.resume_reading()  # the upstream, which may have had it paused, is out of this

    # Time.

    def check(self, now: float) -> None:
        """Look at the clocks of a connection; called by the worker's ticker."""
        settings = self._gate.settings
        if self.transport is None:
            return
        if self._lingering_since:
            if now - self._lingering_since > _LINGER_S:
                self.transport.abort()
        elif self._current is not None:
            if self._current.phase is ENDED and (
                now - self.last_read > settings.client_idle_timeout_s
            ):
                self.transport.abort()
        elif self._requests.in_head:
            if now - self._requests.head_since > settings.client_header_timeout_s:
                self._gate.counters.slow_heads += 1
                self.transport.abort()
        elif now - self.last_read > settings.client_idle_timeout_s:
            # A plain close waits until all is sent: for ever, where nobody reads.
            self.cut(abort=self.closing or bool(self.write_blocked_since))

    def close_if_idle(self) -> None:
        """Close a connection that serves nothing; one that does closes with its answer."""
        if self._current is None and self.transport is not None and not self._lingering_since:
            self._gate.turn.flush()
            self.transport.close()

    # The receiver's side.

    def head_received(self, head: RequestHead, headers: Headers) -> None:
        """An exchange begins, or waits for its turn."""
        exchange = self._receiving = LiveExchange(
            self._gate,
            self,
            head,
            head.method,
            head.content_length or 0,
            head.chunked,
            not head.keep_alive,
        )
        if self._gate.cors.enabled:
            self._ask_cors(exchange, head, headers)
        if self._current is None and not self._queue:
            self._begin(exchange, head)
        else:
            self._raw = None
            self._queue.append(exchange)
            self.pause_reading()

    def body_received(self, data: bytes) -> None:
        """Pass body bytes."""
        if self._receiving is not None:
            self._receiving.request_body(data)

    def request_received(self, trailers: Headers) -> None:
        """The request's end; with its answer gone already, the next may go on."""
        exchange = self._receiving
        if exchange is None:
            return
        self._receiving = None
        exchange.request_end(trailers)
        if exchange is self._current and exchange.phase is ENDED:
            self._next()

    def upgraded(self, rest: bytes) -> None:
        """What comes from now on belongs to the call that was received last."""
        if self._current is not None:
            self._current.request_flush()
        self._upgrading = self._last_begun()
        if self._upgrading is None:
            self.cut(abort=False)
        elif rest:
            self._unparsed(rest)

    def malformed(self, status: int) -> None:
        """Refuse what is no HTTP/1.1, and close (contract: `BAD_REQUEST`)."""
        receiving, self._receiving = self._receiving, None
        current = self._current
        if current is not None and receiving is not current:
            # What came before is well formed and is answered first.
            if receiving is not None and receiving in self._queue:
                self._queue.remove(receiving)
            self._problem = status
            self.pause_reading()
            return
        self._gate.counters.bad_requests += 1
        if current is not None and current.phase is not ENDED:
            current.client_event(Event.CLIENT_MALFORMED)
            return
        self.write(bad_request(status))
        self._linger()

    def failed(self, error: Exception) -> None:
        """A fault of ours: the connection is cut, for nobody knows where it stands."""
        self._gate.internal_error(error)
        self.cut(abort=True)

    # Inside.

    def _begin(self, exchange: LiveExchange, head: RequestHead) -> None:
        self._current = exchange
        if head.problem:
            self._current = self._receiving = None
            self.malformed(head.problem)
        elif head.target in _OWN_PATHS:
            self._own_path(exchange, head)
        elif head.own_answer is not None:
            self._preflight(exchange, head)
        else:
            raw, self._raw = self._raw, None  # it is of this head alone, and not to be kept
            exchange.begin(self.read_ns, raw)

    def _next(self) -> None:
        """Go on to the calls that wait, one after another, without growing the stack."""
        self._current = None
        if self._advancing or self.closing:
            return
        self._advancing = True
        while self._queue and self._current is None and not self.closing:
            exchange = self._queue.popleft()
            self._begin(exchange, exchange.head)
            if self._current is exchange:
                exchange.request_flush()
        self._advancing = False
        if self.closing:
            return
        if self._current is None and self._problem:
            self.malformed(self._problem)
        self.resume_reading()

    def _own_path(self, exchange: LiveExchange, head: RequestHead) -> None:
        """Answer `/-/healthz` and `/-/readyz`, which are no exchanges."""
        status, body = self._gate.health(head.target)
        exchange.phase = ENDED
        close = not head.keep_alive or self._gate.draining or head.has_body
        self.write(own_answer(status, body, [], close=close, with_body=head.method != b"HEAD"))
        self.exchange_ended(exchange, close=close)

    def _ask_cors(self, exchange: LiveExchange, head: RequestHead, headers: Headers) -> None:
        """What a browser has to be told, where a page of some origin sent the call."""
        cors = self._gate.cors
        lines = cors.lines_for(headers)
        if lines:
            exchange.answer_lines = lines
            head.own_answer = cors.preflight_answer(head.method, headers)
            self._raw = None  # what it is told depends on more than a plan knows

    def _preflight(self, exchange: LiveExchange, head: RequestHead) -> None:
        """Answer a browser that asks whether its page may call; no exchange."""
        exchange.phase = ENDED
        close = not head.keep_alive or self._gate.draining or head.has_body
        self.write([head.own_answer or b""])
        self.exchange_ended(exchange, close=close)

    def _last_begun(self) -> LiveExchange | None:
        """The exchange that was received last, if it still lives."""
        if self._queue:
            return self._queue[-1]
        current = self._current
        return None if current is None or current.phase is ENDED else current

    def _unparsed(self, data: bytes) -> None:
        if self._upgrading is not None:
            self._upgrading.client_tunnel_data(data)
            return
        self._lingered += len(data)
        if self._lingered > _LINGER_BYTES:
            self.cut(abort=True)

    def _linger(self) -> None:
        """Close for writing, and swallow what still comes for a while.

        Closing with unread bytes would reset the connection, and the client would lose the
        answer that tells it why.
        """
        transport = self.transport
        if transport is None:
            return
        self._current = self._receiving = None
        self.closing = True
        self._lingering_since = self._gate.now()
        self._gate.turn.flush()
        if transport.can_write_eof():
            if self.reading_paused:
                self.reading_paused = False
                transport.resume_reading()
            transport.write_eof()
        else:
            transport.close()
