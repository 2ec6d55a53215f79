"""Feeds an answer to the reader of a route, in pieces of any size."""

from weighbridge.providers.base import Reading, Route
from weighbridge.providers.google_readers import google_reader

JSON = b"application/json; charset=UTF-8"
SSE = b"text/event-stream"


def route_of(operation: str, **facts: object) -> Route:
    """A metered route of an operation."""
    known: dict[str, object] = {
        "provider": "google",
        "surface": "gemini",
        "upstream": "gemini",
        "host": "h",
        "metered": True,
    }
    return Route(operation=operation, **{**known, **facts})  # type: ignore[arg-type]


def read(
    route: Route,
    body: bytes,
    *,
    content_type: bytes | None = JSON,
    status: int = 200,
    complete: bool = True,
    size: int = 1 << 30,
) -> Reading:
    """What the route's reader makes of a body."""
    reader = google_reader(route, status, content_type)
    for start in range(0, len(body), size):
        reader.feed(body[start : start + size])
    return reader.finish(complete=complete)
