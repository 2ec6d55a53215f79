"""An upstream for streams and large bodies, run as a process of its own on the load core.

What it answers is asked for by request headers, which every proxy passes on:

- `x-bench-chunks: N` and `x-bench-interval-us: T`: an SSE stream of N events, T apart. Each event
  carries the `monotonic_ns` of its own writing, which on one machine is the reader's clock too.
- `x-bench-answer-bytes: N`: one JSON answer of at least N bytes after the whole body was read.

It prints `listening on PORT` and serves until it is stopped.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from functools import lru_cache
from typing import ClassVar, cast

import uvloop

from _process import HOST, raise_open_files
from _traffic import MODELS

STAMP_DIGITS = 20
STAMP_MARK = b"~"
MODEL = MODELS[0]

_READ_BYTES = 256 * 1024
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Disposition: attachment\r\n"
    b"Vary: Origin, X-Origin, Referer\r\nTransfer-Encoding: chunked\r\n"
    b"Server-Timing: gfet4t7; dur=318\r\n\r\n"
)


class Origin(asyncio.BufferedProtocol):
    """One connection: reads a request whole, answers it, waits for the next one."""

    # One for all connections: what is read is dealt with before the next read.
    _buffer: ClassVar = bytearray(_READ_BYTES)

    def __init__(self) -> None:
        self._head = b""
        self._body_left = -1
        self._headers: dict[bytes, bytes] = {}
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._timer:
            self._timer.cancel()

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._body_left > 0:
            self._body_left -= nbytes
        else:
            self._head += self._buffer[:nbytes]
            head, found, body = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
            self._headers = {name.lower(): value.strip() for name, _, value in lines}
            self._body_left = int(self._headers.get(b"content-length", b"0")) - len(body)
            self._head = b""
        if self._body_left <= 0:
            self._body_left = -1
            self._answer()

    def _answer(self) -> None:
        if b"x-bench-chunks" in self._headers:
            self._interval_s = int(self._headers[b"x-bench-interval-us"]) / 1e6
            self._left = int(self._headers[b"x-bench-chunks"])
            self._due = time.monotonic()
            self._write_event(_STREAM_HEAD)
        else:
            self._transport.write(large_answer(int(self._headers[b"x-bench-answer-bytes"])))

    def _write_event(self, before: bytes = b"") -> None:
        self._left -= 1
        start, end = _event(last=self._left == 0)
        stamp = b"%0*d" % (STAMP_DIGITS, time.monotonic_ns())
        self._transport.write(before + start + stamp + end)
        if self._left:
            self._due += self._interval_s
            delay = max(0.0, self._due - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._write_event)


@lru_cache
def _event(*, last: bool) -> tuple[bytes, bytes]:
    """An event as a chunk, cut where its stamp goes; the last one has the final counts."""
    mark = STAMP_MARK.decode()
    text = f"{mark}{'0' * STAMP_DIGITS}{mark} and so the export stalls at page three, which"
    usage: dict[str, object] = {
        "promptTokenCount": MODEL.prompt_tokens,
        "candidatesTokenCount": MODEL.candidates_tokens if last else 1,
        "totalTokenCount": MODEL.prompt_tokens + MODEL.candidates_tokens + MODEL.thoughts_tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": MODEL.prompt_tokens}],
        "thoughtsTokenCount": MODEL.thoughts_tokens,
    }
    candidate: dict[str, object] = {"content": {"parts": [{"text": text}], "role": "model"}}
    if last:
        candidate["finishReason"] = "STOP"
    answer = {
        "candidates": [candidate | {"index": 0}],
        "usageMetadata": usage,
        "modelVersion": MODEL.name,
        "responseId": "NtBKaNyJNuzRvdIPls2XuQc",
    }
    event = b"data: " + json.dumps(answer).encode() + b"\r\n\r\n"
    chunk = b"%x\r\n%s\r\n" % (len(event), event) + (b"0\r\n\r\n" if last else b"")
    start, _, end = chunk.partition(b"0" * STAMP_DIGITS)
    return start, end


@lru_cache(maxsize=2)
def large_answer(size: int) -> bytes:
    """Head and body: an image's base64 in `inlineData`, the usage behind it."""
    candidates = [
        {
            "content": {
                "parts": [
                    {"inlineData": {"mimeType": "image/png", "data": "iVBORw0K" * (size // 8)}}
                ],
                "role": "model",
            },
            "finishReason": "STOP",
            "index": 0,
        },
    ]
    usage = {
        "promptTokenCount": MODEL.prompt_tokens,
        "candidatesTokenCount": MODEL.candidates_tokens,
        "totalTokenCount": MODEL.prompt_tokens + MODEL.candidates_tokens + MODEL.thoughts_tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": MODEL.prompt_tokens}],
        "thoughtsTokenCount": MODEL.thoughts_tokens,
    }
    answer = {"candidates": candidates, "usageMetadata": usage, "modelVersion": MODEL.name}
    body = json.dumps(answer, indent=2).encode() + b"\n"
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Origin, HOST, 0, backlog=16384)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    gc.freeze()
    await server.serve_forever()


if __name__ == "__main__":
    raise_open_files()
    # Its own pauses would be booked as the proxies' delay.
    gc.disable()
    uvloop.run(serve())
