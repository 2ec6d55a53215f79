"""Keep-alive connections to upstreams.

Hides when a connection may be used again. Decisions are synchronous: `take` gives an idle
connection that the kernel still calls clean, or None; `connect` makes a new one. Newest idle
first, so that a pool shrinks after a burst. Nothing here scans connections per exchange.
"""

import asyncio
import ssl
from collections.abc import Callable

from weighbridge.gateway.answer_shapes import AnswerShapes
from weighbridge.gateway.lifecycle import Event
from weighbridge.gateway.settings import Origin
from weighbridge.gateway.turn import Turn
from weighbridge.gateway.upstream import UpstreamConnection

Connected = Callable[[UpstreamConnection | None, Event | None], None]


class Pool:
    """All upstream connections of a worker."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tls: ssl.SSLContext,
        turn: Turn,
        *,
        connect_timeout_s: float,
        keepalive_s: float,
    ) -> None:
        self._loop = loop
        self._tls = tls
        self.turn = turn
        self._connect_timeout_s = connect_timeout_s
        self._keepalive_s = keepalive_s
        self._idle: dict[tuple[str, int, bool], list[UpstreamConnection]] = {}
        self._shapes: dict[tuple[str, int, bool], AnswerShapes] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self.opened = 0
        self.reused = 0

    def __repr__(self) -> str:
        idle = sum(len(stack) for stack in self._idle.values())
        return f"<Pool {idle} idle, {len(self._connecting)} connecting, {self.opened} opened>"

    def idle_of(self, origin: Origin) -> list[UpstreamConnection]:
        """The idle connections to an origin, newest last; the list is the pool's own."""
        return self._idle.setdefault((origin.host, origin.port, origin.tls), [])

    def take(self, idle: list[UpstreamConnection]) -> UpstreamConnection | None:
        """A clean one of these idle connections, or None where a new one is needed.

        The kernel is asked whether it is clean (open, nothing to read, no FIN), because the
        loop may not have seen yet what has come.
        """
        while idle:
            connection = idle.pop()
            if not (connection.dirty or connection.has_news(0)):
                self.reused += 1
                return connection
            connection.close()
        return None

    def connect(self, origin: Origin, then: Connected) -> None:
        """Open a connection and call `then(connection, None)`, or `then(None, event)`."""
        task = self._loop.create_task(self._connect(origin, then))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, origin: Origin, then: Connected) -> None:
        idle = self.idle_of(origin)
        shapes = self._shapes.setdefault((origin.host, origin.port, origin.tls), AnswerShapes())
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                _, connection = await self._loop.create_connection(
                    lambda: UpstreamConnection(self, origin, idle, shapes),
                    origin.host,
                    origin.port,
                    ssl=self._tls if origin.tls else None,
                    server_hostname=origin.host if origin.tls else None,
                )
        except TimeoutError:
            then(None, Event.CONNECT_TIMEOUT)
        except (OSError, ssl.SSLError, UnicodeError):
            then(None, Event.CONNECT_FAILED)
        else:
            self.opened += 1
            then(connection, None)

    def release(self, connection: UpstreamConnection) -> None:
        """Take back a connection whose exchange has ended cleanly."""
        if connection.dirty or connection.transport is None:
            connection.close()
            return
        connection.idle_since = self._loop.time()
        connection.idle.append(connection)

    @staticmethod
    def forget(connection: UpstreamConnection) -> None:
        """Drop a connection that is lost."""
        if connection in connection.idle:
            connection.idle.remove(connection)

    def close_idle(self, now: float) -> None:
        """Close what has been idle for longer than its time."""
        limit = now - self._keepalive_s
        for shapes in self._shapes.values():
            shapes.tick()
        for stack in self._idle.values():
            old = [connection for connection in stack if connection.idle_since < limit]
            for connection in old:
                stack.remove(connection)
                connection.close()

    def close(self) -> None:
        """Close all, and give up connecting."""
        for stack in self._idle.values():
            for connection in stack:
                connection.close()
        self._idle.clear()
        for task in self._connecting:
            task.cancel()
