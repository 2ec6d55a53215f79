"""Who calls the admin API, and how far that reaches.

A caller over `admin.sock`, which only this user can open, is an administrator. Over TCP a
caller shows an admin key as a bearer token, compared by its full hash (P5).
Rules for future edits: `LOCAL` is put into the scope by the server that owns the Unix socket
and by nothing else; no header can set it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from weighbridge.admin.ports import Services
from weighbridge.core.credential import Role
from weighbridge.core.ids import ADMIN_KEY_PREFIX
from weighbridge.errors import NotAllowedError, TooManyAttemptsError, UnauthenticatedError

LOCAL: Final = "weighbridge.local"
FAILURES_PER_MINUTE: Final = 30
_CALLERS_REMEMBERED = 1024

_bearer = HTTPBearer(auto_error=False, bearerFormat="wbk_…", description="An admin key.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class LocalAdmin:
    """An app as the owner of the Unix socket sees it: every caller is the operator."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __repr__(self) -> str:
        return f"<LocalAdmin of {self._app!r}>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, marked as local."""
        scope[LOCAL] = True
        await self._app(scope, receive, send)


class Failures:
    """Failed authentications per caller in the current minute; bounded."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minute = 0
        self._counts: OrderedDict[str, int] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Failures of {len(self._counts)} callers>"

    def add(self, caller: str) -> int:
        """One more failure; gives how many the caller has had in this minute."""
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        count = self._counts.pop(caller, 0) + 1
        self._counts[caller] = count
        if len(self._counts) > _CALLERS_REMEMBERED:
            self._counts.popitem(last=False)
        return count


def services_of(request: Request) -> Services:
    """The services that the app was made with."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


def requires(role: Role) -> Callable[..., Coroutine[Any, Any, Role]]:
    """A dependency that lets callers of at least this role pass and gives their role."""

    async def check(request: Request, credentials: Credentials) -> Role:
        return await authenticate(request, credentials, role)

    return check


async def authenticate(request: Request, credentials: Credentials, needed: Role) -> Role:
    """The caller's role.

    Errors: `UnauthenticatedError`, `TooManyAttemptsError`, `NotAllowedError`.
    """
    if request.scope.get(LOCAL):
        return Role.ADMIN
    if credentials is None:
        raise UnauthenticatedError(
            "no admin key was sent; add the header `Authorization: Bearer wbk_…` with a key "
            "from `weighbridge key create`"
        )
    key = await run_in_threadpool(services_of(request).keys.find, credentials.credentials)
    if key is None:
        _count_failure(request)
        looks_right = credentials.credentials.startswith(ADMIN_KEY_PREFIX)
        raise UnauthenticatedError(
            "this admin key is unknown or revoked; see `weighbridge key list`"
            if looks_right
            else f"what was sent is no admin key; one begins with {ADMIN_KEY_PREFIX}"
        )
    if not key.role.includes(needed):
        raise NotAllowedError(
            f"this needs the role {needed.value}, and the key {key.id} has the role "
            f"{key.role.value}; use a key of that role"
        )
    return key.role


def _count_failure(request: Request) -> None:
    failures: Failures = request.app.state.failures
    caller = request.client.host if request.client else ""
    if failures.add(caller) > FAILURES_PER_MINUTE:
        raise TooManyAttemptsError(
            f"more than {FAILURES_PER_MINUTE} failed attempts in a minute; wait a minute"
        )


Viewer = Annotated[Role, Depends(requires(Role.VIEWER))]
Editor = Annotated[Role, Depends(requires(Role.EDITOR))]
Administrator = Annotated[Role, Depends(requires(Role.ADMIN))]
ServicesOf = Annotated[Services, Depends(services_of)]
