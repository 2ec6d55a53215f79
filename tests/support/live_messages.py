"""Messages of Live sessions, and the bytes of websockets that carry them."""

import json
from collections.abc import Iterable
from typing import Any

from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.frame_protocol import FrameProtocol

DEFLATE_HEAD = b"HTTP/1.1 101 OK\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
PLAIN_HEAD = b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\n"


def message(document: dict[str, Any]) -> bytes:
    """A message as the server prints it."""
    return json.dumps(document, indent=2).encode()


def setup(model: str = "models/gemini-3.8-live") -> bytes:
    """A client's first message."""
    return message({"setup": {"model": model, "generationConfig": {}}})


def sound(size: int = 3200) -> bytes:
    """A piece of an answer."""
    data = {"mimeType": "audio/pcm;rate=24000", "data": "QUJD" * (size // 4)}
    return message({"serverContent": {"modelTurn": {"parts": [{"inlineData": data}]}}})


def usage(prompt: int, response: int, **more: Any) -> dict[str, Any]:
    """`usageMetadata` of one generation, total and sound included."""
    return {
        "promptTokenCount": prompt,
        "responseTokenCount": response,
        "totalTokenCount": prompt + response,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": prompt // 2}],
        "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": response}],
    } | more


def turn_end(prompt: int, response: int, **more: Any) -> bytes:
    """The end of a turn, with its usage."""
    return message(
        {
            "serverContent": {"turnComplete": True},
            "usageMetadata": usage(prompt, response, **more),
        }
    )


class Sender:
    """One side of a websocket, writing: `Sender("client")` masks."""

    def __init__(self, side: str, *, deflate: bool = False) -> None:
        extensions: list[Extension] = []
        if deflate:
            agreed = PerMessageDeflate()
            agreed.finalize("permessage-deflate")
            extensions.append(agreed)
        self._frames = FrameProtocol(client=side == "client", extensions=extensions)

    def send(self, data: bytes, *, text: bool = False, fragments: int = 1) -> bytes:
        """The frames of one message."""
        step = max(1, -(-len(data) // fragments))
        pieces = [data[at : at + step] for at in range(0, len(data), step)] or [b""]
        return b"".join(
            bytes(self._frames.send_data(piece.decode() if text else piece, fin=last))
            for piece, last in ((each, each is pieces[-1]) for each in pieces)
        )

    def all(self, messages: Iterable[bytes]) -> bytes:
        """The frames of several messages."""
        return b"".join(self.send(each) for each in messages)

    def ping(self) -> bytes:
        """A ping."""
        return bytes(self._frames.ping(b"still there?"))

    def close(self, code: int, reason: str = "") -> bytes:
        """A close frame."""
        return bytes(self._frames.close(code, reason))
