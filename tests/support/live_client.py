"""A websocket client of the Live API on a plain socket, which remembers every byte that came."""

import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN_S = 60.0
GEMINI = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
CONSTRAINED = f"{GEMINI}Constrained"
MUSIC = GEMINI.replace("BidiGenerateContent", "BidiGenerateMusic")
VERTEX = "/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent"
_READ_BYTES = 65_536


class RefusedError(Exception):
    """The handshake was answered with another status; its value."""


class LiveClient:
    """One session; `received` holds all bytes behind the handshake, `head` the answer's lines."""

    def __init__(
        self, url: str, target: str, headers: dict[str, str] | None = None, *, deflate: bool = False
    ) -> None:
        origin = urlsplit(url)
        self._socket = socket.create_connection((origin.hostname, origin.port), timeout=WITHIN_S)
        self._frames = WSConnection(ConnectionType.CLIENT)
        self._events: Iterator[Event] = iter(())
        self._message = b""
        self.received = b""
        self.head: dict[str, str] = {}
        self.close_code: int | None = None
        offered = [PerMessageDeflate()] if deflate else []
        lines = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        self._send(
            Request(
                host=origin.netloc, target=target, extra_headers=lines, extensions=list(offered)
            )
        )
        answer = self._next()
        if not isinstance(answer, AcceptConnection):
            assert isinstance(answer, RejectConnection)
            self._socket.close()
            raise RefusedError(answer.status_code)
        self.head = {name.decode(): value.decode() for name, value in answer.extra_headers}
        self.deflates = bool(answer.extensions)
        self.received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def send(self, document: dict[str, Any], *, text: bool = True) -> None:
        """Say something, in a text or a binary frame."""
        said = json.dumps(document)
        self._send(TextMessage(data=said) if text else BytesMessage(data=said.encode()))

    def receive(self) -> dict[str, Any] | None:
        """The next message, or None where the session has ended."""
        while True:
            event = self._next()
            if isinstance(event, BytesMessage | TextMessage):
                data = event.data
                self._message += data if isinstance(data, bytes) else data.encode()
                if event.message_finished:
                    whole, self._message = self._message, b""
                    return dict(json.loads(whole))
            elif isinstance(event, CloseConnection):
                self.close_code = int(event.code)
                return None

    def set_up(self, model: str = "models/gemini-3.8-live", **more: Any) -> None:
        """Begin the session."""
        self.send({"setup": {"model": model} | more})
        assert "setupComplete" in (self.receive() or {})

    def say(self, words: str = "How much does it weigh?") -> None:
        """A turn of ours."""
        content = {"role": "user", "parts": [{"text": words}]}
        self.send({"clientContent": {"turns": [content], "turnComplete": True}})

    def answer(self) -> list[dict[str, Any]]:
        """Messages up to the end of the turn, or of the session."""
        messages = []
        while (message := self.receive()) is not None:
            messages.append(message)
            if message.get("serverContent", {}).get("turnComplete"):
                break
        return messages

    def turn(self) -> dict[str, Any]:
        """A turn of ours and its answer; gives the usage of all its reports."""
        self.say()
        usage = [each["usageMetadata"] for each in self.answer() if "usageMetadata" in each]
        assert len(usage) == 1
        return dict(usage[0])

    def close(self) -> None:
        """End the session in good order."""
        self._send(CloseConnection(code=1000))
        while self.receive() is not None:
            pass
        self._socket.close()

    def drop(self) -> None:
        """Be gone."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _send(self, event: Event) -> None:
        self._socket.sendall(self._frames.send(event))

    def _next(self) -> Event:
        while True:
            for event in self._events:
                return event
            try:
                data = self._socket.recv(_READ_BYTES)
            except ConnectionResetError:
                data = b""
            if not data:
                return CloseConnection(code=1006)
            self.received += data
            self._frames.receive_data(data)
            self._events = self._frames.events()
