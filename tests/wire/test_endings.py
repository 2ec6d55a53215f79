"""However an exchange ends, there is exactly one row, and it says what happened."""

import contextlib
import socket
from typing import Any

import pytest
from bench_wire import Wire
from messages import KEY, PATH, answer, forwarded, passed, post
from playbook import ScriptedUpstream, client, one_answer, upstream

SSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%bTransfer-Encoding: chunked\r\n%b\r\n"
)
UP_SSE = SSE % (b"", b"")
MY_SSE = SSE % (b"X-Weighbridge-Id: {id}\r\n", b"")
STREAM_PATH = b"/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"


def event(prompt: int, output: int, more: bytes = b"") -> bytes:
    data = (
        b'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}%b}],"usageMetadata":'
        b'{"promptTokenCount":%d,"candidatesTokenCount":%d,"totalTokenCount":%d},'
        b'"modelVersion":"gemini-2.5-flash"}\r\n\r\n' % (more, prompt, output, prompt + output)
    )
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream() -> bytes:
    return post(path=STREAM_PATH)


def stream_up() -> bytes:
    return forwarded(path=STREAM_PATH)


LAST = b',"finishReason":"STOP"'


async def test_client_leaves_and_the_answer_is_drained(wire: Wire) -> None:
    """S2: a client that leaves costs what Google bills: the answer is read to its end."""
    me, up = client(), upstream()
    await wire.play(
        me >> stream(),
        up << stream_up(),
        up >> UP_SSE + event(5, 1),
        me << MY_SSE + event(5, 1),
        ~me,
    )
    await wire.client_left()
    await wire.play(up >> event(5, 7) + event(5, 20, LAST) + b"0\r\n\r\n")
    row = await wire.row()
    assert (row.outcome, row.status, row.usage_source) == ("client_closed", 200, "final")
    assert (row.output_tokens, row.pricing_status) == (20, "priced")


async def test_client_leaves_and_the_answer_is_cancelled(make_wire: Any) -> None:
    """S2: with `cancel` the upstream is closed and the usage is a lower bound."""
    wire = await make_wire(on_client_disconnect="cancel")
    me, up = client(), upstream()
    await wire.play(
        me >> stream(),
        up << stream_up(),
        up >> UP_SSE + event(5, 1),
        me << MY_SSE + event(5, 1),
        ~me,
        up.gone,
    )
    row = await wire.row()
    assert (row.outcome, row.usage_source, row.output_tokens) == ("client_closed", "partial", 1)


async def test_drain_is_bounded_in_time(make_wire: Any) -> None:
    """An upstream that never ends is given up after the drain time."""
    wire = await make_wire(disconnect_drain_timeout_s=0.1)
    me, up = client(), upstream()
    await wire.play(
        me >> stream(),
        up << stream_up(),
        up >> UP_SSE + event(5, 1),
        me << MY_SSE + event(5, 1),
        ~me,
        up.gone,
    )
    row = await wire.row()
    assert (row.outcome, row.usage_source) == ("client_closed", "partial")


async def test_drain_is_bounded_in_bytes(make_wire: Any) -> None:
    """An upstream that sends on and on is given up after the drain's bytes."""
    wire = await make_wire(disconnect_drain_max_bytes=100)
    me, up = client(), upstream()
    await wire.play(
        me >> stream(),
        up << stream_up(),
        up >> UP_SSE + event(5, 1),
        me << MY_SSE + event(5, 1),
        ~me,
        up >> event(5, 2),
        up.gone,
    )
    row = await wire.row()
    assert (row.outcome, row.output_tokens) == ("client_closed", 2)


async def test_client_leaves_before_any_answer(wire: Wire) -> None:
    """A client that leaves while Google thinks still pays: the answer is awaited."""
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded(), ~me)
    await wire.client_left()
    await wire.play(up >> answer())
    row = await wire.row()
    assert (row.outcome, row.status, row.usage_source) == ("client_closed", 200, "final")


async def test_client_leaves_in_its_request(wire: Wire) -> None:
    """A request that never became whole is not sent on to its end."""
    me, up = client(), upstream()
    whole = post(b"0123456789")
    await wire.play(me >> whole[:-5], up << forwarded(b"0123456789")[:-5], ~me, up.gone)
    row = await wire.row()
    assert (row.outcome, row.status, row.usage_source) == ("client_closed", 0, "none")
    assert row.pricing_status == "unmetered"


async def test_upstream_refuses_connections(wire: Wire) -> None:
    """No upstream: 502 in Google's shape, marked as ours."""
    await wire.peer.stop()
    status, headers, _ = await one_answer(wire.port, post())
    assert (status, headers["x-weighbridge-error"]) == (502, "UPSTREAM_UNREACHABLE")
    row = await wire.row()
    assert (row.outcome, row.status, row.error_type) == (
        "upstream_failed",
        502,
        "UPSTREAM_UNREACHABLE",
    )
    assert (row.pricing_status, row.list_cost) == ("free", "0.000000000000")


async def test_upstream_closes_before_it_answers(wire: Wire) -> None:
    """A connection that ends before an answer is 502."""
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded(), ~up, me << b"HTTP/1.1 502 Bad Gateway\r\n")
    row = await wire.row()
    assert row.outcome == "upstream_failed"


async def test_upstream_sends_no_http(wire: Wire) -> None:
    """Bytes that are no HTTP are 502, and the connection is not used again."""
    me, up = client(), upstream()
    await wire.play(
        me >> post(),
        up << forwarded(),
        up >> b"nonsense\r\n\r\n",
        me << b"HTTP/1.1 502 Bad Gateway\r\n",
        up.gone,
    )
    await wire.row()


async def test_reused_connection_dies_under_a_post(wire: Wire) -> None:
    """A POST that may have been acted upon is never sent twice: 502."""
    me, up = client(), upstream()
    await wire.play(
        me >> post(),
        up << forwarded(),
        up >> answer(),
        me << passed(),
        me >> post(),
        up << forwarded(),
        -up,
        me << b"HTTP/1.1 502 Bad Gateway\r\n",
    )
    assert len(wire.peer.connections) == 1
    await wire.rows(2)


async def test_reused_connection_dies_under_a_get(wire: Wire) -> None:
    """A GET that got no byte is repeated once on a new connection."""
    me, first, second = client(), upstream(0), upstream(1)
    get = b"GET /v1beta/models HTTP/1.1\r\nHost: %b\r\n%b\r\n"
    mine, theirs = get % (b"gw", KEY), get % (b"upstream.test", b"")
    await wire.play(
        me >> mine,
        first << theirs,
        first >> answer(),
        me << passed(),
        me >> mine,
        first << theirs,
        -first,
        second << theirs,
        second >> answer(),
        me << passed(),
    )
    rows = await wire.rows(2)
    assert [row.outcome for row in rows] == ["ok", "ok"]


async def test_sized_answer_is_cut(wire: Wire) -> None:
    """A cut answer reaches the client as a cut answer, and its row says so."""
    me, up = client(), upstream()
    await wire.play(
        me >> post(), up << forwarded(), up >> answer()[:-10], me << passed()[:-10], ~up, me.gone
    )
    row = await wire.row()
    assert (row.outcome, row.status, row.error_type) == (
        "upstream_failed",
        200,
        "UPSTREAM_UNREACHABLE",
    )
    assert row.pricing_status == "unmetered"


async def test_stream_is_cut(wire: Wire) -> None:
    """A cut stream keeps its partial usage: an honest lower bound."""
    me, up = client(), upstream()
    await wire.play(
        me >> stream(),
        up << stream_up(),
        up >> UP_SSE + event(5, 3),
        me << MY_SSE + event(5, 3),
        -up,
        me.gone,
    )
    row = await wire.row()
    assert (row.outcome, row.usage_source, row.output_tokens) == ("upstream_failed", "partial", 3)


async def test_error_inside_a_stream(wire: Wire) -> None:
    """S3: an error object inside a 200 stream is an upstream error with its partial usage."""
    me, up = client(), upstream()
    error = b'data: {"error":{"code":503,"message":"secret","status":"UNAVAILABLE"}}\r\n\r\n'
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(error), error)
    await wire.play(
        me >> stream(),
        up << stream_up(),
        up >> UP_SSE + event(5, 3) + chunk,
        me << MY_SSE + event(5, 3) + chunk,
    )
    row = await wire.row()
    assert (row.outcome, row.status, row.error_type) == ("upstream_error", 200, "UNAVAILABLE")
    assert (row.usage_source, row.output_tokens) == ("partial", 3)
    assert b"secret" not in wire.journal.lines[0]


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (404, "client_error", "NOT_FOUND"),
        (429, "client_error", "RESOURCE_EXHAUSTED"),
        (500, "upstream_error", "INTERNAL"),
        (503, "upstream_error", "UNAVAILABLE"),
    ],
)
async def test_upstream_errors(wire: Wire, status: int, outcome: str, code: str) -> None:
    """P2: an error passes byte for byte; the row keeps its code alone, and costs nothing."""
    me, up = client(), upstream()
    body = b'{"error":{"code":%d,"message":"about your prompt","status":"%b"}}' % (
        status,
        code.encode(),
    )
    head = b"HTTP/1.1 %d Reason Kept\r\nContent-Type: application/json\r\n%b"
    length = b"Content-Length: %d\r\n" % len(body)
    await wire.play(
        me >> post(),
        up << forwarded(),
        up >> head % (status, length) + b"\r\n" + body,
        me << head % (status, length) + b"X-Weighbridge-Id: {id}\r\n\r\n" + body,
    )
    row = await wire.row()
    assert (row.outcome, row.status, row.error_type) == (outcome, status, code)
    assert (row.pricing_status, row.list_cost) == ("free", "0.000000000000")
    assert b"about your" not in wire.journal.lines[0]


async def test_first_byte_timeout(make_wire: Any) -> None:
    """An upstream that never answers is 504."""
    wire = await make_wire(upstream_first_byte_timeout_s=0.1)
    me, up = client(), upstream()
    await wire.play(
        me >> post(), up << forwarded(), me << b"HTTP/1.1 504 Gateway Timeout\r\n", up.gone
    )
    row = await wire.row()
    assert (row.outcome, row.error_type) == ("upstream_failed", "UPSTREAM_TIMEOUT")


async def test_silence_inside_a_stream(make_wire: Any) -> None:
    """A stream that falls silent is cut."""
    wire = await make_wire(upstream_idle_timeout_s=0.1)
    me, up = client(), upstream()
    await wire.play(
        me >> stream(),
        up << stream_up(),
        up >> UP_SSE + event(5, 3),
        me << MY_SSE + event(5, 3),
        me.gone,
        up.gone,
    )
    row = await wire.row()
    assert (row.outcome, row.error_type) == ("upstream_failed", "UPSTREAM_TIMEOUT")


async def test_stalled_request_body(make_wire: Any) -> None:
    """P7: a client that stops in its body is cut off."""
    wire = await make_wire(client_idle_timeout_s=0.1)
    me, up = client(), upstream()
    await wire.play(me >> post(b"12345")[:-2], up << forwarded(b"12345")[:-2], me.gone, up.gone)
    row = await wire.row()
    assert (row.outcome, row.status) == ("client_closed", 0)


async def test_slow_head(make_wire: Any) -> None:
    """P7: a head that does not end is cut off; nothing began, so nothing is booked."""
    wire = await make_wire(client_header_timeout_s=0.1)
    me = client()
    await wire.play(me >> b"POST %b HTTP/1.1\r\nHost: " % PATH, me.gone)
    assert wire.worker.counters()["slow_heads"] == 1
    assert wire.journal.lines == []


async def test_idle_connection_is_closed(make_wire: Any) -> None:
    """A kept connection does not stay for ever."""
    wire = await make_wire(client_idle_timeout_s=0.1)
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded(), up >> answer(), me << passed(), me.gone)


async def test_too_many_connections(make_wire: Any) -> None:
    """P7: a flood of connections is turned away."""
    wire = await make_wire(max_connections=1)
    me, other, up = client(), client("other"), upstream()
    await wire.play(
        me >> post(), up << forwarded(), other >> b"GET", other.gone, up >> answer(), me << passed()
    )


async def test_connect_timeout(make_wire: Any) -> None:
    """An address that never completes the handshake is 504."""
    with socket.socket() as full, contextlib.ExitStack() as queued:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        for _ in range(4):  # fill the accept queue: the kernel then drops what comes
            one = queued.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(address)
        wire = await make_wire(upstream_connect_timeout_s=0.2, upstream_port=address[1])
        status, headers, _ = await one_answer(wire.port, post())
    assert (status, headers["x-weighbridge-error"]) == (504, "UPSTREAM_TIMEOUT")
    row = await wire.row()
    assert (row.outcome, row.pricing_status) == ("upstream_failed", "free")


def test_peer_is_scripted() -> None:
    """The upstream of these tests answers nothing by itself."""
    assert ScriptedUpstream().connections == []
