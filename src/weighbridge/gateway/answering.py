"""The way down of an exchange: bytes from an upstream to a client, and how the exchange ends.

Hides what becomes of an answer. Bytes pass as they come; what an ending means stands in
`lifecycle`; what is booked is made in `booking` after the last byte has gone.
Rules for future edits: write first, observe after; nothing here waits, parses a body, or raises
because of what a peer sent; every path ends in `_end` or `whole_answer`, once.
Counterparts: `upstream.UpstreamConnection` tells it what comes; `exchange` is the way up, and
gets the upstream; `exchange_state` has what both know.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from time import perf_counter_ns
from typing import TYPE_CHECKING

from weighbridge.core.outcome import Outcome, Reason, Refusal
from weighbridge.gateway.answer_heads import AnswerHead
from weighbridge.gateway.answers import chunked, refusal_bytes
from weighbridge.gateway.exchange_state import ExchangeState
from weighbridge.gateway.heads import Headers
from weighbridge.gateway.lifecycle import (
    ANSWERING,
    AWAITING,
    DRAINING,
    ENDED,
    ENDINGS,
    FAILURE_MESSAGES,
    TUNNEL,
    Act,
    Event,
    outcome_of_status,
)
from weighbridge.gateway.tee import Observer
from weighbridge.gateway.tunnel import TunnelObserver

if TYPE_CHECKING:
    from weighbridge.gateway.answer_shapes import AnswerShape


@dataclass(slots=True, eq=False, repr=False)
class Answering(ExchangeState, ABC):
    """An exchange as its upstream sees it, and as whoever ends it does."""

    _chunked_out: bool = False
    _drain_until: float = 0.0

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

    # The answer.

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

    # Backpressure.

    def client_writable(self, *, writable: bool) -> None:
        """Backpressure from the client: stop or go on reading the answer."""
        self._read_upstream(reading=writable)

    def _read_upstream(self, *, reading: bool) -> None:
        upstream = self._upstream
        if upstream is not None and upstream.transport is not None:
            if reading:
                upstream.transport.resume_reading()
            else:
                upstream.transport.pause_reading()

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

    # Endings.

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

    def cut_unpaid(self) -> None:
        """It has outgrown what it holds of a budget that cuts, and nothing is left."""
        self._fail(Event.BUDGET_SPENT)

    def cut_for_drain(self) -> None:
        """The gateway's drain time is over."""
        self._fail(Event.DRAIN_OVER)

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
            refusal = Refusal(ending.reason, FAILURE_MESSAGES[ending.reason])
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

    def _end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.ended_ns = perf_counter_ns()
        self.phase = ENDED
        self._end_request()
        self._gate.leave(self)
        self._client.exchange_ended(self, close=self._close_after)

    @abstractmethod
    def _end_request(self) -> None:
        """Nothing more goes up."""
