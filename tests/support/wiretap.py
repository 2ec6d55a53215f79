"""A TCP relay that keeps a copy of every answer, to compare bytes with and without a gateway.

Hides sockets and framing: `Wiretap.answers` are the answers in the order in which they ended,
as status, headers and body after transfer coding. The copy is taken beside the bytes, so a
client sees exactly what the other side sent.
"""

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import httptools

# They describe one connection, not the answer; the gateway owns its own side's. The date and
# our one added header differ by nature.
NOT_COMPARED = frozenset(
    {b"connection", b"keep-alive", b"transfer-encoding", b"date", b"x-weighbridge-id"}
)


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
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}{parts.path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __repr__(self) -> str:
        return f"<Wiretap {self.url} -> {self._target} {len(self.answers)} answers>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                upstream = socket.create_connection(self._target)
                feed = _Copy(self.answers).feed
                for source, sink, seen in ((client, upstream, None), (upstream, client, feed)):
                    threading.Thread(target=_pump, args=(source, sink, seen), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, seen: object) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if callable(seen):
                seen(data)
            sink.sendall(data)
    for end, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
        with contextlib.suppress(OSError):
            end.shutdown(how)
