"""Who calls the admin API or a page, and how far that reaches.

A caller over `admin.sock`, which only this user can open, is the operator. Over TCP a caller
shows an admin key as a bearer token, compared by its full hash (P5), or the cookie of a session.
`reader` is the dependency for whatever shows figures, `Seen` the services as that caller may
see them: routes that read take these, so that no route can forget a viewer's scope.
Rules for future edits: `LOCAL` is put into the scope by the server that owns the Unix socket
and by nothing else, no header can set it; a bearer token, where sent, is what counts, right or
wrong; what a cookie authorises needs the CSRF token,
in a header or in the page's own form, unless it only reads.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from weighbridge.admin.cookies import (
    CSRF_FIELD,
    CSRF_HEADER,
    READING,
    SESSION_COOKIE,
    csrf_fits,
    csrf_token,
)
from weighbridge.admin.ports import Services
from weighbridge.admin.seen import services_seen
from weighbridge.core.credential import Role
from weighbridge.core.ids import ADMIN_KEY_PREFIX
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import (
    CsrfError,
    NotAllowedError,
    TooManyAttemptsError,
    UnauthenticatedError,
)

LOCAL: Final = "weighbridge.local"
FAILURES_PER_MINUTE: Final = 30
_CALLERS_REMEMBERED = 1024
_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 200

_bearer = HTTPBearer(auto_error=False, bearerFormat="wbk_…", description="An admin key.")
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    description="A person's session, begun at `/sign-in`. Requests that do more than read also "
    "carry `X-CSRF-Token`, which `GET /api/v1/me` tells.",
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
SessionSecret = Annotated[str | None, Depends(_cookie)]


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


ServicesOf = Annotated[Services, Depends(services_of)]


def requires(role: Role) -> Callable[..., Coroutine[Any, Any, Principal]]:
    """A dependency that lets callers of at least this role pass and gives who they are."""

    async def check(
        request: Request, credentials: Credentials, session: SessionSecret
    ) -> Principal:
        return await authenticate(request, credentials, session, role)

    return check


async def authenticate(
    request: Request,
    credentials: HTTPAuthorizationCredentials | None,
    session: str | None,
    needed: Role,
) -> Principal:
    """Who the caller is.

    Errors: `UnauthenticatedError`, `TooManyAttemptsError`, `CsrfError`, `NotAllowedError`.
    """
    if request.scope.get(LOCAL):
        return OPERATOR
    if credentials is not None:
        principal = await _of_key(request, credentials.credentials)
    elif session is not None:
        principal = await _of_session(request, session)
    else:
        raise UnauthenticatedError(
            "no admin key was sent; add the header `Authorization: Bearer wbk_…` with a key "
            "from `weighbridge key create`, or sign in at /sign-in"
        )
    if not principal.role.includes(needed):
        what = f"the key {principal.id}" if principal.kind == "key" else principal.name
        raise NotAllowedError(
            f"this needs the role {needed.value}, and {what} has the role {principal.role.value}"
        )
    return principal


def csrf_token_of(request: Request) -> str | None:
    """What a page of this caller must repeat in its forms; None where no cookie was sent."""
    secret = request.cookies.get(SESSION_COOKIE)
    return None if secret is None else csrf_token(secret)


async def _of_key(request: Request, secret: str) -> Principal:
    key = await run_in_threadpool(services_of(request).keys.find, secret)
    if key is not None:
        return Principal(kind="key", id=key.id, name=key.name, role=key.role)
    _count_failure(request)
    raise UnauthenticatedError(
        "this admin key is unknown or revoked; see `weighbridge key list`"
        if secret.startswith(ADMIN_KEY_PREFIX)
        else f"what was sent is no admin key; one begins with {ADMIN_KEY_PREFIX}"
    )


async def _of_session(request: Request, secret: str) -> Principal:
    principal = await run_in_threadpool(services_of(request).sessions.find, secret)
    if principal is None:
        # Not counted: an old page that asks again and again is no guess, and no guess hits.
        raise UnauthenticatedError("this session has ended; sign in again at /sign-in")
    given = request.headers.get(CSRF_HEADER) or await _csrf_of_form(request)
    if request.method not in READING and not csrf_fits(secret, given):
        raise CsrfError("what a session changes needs its `X-CSRF-Token`; load the page again")
    return principal


async def _csrf_of_form(request: Request) -> str | None:
    """The token that a page's own form repeats in its body; none in what only reads."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if request.method in READING or media_type != _FORM:
        return None
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(body, max_num_fields=_MOST_FIELDS)).get(CSRF_FIELD)
    except ValueError:
        return None


def _count_failure(request: Request) -> None:
    failures: Failures = request.app.state.failures
    caller = request.client.host if request.client else ""
    if failures.add(caller) > FAILURES_PER_MINUTE:
        raise TooManyAttemptsError(
            f"more than {FAILURES_PER_MINUTE} failed attempts in a minute; wait a minute"
        )


reader = requires(Role.VIEWER)
Viewer = Annotated[Principal, Depends(reader)]
Editor = Annotated[Principal, Depends(requires(Role.EDITOR))]
Administrator = Annotated[Principal, Depends(requires(Role.ADMIN))]


def _seen(services: ServicesOf, principal: Viewer) -> Services:
    return services_seen(services, principal.scope)


Seen = Annotated[Services, Depends(_seen)]
