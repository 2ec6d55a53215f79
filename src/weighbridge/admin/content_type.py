"""Bodies are JSON whatever `curl -d` calls them.

Hides one mercy: a body that is announced as a form, or as nothing, is read as JSON where the
caller showed a key or came over the Unix socket. Rules for future edits: never for a caller
known by a cookie. A page of another site can send forms, but neither JSON nor a bearer key, and
that difference is what keeps it out.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from weighbridge.admin.auth import LOCAL

_JSON: Final = (b"content-type", b"application/json")
_CURLS_DEFAULT: Final = b"application/x-www-form-urlencoded"


class JsonBodies:
    """Marks the bodies of callers with a key as what they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __repr__(self) -> str:
        return f"<JsonBodies of {self._app!r}>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its content type put right."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            trusted = b"authorization" in headers or scope.get(LOCAL)
            if trusted and headers.get(b"content-type", _CURLS_DEFAULT) == _CURLS_DEFAULT:
                others = [pair for pair in scope["headers"] if pair[0] != b"content-type"]
                scope = {**scope, "headers": [*others, _JSON]}
        await self._app(scope, receive, send)
