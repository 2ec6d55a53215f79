"""`/sign-in/oidc`: to the provider and back.

A sign-in under way is remembered here for ten minutes, and only the browser that began it may
end it: its form cookie must be the same when it comes back.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from weighbridge.admin.auth import ServicesOf
from weighbridge.admin.cookies import FORM_COOKIE, is_secure, set_cookie
from weighbridge.admin.ports import Services
from weighbridge.admin.ports_of_people import Oidc
from weighbridge.admin.signin.pages import begin_session, form_page, form_word, safe_path
from weighbridge.errors import ClientError, NotFoundError

router = APIRouter(include_in_schema=False)
LIFETIME_S: Final = 600
_REMEMBERED: Final = 1000


class Flows:
    """Sign-ins under way, by their state; bounded in number and in time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._flows: OrderedDict[str, tuple[float, str, str, Any]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Flows {len(self._flows)}>"

    def add(self, flow: Any, browser: str, target: str) -> None:
        """Remember a sign-in of a browser that wanted to go somewhere."""
        self._flows[flow.state] = (self._clock() + LIFETIME_S, browser, target, flow)
        if len(self._flows) > _REMEMBERED:
            self._flows.popitem(last=False)

    def take(self, state: str, browser: str | None) -> tuple[str, Any] | None:
        """Where the browser wanted to go, and its flow; once, and to that browser alone."""
        until, owner, target, flow = self._flows.pop(state, (0.0, "", "", None))
        return (target, flow) if flow and owner == browser and self._clock() < until else None


@router.get("/sign-in/oidc")
async def begin(request: Request, services: ServicesOf, next: str = "/") -> Response:  # noqa: A002 - the parameter's name
    """Send the browser to the provider."""
    provider, word = _provider(services), form_word(request)
    origin = services.public_url or str(request.base_url).rstrip("/")
    try:
        flow = await provider.begin(f"{origin}/sign-in/oidc/callback")
    except ClientError as error:
        return form_page(request, services, "sign_in", {"next": "/", "message": error.message}, 502)
    request.app.state.flows.add(flow, word, safe_path(next))
    response = RedirectResponse(flow.url, 303)
    set_cookie(response, FORM_COOKIE, word, secure=is_secure(request, services.public_url))
    return response


@router.get("/sign-in/oidc/callback")
async def come_back(request: Request, services: ServicesOf, state: str = "") -> Response:
    """Begin a session for whom the provider names."""
    provider = _provider(services)
    found = request.app.state.flows.take(state, request.cookies.get(FORM_COOKIE))
    if found is None:
        message = "This sign-in took too long. Please try again."
        return form_page(request, services, "sign_in", {"next": "/", "message": message}, 403)
    target, flow = found
    try:
        user = await provider.finish(flow, str(request.url))
    except ClientError as error:
        shown = {"next": target, "message": error.message}
        return form_page(request, services, "sign_in", shown, 403)
    return await begin_session(request, services, user, target)


def _provider(services: Services) -> Oidc:
    if services.oidc is None:
        raise NotFoundError("no provider is configured; see `oidc.issuer`")
    return services.oidc
