"""The two sockets of one app."""

import socket
from pathlib import Path

import httpx
from fastapi import FastAPI

from weighbridge.admin.server import AdminServer


async def test_the_unix_socket_is_local_and_the_port_is_not(app: FastAPI, tmp_path: Path) -> None:
    """One app, two doors; only one of them asks for no key."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        path = tmp_path / "admin.sock"
        server = AdminServer(app, bound, path)
        await server.start()
        assert path.stat().st_mode & 0o777 == 0o600
        port = bound.getsockname()[1]
        unix = httpx.AsyncHTTPTransport(uds=str(path))
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as remote,
            httpx.AsyncClient(base_url="http://local", transport=unix) as local,
        ):
            assert (await local.get("/api/v1/tokens")).status_code == 200
            answer = await remote.get("/api/v1/tokens")
            assert answer.status_code == 401
            assert "server" not in answer.headers
        await server.close()
        assert not path.exists()


async def test_a_socket_that_a_crash_left_is_replaced(app: FastAPI, tmp_path: Path) -> None:
    """`kill -9` leaves the name behind; the next start takes it over."""
    path = tmp_path / "admin.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        server = AdminServer(app, bound, path)
        await server.start()
        await server.close()
