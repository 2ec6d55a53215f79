"""Known heads: the same bytes as the full reading makes, for any length, and no secret kept."""

import asyncio
import gc
from types import FunctionType, ModuleType
from typing import Any

import pytest
from bench_wire import TOKEN, policy_with
from http_reader import requests_in
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_wire import FakeTransport, MemoryWire
from messages import answer

from weighbridge.attribution.policy import PolicySnapshot, TokenRecord
from weighbridge.core.ids import secret_hash

GOOGLE_KEY = b"AIzaSyTESTcanaryCANARYcanaryCANARYcanary"
BEARER = b"ya29.TESTbearerBEARERbearerBEARER"
PATH = b"/v1beta/models/gemini-2.5-flash:generateContent"

NAME = st.sampled_from([
    b"X-Goog-Api-Key", b"x-goog-api-client", b"Accept", b"accept-encoding", b"Accept-Encoding",
    b"Connection", b"Keep-Alive", b"X-Department", b"x-agent", b"X-Weighbridge-Labels", b"TE",
    b"User-Agent", b"Cookie", b"X-Hop", b"Authorization", b"X-%b", b"X-Cloudidr-Token", b"Expect",
])  # fmt: skip
VALUE = st.sampled_from([
    b"gzip, deflate, br", b"gzip", b"br", b"keep-alive", b"X-Hop", b"a", b"a=b", b"", b"100%b %%s",
    b"Bearer ya29.x", b"text/html;q=0.9, */*", b"x" * 300, b"close", b"100-continue",
])  # fmt: skip
HEADERS = st.lists(st.tuples(NAME, VALUE), max_size=8)
TARGET = st.sampled_from([
    PATH, b"/v1beta/models", PATH + b"?alt=sse&%24x=%25b",
    b"/-/" + TOKEN.encode() + b";agent=z" + PATH,
    b"/v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent?key=a%b",
])  # fmt: skip
LENGTHS = st.lists(st.sampled_from([0, 1, 9, 10, 11, 99, 100, 1000]), min_size=2, max_size=4)


def call(target: bytes, headers: list[tuple[bytes, bytes]], length: int, place: int) -> bytes:
    lines = [b"%b: %b" % header for header in headers]
    lines.insert(0, b"Host: gw")
    lines.insert(1, b"X-Weighbridge-Key: " + TOKEN.encode())
    lines.insert(place % (len(lines) + 1), b"Content-Length: %d" % length)
    return b"POST %b HTTP/1.1\r\n%b\r\n\r\n%b" % (target, b"\r\n".join(lines), b"z" * length)


def forwarded(calls: list[bytes], *, forgetful: bool) -> list[tuple[Any, ...]]:
    """What an upstream gets of calls one after another, and whose they are."""
    with MemoryWire() as wire:
        for one in calls:
            if forgetful:
                wire.gate.plans.forget()
            me = wire.client()
            me.deliver(one)
            wire.settle()
            if wire.gate.live:
                wire.upstreams[-1].deliver(answer())
                wire.settle()
            me.peer_closes()
        sent = [message for up in wire.upstreams for message in requests_in(bytes(up.sent))]
        rows = wire.rows()
        assert len(rows) == len(calls)
        assert wire.counters.internal_errors == 0
    whose = [(row.outcome, row.agent, row.department, row.labels, row.model) for row in rows]
    return [tuple(message) for message in sent] + whose


@settings(max_examples=300, deadline=None, derandomize=True)
@given(target=TARGET, headers=HEADERS, lengths=LENGTHS, place=st.integers(1, 12))
def test_same_bytes_as_the_full_reading(
    target: bytes, headers: list[tuple[bytes, bytes]], lengths: list[int], place: int
) -> None:
    """Whatever the head and however many digits its length has, a plan changes nothing."""
    calls = [call(target, headers, length, place) for length in lengths]
    assert forwarded(calls, forgetful=False) == forwarded(calls, forgetful=True)


def test_plain_heads_are_remembered() -> None:
    """The memory is used at all: an SDK's head is known the second time, at another length."""
    with MemoryWire() as wire:
        me = wire.client()
        headers = [(b"x-goog-api-key", GOOGLE_KEY), (b"accept-encoding", b"gzip, br")]
        for length in (5, 12345):
            me.deliver(call(PATH, headers, length, 9))
            wire.settle()
            wire.upstreams[0].deliver(answer())
            wire.settle()
            assert "1 remembered" in repr(wire.gate.plans)
        assert [len(one.body) for one in requests_in(bytes(wire.upstreams[0].sent))] == [5, 12345]


NOT_OURS = (type, ModuleType, FunctionType, FakeTransport, asyncio.AbstractEventLoop)


def reachable(*roots: object) -> set[bytes]:
    """All texts and bytes that can be reached from objects, but for the test's own."""
    found: set[bytes] = set()
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, NOT_OURS):
            continue
        seen.add(id(one))
        if isinstance(one, (bytes, bytearray)):
            found.add(bytes(one))
        elif isinstance(one, str):
            found.add(one.encode("utf-8", "surrogateescape"))
        else:
            waiting += gc.get_referents(one)
    return found


def test_nothing_of_a_head_is_kept() -> None:
    """P1: no key, query or header value is found in any memory of the worker after a call.

    The plan and its key do not hold the tracking token either.
    """
    secrets = (GOOGLE_KEY, GOOGLE_KEY[::-1], BEARER, b"canary-cookie", b"zzzz")
    with MemoryWire() as wire:
        me = wire.client()
        headers = [
            (b"x-goog-api-key", GOOGLE_KEY),
            (b"Authorization", b"Bearer " + BEARER),
            (b"Cookie", b"canary-cookie"),
        ]
        target = PATH + b"?key=" + GOOGLE_KEY[::-1]
        for length in (5, 44):
            me.deliver(call(target, headers, length, 9))
            wire.settle()
            wire.upstreams[0].deliver(answer())
            wire.settle()
        plans = wire.gate.plans
        assert "1 remembered" in repr(plans)
        in_plans = reachable(plans._plans)
        me.peer_closes()
        wire.settle()
        in_worker = reachable(wire.gate, wire.booker, wire.pool, wire.counters)
    assert b"upstream.test" in in_plans, "the search finds what is there"
    assert in_plans < in_worker
    for secret in (*secrets, TOKEN.encode()):
        assert not [text for text in in_plans if secret in text]
    for secret in secrets:
        assert not [text for text in in_worker if secret in text]


def test_change_of_policy_forgets() -> None:
    """What was decided under the last policy is forgotten with it."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(call(PATH, [], 1, 9))
        wire.settle()
        wire.upstreams[0].deliver(answer())
        wire.settle()
        wire.gate.apply_policy(PolicySnapshot(version=2))
        me.deliver(call(PATH, [], 1, 9))
        wire.settle()
        assert b"401 Unauthorized" in me.sent
        assert [row.outcome for row in wire.rows()] == ["ok", "refused"]


def test_token_expires_under_a_plan() -> None:
    """A known head passes until its token's time is over, and not after."""
    record = TokenRecord(
        token_id="tok_main", name="m", sha256=secret_hash(TOKEN), expires_at_us=2**60
    )
    with MemoryWire(PolicySnapshot(version=1, tokens=[record])) as wire:
        me = wire.client()
        for _ in range(2):
            me.deliver(call(PATH, [], 1, 9))
            wire.settle()
            wire.upstreams[0].deliver(answer())
            wire.settle()
        (plan,) = wire.gate.plans._plans.values()
        assert plan.refusal(2**60) is None
        refusal = plan.refusal(2**60 + 1)
        assert refusal is not None
        assert "expired" in refusal.message


@pytest.mark.parametrize(
    "length",
    [b"\0", b" 1", b"1 ", b"+1", b"-1", b"0x1", b"1_0", b"", b"1, 1", b"\t1",
     b"1\r\nContent-Length: 1",
     b"1\r\nTransfer-Encoding: chunked", b"99999999999999999999", b"1;a", b"\xb9", b"1\0"],
)  # fmt: skip
@pytest.mark.parametrize("name", [b"Content-Length: ", b"CONTENT-LENGTH: ", b"content-length:"])
def test_known_head_with_a_strange_length(length: bytes, name: bytes) -> None:
    """P4: knowing a head makes nobody less strict about the length that it comes with."""
    good = call(PATH, [], 1, 2)
    strange = good.replace(b"Content-Length: 1", name + length)
    answers = []
    for known in (True, False):
        with MemoryWire() as wire:
            me = wire.client()
            if known:
                me.deliver(good)
                wire.settle()
                wire.upstreams[0].deliver(answer())
                wire.settle()
            mark = len(me.sent)
            me.deliver(strange)
            wire.settle()
            sent = b"".join(bytes(up.sent) for up in wire.upstreams)
            calls = len(requests_in(sent)) - known
            answers.append((calls, bytes(me.sent[mark:])[:20]))
            assert wire.counters.internal_errors == 0
    assert answers[0] == answers[1]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """P7: a client that varies its heads does not make the worker grow."""
    monkeypatch.setattr("weighbridge.gateway.plans._LIMIT", 10)
    with MemoryWire(policy_with({})) as wire:
        me = wire.client()
        for number in range(50):
            me.deliver(call(PATH, [(b"X-Number", b"%d" % number)], 1, 9))
            wire.settle()
            wire.upstreams[0].deliver(answer())
            wire.settle()
            assert len(wire.gate.plans._plans) <= 10
