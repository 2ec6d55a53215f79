"""What arrives and what is to be sent, before any framing.

Counterpart: `protocol` fills `Request` and plays the steps that `wire` makes of a `Reply`.
"""

from typing import Any

import msgspec

JSON = "application/json; charset=UTF-8"
SSE = "text/event-stream"

Document = dict[str, Any]


class Request(msgspec.Struct, kw_only=True):
    """One request as it was on the wire: header names as written, in order, repeated.

    `body` is empty where it was too large to keep (uploads); `body_bytes` and `body_sha256`
    are those of the whole body, the hash only where the simulator records. `running_hash` is
    that of an upload up to the end of this body.
    """

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    body_bytes: int = 0
    body_sha256: str | None = None
    http_version: str = "1.1"
    running_hash: Any = None

    def header(self, name: bytes) -> bytes | None:
        """First value of a header; `name` in lower case."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None

    def accepts_gzip(self) -> bool:
        """Whether the client can read gzip."""
        return b"gzip" in (self.header(b"accept-encoding") or b"")


class Reply(msgspec.Struct, kw_only=True):
    """An answer as pieces of body; each piece leaves on its own, after its wait.

    `waits` are seconds at pace 1, one per piece. `sized` asks for a Content-Length instead of
    chunks, which Google uses for uploads only. `reset` drops the connection instead.
    """

    status: int = 200
    content_type: str | None = JSON
    headers: list[tuple[str, str]] = []
    pieces: tuple[bytes, ...] = (b"",)
    waits: tuple[float, ...] = (0.0,)
    sized: bool = False
    vertex: bool = False
    duration_ms: int = 0
    bare_head: bool = False
    reset: bool = False

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.pieces)
