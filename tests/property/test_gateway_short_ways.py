"""The short ways of the byte path do what the general ones do, whatever happens on the way.

Two workers are played the same scenario: calls in pieces, answers in pieces, clients that read
nothing or leave, upstreams that close, a drain. One of them remembers heads and answers, the
other forgets them before each step. Bytes, rows and what is paused have to be the same.
"""

import gzip
import json
from typing import Any

from bench_wire import policy_with
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_wire import FakeTransport, MemoryWire, without_ids, without_times
from messages import KEY, answer, post

from weighbridge.attribution.policy import LabelRules

VERTEX = (
    b"/v1/projects/p/locations/us-central1/publishers/google/models/"
    b"gemini-2.5-flash:generateContent"
)
OPENAI = b"/v1beta/openai/chat/completions"
STREAM = b"/v1beta/models/gemini-2.5-flash:streamGenerateContent"
USAGE = json.dumps({
    "candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2, "totalTokenCount": 9},
    "modelVersion": "gemini-2.5-flash",
}).encode()  # fmt: skip
AGENT = b"X-Agent: Bot\r\n"
WEBSOCKET = (
    b"GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent HTTP/1.1"
    b"\r\nHost: gw\r\n%bConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" % KEY
)
CALLS = [
    post(),
    post(),
    post(b""),
    post(b"{}" * 30_000),  # one that is refused at once while larger may cost the connection
    post(b'{"labels":{"team":"a"}}'),
    post(b'{"labels":{"Team":"a"}}'),
    post(b'{"contents":[]}', extra=AGENT, path=VERTEX),
    post(b'{"labels":{"team":"a"}}', extra=AGENT, path=VERTEX),
    post(b'{"labels":{"Team":"a"}}', extra=AGENT, path=VERTEX),
    post(b"", extra=AGENT, path=VERTEX),
    post(b'{"model":"gemini-2.5-pro"}', path=OPENAI),
    post(b"", path=OPENAI),
    post(path=STREAM),
    post().replace(b"trk_test", b"trk_none"),
    post(path=b"/nowhere"),
    post().replace(b"POST", b"HEAD"),
    post().replace(b"POST", b"GET"),
    post(b"").replace(b"POST", b"GET").replace(b"Content-Length: 0\r\n", b""),
    post(extra=b"Expect: 100-continue\r\n", path=VERTEX),
    post(extra=b"Connection: close\r\n"),
    post() + post(),
    post(b"{").replace(b"Content-Length: 1", b"Transfer-Encoding: chunked") + b"\r\n",
    post(b'12\r\n{"labels":{"a":1}}\r\n0\r\nX-Sum: 5\r\n\r\n', path=VERTEX).replace(
        b"Content-Length: 39", b"Transfer-Encoding: chunked"
    ),
    WEBSOCKET,
    WEBSOCKET + b"early",
    post().replace(b"HTTP/1.1", b"HTTP/1.0"),
    post(extra=b"Connection: upgrade\r\nUpgrade: h2c\r\n"),
    post(extra=b"Accept-Encoding: gzip, br\r\n"),
]
DATE = b"Date: Sun, 22 Nov 2026 10:00:0%d GMT\r\n"
ANSWERS = [
    answer(USAGE),
    answer(USAGE),
    answer(USAGE, extra=DATE % 1),
    answer(USAGE, extra=DATE % 2),
    answer(USAGE + b" " * (999 - len(USAGE))),
    answer(USAGE + b" " * (1000 - len(USAGE))),
    answer(USAGE + b" " * 5000),
    answer(USAGE + b" " * 20_000),
    answer(b""),
    answer(USAGE, extra=b"Connection: keep-alive\r\n"),
    answer(USAGE, extra=b"Connection: close\r\n"),
    answer(USAGE) + answer(USAGE),
    answer(USAGE) + b"x",
    b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(USAGE),
    answer(USAGE).replace(b"200 OK", b"429 Busy"),
    answer(b"").replace(b"200 OK", b"304 Same"),
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    % (len(USAGE), USAGE),
    b"HTTP/1.1 200 OK\r\n\r\n" + USAGE,
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02{}",
    answer(gzip.compress(USAGE), extra=b"Content-Encoding: gzip\r\n"),
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"%x\r\ndata: %b\r\n\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(USAGE) + 10, USAGE),
    b"no HTTP",
]
CUTS = st.sampled_from([None, None, None, None, 10, -1, -2, -90, 300])
WHO = st.integers(0, 2)
STEP = st.one_of(
    st.tuples(st.just("call"), WHO, st.integers(0, len(CALLS) - 1), CUTS),
    st.tuples(st.just("answer"), WHO, st.integers(0, len(ANSWERS) - 1), CUTS),
    # The everyday, more often than all else.
    st.tuples(st.just("call"), WHO, st.sampled_from([0, 6, 7]), st.none()),
    st.tuples(st.just("answer"), WHO, st.just(0), st.none()),
    st.tuples(st.sampled_from(["go on", "answer on", "leave", "close", "full", "take"]), WHO,
              st.just(0), st.none()),
    st.tuples(st.sampled_from(["drain", "policy", "moment", "hour"]), WHO, st.just(0), st.none()),
)  # fmt: skip


class Played:
    """One worker, and the peers that play the scenario to it."""

    def __init__(self, wire: MemoryWire, *, forgetful: bool) -> None:
        self._wire = wire
        self._forgetful = forgetful
        self._here: list[FakeTransport] = [wire.client() for _ in range(3)]
        self._rest: dict[FakeTransport, bytes] = {}
        self.seen: list[Any] = []

    def step(self, what: str, who: int, which: int, cut: int | None) -> None:
        wire = self._wire
        if self._forgetful:
            wire.gate.plans.forget()
            for shapes in wire.pool._shapes.values():
                shapes.__init__()  # type: ignore[misc]
        if what in ("drain", "moment", "hour", "policy"):
            self._gateway(what)
        elif what in ("answer", "answer on", "close"):
            busy = [up for up in wire.upstreams if up.protocol.sink and not up.closed]  # type: ignore[attr-defined]
            if busy:
                self._upstream(what, busy[who % len(busy)], ANSWERS[which], cut)
        else:
            self._client(what, who, CALLS[which], cut)
        wire.settle()
        self.seen.append([
            [without_ids(bytes(one.sent)), one.reading, one.closed, one.eof_written]
            for one in [*wire.clients, *wire.upstreams]
        ])  # fmt: skip
        self.seen.append((len(wire.rows()), len(wire.gate.live), wire.counters.internal_errors))

    def _gateway(self, what: str) -> None:
        wire = self._wire
        live = sorted(wire.gate.live, key=lambda exchange: exchange.exchange_id)
        if what == "policy":
            wire.gate.apply_policy(policy_with({}))
        elif what == "moment":
            wire.moment_over()
        elif what == "hour":
            wire.now += 3600
            for one in [*live, *(client.protocol for client in wire.clients)]:
                one.check(wire.now)  # type: ignore[attr-defined]
        elif not wire.gate.draining:
            wire.gate.draining, wire.gate.drain_since = True, wire.now
            wire.gate.look_around()

    def _client(self, what: str, who: int, call: bytes, cut: int | None) -> None:
        me = self._here[who]
        if what == "leave":
            me.peer_closes()
        elif what == "full":
            me.limit = 100
        elif what == "take":
            me.limit = None
            me.take_all()
        elif what == "go on" or self._rest.get(me):
            me.deliver(self._rest.pop(me, b""))
        else:
            if me.closed:
                me = self._here[who] = self._wire.client()
            me.deliver(call[:cut])
            self._rest[me] = b"" if cut is None else call[cut:]

    def _upstream(self, what: str, up: FakeTransport, reply: bytes, cut: int | None) -> None:
        if what == "close":
            up.peer_closes()
        elif what == "answer on" or self._rest.get(up):
            up.deliver(self._rest.pop(up, b""))
        else:
            up.deliver(reply[:cut])
            self._rest[up] = b"" if cut is None else reply[cut:]


def played(
    steps: list[tuple[str, int, int, int | None]], chosen: dict[str, Any], *, forgetful: bool
) -> Any:
    """Everything that can be seen from outside, after each step."""
    with MemoryWire(**chosen) as wire:
        run = Played(wire, forgetful=forgetful)
        for one in steps:
            run.step(*one)
        wire.hang_up()
        assert not wire.gate.live
        assert wire.counters.internal_errors == 0
        assert wire.counters.rows_failed == 0
        assert len(wire.rows()) == wire.counters.exchanges
        return run.seen, [without_times(row) for row in wire.rows()]


CHOSEN = st.fixed_dictionaries({
    "labels": st.builds(LabelRules, inject=st.booleans()),
    "on_client_disconnect": st.sampled_from(["drain", "drain", "cancel"]),
    "max_concurrent_exchanges": st.sampled_from([100, 100, 2]),
})  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(steps=st.lists(STEP, min_size=4, max_size=40), chosen=CHOSEN)
def test_short_ways(steps: list[tuple[str, int, int, int | None]], chosen: dict[str, Any]) -> None:
    """S5, D1: remembered or not, the same bytes, pauses and rows; one row for each exchange."""
    known = played(steps, chosen, forgetful=False)
    plain = played(steps, chosen, forgetful=True)
    for seen, expected in zip(known[0], plain[0], strict=True):
        assert seen == expected
    assert known[1] == plain[1]
