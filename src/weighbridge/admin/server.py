"""Serving the admin app: on an inherited TCP socket, and on `admin.sock` for this user.

The Unix socket's server wraps the app in `LocalAdmin`; the TCP server does not, so nothing
that comes over TCP can pass as local.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from weighbridge.admin.auth import LocalAdmin

_STOP_TIMEOUT_S = 3


class AdminServer:
    """Both servers of one app, from `start` to `close`."""

    def __init__(self, app: ASGIApp, tcp: socket.socket, unix_path: Path) -> None:
        self._unix_path = unix_path
        self._places = [(_server(app), tcp), (_server(LocalAdmin(app)), _bind_unix(unix_path))]
        self._tasks: list[asyncio.Task[None]] = []

    def __repr__(self) -> str:
        return f"<AdminServer at {self._unix_path}>"

    async def start(self) -> None:
        """Begin to serve; answers are given when this returns."""
        self._tasks = [
            asyncio.create_task(server.serve(sockets=[place])) for server, place in self._places
        ]
        while not all(server.started for server, _ in self._places):
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Finish the requests under way and stop."""
        for server, _ in self._places:
            server.should_exit = True
        await asyncio.gather(*self._tasks)
        self._unix_path.unlink(missing_ok=True)


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the process's own decide when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: ASGIApp) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            http="httptools",
            ws="none",
            timeout_graceful_shutdown=_STOP_TIMEOUT_S,
        )
    )


def _bind_unix(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        bound.bind(str(path))
    finally:
        os.umask(mask)
    bound.setblocking(False)
    return bound
