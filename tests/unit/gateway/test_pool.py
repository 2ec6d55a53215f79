"""The pool over real sockets: what may be used again, and what is closed."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest

from weighbridge.gateway.lifecycle import Event
from weighbridge.gateway.pool import Pool
from weighbridge.gateway.settings import Origin
from weighbridge.gateway.turn import Turn
from weighbridge.gateway.upstream import UpstreamConnection


class Listener:
    """Accepts, and says nothing unless told to."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self._came = asyncio.Condition()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._came:
            self.writers.append(writer)
            self._came.notify_all()

    async def writer(self, number: int) -> asyncio.StreamWriter:
        async with asyncio.timeout(60), self._came:
            await self._came.wait_for(lambda: len(self.writers) > number)
        return self.writers[number]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    @property
    def origin(self) -> Origin:
        return Origin("127.0.0.1", self.port, tls=False, host_header=b"x")


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listening = Listener()
    await listening.start()
    yield listening
    await listening.stop()


def opened(connect_timeout_s: float) -> Pool:
    return Pool(
        asyncio.get_running_loop(),
        ssl.create_default_context(),
        Turn(asyncio.get_running_loop().call_soon),
        connect_timeout_s=connect_timeout_s,
        keepalive_s=10,
    )


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    made = opened(connect_timeout_s=60)
    yield made
    made.close()
    await asyncio.sleep(0)


@pytest.fixture
async def hasty() -> AsyncIterator[Pool]:
    """A pool that waits for no peer."""
    made = opened(connect_timeout_s=0.2)
    yield made
    made.close()
    await asyncio.sleep(0)


async def connect(pool: Pool, origin: Origin) -> UpstreamConnection | Event | None:
    """What connecting comes to."""
    result: asyncio.Future[UpstreamConnection | Event | None] = asyncio.Future()
    pool.connect(origin, lambda connection, event: result.set_result(connection or event))
    async with asyncio.timeout(60):
        return await result


async def connected(pool: Pool, origin: Origin) -> UpstreamConnection:
    connection = await connect(pool, origin)
    assert isinstance(connection, UpstreamConnection)
    return connection


async def until_noticed(connection: UpstreamConnection) -> None:
    """Wait until the kernel has news for a connection, without letting the loop read them."""
    async with asyncio.timeout(60):
        while not connection.has_news(0):
            await asyncio.sleep(0)
            if connection.transport is None:
                return


def take(pool: Pool, origin: Origin) -> UpstreamConnection | None:
    return pool.take(pool.idle_of(origin))


async def test_released_connection_is_taken_again(pool: Pool, listener: Listener) -> None:
    """Newest first, so that a pool shrinks after a burst."""
    assert take(pool, listener.origin) is None
    first = await connected(pool, listener.origin)
    second = await connected(pool, listener.origin)
    pool.release(first)
    pool.release(second)
    assert take(pool, listener.origin) is second
    assert take(pool, listener.origin) is first
    assert take(pool, listener.origin) is None
    assert (pool.opened, pool.reused) == (2, 2)
    first.close()
    second.close()


async def test_origins_are_kept_apart(pool: Pool, listener: Listener) -> None:
    """P3: a connection serves the address that it was made to, and TLS is part of that."""
    pool.release(await connected(pool, listener.origin))
    other = Origin("127.0.0.1", listener.port, tls=True, host_header=b"x")
    assert take(pool, other) is None
    assert take(pool, Origin("localhost", listener.port, tls=False, host_header=b"x")) is None
    assert take(pool, listener.origin) is not None


async def test_connection_that_the_peer_closed(pool: Pool, listener: Listener) -> None:
    """A FIN that the loop has not seen yet is seen."""
    connection = await connected(pool, listener.origin)
    pool.release(connection)
    (await listener.writer(0)).close()
    await until_noticed(connection)
    assert take(pool, listener.origin) is None


async def test_connection_with_unasked_bytes(pool: Pool, listener: Listener) -> None:
    """An answer to no question would become the answer to the next one: never used again."""
    connection = await connected(pool, listener.origin)
    pool.release(connection)
    (await listener.writer(0)).write(b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n")
    await until_noticed(connection)
    assert take(pool, listener.origin) is None


async def test_dirty_connection_is_closed(pool: Pool, listener: Listener) -> None:
    """A connection that must not be used again is not kept."""
    connection = await connected(pool, listener.origin)
    connection.dirty = True
    pool.release(connection)
    assert take(pool, listener.origin) is None
    assert repr(pool).startswith("<Pool 0 idle")


async def test_idle_connections_are_closed_in_time(pool: Pool, listener: Listener) -> None:
    """What was idle for longer than its time is closed; what was used since stays."""
    old = await connected(pool, listener.origin)
    young = await connected(pool, listener.origin)
    pool.release(old)
    pool.release(young)
    now = asyncio.get_running_loop().time()
    old.idle_since, young.idle_since = now - 10.5, now - 9.5
    pool.close_idle(now)
    assert repr(pool).startswith("<Pool 1 idle")
    assert take(pool, listener.origin) is young
    young.close()


async def test_refused(pool: Pool, listener: Listener) -> None:
    """Nobody listens: the event is that connecting failed."""
    origin = listener.origin
    await listener.stop()
    assert await connect(pool, origin) is Event.CONNECT_FAILED


@pytest.mark.parametrize("host", ["", "a..b", "x" * 300, "\udcff"])
async def test_host_that_is_none(hasty: Pool, host: str) -> None:
    """A host that cannot be looked up is a failure to connect, never an exception."""
    origin = Origin(host, 1, tls=False, host_header=b"x")
    assert await connect(hasty, origin) in (Event.CONNECT_FAILED, Event.CONNECT_TIMEOUT)


async def test_handshake_that_never_ends(hasty: Pool, listener: Listener) -> None:
    """TLS is part of connecting: a peer that says nothing is a timeout."""
    origin = Origin("127.0.0.1", listener.port, tls=True, host_header=b"x")
    assert await connect(hasty, origin) is Event.CONNECT_TIMEOUT


async def test_closing_gives_up_connecting(listener: Listener) -> None:
    """Closing the pool ends what is under way, and nothing is called back afterwards."""
    pool = opened(connect_timeout_s=5)
    called: list[object] = []
    origin = Origin("127.0.0.1", listener.port, tls=True, host_header=b"x")
    pool.connect(origin, lambda *result: called.append(result))
    await listener.writer(0)
    pool.close()
    await asyncio.gather(*pool._connecting, return_exceptions=True)
    assert called == []
