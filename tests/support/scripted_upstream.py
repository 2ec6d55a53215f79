"""An upstream whose answers a test writes down to the byte, and that keeps what it was asked.

Hides sockets and threads. A script is called with each request, once that is whole, and gives
the steps of the answer: bytes are sent as they are, in a packet of their own; an event is
waited for; `CLOSE` ends the connection. Nothing is added, so framing is the script's own.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Self

import httptools

CLOSE: Final = "close"
Step = bytes | threading.Event | str
_END_WITHIN_S = 5.0


@dataclass
class Seen:
    """A request as it stood on the wire, its body after transfer coding."""

    method: bytes = b""
    target: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: bytes) -> bytes | None:
        """First value of a header, whatever its case."""
        return next((v for n, v in self.headers if n.lower() == name), None)


Script = Callable[[Seen], Iterable[Step]]


class ScriptedUpstream:
    """Listens on a free port of the loopback; one thread a connection."""

    def __init__(self, script: Script) -> None:
        self.seen: list[Seen] = []
        self._script = script
        self._server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._ends: list[socket.socket] = [self._server]
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._start(self._accept)

    def __repr__(self) -> str:
        return f"<ScriptedUpstream {self.url}, {len(self.seen)} requests>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_END_WITHIN_S)
        for end in self._ends:
            end.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._ends.append(client)
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        reading = _Reading()
        try:
            with contextlib.suppress(OSError, httptools.HttpParserError):
                while data := client.recv(65536):
                    reading.parser.feed_data(data)
                    while reading.whole:
                        request = reading.whole.pop(0)
                        self.seen.append(request)
                        if not self._play(client, self._script(request)):
                            return
        finally:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _play(self, client: socket.socket, steps: Iterable[Step]) -> bool:
        """Send an answer; False where the connection shall end."""
        for step in steps:
            if isinstance(step, bytes):
                client.sendall(step)
            elif isinstance(step, str):
                client.shutdown(socket.SHUT_RDWR)
                return False
            else:
                while not step.wait(0.05):
                    if self._stopping.is_set():
                        return False
        return True


class _Reading:
    """Parses one connection's requests; the callback names are httptools'."""

    def __init__(self) -> None:
        self.whole: list[Seen] = []
        self._now = Seen()
        self.parser = httptools.HttpRequestParser(self)

    def on_message_begin(self) -> None:
        self._now = Seen()

    def on_url(self, target: bytes) -> None:
        self._now.target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        self._now.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._now.body += body

    def on_message_complete(self) -> None:
        self._now.method = self.parser.get_method()
        self.whole.append(self._now)


def json_answer(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    """A whole answer with a length."""
    head = [f"HTTP/1.1 {status}", "Content-Type: application/json; charset=UTF-8", *lines]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body


def chunked(head: bytes, body: bytes, size: int) -> Iterable[bytes]:
    """A head (with no framing of its own) and a body in chunks of `size` bytes."""
    yield head + b"Transfer-Encoding: chunked\r\n\r\n"
    for start in range(0, len(body), size):
        piece = body[start : start + size]
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
