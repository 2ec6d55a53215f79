"""Heads: what is taken out, what is read, what stays byte for byte."""

import pytest

from weighbridge.gateway.answer_heads import read_answer_head
from weighbridge.gateway.heads import Headers
from weighbridge.gateway.request_heads import (
    RequestHead,
    head_without_upgrade,
    is_tunnel,
    origin_form,
    query_key_is_tracking_token,
    read_request_head,
    readable_encodings,
    request_head_bytes,
    split_prefix,
)

HOST = (b"Host", b"gw")


def read(
    *headers: tuple[bytes, bytes], version: str = "1.1", method: bytes = b"POST"
) -> RequestHead:
    head = RequestHead(method, b"/v1/x", version, keep_alive=True)
    read_request_head(head, list(headers))
    return head


def sent(*headers: tuple[bytes, bytes]) -> list[bytes]:
    """Header lines as the upstream gets them."""
    made = request_head_bytes(read(*headers), b"/v1/x", b"up")
    assert made.startswith(b"POST /v1/x HTTP/1.1\r\n")
    assert made.endswith(b"\r\n\r\n")
    return made[:-4].split(b"\r\n")[1:]


HOP_BY_HOP = [
    (b"Connection", b"keep-alive"),
    (b"Keep-Alive", b"timeout=5"),
    (b"Proxy-Connection", b"keep-alive"),
    (b"Proxy-Authenticate", b"Basic"),
    (b"Proxy-Authorization", b"Basic x"),
    (b"TE", b"trailers"),
    (b"Upgrade", b"h2c"),
]
TRACKING = [
    (b"X-Weighbridge-Key", b"trk_x"),
    (b"X-Cloudidr-Key", b"trk_x"),
    (b"X-Department", b"d"),
    (b"X-Project", b"p"),
    (b"X-Team", b"t"),
    (b"X-Agent", b"a"),
    (b"X-Weighbridge-Labels", b"k=v"),
]


@pytest.mark.parametrize("header", HOP_BY_HOP + TRACKING, ids=lambda header: header[0].decode())
@pytest.mark.parametrize("writing", [bytes.lower, bytes.upper, bytes.title])
def test_taken_out(header: tuple[bytes, bytes], writing: object) -> None:
    """Hop-by-hop and tracking headers end here, in whatever writing."""
    name = writing(header[0])  # type: ignore[operator]
    assert sent(HOST, (b"A", b"1"), (name, header[1]), (b"B", b"2")) == [
        b"Host: up",
        b"A: 1",
        b"B: 2",
    ]


def test_all_else_stays() -> None:
    """Names, order, repetition and writing of all other headers stay; `Host` keeps its place."""
    headers = [
        (b"x-b", b"2"), (b"X-A", b"1"), HOST, (b"x-b", b"3"), (b"X-Goog-Api-Key", b"AIzaSyTEST"),
        (b"authorization", b"Bearer x"), (b"Trailer", b"X-Sum"), (b"Expect", b"100-continue"),
        (b"content-length", b"7"), (b"Via", b"1.1 a"), (b"X-Weighbridge-Id", b"theirs"),
        (b"X-Cloudidr-Token", b"x"), (b"X-Departments", b"x"), (b"Empty", b""),
    ]  # fmt: skip
    expected = [b"%b: %b" % pair for pair in headers]
    expected[2] = b"Host: up"
    assert sent(*headers) == expected


@pytest.mark.parametrize(
    ("connection", "left"),
    [
        ([b"X-Hop"], [b"A: 1", b"Content-Length: 3"]),
        ([b"close, x-HOP"], [b"A: 1", b"Content-Length: 3"]),
        ([b"X-Hop", b"A"], [b"Content-Length: 3"]),
        ([b"keep-alive"], [b"A: 1", b"X-Hop: y", b"Content-Length: 3"]),
        ([b"Host, Content-Length, Connection"], [b"A: 1", b"X-Hop: y", b"Content-Length: 3"]),
        ([b"", b" , ,"], [b"A: 1", b"X-Hop: y", b"Content-Length: 3"]),
        ([b"X-Department"], [b"A: 1", b"X-Hop: y", b"Content-Length: 3"]),
    ],
)
def test_headers_that_connection_names(connection: list[bytes], left: list[bytes]) -> None:
    """RFC 9110 7.6.1: what `Connection` names is hop-by-hop, but never the framing or `Host`."""
    headers: Headers = [(b"A", b"1"), HOST, (b"X-Hop", b"y"), (b"Content-Length", b"3")]
    headers += [(b"Connection", value) for value in connection]
    assert [line for line in sent(*headers) if line != b"Host: up"] == left


def test_connection_cannot_take_attribution_away() -> None:
    """Attribution is read before `Connection` takes its header out."""
    head = read(HOST, (b"X-Department", b"d"), (b"Connection", b"X-Department"))
    assert head.department == b"d"


@pytest.mark.parametrize(
    ("asked", "narrowed"),
    [
        (b"gzip, deflate, br, zstd", b"gzip, deflate"),
        (b"br", b"identity"),
        (b"gzip", b"gzip"),
        (b"gzip;q=0.5,identity;q=0", b"gzip;q=0.5,identity;q=0"),
        (b"*", b"gzip"),
        (b"*;q=0.1, br", b"gzip;q=0.1"),
        (b"GZIP , X-GZIP", b"GZIP , X-GZIP"),
        (b"compress, dcb", b"identity"),
        (b"br;q=1.0, gzip;q=0.8", b"gzip;q=0.8"),
    ],
)
def test_accept_encoding(asked: bytes, narrowed: bytes) -> None:
    """Only codings that can be read are asked for; a readable list stays byte for byte."""
    assert readable_encodings(asked) == narrowed
    assert sent(HOST, (b"accept-encoding", asked))[1] == b"accept-encoding: " + narrowed


@pytest.mark.parametrize(
    ("target", "prefix", "rest"),
    [
        (b"/v1beta/models", None, b"/v1beta/models"),
        (b"/-/trk_a/v1beta/models?x=/-/y", b"trk_a", b"/v1beta/models?x=/-/y"),
        (b"/-/trk_a;agent=b;label.c=d/v1/x", b"trk_a;agent=b;label.c=d", b"/v1/x"),
        (b"/-/trk_a/", b"trk_a", b"/"),
        (b"/-/trk_a", b"trk_a", b"/"),
        (b"/-/", b"", b"/"),
        (b"/-", None, b"/-"),
        (b"/v1/-/trk_a/x", None, b"/v1/-/trk_a/x"),
    ],
)
def test_split_prefix(target: bytes, prefix: bytes | None, rest: bytes) -> None:
    """The prefix is what stands between `/-/` and the next slash; the rest stays raw."""
    assert split_prefix(target) == (prefix, rest)


def test_tracking_values() -> None:
    """The first value that is not empty counts; label headers are one list."""
    head = read(
        HOST,
        (b"X-Department", b""),
        (b"x-department", b"first"),
        (b"X-DEPARTMENT", b"second"),
        (b"X-Weighbridge-Labels", b"a=1"),
        (b"X-Weighbridge-Labels", b"b=2"),
        (b"X-Weighbridge-Key", b"trk_1"),
        (b"X-Weighbridge-Key", b"trk_2"),
    )
    assert (head.department, head.labels, head.token) == (b"first", b"a=1,b=2", b"trk_1")
    assert (head.project, head.team, head.agent, head.second_token) == (None,) * 4


@pytest.mark.parametrize(
    ("header", "swapped"),
    [
        ((b"x-goog-api-key", b"trk_a"), True),
        ((b"x-goog-api-key", b"AIzatrk_a"), False),
        ((b"Authorization", b"Bearer trk_a"), True),
        ((b"authorization", b"bearer  trk_a"), True),
        ((b"Authorization", b"Bearer AIza"), False),
        ((b"Authorization", b"Basic trk_a"), False),
        ((b"X-Other", b"trk_a"), False),
    ],
)
def test_tracking_token_in_the_keys_place(header: tuple[bytes, bytes], *, swapped: bool) -> None:
    """A tracking token where the Google key belongs is noticed."""
    assert read(HOST, header).provider_key_is_tracking_token is swapped


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (b"/v1/x?key=trk_a", True),
        (b"/v1/x?alt=sse&key=trk_a", True),
        (b"/v1/x?key=AIza", False),
        (b"/v1/x?monkey=trk_a", False),
        (b"/v1/key=trk_a", False),
    ],
)
def test_tracking_token_in_the_key_parameter(target: bytes, *, found: bool) -> None:
    """Only the parameter `key` counts."""
    assert query_key_is_tracking_token(target) is found


@pytest.mark.parametrize(
    ("headers", "version", "problem"),
    [
        ([HOST], "1.1", 0),
        ([], "1.0", 0),
        ([], "1.1", 400),
        ([HOST, HOST], "1.1", 400),
        ([HOST], "1.2", 505),
        ([HOST, (b"Transfer-Encoding", b"chunked")], "1.1", 0),
        ([HOST, (b"Transfer-Encoding", b" CHUNKED ")], "1.1", 0),
        ([HOST, (b"Transfer-Encoding", b"gzip")], "1.1", 501),
    ],
)
def test_problems_that_the_parser_leaves(headers: Headers, version: str, problem: int) -> None:
    """RFC 9112: one `Host` in HTTP/1.1, no transfer coding but chunked, no other version."""
    assert read(*headers, version=version).problem == problem


def test_chunked_is_said_last() -> None:
    """A chunked body is framed by us: one line, at the end."""
    lines = sent(HOST, (b"transfer-ENCODING", b"chunked"), (b"A", b"1"))
    assert lines == [b"Host: up", b"A: 1", b"Transfer-Encoding: chunked"]


@pytest.mark.parametrize(
    ("method", "headers", "tunnel"),
    [
        (b"GET", [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")], True),
        (b"GET", [(b"Connection", b"keep-alive, upgrade"), (b"Upgrade", b"WebSocket")], True),
        (b"GET", [(b"Upgrade", b"websocket")], False),
        (b"GET", [(b"Connection", b"Upgrade"), (b"Upgrade", b"h2c")], False),
        (b"POST", [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")], False),
        (b"CONNECT", [], True),
    ],
)
def test_tunnels(method: bytes, headers: Headers, *, tunnel: bool) -> None:
    """A websocket handshake becomes a tunnel; any other offer is left aside."""
    assert is_tunnel(read(HOST, *headers, method=method)) is tunnel


def test_head_without_its_offer() -> None:
    """The offer to upgrade goes, with its `Connection` token; the rest is the head as it was."""
    headers = [HOST, (b"Connection", b"x-hop, Upgrade"), (b"Upgrade", b"h2c"), (b"X-Hop", b"1")]
    head = read(*headers)
    assert head_without_upgrade(head, headers) == (
        b"POST /v1/x HTTP/1.1\r\nHost: gw\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n"
    )


ANSWER = b"HTTP/1.1 200 Fine\r\n"


@pytest.mark.parametrize(
    ("lines", "passed"),
    [
        (b"A: 1\r\nB:2\r\n", b"A: 1\r\nB:2\r\n"),
        (b"A: 1\r\nConnection: close\r\nB: 2\r\n", b"A: 1\r\nB: 2\r\n"),
        (b"KEEP-ALIVE: 5\r\nB: 2\r\n", b"B: 2\r\n"),
        (b"Connection: X-Hop\r\nX-Hop: 1\r\nx-hop: 2\r\nB: 2\r\n", b"B: 2\r\n"),
        (b"Connection: A\r\nConnection: close, B\r\nA: 1\r\nB: 2\r\nC: 3\r\n", b"C: 3\r\n"),
        (b"Proxy-Authenticate: x\r\nTE: x\r\nUpgrade: h2c\r\nB: 2\r\n", b"B: 2\r\n"),
        (b"Set-Cookie: a\r\nset-cookie: b\r\n", b"Set-Cookie: a\r\nset-cookie: b\r\n"),
        (b"Transfer-Encoding: chunked\r\nTrailer: T\r\n", b"Trailer: T\r\n"),
        (b"Connection: content-length\r\nContent-Length: 3\r\n", b"Content-Length: 3\r\n"),
        (b"X-Connection: a\r\nX: connection: b\r\n", b"X-Connection: a\r\nX: connection: b\r\n"),
    ],
)
def test_answer_heads(lines: bytes, passed: bytes) -> None:
    """Hop-by-hop headers of an answer are cut out; the rest stays byte for byte."""
    assert read_answer_head(ANSWER + lines).passed == ANSWER + passed


def test_what_is_read_of_an_answer_head() -> None:
    """Status, framing and what a reader needs."""
    head = read_answer_head(
        ANSWER
        + b"content-TYPE:  text/event-stream\r\nContent-Encoding: GZIP\r\nContent-Length: 12\r\n"
    )
    assert (head.status, head.content_length, head.chunked) == (200, 12, False)
    assert (head.content_type, head.content_encoding) == (b"text/event-stream", b"gzip")
    head = read_answer_head(ANSWER + b"Transfer-Encoding: chunked\r\n")
    assert (head.chunked, head.content_length) == (True, None)
    head = read_answer_head(
        b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    )
    assert (head.status, head.upgrade) == (101, b"websocket")


def test_no_secret_in_a_repr() -> None:
    """P1: a head's line of state shows neither its target nor its values."""
    head = read(HOST, (b"x-goog-api-key", b"AIzaSyTEST"), (b"X-Weighbridge-Key", b"trk_x"))
    assert repr(head) == "<RequestHead POST 1 lines>"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/v1/x", b"/v1/x"),
        (b"http://evil.example/v1/x?a=b", b"/v1/x?a=b"),
        (b"HTTPS://h:1/v1", b"/v1"),
        (b"http://h", b"/"),
        (b"http://h?x", b"/?x"),
        (b"http://u:p@h/v1//x", b"/v1//x"),
        (b"http://h/-/trk_t/v1", b"/-/trk_t/v1"),
        (b"*", b"*"),
        (b"h:443", b"h:443"),
        (b"ftp://h/v1", b"ftp://h/v1"),
    ],
)
def test_absolute_targets(target: bytes, path: bytes) -> None:
    """P3: a host in the target chooses nothing; the path is what counts."""
    assert origin_form(target) == path
