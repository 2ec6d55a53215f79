"""S5: however bytes are split into reads, the same bytes pass and the same row is booked.

The whole byte path runs on fake transports (`support/memory_wire`); a second reading of HTTP
(`support/http_reader`) says what passed. Chunk boundaries may move with the reads, and are the
only thing that may.
"""

import gzip
import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from http_reader import answers_in, requests_in
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_wire import FakeTransport, MemoryWire, without_ids, without_times
from messages import ANSWER, KEY, answer, post

BASE = b"/v1beta/models/gemini-2.5-flash:"


class Kind(NamedTuple):
    """A call and the answer that it gets."""

    request: bytes
    answer: bytes

    @property
    def method(self) -> bytes:
        return self.request.partition(b" ")[0]


def chunked(*pieces: bytes, trailers: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + (
        b"0\r\n" + trailers + b"\r\n"
    )


def usage(output: int) -> dict[str, Any]:
    return {
        "candidates": [{"content": {"parts": [{"text": "añ😀"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": output},
        "modelVersion": "gemini-2.5-flash",
    }


def sse(*outputs: int) -> bytes:
    events = [b"data: " + json.dumps(usage(n)).encode() + b"\r\n\r\n" for n in outputs]
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + (
        b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*events)
    )


def head(method: bytes, target: bytes, extra: bytes = b"") -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: gw\r\n%b%b\r\n" % (method, target, KEY, extra)


CHUNKED_HEAD = b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"
ZIPPED = gzip.compress(json.dumps(usage(5)).encode())
CHUNKED_JSON = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
ELEMENTS = [json.dumps(usage(1)).encode(), json.dumps(usage(8)).encode()]
LIMITED = answer(b'{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}').replace(b"200", b"429")
KINDS = {
    "sized": Kind(post(), answer()),
    "longer": Kind(post(b"0123456789" * 3), answer(b'{"usageMetadata":{"promptTokenCount":9}}')),
    "empty": Kind(post(b""), answer(b"{}")),
    "gzip": Kind(
        post(extra=b"Accept-Encoding: gzip, br\r\n"),
        answer(ZIPPED, extra=b"Content-Encoding: gzip\r\n"),
    ),
    "sse": Kind(post(path=BASE + b"streamGenerateContent?alt=sse"), sse(1, 2, 30)),
    "array": Kind(
        post(path=BASE + b"streamGenerateContent"),
        b"HTTP/1.1 200 OK\r\n" + CHUNKED_JSON
        + chunked(b"[" + ELEMENTS[0], b"\n," + ELEMENTS[1], b"]"),
    ),
    "chunked": Kind(
        head(b"POST", BASE + b"generateContent", CHUNKED_HEAD)
        + chunked(b'{"a":', b"1}", trailers=b"X-Sum: 5\r\n"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
        + chunked(ANSWER, trailers=b"X-T: 1\r\n"),
    ),
    "get": Kind(head(b"GET", b"/v1beta/models?pageSize=5"), answer(b'{"models":[]}')),
    "head": Kind(
        head(b"HEAD", b"/v1beta/models"), b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    ),
    "none": Kind(head(b"DELETE", b"/v1beta/files/a"), b"HTTP/1.1 204 No Content\r\n\r\n"),
    "hints": Kind(post(), b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer()),
    "error": Kind(post(), LIMITED),
    "prefix": Kind(
        head(b"GET", b"/-/trk_test" + b"a" * 28 + b";agent=b/v1beta/models").replace(KEY, b""),
        answer(b"{}"),
    ),
}  # fmt: skip
CUTS = st.lists(st.floats(0, 1), max_size=6)


def split(data: bytes, cuts: list[float]) -> list[bytes]:
    """`data` in pieces; cuts are places between its beginning (0) and its end (1)."""
    return cut_at(data, [int(cut * len(data)) for cut in cuts])


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    inside = sorted({place for place in places if 0 < place < len(data)})
    return [data[a:b] for a, b in zip([0, *inside], [*inside, len(data)], strict=True)]


def seams(kinds: list[Kind]) -> list[int]:
    """Places in pipelined calls where something ends: a head, a body, half of a body."""
    places, start = [], 0
    for kind in kinds:
        body = start + kind.request.find(b"\r\n\r\n") + 4
        end = start + len(kind.request)
        places += [body - 2, body, (body + end) // 2, end]
        start = end
    return places


@dataclass
class Run:
    """A scenario being played."""

    kinds: list[Kind]
    answer_cuts: list[list[float]]
    wire: MemoryWire
    answered: int = 0
    seen: dict[int, int] = field(default_factory=dict)

    def answer_what_is_whole(self) -> bool:
        """Answer the next request that an upstream has got whole."""
        for transport in self.wire.upstreams:
            whole = sum(message.whole for message in requests_in(bytes(transport.sent)))
            if whole > self.seen.get(id(transport), 0):
                self.seen[id(transport)] = whole
                number, self.answered = self.answered, self.answered + 1
                cuts = self.answer_cuts[number % len(self.answer_cuts)] if self.answer_cuts else []
                for piece in split(self.kinds[number].answer, cuts):
                    transport.deliver(piece)
                    self.wire.settle()
                return True
        return False


def outcome(run: Run, me: FakeTransport) -> tuple[Any, ...]:
    """All that passed and was booked, without what may differ."""
    forwarded = [
        (message.head, message.body, message.trailers, message.whole)
        for transport in run.wire.upstreams
        for message in requests_in(bytes(transport.sent))
    ]
    answered = answers_in(without_ids(bytes(me.sent)), [kind.method for kind in run.kinds])
    rows = [without_times(row) for row in run.wire.rows()]
    assert run.wire.counters.internal_errors == run.wire.counters.rows_failed == 0
    assert run.wire.gate.live == set()
    return forwarded, answered, rows


def one_after_another(
    kinds: list[Kind], request_cuts: list[list[float]], answer_cuts: list[list[float]]
) -> tuple[Any, ...]:
    with MemoryWire() as wire:
        run = Run(kinds, answer_cuts, wire)
        me = wire.client()
        for number, kind in enumerate(kinds):
            cuts = request_cuts[number % len(request_cuts)] if request_cuts else []
            for piece in split(kind.request, cuts):
                me.deliver(piece)
                wire.settle()
            assert run.answer_what_is_whole()
        return outcome(run, me)


def pipelined(
    kinds: list[Kind], places: list[int], answer_cuts: list[list[float]], eager: list[bool]
) -> tuple[Any, ...]:
    with MemoryWire() as wire:
        run = Run(kinds, answer_cuts, wire)
        me = wire.client()
        for number, piece in enumerate(cut_at(b"".join(kind.request for kind in kinds), places)):
            me.deliver(piece)
            wire.settle()
            while eager and eager[number % len(eager)] and run.answer_what_is_whole():
                pass
        while run.answer_what_is_whole():
            pass
        return outcome(run, me)


# Few kinds and many calls: a head that comes again is forwarded another way than the first time.
SCENARIO = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=2).flatmap(
    lambda few: st.lists(st.sampled_from([KINDS[name] for name in few]), min_size=1, max_size=6)
)
EXAMPLES = settings(max_examples=300, deadline=None, derandomize=True)


@EXAMPLES
@given(
    kinds=SCENARIO, request_cuts=st.lists(CUTS, max_size=3), answer_cuts=st.lists(CUTS, max_size=3)
)
def test_any_split_of_calls_and_answers(
    kinds: list[Kind], request_cuts: list[list[float]], answer_cuts: list[list[float]]
) -> None:
    """S5: call after call on one connection, both directions split at will."""
    whole = one_after_another(kinds, [], [])
    assert len(whole[0]) == len(whole[2]) == len(kinds)
    assert one_after_another(kinds, request_cuts, answer_cuts) == whole


@EXAMPLES
@given(data=st.data(), kinds=SCENARIO, answer_cuts=st.lists(CUTS, max_size=3))
def test_any_split_of_pipelined_calls(
    data: st.DataObject, kinds: list[Kind], answer_cuts: list[list[float]]
) -> None:
    """S5: calls sent without waiting are answered as if they had been sent one by one."""
    length = sum(len(kind.request) for kind in kinds)
    places = data.draw(st.lists(st.sampled_from(seams(kinds)) | st.integers(1, length)))
    eager = data.draw(st.lists(st.booleans(), max_size=4))
    whole = one_after_another(kinds, [], [])
    assert pipelined(kinds, places, answer_cuts, eager) == whole


@pytest.mark.parametrize("name", sorted(KINDS))
def test_byte_by_byte(name: str) -> None:
    """S5: one byte a read, twice on one connection: the second time the head is known."""
    kinds = [KINDS[name]] * 2
    every = [number / 2000 for number in range(2000)]
    assert one_after_another(kinds, [every], [every]) == one_after_another(kinds, [], [])


@pytest.mark.parametrize(
    "name",
    sorted(KINDS),
)
def test_every_cut_in_two(name: str) -> None:
    """S5: a call that came before, and another behind it, cut in two reads at every place."""
    kinds = [KINDS[name], KINDS[name], KINDS["get"]]
    whole = one_after_another(kinds, [], [])
    first = len(kinds[0].request)
    for place in range(first, sum(len(kind.request) for kind in kinds)):
        assert pipelined(kinds, [first, place], [], [True]) == whole, place


STREAMS = ["array", "gzip", "sized", "sse"]


def client_leaves(kind: Kind, place: int, **changes: Any) -> tuple[dict[str, Any], bytes]:
    """The row of a call whose client leaves when so much of the answer came, and what it got."""
    with MemoryWire(**changes) as wire:
        me = wire.client()
        me.deliver(kind.request)
        wire.settle()
        (up,) = wire.upstreams
        if place:
            up.deliver(kind.answer[:place])
        me.peer_closes()
        wire.settle()
        up.deliver(kind.answer[place:])
        wire.hang_up()
        (row,) = wire.rows()
        assert wire.gate.live == set()
        assert wire.marks.open == {}
        return without_times(row), bytes(me.sent)


@pytest.mark.parametrize("name", STREAMS)
def test_client_leaves_anywhere(name: str) -> None:
    """S2: wherever in an answer a client leaves, there is one row, with the whole usage."""
    kind = KINDS[name]
    (whole,) = one_after_another([kind], [], [])[2]
    for place in range(len(kind.answer)):
        row, _ = client_leaves(kind, place)
        assert row == {**whole, "outcome": "client_closed"}, place


@pytest.mark.parametrize("name", STREAMS)
def test_client_leaves_anywhere_and_the_answer_is_cancelled(name: str) -> None:
    """S2: with `cancel` the row is an honest lower bound: never more than was reported."""
    kind = KINDS[name]
    (whole,) = one_after_another([kind], [], [])[2]
    for place in range(len(kind.answer)):
        row, _ = client_leaves(kind, place, on_client_disconnect="cancel")
        assert (row["outcome"], row.get("usage_source")) != ("client_closed", "final"), place
        for count in ("input_tokens", "output_tokens"):
            assert row.get(count) is None or row[count] <= whole[count], place


@pytest.mark.parametrize("name", STREAMS)
def test_upstream_is_lost_anywhere(name: str) -> None:
    """Wherever an answer is cut, the client sees that it is cut, and the row says so."""
    kind = KINDS[name]
    for place in range(len(kind.answer)):
        with MemoryWire() as wire:
            me = wire.client()
            me.deliver(kind.request)
            wire.settle()
            (up,) = wire.upstreams
            up.deliver(kind.answer[:place])
            up.peer_closes()
            wire.settle()
            (got,) = answers_in(bytes(me.sent), [kind.method])
            (row,) = wire.rows()
        assert row.outcome == "upstream_failed"
        assert row.error_type == "UPSTREAM_UNREACHABLE"
        assert (got.start[1], got.whole, me.closed) in (
            (b"502", True, False),
            (b"200", False, True),
        ), place
