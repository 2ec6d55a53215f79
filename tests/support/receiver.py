"""Servers on loopback that take alerts: a webhook over HTTP, and mail over SMTP.

Both keep what they got and answer as they are told; tests wait for a message, never for time.
"""

import json
import queue
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_S = 60.0


class Webhook:
    """A webhook: `got` has the documents in order, `statuses` what it answers next (then 200)."""

    def __init__(self) -> None:
        self.got: queue.Queue[dict[str, Any]] = queue.Queue()
        self.statuses: list[int] = []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                document = json.loads(self.rfile.read(length))
                status = webhook.statuses.pop(0) if webhook.statuses else 200
                webhook.got.put(document)  # before the sender knows that it was taken
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Its address as apprise writes it, with a secret in the path."""
        return f"json://127.0.0.1:{self._server.server_address[1]}/hook/s3cr3t-p4th"

    def next(self) -> dict[str, Any]:
        """The next document."""
        return self.got.get(timeout=PATIENCE_S)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A webhook that listens."""
    made = Webhook()
    with _listening(made._server):
        yield made


class Mailbox:
    """A mail server: `got` has the messages as they came."""

    def __init__(self) -> None:
        self.got: queue.Queue[str] = queue.Queue()
        mailbox = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 mail.example\r\n")
                for line in self.rfile:
                    word = line.split(b" ")[0].strip().upper()
                    if word == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        mailbox.got.put(self._message())
                    self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
                    if word == b"QUIT":
                        return

            def _message(self) -> str:
                lines = []
                while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                    lines.append(line)
                return b"".join(lines).decode()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Its address as apprise writes it."""
        port = self._server.server_address[1]
        return (
            f"mailto://mail.example:{port}/?smtp=127.0.0.1&mode=insecure"
            "&from=weighbridge@mail.example&to=ops@mail.example"
        )

    def next(self) -> str:
        """The next message."""
        return self.got.get(timeout=PATIENCE_S)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server that listens."""
    made = Mailbox()
    with _listening(made._server):
        yield made


@contextmanager
def _listening(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
