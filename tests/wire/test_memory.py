"""Nothing waits for a whole body, and an open stream costs little: what the worker allocates.

Peers and worker share the process, so allocations are counted by where they were made: all of
them while a body passes (the peers hold one piece), those of the package while streams are open.
"""

import asyncio
import resource
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from messages import post

PIECE = b"abcdefgh" * 8192
BODY_PIECES = 1600  # 100 MB
STREAMS = 1000
ROUNDS = 5
START = b'{"candidates":[],"text":"'
END = b'","usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}}'
SIZE = len(START) + len(PIECE) * BODY_PIECES + len(END)
LIMIT_S = 60.0
STREAM_PATH = b"/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@asynccontextmanager
async def upstream_that(serve: Serve) -> AsyncIterator[int]:
    """A listener whose connections are served by `serve`; gives its port."""
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await serve(reader, writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=STREAMS)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)


@contextmanager
def counted() -> Iterator[None]:
    """Count allocations."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


async def send_body(writer: asyncio.StreamWriter) -> None:
    writer.write(START)
    for _ in range(BODY_PIECES):
        writer.write(PIECE)
        await writer.drain()
    writer.write(END)


async def body_sum(reader: asyncio.StreamReader) -> int:
    """Checksum of a body, read piece by piece."""
    left, total = SIZE, 0
    while left:
        data = await reader.read(min(left, 65536))
        assert data
        total = zlib.crc32(data, total)
        left -= len(data)
    return total


def expected_sum() -> int:
    total = zlib.crc32(START)
    for _ in range(BODY_PIECES):
        total = zlib.crc32(PIECE, total)
    return zlib.crc32(END, total)


async def test_large_bodies_pass_in_bounded_memory(make_wire: Any) -> None:
    """100 MB up and 100 MB down at once: under 5 MB are held, peers included, and all is metered.

    The upstream answers with what it gets, as it gets it.
    """

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % SIZE
        )
        left = SIZE
        while left:
            data = await reader.read(65536)
            writer.write(data)
            await writer.drain()
            left -= len(data)

    async with upstream_that(echo) as port, asyncio.timeout(LIMIT_S):
        wire = await make_wire(upstream_port=port)
        head = post(b"").replace(b"Content-Length: 0", b"Content-Length: %d" % SIZE)
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        with counted():
            writer.write(head)
            sending = asyncio.create_task(send_body(writer))
            await reader.readuntil(b"\r\n\r\n")
            got = await body_sum(reader)
            await sending
            _, peak = tracemalloc.get_traced_memory()
        writer.close()
        row = await wire.row()
    assert got == expected_sum()
    assert peak < 5_000_000
    assert (row.outcome, row.usage_source, row.input_tokens) == ("ok", "final", 4)
    assert (row.request_bytes, row.response_bytes) == (SIZE, SIZE)


def event(number: int) -> bytes:
    data = (
        b'data: {"candidates":[{"content":{"parts":[{"text":"part %d"}]}}],"usageMetadata":'
        b'{"promptTokenCount":5,"candidatesTokenCount":%d}}\r\n\r\n' % (number, number)
    )
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.fixture
def many_files() -> Iterator[None]:
    """Four sockets a stream, all in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = STREAMS * 4 + 256
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
async def test_many_open_streams(make_wire: Any) -> None:
    """1,000 streams open at once each get every event when it is sent, for little memory each."""
    streams = min(STREAMS, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 256) // 4)
    open_streams: list[asyncio.StreamWriter] = []
    all_open = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        open_streams.append(writer)
        if len(open_streams) == streams:
            all_open.set()

    async with upstream_that(hold) as port, asyncio.timeout(LIMIT_S):
        wire = await make_wire(upstream_port=port)
        with counted():
            clients = []
            for _ in range(streams):
                client = await asyncio.open_connection("127.0.0.1", wire.port)
                client[1].write(post(path=STREAM_PATH))
                clients.append(client)
            await all_open.wait()
            for reader, _ in clients:
                await reader.readuntil(b"\r\n\r\n")
            for number in range(ROUNDS):
                for writer in open_streams:
                    writer.write(event(number))
                for reader, _ in clients:
                    assert await reader.readexactly(len(event(number))) == event(number)
            held = sum(
                statistic.size
                for statistic in tracemalloc.take_snapshot().statistics("filename")
                if "/weighbridge/" in statistic.traceback[0].filename
            )
        assert wire.worker.counters()["live_exchanges"] == streams
        for writer in open_streams:
            writer.write(b"0\r\n\r\n")
        for reader, writer in clients:
            assert await reader.readexactly(5) == b"0\r\n\r\n"
            writer.close()
        rows = await wire.rows(streams)
    assert {(row.outcome, row.usage_source, row.output_tokens) for row in rows} == {
        ("ok", "final", ROUNDS - 1)
    }
    assert wire.marks.open == {}
    assert held / streams < 20_000
