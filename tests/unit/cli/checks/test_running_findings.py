"""The running gateway as its socket tells of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from weighbridge.cli.checks.finding import Finding, Level
from weighbridge.cli.checks.running import gateway_url, running_findings, serves
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder

READY = b'{"status": "ready", "problems": []}'


@contextmanager
def answering(folder: DataFolder, bodies: dict[bytes, bytes]) -> Iterator[None]:
    """A control process that answers each path with its body, and all others with 404."""
    folder.make()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder.admin_socket))
        server.listen()

        def run() -> None:
            while True:
                try:
                    sock, _ = server.accept()
                except OSError:
                    return
                with sock:
                    asked = sock.recv(4096)
                    if not asked:
                        continue  # somebody only knocked
                    path = asked.split(b" ")[1]
                    body = bodies.get(path, b"")
                    status = b"200 OK" if path in bodies else b"404 Not Found"
                    sock.sendall(
                        b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"
                        % (status, len(body), body)
                    )

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "d")


def find(folder: DataFolder) -> dict[str, Finding]:
    return {one.check: one for one in running_findings(folder, serves(folder, 2), 2)}


def test_nothing_runs(folder: DataFolder) -> None:
    """Which is worth a word, and no failure."""
    assert {check: one.level for check, one in find(folder).items()} == {
        "gateway.running": Level.NOTE
    }


def test_a_socket_that_nobody_answers_is_a_failure(folder: DataFolder) -> None:
    """A process that hangs, or a file that was left behind."""
    folder.make()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder.admin_socket))
    found = find(folder)["gateway.running"]
    assert (found.level, found.seen) == (Level.FAILURE, str(folder.admin_socket))


def test_all_well(folder: DataFolder) -> None:
    """Alive, ready, and nothing to warn of."""
    bodies = {b"/healthz": b"{}", b"/readyz": READY, b"/api/v1/alerts": b'{"alerts": []}'}
    with answering(folder, bodies):
        assert {one.level for one in find(folder).values()} == {Level.OK}


def test_what_it_says_of_itself_is_told(folder: DataFolder) -> None:
    """Why it is not ready, and each alert in its own words."""
    alert = b'{"alerts": [{"kind": "label_cardinality", "message": "label env: 900 values"}]}'
    bodies = {
        b"/healthz": b"{}",
        b"/readyz": b'{"status": "unavailable", "problems": ["1 of 2 workers", "disk full"]}',
        b"/api/v1/alerts": alert,
    }
    with answering(folder, bodies):
        found = find(folder)
    ready, noisy = found["gateway.ready"], found["alert.label_cardinality"]
    assert (ready.level, ready.seen) == (Level.FAILURE, "1 of 2 workers; disk full")
    assert (noisy.level, noisy.what) == (Level.WARNING, "label env: 900 values")


def test_a_gateway_that_answers_otherwise_raises_nothing(folder: DataFolder) -> None:
    """One of another version, say."""
    with answering(folder, {b"/healthz": b"{}", b"/readyz": b"[]"}):
        found = find(folder)
    assert found["gateway.ready"].level is Level.FAILURE
    assert found["alert"].level is Level.NOTE


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:80", "http://[::1]:80"),
        ("127.0.0.1:0", None),
    ],
)
def test_where_a_gateway_is_found(listen: str, url: str | None) -> None:
    """Listening everywhere is listening here; a free port is known to nobody."""
    assert gateway_url(Settings.model_validate({"gateway": {"listen": listen}})) == url
