"""Pages in browsers: preflights are answered here, every answer tells whether they may read it."""

import asyncio
from typing import Any

import pytest
from bench_wire import Wire
from messages import PATH, answer, forwarded, passed, post
from playbook import client, one_answer, upstream

from weighbridge.gateway.settings import CorsSettings

PAGE = b"Origin: https://app.example\r\n"
ELSEWHERE = b"Origin: https://evil.example\r\n"
EXPOSED = (
    b"X-Weighbridge-Id, X-Weighbridge-Error, Retry-After, Content-Length, Content-Encoding, Date, "
    b"Location, Server-Timing, X-Gemini-Service-Tier, X-Goog-Upload-URL, "
    b"X-Goog-Upload-Control-URL, X-Goog-Upload-Status, X-Goog-Upload-Chunk-Granularity, "
    b"X-Goog-Upload-Size-Received, *"
)


def preflight(origin: bytes = PAGE) -> bytes:
    return (
        b"OPTIONS %b HTTP/1.1\r\nHost: gw\r\n%bAccess-Control-Request-Method: POST\r\n"
        b"Access-Control-Request-Headers: content-type,x-goog-api-key,x-weighbridge-key\r\n\r\n"
        % (PATH, origin)
    )


@pytest.fixture
async def open_wire(make_wire: Any) -> Wire:
    """A worker that lets pages of one origin call."""
    cors = CorsSettings(allowed_origins=("https://app.example",), max_age_s=60)
    wire: Wire = await make_wire(cors=cors)
    return wire


async def test_a_preflight_needs_no_token_and_is_no_exchange(open_wire: Wire) -> None:
    """The call that follows on the same connection has the one row."""
    me, up = client(), upstream()
    lines = b"Access-Control-Allow-Origin: https://app.example\r\n"
    await open_wire.play(
        me >> preflight(),
        me << b"HTTP/1.1 204 No Content\r\n" + lines
        + b"Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n"
        b"Access-Control-Allow-Headers: content-type, x-goog-api-key, x-weighbridge-key\r\n"
        b"Access-Control-Max-Age: 60\r\n"
        b"Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n\r\n",
        me >> post(extra=PAGE),
        up << forwarded(extra=PAGE),
        up >> answer(),
    )  # fmt: skip
    row = await open_wire.row()
    assert row.outcome == "ok"


async def test_a_page_that_is_not_listed_is_allowed_nothing(open_wire: Wire) -> None:
    """Neither by a preflight nor on an answer; the upstream's own allowance does not count."""
    status, headers, _ = await one_answer(open_wire.port, preflight(ELSEWHERE))
    assert status == 204
    assert not any(name.startswith("access-control") for name in headers)
    status, told = await _through(open_wire, ELSEWHERE)
    assert (status, told["vary"]) == (200, ["Origin"])
    assert not any(name.startswith("access-control") for name in told)


async def test_each_answer_tells_the_page_once(open_wire: Wire) -> None:
    """Two allowances count as none, so the upstream's makes way for ours; call after call."""
    for _ in range(3):
        status, headers = await _through(open_wire, PAGE)
        assert status == 200
        assert headers["access-control-allow-origin"] == ["https://app.example"]
        assert headers["access-control-expose-headers"] == [EXPOSED.decode()]
        assert "x-weighbridge-id" in headers


async def test_an_answer_to_no_page_is_as_it_was(open_wire: Wire) -> None:
    """A server's call gets what the upstream said, byte for byte."""
    own = b"Access-Control-Allow-Origin: https://upstream.example\r\n"
    me, up = client(), upstream()
    await open_wire.play(
        me >> post(), up << forwarded(), up >> answer(extra=own), me << passed(extra=own)
    )


async def test_a_page_may_read_a_refusal(open_wire: Wire) -> None:
    """Otherwise a browser would report a network error in the place of the reason."""
    request = b"POST %b HTTP/1.1\r\nHost: gw\r\n%bContent-Length: 0\r\n\r\n" % (PATH, PAGE)
    status, headers, body = await one_answer(open_wire.port, request)
    assert (status, headers["x-weighbridge-error"]) == (401, "TRACKING_TOKEN_MISSING")
    assert headers["access-control-allow-origin"] == "https://app.example"
    assert b"TRACKING_TOKEN_MISSING" in body


async def test_off_a_preflight_is_a_call_like_any_other(wire: Wire) -> None:
    """Without configured origins nothing is answered and nothing added."""
    status, headers, _ = await one_answer(wire.port, preflight())
    assert (status, headers["x-weighbridge-error"]) == (401, "TRACKING_TOKEN_MISSING")
    assert not any(name.startswith("access-control") for name in headers)


async def _through(wire: Wire, extra: bytes) -> tuple[int, dict[str, list[str]]]:
    """A call through the gateway: status and headers, by name, of what the client gets."""
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    writer.write(post(extra=extra + b"Connection: close\r\n"))
    _, up = await wire.peer.connection(len(wire.peer.connections))
    up.write(answer(extra=b"access-control-allow-origin: *\r\nConnection: close\r\n"))
    head, _, _ = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    up.close()
    status, *lines = head.decode().split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        headers.setdefault(name.lower(), []).append(value)
    return int(status.split()[1]), headers
