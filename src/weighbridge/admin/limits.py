"""A bound on request bodies, before anything reads them, for callers with and without a key."""

from typing import Any, Final

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from weighbridge.admin.problems import answer

LONGEST_BODY: Final = 1024 * 1024


class BodyLimit:
    """Answers 413 to a body that is announced as, or turns out, longer than `LONGEST_BODY`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __repr__(self) -> str:
        return f"<BodyLimit of {self._app!r}>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced(scope) > LONGEST_BODY:
            await _too_long(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LONGEST_BODY:
                raise BodyTooLongError
            return message

        await self._app(scope, counted, send)


class BodyTooLongError(HTTPException):
    """The body went beyond the bound while it was read; FastAPI hands only its own kind on."""

    code = "BODY_TOO_LONG"

    def __init__(self) -> None:
        super().__init__(413, f"the body is longer than {LONGEST_BODY} bytes; send less")


def _announced(scope: Any) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _too_long(scope: Scope, receive: Receive, send: Send) -> None:
    error = BodyTooLongError()
    await answer(error.status_code, error.code, error.detail)(scope, receive, send)
