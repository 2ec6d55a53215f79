"""Asks the simulator without a socket: a request in, status, headers and body out."""

import json
from dataclasses import dataclass, field
from typing import Any

from weighbridge.simulator.app import App
from weighbridge.simulator.messages import Request
from weighbridge.simulator.plan import Send

KEY = (b"x-goog-api-key", b"AIzaSyTEST1")


@dataclass(frozen=True)
class Said:
    """An answer after transfer coding."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str, Any]]:
        """Name and document of each server-sent event; `[DONE]` stays a text."""
        found = []
        for block in self.body.decode().replace("\r\n", "\n").strip().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            data = fields["data"]
            found.append((fields.get("event", ""), data if data == "[DONE]" else json.loads(data)))
        return found


@dataclass
class Simulated:
    """A simulator of the test's own, with whatever was left in it by earlier calls."""

    app: App = field(default_factory=App)

    def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Said:
        """One exchange; a header's name is given with `_` for `-`."""
        sent = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
        request = Request(
            method=method.encode(),
            target=target.encode(),
            headers=[KEY, *named],
            body=sent,
            body_bytes=len(sent),
        )
        steps = self.app.answer(request)
        assert all(isinstance(step, Send) for step in steps), steps
        return _said(b"".join(step.data for step in steps if isinstance(step, Send)))

    def get(self, target: str, **headers: str) -> Any:
        """The document that a GET gives."""
        return self.ask("GET", target, **headers).document

    def post(self, target: str, body: Any, **headers: str) -> Any:
        """The document that a POST gives."""
        return self.ask("POST", target, body, **headers).document


def _said(data: bytes) -> Said:
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in lines)}
    body = b""
    if headers.get("transfer-encoding") != "chunked":
        body = rest
    else:
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            body += rest[: int(size, 16)]
            rest = rest[int(size, 16) + 2 :]
    return Said(int(first.split(" ")[1]), headers, body)
