"""One exchange while it lives: bytes from a client to an upstream and back, and how it ends.

Hides the order of things between the two connections. Bytes pass as they come; what an ending
means stands in `lifecycle`; what is booked is made in `booking` after the last byte has gone.
Rules for future edits: write first, observe after; nothing here waits, parses a body, or raises
because of what a peer sent; every path ends in `_end` exactly once.
Counterparts: `client.ClientConnection` below, `upstream.UpstreamConnection` above. One file,
though a long one: it is one state machine, and half of it would not be understood alone.
"""

from time import perf_counter_ns, time_ns
from typing import TYPE_CHECKING

from weighbridge.attribution.identity import Identity
from weighbridge.core.outcome import Note, Outcome, Reason, Refusal
from weighbridge.gateway.answer_heads import AnswerHead
from weighbridge.gateway.answers import chunked, refusal_bytes, trailer_bytes
from weighbridge.gateway.heads import Headers
from weighbridge.gateway.lifecycle import (
    ANSWERING,
    AWAITING,
    DRAINING,
    ENDED,
    ENDINGS,
    OK,
    QUEUED,
    TUNNEL,
    Act,
    Event,
    Phase,
    outcome_of_status,
)
from weighbridge.gateway.plans import HeadPlan, RawHead, can_be_planned, recipe
from weighbridge.gateway.request_heads import RequestHead, request_head_bytes
from weighbridge.gateway.settings import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.gateway.client import ClientConnection
    from weighbridge.gateway.gate import Gate
    from weighbridge.gateway.tee import Observer
    from weighbridge.gateway.upstream import UpstreamConnection
    from weighbridge.providers.base import Route

_CONNECTING_BUFFER_BYTES = 256 * 1024
NO_ROUTE = Refusal(
    Reason.ROUTE_UNKNOWN,
    "no provider owns this path; use a path of Google's API, such as "
    "/v1beta/models/MODEL:generateContent",
)
NOBODY = Identity()
_RETRIED_METHODS = frozenset({b"GET", b"HEAD"})
_FAILURE_MESSAGES = {
    Reason.UPSTREAM_UNREACHABLE: "the upstream could not be reached, or closed the connection "
    "before it answered; check its address, DNS and TLS, then try again",
    Reason.UPSTREAM_TIMEOUT: "the upstream did not answer in time; try again, or raise the "
    "gateway's upstream timeouts",
    Reason.BAD_REQUEST: "the request's body breaks the rules of HTTP/1.1; the connection is closed",
}


class LiveExchange:
    """One request and its answer, under way."""

    __slots__ = (
        "_chunked_out",
        "_client",
        "_close_after",
        "_content_length",
        "_drain_until",
        "_early",
        "_gate",
        "_last_upstream",
        "_origin",
        "_retry_bytes",
        "_up",
        "_up_bytes",
        "_upstream",
        "complete",
        "ended_ns",
        "exchange_id",
        "first_byte_ns",
        "head",
        "identity",
        "mark",
        "method",
        "notes",
        "observer",
        "outcome",
        "overhead_ns",
        "phase",
        "reason",
        "request_bytes",
        "request_done",
        "response_bytes",
        "route",
        "slot",
        "started_ns",
        "started_text",
        "started_us",
        "status",
        "streamed",
        "unread",
        "upstream_began",
    )

    def __init__(
        self, gate: "Gate", client: "ClientConnection", head: RequestHead, content_length: int
    ) -> None:
        self._gate = gate
        self._client = client
        self.head = head
        self._content_length = content_length
        self.method = head.method
        self.phase: Phase = QUEUED
        self.route: Route | None = None
        self.identity = NOBODY
        self.exchange_id = ""
        self.mark = b""
        self.slot = -1
        self.started_text = ""
        self.started_us = 0
        self.started_ns = 0
        self.first_byte_ns = 0
        self.ended_ns = 0
        self.overhead_ns = 0
        self.status = 0
        self.outcome = OK
        self.reason: Reason | None = None
        self.request_bytes = 0
        self.response_bytes = 0
        self.request_done = False
        self.complete = False
        self.streamed = False
        self.upstream_began = False
        self.observer: Observer | None = None
        self.unread: Sequence[bytes] = ()
        self.notes: tuple[Note, ...] = ()
        self._upstream: UpstreamConnection | None = None
        self._up: list[bytes] = []
        self._up_bytes = 0
        self._early: list[bytes] | None = None
        self._chunked_out = False
        self._close_after = not head.keep_alive
        self._retry_bytes: bytes | None = None
        self._last_upstream = 0.0
        self._drain_until = 0.0

    def __repr__(self) -> str:
        return f"<LiveExchange {self.exchange_id} {self.phase.name} status {self.status}>"

    @property
    def asks_for_tunnel(self) -> bool:
        """Whether the request may be answered by a 101."""
        return self.head.websocket

    # The client's side.

    def begin(self, read_ns: int, raw: RawHead | None) -> None:
        """It is this exchange's turn: admit it, and send its head up or refuse it.

        Takes: the monotonic nanosecond at which its bytes were read; the raw head where it may
        be remembered.
        """
        gate = self._gate
        head = self.head
        now_us = self._stamp(read_ns)
        decision = gate.admission.decide(head, now_us)
        self.route = route = decision.route
        self.identity = identity = decision.identity
        self.mark = gate.mark(route, identity)
        gate.enter(self)
        refusal = decision.refusal
        if refusal is None and (gate.restricted or len(gate.live) > gate.most_live):
            refusal = gate.own_refusal()
        if refusal is not None or route is None:
            self._reply(refusal or NO_ROUTE, Outcome.REFUSED)
            return
        origin = gate.origin(route)
        idle = gate.pool.idle_of(origin)
        sent = request_head_bytes(head, decision.target, origin.host_header)
        if raw is not None and can_be_planned(head):
            plan = HeadPlan(
                head=head,
                route=route,
                identity=identity,
                origin=origin,
                idle=idle,
                pieces=recipe(raw, head, origin.host_header),
                mark=self.mark,
            )
            gate.plans.remember(raw, plan, sent)
            head.forget()
        self._send(origin, idle, sent)

    def begin_planned(
        self, read_ns: int, plan: HeadPlan, raw: bytes, body: bytes, *, whole: bool
    ) -> None:
        """As `begin`, for a head that was admitted before under the policy in force.

        Takes: what came of the body, and whether that is all of it.
        """
        gate = self._gate
        now_us = self._stamp(read_ns)
        self.route = plan.route
        self.identity = plan.identity
        self.mark = plan.mark
        self.request_done = whole
        self.request_bytes = len(body)
        gate.enter(self)
        if gate.restricted or len(gate.live) > gate.most_live or plan.expires_at_us is not None:
            refusal = gate.own_refusal() or plan.refusal(now_us)
            if refusal is not None:
                self._reply(refusal, Outcome.REFUSED)
                return
        if body:
            self._up.append(body)
        self._send(plan.origin, plan.idle, plan.upstream_head(raw))
        if self._upstream is not None:
            self._write_up(self._upstream)

    def _stamp(self, read_ns: int) -> int:
        """Give the exchange its times and id; gives microseconds since the epoch."""
        self.started_ns = read_ns
        self.started_us = now_us = time_ns() // 1000
        self.exchange_id = self._gate.new_id(now_us)
        self.phase = AWAITING
        return now_us

    def _send(self, origin: Origin, idle: "list[UpstreamConnection]", head: bytes) -> None:
        """Get a connection for the request; what is to be sent waits in `_up`."""
        gate = self._gate
        if gate.draining:
            self._close_after = True
        if not self._content_length and self.method in _RETRIED_METHODS:
            self._retry_bytes = None if self.head.chunked else head
        self._origin = origin
        self._up.insert(0, head)
        connection = gate.pool.take(idle)
        if connection is None:
            gate.pool.connect(origin, self._connected)
        else:
            self._take_upstream(connection)
        self.overhead_ns = perf_counter_ns() - self.started_ns

    def request_body(self, data: bytes) -> None:
        """Body bytes from the client."""
        self.request_bytes += len(data)
        if self.phase is ENDED:
            return
        if self.head.chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._up.append(data)
        self._up_bytes += len(data)

    def request_end(self, trailers: Headers) -> None:
        """The client's request is whole."""
        self.request_done = True
        if self.head.chunked and self.phase is not ENDED:
            self._up.append(trailer_bytes(trailers))

    def request_flush(self) -> None:
        """Send up what one read brought."""
        if self._upstream is not None:
            if self._up:
                self._write_up(self._upstream)
        elif self._up_bytes > _CONNECTING_BUFFER_BYTES:
            self._client.pause_reading()

    def client_event(self, event: Event) -> None:
        """The client's side is lost or broken."""
        ending = ENDINGS.get((self.phase, event))
        if ending is None:
            return
        if ending.act is Act.DRAIN and self._can_drain():
            self.phase = DRAINING
            self._drain_until = self._gate.now() + self._gate.settings.disconnect_drain_timeout_s
            self._read_upstream(reading=True)
            return
        self._fail(event)

    def client_writable(self, *, writable: bool) -> None:
        """Backpressure from the client: stop or go on reading the answer."""
        self._read_upstream(reading=writable)

    def client_tunnel_data(self, data: bytes) -> None:
        """Bytes of an upgraded connection, upwards."""
        self.request_bytes += len(data)
        if self._upstream is not None and self.phase is TUNNEL:
            self._upstream.write([data])
            self._last_upstream = self._gate.now()
            return
        early = self._early = self._early or []
        early.append(data)  # not to be sent before the upstream has accepted
        self._up_bytes += len(data)
        if self._up_bytes > _CONNECTING_BUFFER_BYTES:
            self._client.pause_reading()

    # The upstream's side.

    def interim_answer(self, head: AnswerHead) -> None:
        """Pass a 1xx on; HTTP/1.0 knows none."""
        if self.phase is AWAITING and not self.head.version_1_0:
            self._client.write([head.passed + b"\r\n"])

    def answer(
        self, head: AnswerHead | None, pieces: list[bytes], trailers: Headers | None
    ) -> None:
        """What one read brought of the answer: write it on, then observe it."""
        down = []
        if head is not None:
            self.first_byte_ns = perf_counter_ns()
            down.append(self._answer_head(head))
        if self.phase is ANSWERING or self.phase is TUNNEL:
            if self._chunked_out:
                down += chunked(pieces, trailers)
            else:
                down += pieces
            self._client.write(down)
            if head is not None:
                self.overhead_ns += perf_counter_ns() - self.first_byte_ns
        for data in pieces:
            self.response_bytes += len(data)
        if trailers is not None:
            self.unread = tuple(pieces)  # the list is the connection's
            self._answer_ended()
            return
        self._last_upstream = self._gate.now()
        if self.observer is not None:
            for data in pieces:
                self.observer.feed(data)

    def _answer_head(self, head: AnswerHead) -> bytes:
        """The answer begins: choose the observer, make the client's head."""
        self.status = status = head.status
        self.upstream_began = True
        route = self.route
        assert route is not None
        if route.metered or status >= 400:
            self.observer = self._gate.observe(route, head)
        self.streamed = route.operation == "streamGenerateContent" or (
            head.content_type is not None and head.content_type.startswith(b"text/event-stream")
        )
        if self.phase is DRAINING:
            return b""
        if status == 101:
            self.phase = TUNNEL
            if self._upstream is not None and self._early:
                self._upstream.write(self._early)
            self._early = None
            self._client.resume_reading()
            more = b"Connection: Upgrade\r\n"
            if head.upgrade:
                more += b"Upgrade: " + head.upgrade + b"\r\n"
        else:
            self.phase = ANSWERING
            more = b""
            if self.head.websocket:
                self._close_after = True  # declined: the parser has no way back
            if head.content_length is None or self._close_after or self._gate.draining:
                more = self._framing(head)
            elif self.head.version_1_0:
                more = b"Connection: keep-alive\r\n"
        return b"%bX-Weighbridge-Id: %b\r\n%b\r\n" % (
            head.passed,
            self.exchange_id.encode(),
            more,
        )

    def tunnel_data(self, data: bytes) -> None:
        """Bytes of an upgraded connection, downwards."""
        self.response_bytes += len(data)
        self._last_upstream = self._gate.now()
        self._client.write([data])

    def upstream_event(self, event: Event) -> None:
        """The upstream is lost to this exchange, or never came."""
        lost, self._upstream = self._upstream, None
        if (
            event is Event.UPSTREAM_LOST
            and self.phase is AWAITING
            and self._retry_bytes is not None
            and lost is not None
            and lost.served > 1
            and not lost.received_any
        ):
            # A reused connection that died under a GET before any byte came: safe to repeat once.
            self._up, self._retry_bytes = [self._retry_bytes], None
            self._gate.pool.connect(self._origin, self._connected)
            return
        self._fail(event)

    def upstream_writable(self, *, writable: bool) -> None:
        """Backpressure from the upstream: stop or go on reading the request."""
        if writable:
            self._client.resume_reading()
        else:
            self._client.pause_reading()

    # Time.

    def check(self, now: float) -> None:
        """Look at the clocks of the phase; called by the worker's ticker."""
        if self.phase is DRAINING:
            most = self._gate.settings.disconnect_drain_max_bytes
            if now > self._drain_until or self.response_bytes > most:
                self._fail(Event.CLIENT_TIMEOUT)
        elif self._client_stalls(now):
            self._fail(Event.CLIENT_TIMEOUT)
        elif self._upstream_stalls(now):
            self._fail(Event.UPSTREAM_TIMEOUT)

    def _client_stalls(self, now: float) -> bool:
        """Whether we wait for the client: for its body, or for it to read."""
        client = self._client
        since = client.write_blocked_since
        if not self.request_done and not client.reading_paused:
            since = client.last_read
        return bool(since) and now - since > self._gate.settings.client_idle_timeout_s

    def _upstream_stalls(self, now: float) -> bool:
        """Whether we wait for the upstream: for its first byte, or for the next one."""
        if self._upstream is None or self._client.write_blocked_since:
            return False
        settings = self._gate.settings
        if not self.request_done and not self._client.reading_paused:
            return False
        limit = settings.upstream_idle_timeout_s
        if self.phase is AWAITING and self.request_done:
            limit = settings.upstream_first_byte_timeout_s
        return now - self._last_upstream > limit

    def cut_for_drain(self) -> None:
        """The gateway's drain time is over."""
        self._fail(Event.DRAIN_OVER)

    # Inside.

    def _connected(self, connection: "UpstreamConnection | None", event: Event | None) -> None:
        if connection is None:
            self.upstream_event(event or Event.CONNECT_FAILED)
        elif self.phase in (AWAITING, DRAINING):
            self._take_upstream(connection)
            self._client.resume_reading()
            self._write_up(connection)
        else:
            self._gate.pool.release(connection)

    def _take_upstream(self, connection: "UpstreamConnection") -> None:
        self._upstream = connection
        connection.serve(self)
        if self._client.write_blocked_since:
            self._read_upstream(reading=False)  # it is behind with the answer before

    def _write_up(self, connection: "UpstreamConnection") -> None:
        connection.write(self._up)
        self._up = []
        self._up_bytes = 0
        self._last_upstream = self._gate.now()

    def _framing(self, head: AnswerHead) -> bytes:
        """Header lines that tell the client where the answer ends, and whether it may go on."""
        old_client = self.head.version_1_0
        more = b""
        if head.content_length is None and not (
            self.method == b"HEAD" or head.status in (204, 304)
        ):
            if old_client:
                self._close_after = True
            else:
                self._chunked_out = True
                more = b"Transfer-Encoding: chunked\r\n"
        if self._gate.draining:
            self._close_after = True
        if self._close_after:
            return more + b"Connection: close\r\n"
        return more + b"Connection: keep-alive\r\n" if old_client else more

    def _answer_ended(self) -> None:
        """The answer is whole: let the upstream go, and book."""
        self.complete = True
        outcome = outcome_of_status(self.status)
        if self.phase is DRAINING:
            outcome = Outcome.CLIENT_CLOSED
        upstream = self._upstream
        if upstream is not None:
            if self._client.write_blocked_since:
                self._read_upstream(reading=True)  # a slow client has had it paused
            self._upstream = None
            if self.request_done:
                self._gate.pool.release(upstream)
            else:
                upstream.close()  # the rest of the request has nowhere to go
        if not self.request_done and not self._body_is_small():
            self._close_after = True
        self._end(outcome)

    def _can_drain(self) -> bool:
        """Whether the answer of a client that left is read on for its usage."""
        return (
            self._gate.settings.on_client_disconnect == "drain"
            and self.request_done
            and self._upstream is not None
        )

    def _fail(self, event: Event) -> None:
        ending = ENDINGS.get((self.phase, event))
        if ending is None:
            return
        if self._upstream is not None:
            self._upstream.close()
            self._upstream = None
        if ending.act is Act.REPLY and ending.reason is not None:
            refusal = Refusal(ending.reason, _FAILURE_MESSAGES[ending.reason])
            if ending.reason is Reason.BAD_REQUEST:
                self._close_after = True
            self._reply(refusal, ending.outcome)
            return
        self.reason = ending.reason
        if ending.act is not Act.NOTHING:
            self._client.cut(abort=self.head.version_1_0)
        self._end(ending.outcome)

    def _reply(self, refusal: Refusal, outcome: Outcome) -> None:
        """Answer instead of the upstream."""
        self.reason = refusal.reason
        self.status = refusal.status
        unread = not self.request_done and not self._body_is_small()
        if unread or self._gate.draining:
            self._close_after = True
        body = self._gate.refusal_body(self.route, refusal)
        if outcome is Outcome.REFUSED:
            self.overhead_ns = perf_counter_ns() - self.started_ns  # all of it is ours
        if self.method != b"HEAD":
            self.response_bytes = len(body)
        self._client.write(
            refusal_bytes(
                refusal,
                body,
                exchange_id=self.exchange_id,
                close=self._close_after,
                with_body=self.method != b"HEAD",
            )
        )
        self._end(outcome)

    def _body_is_small(self) -> bool:
        head = self.head
        return not (head.chunked or head.expects_continue or self._content_length > 65_536)

    def _read_upstream(self, *, reading: bool) -> None:
        upstream = self._upstream
        if upstream is not None and upstream.transport is not None:
            if reading:
                upstream.transport.resume_reading()
            else:
                upstream.transport.pause_reading()

    def _end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.ended_ns = perf_counter_ns()
        self.phase = ENDED
        self._up = []
        self._gate.leave(self)
        self._client.exchange_ended(self, close=self._close_after)
