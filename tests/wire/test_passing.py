"""Bytes pass as they come, in both directions, and nothing else changes."""

import pytest
from bench_wire import TOKEN, Wire
from messages import ANSWER, KEY, PATH, answer, forwarded, passed, post
from playbook import client, upstream


async def test_a_call_passes_and_is_booked(wire: Wire) -> None:
    """A sized call and answer pass byte for byte and leave one row."""
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded(), up >> answer(), me << passed())
    row = await wire.row()
    assert (row.outcome, row.status, row.model) == ("ok", 200, "gemini-2.5-flash")
    assert (row.usage_source, row.input_tokens, row.token_id) == ("final", 3, "tok_main")
    assert row.request_bytes == 2
    assert row.response_bytes == len(ANSWER)
    assert wire.marks.open == {}


async def test_headers_keep_names_order_and_repetition(wire: Wire) -> None:
    """Only tracking and hop-by-hop headers go; the rest keeps case, order and repetition."""
    me, up = client(), upstream()
    sent = (
        b"x-b: 2\r\nX-Department: ops\r\nX-A: 1\r\nConnection: X-Hop, keep-alive\r\nX-Hop: y\r\n"
        b"x-b: 3\r\nTE: trailers\r\nKeep-Alive: 5\r\nX-Agent: bot\r\n"
    )
    await wire.play(
        me >> post(extra=sent),
        up << forwarded(extra=b"x-b: 2\r\nX-A: 1\r\nx-b: 3\r\n"),
        up >> answer(extra=b"Set-Cookie: a\r\nX-Z: 1\r\nSet-Cookie: b\r\nKeep-Alive: 1\r\n"),
        me << passed(extra=b"Set-Cookie: a\r\nX-Z: 1\r\nSet-Cookie: b\r\n"),
    )
    row = await wire.row()
    assert (row.department, row.agent) == ("ops", "bot")


async def test_connection_is_kept_for_the_next_call(wire: Wire) -> None:
    """Both connections serve call after call."""
    me, up = client(), upstream()
    turn = (me >> post(), up << forwarded(), up >> answer(), me << passed())
    await wire.play(*turn, *turn, *turn)
    await wire.rows(3)
    assert len(wire.peer.connections) == 1


async def test_pipelined_calls_are_answered_in_order(wire: Wire) -> None:
    """Requests that come at once are forwarded and answered one after another."""
    me, up = client(), upstream()
    await wire.play(
        me >> post(b"1") + post(b"2") + post(b"3"),
        up << forwarded(b"1"),
        up >> answer(b"{}"),
        me << passed(b"{}"),
        up << forwarded(b"2"),
        up >> answer(b"{ }"),
        me << passed(b"{ }"),
        up << forwarded(b"3"),
        up >> answer(b"{  }"),
        me << passed(b"{  }"),
    )
    await wire.rows(3)


async def test_chunked_request_and_trailers_pass(wire: Wire) -> None:
    """A chunked body passes as it comes, its trailers behind it."""
    me, up = client(), upstream()
    head = b"POST %b HTTP/1.1\r\nHost: %b\r\n%bTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
    await wire.play(
        me >> head % (PATH, b"gw", KEY) + b"3\r\nabc\r\n",
        up << head % (PATH, b"upstream.test", b"") + b"3\r\nabc\r\n",
        me >> b"2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n",
        up << b"2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n",
        up >> answer(),
        me << passed(),
    )
    row = await wire.row()
    assert row.request_bytes == 5


async def test_chunked_answer_and_trailers_pass_at_once(wire: Wire) -> None:
    """Each chunk of an answer is passed when it comes; nothing waits for the end."""
    me, up = client(), upstream()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%bTransfer-Encoding: chunked\r\n"
    await wire.play(
        me >> post(),
        up << forwarded(),
        up >> head % b"" + b"\r\n5\r\ndata:\r\n",
        me << head % b"X-Weighbridge-Id: {id}\r\n" + b"\r\n5\r\ndata:\r\n",
        up >> b"3\r\n {}\r\n",
        me << b"3\r\n {}\r\n",
        up >> b"0\r\nX-T: 1\r\n\r\n",
        me << b"0\r\nX-T: 1\r\n\r\n",
    )
    row = await wire.row()
    assert row.streamed is True


async def test_expect_100_continue_is_the_upstreams_to_answer(wire: Wire) -> None:
    """The client's expectation and the upstream's 100 both pass."""
    me, up = client(), upstream()
    expect = b"Expect: 100-continue\r\n"
    await wire.play(
        me >> post(b"", extra=expect).replace(b"Length: 0", b"Length: 4"),
        up << forwarded(b"", extra=expect).replace(b"Length: 0", b"Length: 4"),
        up >> b"HTTP/1.1 100 Continue\r\n\r\n",
        me << b"HTTP/1.1 100 Continue\r\n\r\n",
        me >> b"body",
        up << b"body",
        up >> answer(),
        me << passed(),
    )


async def test_interim_answers_pass(wire: Wire) -> None:
    """A 103 passes before the answer."""
    me, up = client(), upstream()
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    await wire.play(
        me >> post(), up << forwarded(), up >> hints, me << hints, up >> answer(), me << passed()
    )


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_answers_without_body(wire: Wire, status: bytes) -> None:
    """204 and 304 end with their head."""
    me, up = client(), upstream()
    turn = (
        me >> post(),
        up << forwarded(),
        up >> b"HTTP/1.1 %b\r\nX-A: 1\r\n\r\n" % status,
        me << b"HTTP/1.1 %b\r\nX-A: 1\r\nX-Weighbridge-Id: {id}\r\n\r\n" % status,
    )
    await wire.play(*turn, *turn)


async def test_head_has_no_body(wire: Wire) -> None:
    """The length of a HEAD's answer is no body, and the connection goes on."""
    me, up = client(), upstream()
    head = b"HEAD /v1beta/models HTTP/1.1\r\nHost: gw\r\n%b\r\n" % KEY
    up_head = b"HEAD /v1beta/models HTTP/1.1\r\nHost: upstream.test\r\n\r\n"
    turn = (
        me >> head,
        up << up_head,
        up >> b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
        me << b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX-Weighbridge-Id: {id}\r\n\r\n",
    )
    await wire.play(*turn, *turn)


async def test_http_1_0_client(wire: Wire) -> None:
    """An HTTP/1.0 client gets a body that ends with the connection, never chunks."""
    me, up = client(), upstream()
    await wire.play(
        me >> b"GET /v1beta/models HTTP/1.0\r\n%b\r\n" % KEY,
        up << b"GET /v1beta/models HTTP/1.1\r\nHost: upstream.test\r\n\r\n",
        up >> b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        me << b"HTTP/1.1 200 OK\r\nX-Weighbridge-Id: {id}\r\nConnection: close\r\n\r\nabc",
        me.gone,
    )


async def test_close_delimited_answer(wire: Wire) -> None:
    """An answer that ends with its connection reaches an HTTP/1.1 client as chunks."""
    me, up = client(), upstream()
    await wire.play(
        me >> post(),
        up << forwarded(),
        up >> b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
        up >> ANSWER,
        ~up,
        me << b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Weighbridge-Id: {id}\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(ANSWER), ANSWER),
    )
    row = await wire.row()
    assert (row.outcome, row.usage_source) == ("ok", "final")


async def test_accept_encoding_is_narrowed(wire: Wire) -> None:
    """Only codings that can be read are asked for."""
    me, up = client(), upstream()
    await wire.play(
        me >> post(extra=b"Accept-Encoding: gzip, deflate, br, zstd\r\n"),
        up << forwarded(extra=b"Accept-Encoding: gzip, deflate\r\n"),
        up >> answer(),
        me << passed(),
    )


async def test_answer_before_the_request_ended(wire: Wire) -> None:
    """An early answer passes at once; the rest of a small request is swallowed."""
    me, up = client(), upstream()
    whole = post(b"0123456789")
    await wire.play(
        me >> whole[:-5],
        up << forwarded(b"0123456789")[:-5],
        up >> answer(),
        me << passed(),
        me >> whole[-5:] + post(),
        upstream(1) << forwarded(),
        upstream(1) >> answer(),
        me << passed(),
    )
    await wire.rows(2)


async def test_websocket_tunnel(wire: Wire) -> None:
    """An upgrade becomes a tunnel, both ways, and one row when it ends."""
    me, up = client(), upstream()
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    path = b"/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    await wire.play(
        me
        >> b"GET %b HTTP/1.1\r\nHost: gw\r\n%bSec-WebSocket-Key: k\r\n%b\r\n"
        % (path, KEY, upgrade),
        up
        << b"GET %b HTTP/1.1\r\nHost: upstream.test\r\nSec-WebSocket-Key: k\r\n%b\r\n"
        % (path, upgrade),
        up >> b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Accept: a\r\n\r\nhello",
        me << b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: a\r\n"
        b"X-Weighbridge-Id: {id}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello",
        me >> b"\x81\x85frame",
        up << b"\x81\x85frame",
        up >> b"\x81\x05reply",
        me << b"\x81\x05reply",
        ~me,
        up.gone,
    )
    row = await wire.row()
    assert (row.outcome, row.status) == ("ok", 101)


async def test_h2c_offer_is_left_aside(wire: Wire) -> None:
    """An offer to speak HTTP/2 is not passed on; the call goes on as HTTP/1.1."""
    me, up = client(), upstream()
    await wire.play(
        me
        >> post(
            extra=b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n"
        ),
        up << forwarded(),
        up >> answer(),
        me << passed(),
        me >> post(),
        up << forwarded(),
        up >> answer(),
        me << passed(),
    )


async def test_url_prefix_is_taken_out(wire: Wire) -> None:
    """A tracking token in the URL is read and taken out; the rest of the target stays."""
    me, up = client(), upstream()
    prefix = b"/-/%b;department=r%%26d;project=apollo;label.env=prod" % TOKEN.encode()
    target = b"/v1beta/models?pageSize=50&%24alt=json%3Benum-encoding%3Dint"
    await wire.play(
        me >> b"GET %b%b HTTP/1.1\r\nHost: gw\r\n\r\n" % (prefix, target),
        up << b"GET %b HTTP/1.1\r\nHost: upstream.test\r\n\r\n" % target,
        up >> answer(b"{}"),
        me << passed(b"{}"),
    )
    row = await wire.row()
    assert (row.department, row.project, row.labels) == ("r&d", "apollo", {"env": "prod"})


async def test_reused_connection_that_died_is_not_used(wire: Wire) -> None:
    """A connection that the upstream closed after its answer is noticed before it is used."""
    me = client()
    first, second = upstream(0), upstream(1)
    await wire.play(
        me >> post(),
        first << forwarded(),
        first >> answer(),
        ~first,
        me << passed(),
        me >> post(),
        second << forwarded(),
        second >> answer(),
        me << passed(),
    )
    rows = await wire.rows(2)
    assert [row.outcome for row in rows] == ["ok", "ok"]
