"""Backpressure: who does not read stops who sends, and memory stays bounded in between.

Socket buffers of the peers are made small, so that what the kernel holds is known; what the
gateway holds is asked of its transports.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from bench_wire import Wire
from messages import KEY, answer, forwarded, passed, post
from playbook import STEP_TIMEOUT_S, client, upstream

BIG = 20_000_000
HELD_BYTES = 1_000_000  # one read, doubled, and what a transport lets through before it stops
GET = b"GET /v1beta/models HTTP/1.1\r\nHost: gw\r\n%b\r\n" % KEY
GET_UP = b"GET /v1beta/models HTTP/1.1\r\nHost: upstream.test\r\n\r\n"


class SlowUpstream:
    """An upstream with small buffers that the test reads and writes by hand."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self.socket: socket.socket | None = None

    async def accept(self) -> socket.socket:
        self.socket, _ = await asyncio.get_running_loop().sock_accept(self._listener)
        self.socket.setblocking(False)
        return self.socket

    def close(self) -> None:
        self._listener.close()
        if self.socket is not None:
            self.socket.close()


@pytest.fixture
async def slow_upstream() -> AsyncIterator[SlowUpstream]:
    slow = SlowUpstream()
    yield slow
    slow.close()


async def slow_client(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return sock


def held_downwards(wire: Wire) -> int:
    """Bytes that the worker holds for its clients."""
    return sum(
        connection.transport.get_write_buffer_size()
        for connection in wire.worker._gate.connections
        if connection.transport is not None
    )


def held_upwards(wire: Wire) -> int:
    """Bytes that the worker holds for its upstreams."""
    total = 0
    for exchange in wire.worker._gate.live:
        total += sum(map(len, exchange._up))
        connection = exchange._upstream
        if connection is not None and connection.transport is not None:
            total += connection.transport.get_write_buffer_size()
    return total


async def send_until_stuck(sock: socket.socket, data: bytes) -> int:
    """Send as long as the peer takes it; gives how much went."""
    sent = 0
    quiet = 0
    while sent < len(data) and quiet < 20:
        try:
            sent += sock.send(memoryview(data)[sent : sent + 65536])
            quiet = 0
            await asyncio.sleep(0)
        except BlockingIOError:
            quiet += 1
            await asyncio.sleep(0.005)
    return sent


async def receive(sock: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    got = bytearray()
    async with asyncio.timeout(STEP_TIMEOUT_S):
        while len(got) < size:
            data = await loop.sock_recv(sock, 1 << 18)
            assert data, f"closed after {len(got)} of {size} bytes"
            got += data
    return bytes(got)


async def send_all(sock: socket.socket, data: bytes) -> None:
    async with asyncio.timeout(STEP_TIMEOUT_S):
        await asyncio.get_running_loop().sock_sendall(sock, data)


async def receive_answer(sock: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of a sized answer."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += await receive(sock, 1)
    head, _, body = got.partition(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    if len(body) < size:
        body += await receive(sock, size - len(body))
    return head, body


async def test_client_that_does_not_read(make_wire: Any, slow_upstream: SlowUpstream) -> None:
    """A client that reads nothing stops its upstream; once it reads, it gets every byte."""
    wire = await make_wire(upstream_port=slow_upstream.port)
    with await slow_client(wire.port) as me:
        await send_all(me, GET)
        up = await slow_upstream.accept()
        assert await receive(up, len(GET_UP)) == GET_UP
        whole = answer(b"z" * BIG)
        sent = await send_until_stuck(up, whole)
        assert sent < BIG, "all was taken though nobody read"
        assert held_downwards(wire) < HELD_BYTES
        rest = asyncio.create_task(send_all(up, whole[sent:]))
        _, body = await receive_answer(me)
        await rest
    assert body == b"z" * BIG
    row = await wire.row()
    assert (row.outcome, row.response_bytes) == ("ok", BIG)


async def test_upstream_that_does_not_read(make_wire: Any, slow_upstream: SlowUpstream) -> None:
    """An upstream that reads nothing stops the client; once it reads, it gets every byte."""
    wire = await make_wire(upstream_port=slow_upstream.port)
    with await slow_client(wire.port) as me:
        await send_all(me, GET)
        up = await slow_upstream.accept()
        await receive(up, len(GET_UP))
        await send_all(up, answer())
        await receive_answer(me)
        call = post(b"z" * BIG)
        sent = await send_until_stuck(me, call)
        assert sent < BIG, "all was taken though nobody read"
        assert held_upwards(wire) < HELD_BYTES
        rest = asyncio.create_task(send_all(me, call[sent:]))
        expected = forwarded(b"z" * BIG)
        assert await receive(up, len(expected)) == expected
        await rest
        await send_all(up, answer())
        await receive_answer(me)
    assert (await wire.rows(2))[1].request_bytes == BIG


async def test_new_upstream_that_does_not_read(make_wire: Any, slow_upstream: SlowUpstream) -> None:
    """The same for a connection that is still being made when the body comes."""
    wire = await make_wire(upstream_port=slow_upstream.port)
    with await slow_client(wire.port) as me:
        sent = await send_until_stuck(me, post(b"z" * BIG))
        assert sent < BIG, "all was taken though nobody read"
        assert held_upwards(wire) < HELD_BYTES
        await slow_upstream.accept()


async def test_paused_upstream_connection_serves_the_next_call(wire: Wire) -> None:
    """A connection that a slow client had paused reads again for the next call."""
    up = upstream()
    sending: asyncio.Task[None] | None = None
    with await slow_client(wire.port) as me:
        await send_all(me, GET)
        await wire.play(up << GET_UP)
        sending = asyncio.create_task(wire.play(up >> answer(b"z" * BIG)))
        async with asyncio.timeout(STEP_TIMEOUT_S):
            while not held_downwards(wire):  # noqa: ASYNC110 - a test may poll
                await asyncio.sleep(0)
        _, body = await receive_answer(me)
        await sending
    assert len(body) == BIG
    other = client("other")
    await wire.play(other >> post(), up << forwarded(), up >> answer(), other << passed())
    assert len(wire.peer.connections) == 1


async def test_client_that_never_reads_is_cut_off(
    make_wire: Any, slow_upstream: SlowUpstream
) -> None:
    """P7: a client that takes nothing for its idle time is cut, and its upstream with it."""
    wire = await make_wire(upstream_port=slow_upstream.port, client_idle_timeout_s=0.2)
    with await slow_client(wire.port) as me:
        await send_all(me, GET)
        up = await slow_upstream.accept()
        await receive(up, len(GET_UP))
        with contextlib.suppress(ConnectionError):
            await send_until_stuck(up, answer(b"z" * BIG))
        row = await wire.row()
    assert (row.outcome, row.status) == ("client_closed", 200)


async def test_slow_reader_is_no_slow_upstream(make_wire: Any, slow_upstream: SlowUpstream) -> None:
    """While the client is behind, the silence of a paused upstream is not held against it."""
    wire = await make_wire(upstream_port=slow_upstream.port, upstream_idle_timeout_s=0.1)
    with await slow_client(wire.port) as me:
        await send_all(me, GET)
        up = await slow_upstream.accept()
        await receive(up, len(GET_UP))
        whole = answer(b"z" * BIG)
        sent = await send_until_stuck(up, whole)
        wire.worker._tick()  # an hour could pass here: nothing but the client is waited for
        rest = asyncio.create_task(send_all(up, whole[sent:]))
        _, body = await receive_answer(me)
        await rest
    assert len(body) == BIG
    assert (await wire.row()).outcome == "ok"


async def test_path_of_these_tests_is_not_metered_away(wire: Wire) -> None:
    """The large answers above pass an observer too: the same call on a metered route."""
    me, up = client(), upstream()
    body = b'{"text":"%b","usageMetadata":{"promptTokenCount":4}}' % (b"z" * 500_000)
    playing = asyncio.create_task(wire.play(up << forwarded(), up >> answer(body)))
    await wire.play(me >> post(), me << passed(body))
    await playing
    assert (await wire.row()).input_tokens == 4
