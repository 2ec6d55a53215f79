"""Bad input (P4, P7): 400 and close, whatever the trick; nothing reaches an upstream."""

import json

import pytest
from bench_wire import Wire
from messages import KEY, PATH, answer, forwarded, passed, post
from playbook import client, exchange_bytes, upstream

HEAD = b"POST %b HTTP/1.1\r\nHost: gw\r\n%b" % (PATH, KEY)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET %b\r\n\r\n" % PATH, 505),
        (b"GET %b HTTP/2.0\r\nHost: gw\r\n\r\n" % PATH, 505),
        (b"GET %b HTTP/1.2\r\nHost: gw\r\n\r\n" % PATH, 505),
        (b"GET %b HTTP/1.1\r\n\r\n" % PATH, 400),
        (b"GET %b HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" % PATH, 400),
        (b"GET %b HTTP/1.1\nHost: gw\n\n" % PATH, 400),
        (HEAD + b"A: b\nContent-Length: 0\r\n\r\n", 400),
        (HEAD + b"A: b\rC: d\r\nContent-Length: 0\r\n\r\n", 400),
        (HEAD + b"A: b\r\n folded\r\nContent-Length: 0\r\n\r\n", 400),
        (HEAD + b"A: b\x00c\r\nContent-Length: 0\r\n\r\n", 400),
        (HEAD + b"A : b\r\nContent-Length: 0\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 400),
        (HEAD + b"Content-Length: 1, 1\r\n\r\na", 400),
        (HEAD + b"Content-Length: -1\r\n\r\na", 400),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET /%b HTTP/1.1\r\nHost: gw\r\n\r\n" % (b"a" * 20_000), 414),
        (b"GET /%b" % (b"a" * 200_000), 414),
        (HEAD + b"A: %b\r\n\r\n" % (b"a" * 70_000), 431),
        (HEAD + b"A: %b" % (b"a" * 200_000), 431),
        (HEAD + b"A: b\r\n" * 300 + b"\r\n", 431),
    ],
)
async def test_refused_and_closed(wire: Wire, request_bytes: bytes, status: int) -> None:
    """Each is answered with its status in Google's shape, and the connection ends."""
    got = await exchange_bytes(wire.port, request_bytes)
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), got
    assert b"Connection: close" in head
    assert b"X-Weighbridge-Error: BAD_REQUEST" in head
    error = json.loads(body)["error"]
    assert (error["code"], error["status"]) == (status, "INVALID_ARGUMENT")
    assert wire.peer.connections == []
    assert wire.journal.lines == []
    assert wire.worker.counters()["bad_requests"] == 1


async def test_what_came_before_is_answered_first(wire: Wire) -> None:
    """A good call before the bad one gets its answer; then comes the 400."""
    me, up = client(), upstream()
    await wire.play(
        me >> post() + b"nonsense\r\n\r\n",
        up << forwarded(),
        up >> answer(),
        me << passed() + b"HTTP/1.1 400 Bad Request\r\n",
    )
    row = await wire.row()
    assert row.outcome == "ok"


async def test_smuggled_request_in_a_body_is_a_body(wire: Wire) -> None:
    """What looks like a request inside a body is forwarded as the body it is."""
    me, up = client(), upstream()
    body = b"GET /v1beta/secret HTTP/1.1\r\nHost: x\r\n\r\n"
    await wire.play(me >> post(body), up << forwarded(body), up >> answer(), me << passed())
    await wire.row()


async def test_broken_chunk_after_the_head(wire: Wire) -> None:
    """A body whose framing breaks is refused, its upstream connection closed, and booked."""
    me, up = client(), upstream()
    await wire.play(
        me >> HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        up
        << b"POST %b HTTP/1.1\r\nHost: upstream.test\r\n" % PATH
        + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        me >> b"zz\r\n",
        up.gone,
        me << b"HTTP/1.1 400 Bad Request\r\n",
    )
    row = await wire.row()
    assert (row.outcome, row.error_type, row.status) == ("refused", "BAD_REQUEST", 400)
