"""Upstream connections: which answers are good, which are not, and what may be used again."""

import pytest
from http_reader import answers_in, requests_in
from memory_wire import MemoryWire
from messages import KEY, answer, post

OK = b"HTTP/1.1 200 OK\r\n"
HEAD = b"HEAD /v1beta/models HTTP/1.1\r\nHost: gw\r\n%b\r\n" % KEY


@pytest.mark.parametrize(
    "answered",
    [
        pytest.param(b"nonsense\r\n\r\n", id="no HTTP"),
        pytest.param(b"HTTP/2 200\r\n\r\n", id="another version"),
        pytest.param(OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", id="length twice"),
        pytest.param(OK + b"Content-Length: +2\r\n\r\nab", id="length with a sign"),
        pytest.param(OK + b"Content-Length: \r\n\r\nab", id="empty length"),
        pytest.param(OK + b"Content-Length : 2\r\n\r\nab", id="blank before the colon"),
        pytest.param(OK + b"A: b\r\n folded\r\nContent-Length: 0\r\n\r\n", id="folded"),
        pytest.param(
            OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="two framings",
        ),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", id="no chunk"),
        pytest.param(b"HTTP/1.1 101 Switching\r\n\r\n" + answer(), id="101 to nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000, id="head without end"),
        pytest.param(
            OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            id="unknown transfer coding",
        ),
        pytest.param(
            b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello",
            id="101 that nobody asked for",
        ),
    ],
)
def test_answer_that_is_none(answered: bytes) -> None:
    """P4: what breaks HTTP is 502 and booked, and its connection is closed."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(post())
        wire.settle()
        (up,) = wire.upstreams
        up.deliver(answered)
        wire.settle()
        assert me.sent.startswith(b"HTTP/1.1 502 ")
        assert (up.closed, me.closed) == (True, False)
        (row,) = wire.rows()
        assert (row.outcome, row.error_type) == ("upstream_failed", "UPSTREAM_UNREACHABLE")


@pytest.mark.parametrize(
    ("request_bytes", "answered", "reused"),
    [
        (post(), answer(), True),
        (post(), OK + b"Content-Length:   2  \r\n\r\nab", True),
        (post(), OK + b"content-length:2\r\n\r\nab", True),
        (post(), b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", True),
        (post(), b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", True),
        (post(), b"HTTP/1.1 204 No\r\n\r\n", True),
        (post(), b"HTTP/1.1 102 Wait\r\n\r\n" * 3 + answer(), True),
        (post(), answer(extra=b"Connection: close\r\n"), False),
        (post(), answer(extra=b"Connection: X, Close\r\nX: 1\r\n"), False),
        (post(), answer() + answer(b"unasked"), False),
        (HEAD, OK + b"Content-Length: 99\r\n\r\n", True),
        (HEAD, OK + b"Transfer-Encoding: chunked\r\n\r\n", True),
        (post(), OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", True),
    ],
)
def test_connection_after_an_answer(request_bytes: bytes, answered: bytes, *, reused: bool) -> None:
    """A connection is used again where its answer ended cleanly; an unasked answer is nobody's."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(request_bytes)
        wire.settle()
        wire.upstreams[0].deliver(answered)
        wire.settle()
        assert b"unasked" not in me.sent
        assert me.sent.startswith(b"HTTP/1.1 ")
        me.deliver(post(b"next"))
        wire.settle()
        assert (len(wire.upstreams) == 1) is reused
        assert requests_in(bytes(wire.upstreams[-1].sent))[-1].body == b"next"
        assert wire.upstreams[0].closed is not reused


@pytest.mark.parametrize("length", [b"", b"Content-Length: 2\r\n"])
def test_answer_of_an_old_upstream(length: bytes) -> None:
    """RFC 9112 2.3: an HTTP/1.0 answer reaches the client as HTTP/1.1, whose framing it gets.

    A chunked body in a message that calls itself HTTP/1.0 is faulty by RFC 9112 6.1.
    """
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(post())
        wire.settle()
        (up,) = wire.upstreams
        up.deliver(b"HTTP/1.0 200 OK\r\n%b\r\nab" % length)
        up.peer_closes()
        wire.settle()
        (got,) = answers_in(bytes(me.sent), [b"POST"])
        assert (got.start[0], got.body, got.whole) == (b"HTTP/1.1", b"ab", True)


def test_get_is_repeated_once_on_a_new_connection() -> None:
    """A GET on a reused connection that dies before any byte came is repeated, once."""
    get = b"GET /v1beta/models HTTP/1.1\r\nHost: gw\r\n%b\r\n" % KEY
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(get)
        wire.settle()
        wire.upstreams[0].deliver(answer(b"{}"))
        wire.settle()
        me.deliver(get)
        wire.settle()
        wire.upstreams[0].peer_closes()
        wire.settle()
        assert len(requests_in(bytes(wire.upstreams[1].sent))) == 1
        wire.upstreams[1].peer_closes()
        wire.settle()
        assert len(wire.upstreams) == 2
        assert b"502 Bad Gateway" in me.sent
        assert [row.outcome for row in wire.rows()] == ["ok", "upstream_failed"]


def test_nobody_listens() -> None:
    """A connection that cannot be made is 502 for the call, and the client's goes on."""
    with MemoryWire() as wire:
        wire.loop.reachable = False
        me = wire.client()
        me.deliver(post())
        wire.settle()
        wire.loop.reachable = True
        me.deliver(post())
        wire.settle()
        wire.upstreams[0].deliver(answer())
        wire.settle()
        assert [got.start[1] for got in answers_in(bytes(me.sent), [b"POST"] * 2)] == [
            b"502", b"200",
        ]  # fmt: skip
