"""An upstream whose every answer costs one cent, whatever is asked: for budgets under load.

Hides a thread with an event loop. `asked` counts the requests that came whole, `answered` the
answers that went out whole: what a bill would say.
"""

import asyncio
import threading
from typing import Self, cast

# 25 prompt tokens at 0.30 and 3,997 of answer at 2.50 USD per million are one cent.
BODY = (
    b'{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],'
    b'"usageMetadata":{"promptTokenCount":25,"candidatesTokenCount":3997,"totalTokenCount":4022},'
    b'"modelVersion":"gemini-2.5-flash"}'
)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)
_STARTS_WITHIN_S = 60.0


class OneCent:
    """Serves until the `with` block ends; `delay_s` passes before each answer."""

    def __init__(self, delay_s: float = 0.02) -> None:
        self.asked = 0
        self.answered = 0
        self.delay_s = delay_s
        self.url = ""
        self.open: set[_Talk] = set()
        self.loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_STARTS_WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_STARTS_WITHIN_S)

    def _run(self) -> None:
        serving = self.loop.create_server(lambda: _Talk(self), "127.0.0.1", 0, backlog=1024)
        server = self.loop.run_until_complete(serving)
        host, port = server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        self._ready.set()
        self.loop.run_forever()
        server.close()
        for talk in list(self.open):
            talk.transport.abort()
        self.loop.run_until_complete(server.wait_closed())
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


class _Talk(asyncio.Protocol):
    """One connection: an answer for each request."""

    def __init__(self, upstream: OneCent) -> None:
        self._upstream = upstream
        self._came = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._upstream.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._upstream.open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, found, rest = self._came.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if len(rest) >= int(length or b"0"):
            self._came = b""
            self._upstream.asked += 1
            self._upstream.loop.call_later(self._upstream.delay_s, self._answer)

    def _answer(self) -> None:
        if not self.transport.is_closing():
            self._upstream.answered += 1
            self.transport.write(_ANSWER)
