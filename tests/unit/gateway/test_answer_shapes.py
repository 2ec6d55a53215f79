"""Answer heads that came before: the same bytes and rows as reading each head anew."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_wire import MemoryWire, without_ids
from messages import post

from weighbridge.gateway.answer_heads import read_answer_head
from weighbridge.gateway.answer_shapes import AnswerShape, AnswerShapes

LINE = st.sampled_from([
    b"Content-Type: application/json; charset=UTF-8", b"Content-Type: text/event-stream",
    b"Date: Sun, 22 Nov 2026 10:00:0%d GMT", b"date: x", b"Server-Timing: gfet4t7; dur=%d",
    b"Connection: keep-alive", b"connection: Keep-Alive", b"Connection: close", b"Vary: Origin",
    b"Keep-Alive: timeout=5", b"X-Frame-Options: SAMEORIGIN", b"Content-Encoding: identity",
    b"Set-Cookie: a=b", b"Connection: X-Hop", b"X-Hop: 1", b"X-Percent: 100%% %%b",
])  # fmt: skip
STATUS = st.sampled_from([b"200 OK", b"200", b"201 Created", b"404 Not Found", b"500 Oops"])
FRAMING = st.sampled_from([b"Content-Length: ", b"content-length: ", b"chunked"])
BODY = b'{"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3},"x":"%b"}'
PADDING = st.lists(st.sampled_from([0, 20, 40, 500, 900, 920, 941, 9_940, 12_000]), min_size=4,
                   max_size=8)  # fmt: skip


def answer(
    status: bytes, lines: list[bytes], framing: bytes, *, place: int, body: bytes, n: int
) -> bytes:
    made = [line % n if b"%d" in line else line.replace(b"%%", b"%") for line in lines]
    if framing == b"chunked":
        made.insert(place % (len(made) + 1), b"Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    else:
        made.insert(place % (len(made) + 1), b"%b%d" % (framing, len(body)))
    return b"HTTP/1.1 %b\r\n%b\r\n\r\n%b" % (status, b"\r\n".join(made), body)


def passed(answers: list[bytes], *, forgetful: bool, cut: int) -> tuple[Any, ...]:
    """What clients get of answers one after another, and what is booked."""
    with MemoryWire() as wire:
        got = []
        for one in answers:
            me = wire.client()
            me.deliver(post())
            wire.settle()
            up = next(one for one in wire.upstreams if one.protocol.sink is not None)  # type: ignore[attr-defined]
            if forgetful:
                up.protocol._shapes.__init__()  # type: ignore[attr-defined]
            for piece in (one[:cut], one[cut:]):
                if piece and not up.closed:
                    up.deliver(piece)
            wire.settle()
            got.append(without_ids(bytes(me.sent)))
            me.peer_closes()
        assert wire.counters.internal_errors == 0
        rows = [(row.outcome, row.status, row.input_tokens, row.streamed) for row in wire.rows()]
        return tuple(got), tuple(rows), len(wire.upstreams)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    status=STATUS,
    lines=st.lists(LINE, max_size=7),
    framing=FRAMING,
    place=st.integers(0, 8),
    padding=PADDING,
    cut=st.sampled_from([0, 0, 0, 10, 150]),
)
def test_same_bytes_as_reading_each_head(
    *, status: bytes, lines: list[bytes], framing: bytes, place: int, padding: list[int], cut: int
) -> None:
    """Whatever the head, what changes in it, and how long the body is (S5)."""
    answers = [
        answer(status, lines, framing, place=place, body=BODY % (b"y" * size), n=n // 2)
        for n, size in enumerate(padding)
    ]
    known = passed(answers, forgetful=False, cut=cut)
    assert known == passed(answers, forgetful=True, cut=cut)


def head_of(data: bytes) -> bytes:
    return data[: data.index(b"\r\n\r\n") + 2]


def learnt(*answers: bytes) -> AnswerShape:
    shapes = AnswerShapes()
    for one in answers:
        shapes.learn(head_of(one), read_answer_head(head_of(one)))
    assert shapes.newest is not None
    return shapes.newest


EVERYDAY = [
    b"Date: Sun, 22 Nov 2026 10:00:0%d GMT",
    b"Connection: keep-alive",
    b"Content-Type: application/json",
]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("size", [100, 999, 1000, 1001, 9999])
def test_whole_answers_of_the_newest_head(place: int, size: int) -> None:
    """A whole answer is told by two comparisons, wherever its length stands."""
    first = answer(b"200 OK", EVERYDAY, b"Content-Length: ", place=place, body=b"z" * 500, n=1)
    shape = learnt(first, first)
    shape.renew(first, shape.match(first))  # type: ignore[arg-type]
    data = answer(b"200 OK", EVERYDAY, b"Content-Length: ", place=place, body=b"z" * size, n=1)
    assert shape.body_length(data) == size
    head = read_answer_head(head_of(data))
    assert shape.passed("ID", b"z" * size) == (
        head.passed + b"X-Weighbridge-Id: ID\r\n\r\n" + b"z" * size
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda data: data + b"z", id="a byte too many"),
        pytest.param(lambda data: data[:-1], id="a byte missing"),
        pytest.param(lambda data: data.replace(b":01 GMT", b":02 GMT"), id="another second"),
        pytest.param(lambda data: data.replace(b"json", b"jsob"), id="another type"),
        pytest.param(lambda data: data.replace(b"200 OK", b"201 OK"), id="another status"),
        pytest.param(lambda data: data.replace(b"Length: 5", b"Length: 6"), id="another length"),
        pytest.param(lambda data: data.replace(b"Length: ", b"Length: 0"), id="a leading zero"),
    ],
)
def test_what_is_no_whole_answer_of_the_newest_head(other: Any) -> None:
    """Whatever differs is left to the parser."""
    data = answer(b"200 OK", EVERYDAY, b"Content-Length: ", place=3, body=b"z" * 500, n=1)
    shape = learnt(data, data)
    shape.renew(data, shape.match(data))  # type: ignore[arg-type]
    assert shape.body_length(data) == 500
    assert shape.body_length(other(data)) == -1


@pytest.mark.parametrize("size", [100, 998, 999, 1000, 1001, 9999])
@pytest.mark.parametrize("off", [-2, -1, 1, 2])
def test_a_body_that_is_not_as_long_as_its_head_says(size: int, off: int) -> None:
    """Also where a digit more or less makes up for a byte (S5)."""
    data = answer(b"200 OK", EVERYDAY, b"Content-Length: ", place=3, body=b"z" * size, n=1)
    shape = learnt(data, data)
    shape.renew(data, shape.match(data))  # type: ignore[arg-type]
    assert shape.body_length(data) == size
    assert shape.body_length(data[:off] if off < 0 else data + b"z" * off) == -1


@pytest.mark.parametrize("name", [b"Content-Length:", b"Content-Length:\t", b"Content-Length:  "])
def test_a_length_in_an_unusual_spelling(name: bytes) -> None:
    """Such heads are read each time; the answers pass."""
    answers = [answer(b"200 OK", EVERYDAY, name, place=0, body=b"{}", n=1)] * 5
    assert passed(answers, forgetful=False, cut=0) == passed(answers, forgetful=True, cut=0)


@pytest.mark.parametrize(
    "line",
    [
        b"Set-Cookie: a=b",
        b"Location: /x",
        b"X-Goog-Upload-URL: https://h/u",
        b"Content-Disposition: attachment; filename=a",
        b"Connection: close",
    ],
)
def test_heads_that_are_not_kept(line: bytes) -> None:
    """What may speak of one caller alone, and what ends the connection."""
    data = answer(b"200 OK", [line], b"Content-Length: ", place=0, body=b"{}", n=0)
    shapes = AnswerShapes()
    for _ in range(5):
        shapes.learn(head_of(data), read_answer_head(head_of(data)))
    assert shapes.newest is None


def test_a_server_whose_heads_never_repeat_is_soon_left_alone() -> None:
    """Learning is bounded, and allowed again as time goes by."""
    shapes = AnswerShapes()
    for n in range(1000):
        data = answer(b"200 OK", [b"X-Id: %d"], b"Content-Length: ", place=0, body=b"{}", n=n)
        shapes.learn(head_of(data), read_answer_head(head_of(data)))
    assert repr(shapes) == "<AnswerShapes 0, 0 to learn>"
    shapes.tick()
    assert repr(shapes) == "<AnswerShapes 0, 1 to learn>"
