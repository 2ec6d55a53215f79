"""Keep-alive connections to upstreams.

Hides when a connection may be used again. Decisions are synchronous: `take` gives an idle
connection that the kernel still calls clean, or None; `connect` makes a new one. Newest idle
first, so that a pool shrinks after a burst. Nothing here scans connections per exchange.
"""

import asyncio
import ssl
from collections.abc import Callable

from weighbridge.gateway.lifecycle import Event
from weighbridge.gateway.settings import Origin
from weighbridge.gateway.upstream import UpstreamConnection

Connected = Callable[[UpstreamConnection | None, Event | None], None]


class Pool:
    """All upstream connections of a worker."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tls: ssl.SSLContext,
        *,
        connect_timeout_s: float,
        keepalive_s: float,
    ) -> None:
        self._loop = loop
        self._tls = tls
        self._connect_timeout_s = connect_timeout_s
        self._keepalive_s = keepalive_s
        self._idle: dict[Origin, list[UpstreamConnection]] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self.opened = 0
        self.reused = 0

    def __repr__(self) -> str:
        idle = sum(len(stack) for stack in self._idle.values())
        return f"<Pool {idle} idle, {len(self._connecting)} connecting, {self.opened} opened>"

    def take(self, origin: Origin) -> UpstreamConnection | None:
        """A clean idle connection, or None where a new one is needed."""
        stack = self._idle.get(origin)
        while stack:
            connection = stack.pop()
            if connection.fresh():
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
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                _, connection = await self._loop.create_connection(
                    lambda: UpstreamConnection(self, origin),
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
        self._idle.setdefault(connection.origin, []).append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """Drop a connection that is lost."""
        stack = self._idle.get(connection.origin)
        if stack and connection in stack:
            stack.remove(connection)

    def close_idle(self, now: float) -> None:
        """Close what has been idle for longer than its time."""
        limit = now - self._keepalive_s
        for origin, stack in list(self._idle.items()):
            old = [connection for connection in stack if connection.idle_since < limit]
            for connection in old:
                stack.remove(connection)
                connection.close()
            if not stack:
                del self._idle[origin]

    def close(self) -> None:
        """Close all, and give up connecting."""
        for stack in self._idle.values():
            for connection in stack:
                connection.close()
        self._idle.clear()
        for task in self._connecting:
            task.cancel()
