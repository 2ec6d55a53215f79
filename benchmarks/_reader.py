"""A client that opens many streams and notes how long each event was on its way."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import cast

from _origin import MODEL, STAMP_DIGITS, STAMP_MARK
from _process import HOST
from _traffic import SDK_HEADERS, request_body

_STAMP = re.compile(STAMP_MARK + rb"(\d{%d})" % STAMP_DIGITS + STAMP_MARK)
_LAST_CHUNK = b"\r\n0\r\n\r\n"


@dataclass(slots=True)
class Delays:
    """Nanoseconds; `first` counts from the request's sending, `later` from an event's writing."""

    first: list[int] = field(default_factory=list)
    later: list[int] = field(default_factory=list)
    later_at: list[int] = field(default_factory=list)
    joined: int = 0
    """Reads that brought more than one event: what buffering would look like."""


class Reader(asyncio.Protocol):
    """One connection, one stream after another."""

    def __init__(self, delays: Delays) -> None:
        self._delays = delays
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the stream was cut"))

    def read_stream(self, request: bytes) -> asyncio.Future[None]:
        """Sends the request; the future is done when the stream's last chunk has come."""
        self._done = asyncio.get_running_loop().create_future()
        self._events = 0
        self._sent_ns = time.monotonic_ns()
        self._transport.write(request)
        return self._done

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        data = self._tail + data
        delays, seen, end = self._delays, 0, 0
        for found in _STAMP.finditer(data):
            end = found.end()
            seen += 1
            if self._events:
                delays.later.append(now - int(found[1]))
                delays.later_at.append(now)
            else:
                delays.first.append(now - self._sent_ns)
            self._events += 1
        if seen > 1:
            delays.joined += 1
        if not self._events and data.startswith(b"HTTP/1.1 ") and data[9:12] != b"200":
            self._done.set_exception(ConnectionError(f"refused: {data[:500]!r}"))
        elif data.endswith(_LAST_CHUNK):
            self._tail = b""
            self._done.set_result(None)
        else:
            self._tail = data[max(end, len(data) - STAMP_DIGITS - 8) :]


def stream_request(token: str, chunks: int, interval_us: int) -> bytes:
    body = request_body(1)
    headers = SDK_HEADERS | {
        "Host": HOST,
        "Content-Length": str(len(body)),
        "X-Weighbridge-Key": token,
        "X-Department": "support",
        "X-Project": "ticket-triage",
        "X-Agent": "copilot",
        "X-Bench-Chunks": str(chunks),
        "X-Bench-Interval-Us": str(interval_us),
    }
    lines = [f"POST /v1beta/models/{MODEL.name}:streamGenerateContent?alt=sse HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def connect(port: int, delays: Delays) -> Reader:
    _, reader = await asyncio.get_running_loop().create_connection(
        lambda: Reader(delays),
        HOST,
        port,
    )
    return reader
