"""One exchange while it lives: bytes from a client to an upstream and back, and how it ends.

Hides the order of things between the two connections. Bytes pass as they come; what an ending
means stands in `lifecycle`; what is booked is made in `booking` after the last byte has gone.
Rules for future edits: write first, observe after; nothing here waits, parses a body, or raises
because of what a peer sent; every path ends in `_end` exactly once.
Counterparts: `client.ClientConnection` below, `upstream.UpstreamConnection` above. One file,
though a long one: it is one state machine, and half of it would not be understood alone.
"""

from dataclasses import dataclass, field
from time import perf_counter_ns, time_ns
from typing import TYPE_CHECKING

import msgspec

from weighbridge.attribution.identity import Identity
from weighbridge.core.outcome import Note, Outcome, Reason, Refusal
from weighbridge.gateway.answer_heads import AnswerHead
from weighbridge.gateway.answers import chunked, refusal_bytes, trailer_bytes
from weighbridge.gateway.heads import Headers
from weighbridge.gateway.held_requests import HELD_S, HeldRequest
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
from weighbridge.gateway.request_bodies import (
    GLANCE,
    PASS,
    holds_label_word,
)
from weighbridge.gateway.request_heads import RequestHead, request_head_bytes
from weighbridge.gateway.settings import Origin
from weighbridge.gateway.tee import Observer
from weighbridge.gateway.tunnel import TunnelObserver
from weighbridge.gateway.upload_urls import is_upload
from weighbridge.providers.base import NOTHING_ASKED, Asked, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.gateway.answer_shapes import AnswerShape
    from weighbridge.gateway.call_kinds import CallKind
    from weighbridge.gateway.client import ClientConnection
    from weighbridge.gateway.gate import Gate
    from weighbridge.gateway.request_bodies import BodyReading
    from weighbridge.gateway.stakes import Stake
    from weighbridge.gateway.upstream import UpstreamConnection

_CONNECTING_BUFFER_BYTES = 256 * 1024
NO_ROUTE = Refusal(
    Reason.ROUTE_UNKNOWN,
    "no provider owns this path; use a path of Google's API, such as "
    "/v1beta/models/MODEL:generateContent",
)
NOBODY = Identity()
_LABELS_UNREAD = Note.LABELS_UNREAD
_NOWHERE = Origin("", 0, tls=False, host_header=b"")
_STREAM = "streamGenerateContent"
_RETRIED_METHODS = frozenset({b"GET", b"HEAD"})
_FAILURE_MESSAGES = {
    Reason.UPSTREAM_UNREACHABLE: "the upstream could not be reached, or closed the connection "
    "before it answered; check its address, DNS and TLS, then try again",
    Reason.UPSTREAM_TIMEOUT: "the upstream did not answer in time; try again, or raise the "
    "gateway's upstream timeouts",
    Reason.BAD_REQUEST: "the request's body breaks the rules of HTTP/1.1; the connection is closed",
}


@dataclass(slots=True, eq=False, repr=False)
class LiveExchange:
    """One request and its answer, under way.

    Some thirty of its fields are set anew in a call, which takes a quarter of the time that it
    would take in a `msgspec.Struct`.
    """

    _gate: "Gate"
    _client: "ClientConnection"
    head: RequestHead
    method: bytes
    _content_length: int
    _chunk_up: bool
    _close_after: bool
    phase: Phase = QUEUED
    route: Route | None = None
    identity: Identity = NOBODY
    exchange_id: str = ""
    mark: bytes = b""
    slot: int = -1
    started_text: bytes = b""
    started_us: int = 0
    started_ns: int = 0
    first_byte_ns: int = 0
    ended_ns: int = 0
    overhead_ns: int = 0
    status: int = 0
    outcome: Outcome = OK
    reason: Reason | None = None
    request_bytes: int = 0
    response_bytes: int = 0
    request_done: bool = False
    complete: bool = False
    streamed: bool = False
    upstream_began: bool = False
    observer: Observer | TunnelObserver | None = None
    answered: AnswerHead | None = None  # of an answer that came whole, which nobody observed yet
    unread: "Sequence[bytes]" = ()
    asked: Asked = NOTHING_ASKED
    notes: tuple[Note, ...] = ()
    labels_sent: dict[str, str] | None = None
    answer_lines: bytes = b""  # what a browser is to be told
    upload_base: bytes = b""  # our own origin, where an answer may name upload URLs
    tunnel: TunnelObserver | None = None
    kind: "CallKind | None" = None  # what budgets make of it, None where none may bind it
    stake: "Stake | None" = None
    _plain: bool = False  # a planned call: only its phase can keep its answer from passing whole
    _held: HeldRequest | None = None
    _upstream: "UpstreamConnection | None" = None
    _up: list[bytes] = field(default_factory=list)
    _waiting: tuple[bytes, ...] = ()  # of the body, while the call before is under way
    _trailers: Headers | None = None
    _up_bytes: int = 0
    _early: list[bytes] | None = None
    _chunked_out: bool = False
    _retry_bytes: bytes | None = None
    _last_upstream: float = 0.0
    _drain_until: float = 0.0
    _origin: Origin = _NOWHERE
    _unfunded: bytes = b""  # its head, while the call waits for money

    def __repr__(self) -> str:
        return f"<LiveExchange {self.exchange_id} {self.phase.name} status {self.status}>"

    @property
    def asks_for_tunnel(self) -> bool:
        """Whether the request may be answered by a 101."""
        return self.head.websocket

    def observed(self) -> Observer | TunnelObserver | None:
        """The observer of the answer, made now where the answer came whole; None without one."""
        head, self.answered = self.answered, None
        if head is not None and self.route is not None and self.route.metered:
            self.observer = self._gate.observe(self.route, head)
        return self.observer

    # The client's side.

    def begin(self, read_ns: int, raw: RawHead | None) -> None:
        """It is this exchange's turn: admit it, and send its head up or refuse it.

        Takes: the monotonic nanosecond at which its bytes were read; the raw head where it may
        be remembered.
        """
        gate = self._gate
        head = self.head
        self.started_ns = read_ns
        self.started_us = now_us = time_ns() // 1000
        self.exchange_id = gate.new_id(now_us)
        self.phase = AWAITING
        decision = gate.admission.decide(head, now_us)
        self.route = route = decision.route
        self.identity = identity = decision.identity
        self.mark = gate.mark(route, identity)
        self.streamed = route is not None and route.operation == _STREAM
        gate.enter(self)
        refusal = decision.refusal
        if refusal is None and (gate.restricted or len(gate.live) > gate.most_live):
            refusal = gate.own_refusal()
        if refusal is not None or route is None:
            self._reply(refusal or NO_ROUTE, Outcome.REFUSED)
            return
        origin = gate.origin(route)
        idle = gate.pool.idle_of(origin)
        self.notes = notes = gate.bodies.notes(route)
        self.kind = kind = gate.kind_of(self, route)
        sent = request_head_bytes(head, decision.target, origin.host_header)
        if is_upload(decision.target):
            self.upload_base = gate.public_base(head)
        elif raw is not None and can_be_planned(head):
            plan = HeadPlan(
                head=head,
                route=route,
                identity=identity,
                origin=origin,
                idle=idle,
                pieces=recipe(raw, head, origin.host_header),
                mark=self.mark,
                look=gate.bodies.look(route),
                notes=notes,
                kind=kind,
            )
            gate.plans.remember(raw, plan, sent)
            head.forget()
        if head.has_body and (kind is not None or gate.bodies.look(route) is not PASS):
            self._hold(origin, sent)
        else:
            body = None if head.has_body else b""
            self._send(origin, idle, sent, read_ns, body)
        if self._waiting or self.request_done:
            self._catch_up()

    def _catch_up(self) -> None:
        """Send on what came of the body while the call before was under way."""
        waiting, self._waiting = self._waiting, ()
        for data in waiting:
            self.request_bytes -= len(data)  # counted when it came
            self.request_body(data)
        if self.request_done:
            self.request_end(self._trailers or [])

    def begin_planned(
        self, read_ns: int, plan: HeadPlan, raw: bytes, body: bytes, *, whole: bool
    ) -> None:
        """As `begin`, for a head that was admitted before under the policy in force.

        Takes: what came of the body, and whether that is all of it.
        """
        gate = self._gate
        self.started_ns = read_ns
        self.started_us = now_us = time_ns() // 1000
        self.exchange_id = gate.new_id(now_us)
        self.phase = AWAITING
        self.route = plan.route
        self.identity = plan.identity
        self.mark = plan.mark
        self.streamed = plan.streamed
        self.notes = plan.notes
        self.request_done = whole
        self.request_bytes = len(body)
        gate.enter(self)
        if gate.restricted or len(gate.live) > gate.most_live or plan.checked:
            refusal = gate.own_refusal() or plan.refusal(now_us)
            if refusal is not None:
                self._reply(refusal, Outcome.REFUSED)
                return
            if plan.kind is not None:
                self._begin_bound(plan, plan.kind, raw, body, whole=whole)
                return
        look = plan.look
        if look is not PASS and (look is not GLANCE or not whole or holds_label_word(body)):
            self._hold(plan.origin, plan.upstream_head(raw))
            self._take_planned(body, whole=whole)
            return
        connection = None
        if whole and plan.plain and not self._client.write_blocked_since:
            connection = gate.pool.take(plan.idle)
        if connection is None:
            if body:
                self._up.append(body)
            self._send(plan.origin, plan.idle, plan.upstream_head(raw), read_ns)
            if self._upstream is not None:
                self._write_up(self._upstream)
            return
        self._plain = True
        self._upstream = connection
        connection.serve(self)
        self.overhead_ns = -read_ns
        gate.turn.send(connection, plan.upstream_head(raw) + body, self)
        self._last_upstream = self._client.last_read

    def _send(
        self,
        origin: Origin,
        idle: "list[UpstreamConnection]",
        head: bytes,
        began_ns: int,
        body: bytes | None = None,
    ) -> None:
        """Get a connection for the request; what is to be sent waits in `_up`.

        Takes: since when this has been our time; the body where it is whole, for the budgets
        that may bind the call.
        """
        gate = self._gate
        if self.kind is not None and self.stake is None and not self._fund(origin, head, body):
            return
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
        self.overhead_ns = -began_ns
        gate.turn.time(self)

    def _fund(self, origin: Origin, head: bytes, body: bytes | None) -> bool:
        """Set aside what the call may cost; False where it has to wait, or is refused."""
        self._origin = origin
        self._unfunded = head
        length = -1 if self.head.chunked else self._content_length
        assert self.kind is not None
        assert self._gate.holds is not None
        if self._gate.holds.fund(self, self.kind, body, length):
            self._unfunded = b""
            return True
        return False

    def _begin_bound(
        self, plan: HeadPlan, kind: "CallKind", raw: bytes, body: bytes, *, whole: bool
    ) -> None:
        """As `begin_planned`, for a call that a budget may bind."""
        self.kind = kind
        head = plan.upstream_head(raw)
        look = plan.look
        if not whole or look > GLANCE or (look is GLANCE and holds_label_word(body)):
            self._hold(plan.origin, head)
            self._take_planned(body, whole=whole)
            return
        if not self._fund(plan.origin, head, body):
            if body and self.phase is not ENDED:
                self._up.append(body)
            return
        gate = self._gate
        plain = plan.plain and not self._client.write_blocked_since
        connection = gate.pool.take(plan.idle) if plain else None
        if connection is None:
            self._up.append(body)
            self.kind = None  # it is funded
            self._send(plan.origin, plan.idle, head, self.started_ns)
            if self._upstream is not None:
                self._write_up(self._upstream)
            return
        self._plain = not gate.settings.budget_header
        self._upstream = connection
        connection.serve(self)
        self.overhead_ns = -self.started_ns
        gate.turn.send(connection, head + body, self)
        self._last_upstream = self._client.last_read

    def recorded_identity(self) -> Identity:
        """The identity as the row has it."""
        return self._gate.admission.recorded(self.identity)

    def funded(self) -> None:
        """What the call may cost is set aside now: it goes up."""
        head, self._unfunded = self._unfunded, b""
        began_ns = max(self.started_ns, self._client.read_ns)
        self._send(self._origin, self._gate.pool.idle_of(self._origin), head, began_ns)
        if self._upstream is not None and self._up:
            self._write_up(self._upstream)
        self._client.resume_reading()

    def refuse_unfunded(self, refusal: Refusal) -> None:
        """A budget does not let the call pass."""
        self._unfunded = b""
        self._reply(refusal, Outcome.REFUSED)

    def _hold(self, origin: Origin, head: bytes) -> None:
        """Keep the head back until the body has been looked into."""
        assert self.route is not None
        self._origin = origin
        bodies = self._gate.bodies
        reading = bodies.reading(self.route, self.identity, keep=self.kind is not None)
        self._held = HeldRequest(self, head, reading)
        if self.head.expects_continue or not reading.held:
            self._held.stream()  # a client that waits for a 100 would wait for ever
        elif not self.request_done:
            self._held.timer = self._gate.call_later(HELD_S, self._held_long_enough)

    def _held_long_enough(self) -> None:
        """The body takes its time: let it stream."""
        if self._held is not None and self.phase is AWAITING:
            self._held.stream()
            self.request_flush()

    def _take_planned(self, body: bytes, *, whole: bool) -> None:
        """What came of a held body at once with a known head."""
        if body and self._held is not None:
            self._held.take(body)
        if whole:
            self.request_end([])
        if self._upstream is not None and self._up:
            self._write_up(self._upstream)

    def send_held(self, head: bytes, body: bytes | None, *, chunked: bool) -> None:
        """Send up a head that was kept back.

        Takes: the body that follows, where it is whole; whether that is to be framed anew.
        """
        self._chunk_up = chunked or self._chunk_up
        if self.kind is not None and self._held is not None:
            self._attribute(self._held.reading)
        began_ns = max(self.started_ns, self._client.read_ns)  # not the time that the body took
        self._send(self._origin, self._gate.pool.idle_of(self._origin), head, began_ns, body)

    def refuse_body(self, refusal: Refusal) -> None:
        """The body breaks a rule: the upstream never gets a whole request."""
        self._book_body()
        if self.phase is not AWAITING:
            self._fail(Event.CLIENT_MALFORMED)
            return
        if self._upstream is not None:
            self._upstream.close()
            self._upstream = None
        self._reply(refusal, Outcome.REFUSED)

    def _book_body(self) -> None:
        """Put what the body said to the row."""
        held, self._held = self._held, None
        if held is None or self.route is None:
            return
        if held.timer is not None:
            held.timer.cancel()
        reading = held.reading
        self._attribute(reading)
        if reading.refusal is None and self.request_done:
            self.labels_sent = reading.sent
        if reading.unread:
            self.notes = (*self.notes, _LABELS_UNREAD)

    def _attribute(self, reading: "BodyReading") -> None:
        """Take model and labels from the body, as far as it has come."""
        route = self.route
        assert route is not None
        self.asked = asked = reading.asked
        if asked is not NOTHING_ASKED:
            route = msgspec.structs.replace(
                route,
                model=asked.model or route.model,
                provider=asked.provider or route.provider,
            )
        identity = self.identity
        if reading.refusal is None:
            identity = reading.attributed(identity)
        if identity is not self.identity or route is not self.route:
            self.identity, self.route = identity, route
            self.mark = self._gate.mark(route, identity)

    def queue_up(self, data: bytes) -> None:
        """Body bytes for the upstream, to be sent with the next flush."""
        if self._chunk_up:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._up.append(data)
        self._up_bytes += len(data)

    def request_body(self, data: bytes) -> None:
        """Body bytes from the client."""
        self.request_bytes += len(data)
        if self.phase is ENDED:
            return
        if self._held is not None:
            self._held.take(data)
        elif self.phase is QUEUED:
            self._waiting += (data,)
        else:
            self.queue_up(data)

    def request_end(self, trailers: Headers) -> None:
        """The client's request is whole."""
        self.request_done = True
        if self.phase is QUEUED:
            self._trailers = trailers
            return
        if self._held is not None and self.phase is not ENDED:
            self._held.end()
            self._book_body()
        if self._chunk_up and self.phase is not ENDED:
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
            if self.tunnel is not None:
                self.tunnel.from_client(data)
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
            if head is None:
                self._client.write(down)
            else:
                self.overhead_ns -= self.first_byte_ns
                self._client.write(down, self)
                if self.phase is TUNNEL:
                    self._gate.turn.flush()  # a row may be made of it before it ends
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

    def whole_answer(self, shape: "AnswerShape", data: bytes, length: int) -> None:
        """All of an answer at once, under a head that came before: the everyday call.

        What `answer` comes to where nothing is in its way (a test compares).
        """
        gate, client, upstream = self._gate, self._client, self._upstream
        body = data[-length:]
        if (
            not self._plain
            or self.phase is not AWAITING
            or upstream is None
            or gate.draining
            or client.write_blocked_since
        ):
            matched = shape.match(data)
            assert matched is not None
            self.answer(shape.read(matched), [body], [])
            return
        self.first_byte_ns = came_ns = perf_counter_ns()
        self._upstream = None  # a client that takes no more is not to pause what is free again
        self.overhead_ns -= came_ns
        gate.turn.send(client, shape.passed(self.exchange_id, body), self)
        self.status = 200
        self.upstream_began = self.complete = True
        self.response_bytes = length
        self.answered = shape.head
        self.unread = (body,)
        self.phase = ENDED
        gate.pool.release(upstream)
        self.ended_ns = perf_counter_ns()
        gate.leave(self)
        client.exchange_ended(self, close=False)

    def _answer_head(self, head: AnswerHead) -> bytes:
        """The answer begins: choose the observer, make the client's head."""
        gate = self._gate
        self.status = status = head.status
        self.upstream_began = True
        route = self.route
        assert route is not None
        if route.metered or status >= 400:
            self.observer = gate.observe(route, head)
        if head.content_type is not None and head.content_type.startswith(b"text/event-stream"):
            self.streamed = True
        if self.phase is DRAINING:
            return b""
        if status == 101:
            more = self._open_tunnel(head)
        else:
            self.phase = ANSWERING
            more = b""
            if self.head.websocket:
                self._close_after = True  # declined: the parser has no way back
            if head.content_length is None or self._close_after or gate.draining:
                more = self._framing(head)
            elif self.head.version_1_0:
                more = b"Connection: keep-alive\r\n"
        passed = head.passed
        if self.upload_base or self.answer_lines:
            passed = self._rewritten(passed)
        if self.stake is not None and gate.settings.budget_header and gate.holds is not None:
            more += gate.holds.remaining_line(self.stake)
        return b"%bX-Weighbridge-Id: %b\r\n%b\r\n" % (passed, self.exchange_id.encode(), more)

    def _rewritten(self, passed: bytes) -> bytes:
        """The answer's head, changed where the contract says so: upload URLs, a browser's lines."""
        if self.upload_base:
            passed = self._gate.begin_upload(self, passed)
        if self.answer_lines:
            passed = self._gate.cors.without_cors(passed) + self.answer_lines
        return passed

    def _open_tunnel(self, head: AnswerHead) -> bytes:
        """The upstream has accepted an upgrade; gives the lines that tell the client so."""
        self.phase = TUNNEL
        self.observer = self.tunnel = self._gate.tunnel_observer(self, head)
        early, self._early = self._early or [], None
        if self._upstream is not None and early:
            self._upstream.write(early)
        if self.tunnel is not None:
            for data in early:
                self.tunnel.from_client(data)
        self._client.resume_reading()
        upgrade = b"Upgrade: " + head.upgrade + b"\r\n" if head.upgrade else b""
        return b"Connection: Upgrade\r\n" + upgrade

    def tunnel_data(self, data: bytes) -> None:
        """Bytes of an upgraded connection, downwards."""
        self.response_bytes += len(data)
        self._last_upstream = self._gate.now()
        self._client.write([data])
        if self.tunnel is not None:
            self.tunnel.from_upstream(data)

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
        elif self.stake is not None and self._gate.holds is not None:
            self._gate.holds.look_after(self, self._gate.cost_so_far(self))

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

    def cut_unpaid(self) -> None:
        """It has outgrown what it holds of a budget that cuts, and nothing is left."""
        self._fail(Event.BUDGET_SPENT)

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
            # All of it is ours but the time that the body took to come.
            self.overhead_ns = -max(self.started_ns, self._client.read_ns)
            self._gate.turn.time(self)
        if self.method != b"HEAD":
            self.response_bytes = len(body)
        self._client.write(
            refusal_bytes(
                refusal,
                body,
                exchange_id=self.exchange_id,
                more=self.answer_lines,
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
        if self._held is not None:
            self._book_body()  # as far as it came
        if self._unfunded and self._gate.holds is not None:
            self._unfunded = b""
            self._gate.holds.abandon(self)
        self._gate.leave(self)
        self._client.exchange_ended(self, close=self._close_after)
