"""Concurrent calls against a gateway, each accounted for: what was sent, what its client saw.

Hides a thread with an event loop. Unlike a benchmark's generator it keeps, for every call, the
exchange id and whether the whole answer came, so that a test can compare with the ledger. Every
call is a connection of its own, and none is ever sent twice.
"""

import asyncio
import hashlib
import json
import random
import threading
import time
from dataclasses import dataclass
from typing import Self

from raw_exchange import exchange

_PATIENCE_S = 20.0
_PAUSE_S = 0.05
_BEAT_S = 0.01
LABEL = "call"


@dataclass
class Call:
    """One call. `ended_at` is monotonic; `exchange_id` is empty where no answer head came."""

    number: int
    body_sha256: str
    labelled: bool
    streamed: bool
    exchange_id: str = ""
    status: int = 0
    whole: bool = False
    ended_at: float = 0.0


class Load:
    """Runs `clients` loops of calls until it is stopped; `with Load(…) as load: …`."""

    def __init__(self, port: int, token: str, *, clients: int = 16, seed: int = 0) -> None:
        self.calls: list[Call] = []
        self._beats: list[tuple[float, float]] = []
        self._port = port
        self._token = token
        self._clients = clients
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __repr__(self) -> str:
        return f"<Load {len(self.calls)} calls, {self.finished} finished>"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def finished(self) -> int:
        """Calls whose whole answer came."""
        return sum(1 for call in self.calls if call.whole)

    def late_s(self, moment: float) -> float:
        """How late this machine lets a thread be, by the second before a (monotonic) moment."""
        near = [late for at, late in self._beats if moment - 1 < at < moment + _BEAT_S]
        return max(near, default=0.0)

    def stop(self) -> None:
        """No new calls; returns when the last one has ended."""
        self._stopping.set()
        self._thread.join(_PATIENCE_S * 2)
        assert not self._thread.is_alive()

    async def _run(self) -> None:
        await asyncio.gather(self._beat(), *(self._client() for _ in range(self._clients)))

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            due = time.monotonic() + _BEAT_S
            await asyncio.sleep(_BEAT_S)
            now = time.monotonic()
            self._beats.append((now, now - due))

    async def _client(self) -> None:
        while not self._stopping.is_set():
            call, request = self._next()
            try:
                answer = await exchange(self._port, request, silent_after_s=_PATIENCE_S)
            except OSError:  # nothing listens just now
                await asyncio.sleep(_PAUSE_S)
                continue
            call.ended_at = time.monotonic()
            call.exchange_id = (answer.header(b"x-weighbridge-id") or b"").decode()
            call.status = answer.status
            call.whole = answer.ended == "complete"
            if answer.ended != "complete":
                await asyncio.sleep(_PAUSE_S)

    def _next(self) -> tuple[Call, bytes]:
        number = len(self.calls)
        streamed = self._random.random() < 0.4
        labelled = self._random.random() < 0.8
        body = json.dumps({"contents": [{"parts": [{"text": f"Call {number:08d}"}]}]}).encode()
        call = Call(number, hashlib.sha256(body).hexdigest(), labelled, streamed)
        self.calls.append(call)
        verb = "streamGenerateContent?alt=sse" if streamed else "generateContent"
        lines = [
            f"POST /v1beta/models/gemini-2.5-flash:{verb} HTTP/1.1",
            "Host: gateway.test",
            "Content-Type: application/json",
            "x-goog-api-key: AIzaSyTESTload",
            f"X-Weighbridge-Key: {self._token}",
            f"Content-Length: {len(body)}",
        ]
        # A label makes the head unlike any other; without it the head is one seen before.
        lines += [f"X-Weighbridge-Labels: {LABEL}={number}"] if labelled else []
        return call, "\r\n".join([*lines, "", ""]).encode() + body
