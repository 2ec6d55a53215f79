"""One raw HTTP exchange over a socket, reported down to chunks, interim answers and the end.

Hides sockets. Unlike an HTTP client it judges nothing: what came is what is told, and how the
connection ended.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import httptools

TIMEOUT_S = 60.0


@dataclass
class RawAnswer:
    """What came back; `ended` is `complete`, `closed`, `reset`, `silent` or `malformed`."""

    status: int = 0
    version: str = ""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    chunks: int = 0
    interim: list[int] = field(default_factory=list)
    ended: str = ""
    closed_after: bool = False

    def header(self, name: bytes) -> bytes | None:
        """First value of a header, whatever its case."""
        return next((v for n, v in self.headers if n.lower() == name), None)


class _Reader:
    """Parses the answer; the callback names are httptools'."""

    def __init__(self) -> None:
        self.answer = RawAnswer()
        self.done = False
        self._in_body = False
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        kept = self.answer.trailers if self._in_body else self.answer.headers
        kept.append((name, value))

    def on_headers_complete(self) -> None:
        self.answer.status = self.parser.get_status_code()
        self.answer.version = self.parser.get_http_version()
        self._in_body = True

    def on_chunk_header(self) -> None:
        self.answer.chunks += 1

    def on_body(self, body: bytes) -> None:
        self.answer.body += body

    def on_message_complete(self) -> None:
        if self.answer.status < 200:
            self.answer.interim.append(self.answer.status)
            self.answer.headers.clear()
            self._in_body = False
        else:
            self.done = True


async def exchange(
    port: int,
    *sent: bytes,
    silent_after_s: float = TIMEOUT_S,
    watch_end: bool = False,
    tls: ssl.SSLContext | None = None,
) -> RawAnswer:
    """Sends the pieces one after the other and reads one answer.

    `watch_end` waits after a whole answer for the connection to close; `silent_after_s` is how
    long to wait for a byte.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    for piece in sent:
        writer.write(piece)
        await writer.drain()
    seen = _Reader()
    try:
        await _read(reader, seen, silent_after_s)
        if seen.done and watch_end:
            async with asyncio.timeout(silent_after_s):
                seen.answer.closed_after = await reader.read(1) == b""
    except ConnectionResetError:
        seen.answer.ended = "reset"
    except TimeoutError:
        seen.answer.ended = seen.answer.ended or "silent"
    except httptools.HttpParserError:
        seen.answer.ended = "malformed"
    finally:
        writer.close()
    return seen.answer


async def _read(reader: asyncio.StreamReader, seen: _Reader, patience_s: float) -> None:
    while not seen.done:
        async with asyncio.timeout(patience_s):
            data = await reader.read(65536)
        if not data:
            seen.answer.ended = "closed"
            return
        seen.parser.feed_data(data)
    seen.answer.ended = "complete"


def post(path: str, body: bytes, *headers: str, version: str = "1.1", key: bool = True) -> bytes:
    """A POST with a length, a test key and the given header lines."""
    lines = [f"POST {path} HTTP/{version}", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += ["x-goog-api-key: AIzaSyTEST0001"] if key else []
    lines += [*headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def get(path: str, *headers: str, method: str = "GET") -> bytes:
    """A request without a body, with a test key."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "x-goog-api-key: AIzaSyTEST0001"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


async def eventually(holds: Callable[[], object]) -> None:
    """Lets the loop run until a condition on objects of this process holds."""
    async with asyncio.timeout(TIMEOUT_S):
        while not holds():  # noqa: ASYNC110 -- the condition is anything, no event stands for it
            await asyncio.sleep(0)
