"""The way up of an exchange: from a client's request to an upstream that has all of it.

Hides what has to happen before a request goes up: it is admitted, looked into, paid for, and gets
a connection. Bytes pass as they come.
Rules for future edits: write first, observe after; nothing here waits, parses a body, or raises
because of what a peer sent; the ways to begin send the same bytes (a test compares).
Counterparts: `client.ClientConnection` tells it what comes, `held_requests` keeps bodies back,
`holds` has the money; `answering` is the way down, and the end. Long, for each way to begin stands
beside the others: a change of one is nearly always one of all.
"""

from dataclasses import dataclass, field
from time import time_ns
from typing import TYPE_CHECKING

from weighbridge.attribution.identity import Identity
from weighbridge.core.outcome import Outcome, Reason, Refusal
from weighbridge.gateway.answering import Answering
from weighbridge.gateway.answers import trailer_bytes
from weighbridge.gateway.heads import Headers
from weighbridge.gateway.held_requests import HeldRequest
from weighbridge.gateway.lifecycle import AWAITING, DRAINING, ENDED, QUEUED, TUNNEL, Event
from weighbridge.gateway.plans import HeadPlan, RawHead, can_be_planned, recipe
from weighbridge.gateway.request_bodies import GLANCE, PASS, holds_label_word
from weighbridge.gateway.request_heads import request_head_bytes
from weighbridge.gateway.settings import Origin
from weighbridge.gateway.upload_urls import is_upload
from weighbridge.providers.base import Route

if TYPE_CHECKING:
    from weighbridge.gateway.call_kinds import CallKind
    from weighbridge.gateway.upstream import UpstreamConnection

_CONNECTING_BUFFER_BYTES = 256 * 1024
NO_ROUTE = Refusal(
    Reason.ROUTE_UNKNOWN,
    "no provider owns this path; use a path of Google's API, such as "
    "/v1beta/models/MODEL:generateContent",
)
_NOWHERE = Origin("", 0, tls=False, host_header=b"")
_STREAM = "streamGenerateContent"
_RETRIED_METHODS = frozenset({b"GET", b"HEAD"})


@dataclass(slots=True, eq=False, repr=False)
class LiveExchange(Answering):
    """One request and its answer, under way, as its client's connection sees it."""

    _held: HeldRequest | None = None
    _up: list[bytes] = field(default_factory=list)
    _up_bytes: int = 0
    _waiting: tuple[bytes, ...] = ()  # of the body, while the call before is under way
    _trailers: Headers | None = None
    _retry_bytes: bytes | None = None
    _origin: Origin = _NOWHERE
    _unfunded: bytes = b""  # its head, while the call waits for money

    # Beginning.

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
        self.identity = decision.identity
        self.mark = gate.mark(route, self.identity)
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
        self.notes = gate.bodies.notes(route)
        self.kind = kind = gate.kind_of(self, route)
        sent = request_head_bytes(head, decision.target, origin.host_header)
        if is_upload(decision.target):
            self.upload_base = gate.public_base(head)
        elif raw is not None and can_be_planned(head):
            self._remember(raw, origin, idle, sent)
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

    def _remember(
        self, raw: RawHead, origin: Origin, idle: "list[UpstreamConnection]", sent: bytes
    ) -> None:
        """Plan how the next call with this head is sent."""
        assert self.route is not None
        plan = HeadPlan(
            head=self.head,
            route=self.route,
            identity=self.identity,
            origin=origin,
            idle=idle,
            pieces=recipe(raw, self.head, origin.host_header),
            mark=self.mark,
            look=self._gate.bodies.look(self.route),
            notes=self.notes,
            kind=self.kind,
        )
        self._gate.plans.remember(raw, plan, sent)

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

    # Money.

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

    def recorded_identity(self) -> Identity:
        """The identity as the row has it."""
        return self._gate.admission.recorded(self.identity)

    # The upstream.

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

    # A body that is looked into.

    def _hold(self, origin: Origin, head: bytes) -> None:
        """Keep the head back until the body has been looked into."""
        assert self.route is not None
        self._origin = origin
        bodies = self._gate.bodies
        reading = bodies.reading(self.route, self.identity, keep=self.kind is not None)
        self._held = HeldRequest(self, head, reading)
        self._held.begin(self._gate.call_later)

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
            self._held.attribute()
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

    def attribute(self, route: Route, identity: Identity) -> None:
        """The body has said whose the call is, or what it asks for."""
        self.route, self.identity = route, identity
        self.mark = self._gate.mark(route, identity)

    def _book_body(self) -> None:
        """Put what the body said to the row."""
        held, self._held = self._held, None
        if held is not None:
            held.book()

    # What the client sends.

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

    def queue_up(self, data: bytes) -> None:
        """Body bytes for the upstream, to be sent with the next flush."""
        if self._chunk_up:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._up.append(data)
        self._up_bytes += len(data)

    def request_flush(self) -> None:
        """Send up what one read brought."""
        if self._upstream is not None:
            if self._up:
                self._write_up(self._upstream)
        elif self._up_bytes > _CONNECTING_BUFFER_BYTES:
            self._client.pause_reading()

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

    def _end_request(self) -> None:
        """What was to go up is dropped, and nobody waits for money."""
        self._up = []
        if self._held is not None:
            self._book_body()  # as far as it came
        if self._unfunded and self._gate.holds is not None:
            self._unfunded = b""
            self._gate.holds.abandon(self)
