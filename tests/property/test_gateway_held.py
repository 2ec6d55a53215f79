"""S5 for bodies that are looked into: pieces and pauses change nothing of what goes up.

A body that may hold labels is kept back, or streams once it takes too long; its framing may then
be another one, never what it says.
"""

from typing import Any

import pytest
from http_reader import requests_in
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_wire import MemoryWire, without_ids, without_times
from messages import answer, post

from weighbridge.attribution.policy import LabelRules
from weighbridge.gateway.request_bodies import HELD_BYTES

VERTEX = (
    b"/v1/projects/p/locations/us-central1/publishers/google/models/"
    b"gemini-2.5-flash:generateContent"
)
AGENT = b"X-Agent: bot\r\n"
BODIES = st.sampled_from([
    b'{"contents":[]}',
    b'{"labels":{"team":"a"},"x":1}',
    b'{"x":[1,{"labels":2}],"labels" : {"team":"a"} }',
    b'{"labels":{}}',
    b'{"l\\u0061bels":{"team":"a"}}',
    b'{"labels":{"TEAM":"a"}}',
    b'{"x":"' + b"y" * 100,
    b"[]",
])  # fmt: skip


def sent(pieces: list[bytes], *, inject: bool, pause: int | None, known: bool) -> tuple[Any, ...]:
    """What the upstream and the client get, and the rows; with a long pause after one piece."""
    with MemoryWire(labels=LabelRules(inject=inject)) as wire:
        if known:
            me = wire.client()
            me.deliver(post(extra=AGENT, path=VERTEX))
            wire.settle()
            wire.upstreams[0].deliver(answer())
        me = wire.client()
        for number, piece in enumerate(pieces):
            me.deliver(piece)
            wire.settle()
            if number == pause:
                wire.moment_over()
                wire.settle()
        calls = [call for up in wire.upstreams for call in requests_in(bytes(up.sent))][known:]
        for up in wire.upstreams:
            if up.protocol.sink is not None:  # type: ignore[attr-defined]
                up.deliver(answer())
        wire.settle()
        assert wire.counters.internal_errors == 0
        # A call that was refused may have begun to go up; it is never whole.
        whole = [(call.start, call.body) for call in calls if call.whole]
        assert len(calls) - len(whole) <= 1
        rows = [without_times(row) for row in wire.rows()]
        return whole, without_ids(bytes(me.sent)), rows


@settings(max_examples=300, deadline=None)
@given(
    body=BODIES,
    places=st.lists(st.integers(0, 400), max_size=5),
    inject=st.booleans(),
    pause=st.sampled_from([None, 0, 1, 2]),
    known=st.booleans(),
    chunks=st.booleans(),
)
def test_any_split_and_any_pause(
    *, body: bytes, places: list[int], inject: bool, pause: int | None, known: bool, chunks: bool
) -> None:
    """The same request, answer and row as from one read."""
    request = post(body, extra=AGENT, path=VERTEX)
    if chunks:
        coding = request[: -len(body)].replace(
            b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked"
        )
        request = coding + b"%x\r\n%b\r\n0\r\nX-Sum: 1\r\n\r\n" % (len(body), body)
    cuts = sorted({place for place in places if 0 < place < len(request)})
    pieces = [request[a:b] for a, b in zip([0, *cuts], [*cuts, len(request)], strict=True)]
    at_once = sent([request], inject=inject, pause=None, known=known)
    assert sent(pieces, inject=inject, pause=pause, known=known) == at_once


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("inject", [False, True])
def test_bodies_about_as_long_as_is_held(more: int, *, known: bool, inject: bool) -> None:
    """One byte decides whether the body waits or streams, and nothing else."""
    body = b'{"x":"%b"}' % (b"y" * (HELD_BYTES + more - 8))
    assert len(body) == HELD_BYTES + more
    request = post(body, extra=AGENT, path=VERTEX)
    pieces = [request[at : at + 65_536] for at in range(0, len(request), 65_536)]
    at_once = sent([request], inject=inject, pause=None, known=known)
    assert sent(pieces, inject=inject, pause=None, known=known) == at_once
    assert len(at_once[0]) == 1
