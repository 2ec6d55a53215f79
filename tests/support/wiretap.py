"""A TCP relay that keeps a copy of every answer, to compare bytes with and without a gateway.

Hides sockets and framing: `Wiretap.answers` are the answers in the order in which they ended,
as status, headers and body after transfer coding. The copy is taken beside the bytes, so a
client sees exactly what the other side sent.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import httptools

# They describe one connection, not the answer; the gateway owns its own side's. The date and
# our one added header differ by nature.
NOT_COMPARED = frozenset(
    {b"connection", b"keep-alive", b"transfer-encoding", b"date", b"x-weighbridge-id"}
)


_END_WITHIN_S = 5.0


@dataclass
class Answer:
    """One answer as it stood on the wire, less what belongs to the connection."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def compared(self) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """What has to be equal with and without a gateway."""
        kept = [(n, v) for n, v in self.headers if n.lower() not in NOT_COMPARED]
        return self.status, kept, self.body


class _Copy:
    """Parses one connection's answers; the callback names are httptools'."""

    def __init__(self, done: list[Answer]) -> None:
        self._done = done
        self._answer = Answer()
        self._parser = httptools.HttpResponseParser(self)
        self.feed = self._parser.feed_data

    def on_message_begin(self) -> None:
        self._answer = Answer()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._answer.body += body

    def on_message_complete(self) -> None:
        self._answer.status = self._parser.get_status_code()
        self._done.append(self._answer)


class Wiretap:
    """Listens on a free port of the loopback and relays to the host of `target`."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        assert parts.port is not None
        self.answers: list[Answer] = []
        self._target = (parts.hostname, parts.port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = [self._server]
        self._threads: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}{parts.path}"
        self._start(self._accept)

    def __repr__(self) -> str:
        return f"<Wiretap {self.url} -> {self._target} {len(self.answers)} answers>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_END_WITHIN_S)
        for end in self._ends:
            end.close()

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._ends.append(client)
                upstream = socket.create_connection(self._target)
                self._ends.append(upstream)
                self._start(_pump, client, upstream, None)
                self._start(_pump, upstream, client, _Copy(self.answers).feed)


def _pump(source: socket.socket, sink: socket.socket, seen: Callable[[bytes], None] | None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if seen is not None:
                seen(data)
            sink.sendall(data)
    for end, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
        with contextlib.suppress(OSError):
            end.shutdown(how)
