"""Calls that cost one cent, on fake transports: what is sent, answered and refused."""

import json
from typing import Any

from memory_wire import FakeTransport, MemoryWire
from messages import answer

PROMPT = b'{"contents":[{"parts":[{"text":"hello"}]}]%b}'
UNDECLARED = PROMPT % b""
DECLARED = PROMPT % b',"generationConfig":{"maxOutputTokens":3997}'
# 25 prompt tokens at 0.30 and 3,997 of answer at 2.50 USD per million are one cent.
ONE_CENT = answer(
    b'{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],'
    b'"usageMetadata":{"promptTokenCount":25,"candidatesTokenCount":3997,"totalTokenCount":4022},'
    b'"modelVersion":"gemini-2.5-flash"}'
)


def asking(wire: MemoryWire) -> list[FakeTransport]:
    """Upstream connections on which a call waits for its answer."""
    return [up for up in wire.upstreams if up.protocol.sink is not None]  # type: ignore[attr-defined]


def run(wire: MemoryWire, reply: bytes = ONE_CENT) -> int:
    """Answer whatever reaches the upstream until nothing does; gives how many that were."""
    answered = 0
    settle(wire)
    while asking(wire):
        for up in asking(wire):
            answered += 1
            up.deliver(reply)
        settle(wire)
    return answered


def settle(wire: MemoryWire) -> None:
    """Let worker and lender talk until they have nothing more to say."""
    for _ in range(4):
        wire.settle()


def refusal(client: FakeTransport) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers and error object of the only answer that a client got."""
    head, _, body = bytes(client.sent).partition(b"\r\n\r\n")
    lines = [line.decode().partition(": ") for line in head.split(b"\r\n")[1:]]
    return {name: value for name, _, value in lines}, json.loads(body)["error"]
