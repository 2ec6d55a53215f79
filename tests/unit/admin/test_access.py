"""Every route of the admin port and who may use it: a route that is not in the table fails."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Route

from weighbridge.compose.parts import Parts
from weighbridge.core.credential import Role
from weighbridge.core.user import NewUser

ANYBODY = None
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "api.md"
ACCESS: dict[tuple[str, str], Role | None] = {
    ("GET", "/"): ANYBODY,
    ("GET", "/healthz"): ANYBODY,
    ("GET", "/readyz"): ANYBODY,
    ("GET", "/metrics"): ANYBODY,
    ("GET", "/api/openapi.json"): ANYBODY,
    ("GET", "/sign-in"): ANYBODY,
    ("POST", "/sign-in"): ANYBODY,
    ("GET", "/sign-in/style.css"): ANYBODY,
    ("GET", "/sign-in/mark.svg"): ANYBODY,
    ("GET", "/sign-in/oidc"): ANYBODY,
    ("GET", "/sign-in/oidc/callback"): ANYBODY,
    ("GET", "/sign-out"): ANYBODY,
    ("POST", "/sign-out"): ANYBODY,
    ("GET", "/welcome/{secret}"): ANYBODY,
    ("POST", "/welcome/{secret}"): ANYBODY,
    ("GET", "/api/v1/alerts"): Role.VIEWER,
    ("GET", "/api/v1/alerts/history"): Role.VIEWER,
    ("GET", "/api/v1/channels"): Role.VIEWER,
    ("POST", "/api/v1/channels"): Role.ADMIN,
    ("GET", "/api/v1/channels/{channel_id}"): Role.VIEWER,
    ("PATCH", "/api/v1/channels/{channel_id}"): Role.ADMIN,
    ("DELETE", "/api/v1/channels/{channel_id}"): Role.ADMIN,
    ("POST", "/api/v1/channels/{channel_id}/test"): Role.EDITOR,
    ("POST", "/api/v1/compare"): Role.VIEWER,
    ("POST", "/api/v1/forecast"): Role.VIEWER,
    ("POST", "/api/v1/waste"): Role.VIEWER,
    ("POST", "/api/v1/loops"): Role.VIEWER,
    ("POST", "/api/v1/charges"): Role.VIEWER,
    ("POST", "/api/v1/label-coverage"): Role.VIEWER,
    ("GET", "/api/v1/whatif"): Role.VIEWER,
    ("POST", "/api/v1/whatif"): Role.VIEWER,
    ("GET", "/api/v1/exchanges"): Role.VIEWER,
    ("GET", "/api/v1/exchanges/{exchange_id}"): Role.VIEWER,
    ("GET", "/api/v1/in-flight"): Role.VIEWER,
    ("GET", "/api/v1/me"): Role.VIEWER,
    ("PUT", "/api/v1/me/password"): Role.VIEWER,
    ("GET", "/api/v1/models"): Role.VIEWER,
    ("GET", "/api/v1/models/changes"): Role.VIEWER,
    ("POST", "/api/v1/query"): Role.VIEWER,
    ("GET", "/api/v1/tokens"): Role.VIEWER,
    ("GET", "/api/v1/tokens/{token_id}"): Role.VIEWER,
    ("POST", "/api/v1/tokens"): Role.EDITOR,
    ("PATCH", "/api/v1/tokens/{token_id}"): Role.EDITOR,
    ("DELETE", "/api/v1/tokens/{token_id}"): Role.EDITOR,
    ("GET", "/api/v1/policy"): Role.EDITOR,
    ("PATCH", "/api/v1/policy"): Role.ADMIN,
    ("GET", "/api/v1/price-overrides"): Role.VIEWER,
    ("POST", "/api/v1/price-overrides"): Role.ADMIN,
    ("POST", "/api/v1/price-overrides/preview"): Role.ADMIN,
    ("PATCH", "/api/v1/price-overrides/{override_id}"): Role.ADMIN,
    ("DELETE", "/api/v1/price-overrides/{override_id}"): Role.ADMIN,
    ("GET", "/api/v1/budgets"): Role.VIEWER,
    ("GET", "/api/v1/budgets/status"): Role.VIEWER,
    ("GET", "/api/v1/budgets/{budget_id}"): Role.VIEWER,
    ("GET", "/api/v1/budgets/{budget_id}/status"): Role.VIEWER,
    ("GET", "/api/v1/budgets/{budget_id}/audit"): Role.EDITOR,
    ("POST", "/api/v1/budgets"): Role.EDITOR,
    ("GET", "/api/v1/nodes"): Role.VIEWER,
    ("DELETE", "/api/v1/nodes/{node_id}"): Role.ADMIN,
    ("PATCH", "/api/v1/budgets/{budget_id}"): Role.EDITOR,
    ("DELETE", "/api/v1/budgets/{budget_id}"): Role.EDITOR,
    ("POST", "/api/v1/budgets/{budget_id}/raises"): Role.EDITOR,
    ("DELETE", "/api/v1/budgets/{budget_id}/raises/{raise_id}"): Role.EDITOR,
    ("GET", "/api/v1/system"): Role.VIEWER,
    ("GET", "/api/v1/rate-limits"): Role.VIEWER,
    ("GET", "/api/v1/rate-limits/status"): Role.VIEWER,
    ("GET", "/api/v1/rate-limits/{limit_id}"): Role.VIEWER,
    ("GET", "/api/v1/rate-limits/{limit_id}/status"): Role.VIEWER,
    ("POST", "/api/v1/rate-limits"): Role.EDITOR,
    ("PATCH", "/api/v1/rate-limits/{limit_id}"): Role.EDITOR,
    ("DELETE", "/api/v1/rate-limits/{limit_id}"): Role.EDITOR,
    ("GET", "/api/v1/audit"): Role.ADMIN,
    ("GET", "/api/v1/imports/{job_id}"): Role.ADMIN,
    ("POST", "/api/v1/imports"): Role.ADMIN,
    ("GET", "/api/v1/keys"): Role.ADMIN,
    ("POST", "/api/v1/keys"): Role.ADMIN,
    ("DELETE", "/api/v1/keys/{key_id}"): Role.ADMIN,
    ("POST", "/api/v1/setup-link"): Role.ADMIN,
    ("GET", "/api/v1/users"): Role.ADMIN,
    ("POST", "/api/v1/users"): Role.ADMIN,
    ("GET", "/api/v1/users/{user_id}"): Role.ADMIN,
    ("PATCH", "/api/v1/users/{user_id}"): Role.ADMIN,
    ("POST", "/api/v1/users/{user_id}/link"): Role.ADMIN,
}
BODIES: dict[str, dict[str, object]] = {
    "/api/v1/query": {},
    "/api/v1/compare": {"since": "7d"},
    "/api/v1/forecast": {},
    "/api/v1/waste": {},
    "/api/v1/loops": {},
    "/api/v1/charges": {},
    "/api/v1/label-coverage": {},
    "/api/v1/whatif": {"models": ["gemini-2.5-pro"]},
    "/api/v1/budgets": {"name": "n", "limit_usd": "1"},
    "/api/v1/budgets/{budget_id}": {},
    "/api/v1/budgets/{budget_id}/raises": {"amount_usd": "1", "until": "1h"},
    "/api/v1/rate-limits": {"name": "n", "requests_per_minute": 1},
    "/api/v1/rate-limits/{limit_id}": {},
    "/api/v1/tokens": {"name": "n"},
    "/api/v1/tokens/{token_id}": {},
    "/api/v1/policy": {},
    "/api/v1/price-overrides": {"models": ["gemini-2.5-pro"], "source": "c"},
    "/api/v1/price-overrides/preview": {"models": ["gemini-2.5-pro"], "source": "c"},
    "/api/v1/price-overrides/{override_id}": {},
    "/api/v1/channels": {"name": "n", "url": "json://127.0.0.1:9/"},
    "/api/v1/channels/{channel_id}": {},
    "/api/v1/imports": {"file": "/nowhere"},
    "/api/v1/keys": {"name": "n", "role": "viewer"},
    "/api/v1/users": {"name": "n"},
    "/api/v1/users/{user_id}": {},
}
# Even an administrator does these on the machine itself alone.
LOCAL_ONLY = {"/api/v1/imports", "/api/v1/setup-link"}
PROTECTED = {route: role for route, role in ACCESS.items() if role is not None}


def _routes(router: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of each route; anything that hides its routes fails."""
    for route in router.routes:
        if isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD"}:
                yield method, prefix + route.path
        else:
            inner = getattr(route, "original_router", None)
            assert inner is not None, f"{route!r} hides its paths from this test"
            yield from _routes(inner, prefix + route.include_context.prefix)


def test_the_table_names_every_route_and_no_other(app: FastAPI) -> None:
    """A new route is refused here until somebody says who may use it."""
    assert set(_routes(app)) == set(ACCESS)


def test_the_reference_says_who_may() -> None:
    """The page of the API has each path with its methods and the least role of each."""
    line = re.compile(r"^\| `(/api/\S+)` \|.*\| ([^|]+) \|$", re.MULTILINE)
    shown = {
        (method, path): role
        for path, cell in line.findall(PAGE.read_text("utf-8"))
        for method, role in (word.split(" ") for word in cell.split(", "))
    }
    api = {key: role.value for key, role in PROTECTED.items() if key[1].startswith("/api/")}
    assert shown == api


def test_what_is_protected_says_so(app: FastAPI) -> None:
    """The API's description names both ways of being known wherever one is needed."""
    spec = app.openapi()["paths"]
    for method, path in PROTECTED:
        ways = [name for way in spec[path][method.lower()]["security"] for name in way]
        assert set(ways) == {"HTTPBearer", "APIKeyCookie"}, path


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_each_route_asks_for_its_role(
    remote: httpx.AsyncClient, bearer: Mapping[Role, dict[str, str]], method: str, path: str
) -> None:
    """401 without a key, 403 below the role, neither from the role up."""
    needed, body = PROTECTED[method, path], BODIES.get(path)
    answer = await remote.request(method, path, json=body)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    for role, header in bearer.items():
        answer = await remote.request(method, path, json=body, headers=header)
        assert answer.status_code != 401
        if path not in LOCAL_ONLY or answer.status_code != 403:
            assert (answer.status_code == 403) == (not role.includes(needed)), role
        else:
            assert role is Role.ADMIN or not role.includes(needed)


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_a_session_reaches_as_far_as_its_role(
    parts: Parts, app: FastAPI, method: str, path: str
) -> None:
    """And changes nothing without the CSRF token, whatever the role."""
    needed, body = PROTECTED[method, path], BODIES.get(path)
    for role in Role:
        user = parts.users.create(NewUser(name=role.value, role=role))
        secret = parts.sessions.begin(user.id, "")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        cookies = {"weighbridge_session": secret}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://remote", cookies=cookies
        ) as browser:
            bare = await browser.request(method, path, json=body)
            token = (await browser.get("/api/v1/me")).json()["csrf_token"]
            headers = {"X-CSRF-Token": token}
            answer = await browser.request(method, path, json=body, headers=headers)
        if method != "GET":
            assert bare.json()["code"] == "CSRF_TOKEN_INVALID"
        refused = answer.status_code == 403
        assert refused == (not role.includes(needed) or path in LOCAL_ONLY), role


async def test_everybody_may_see_what_is_open(remote: httpx.AsyncClient) -> None:
    """No page of the open ones asks who is there."""
    for (method, path), role in ACCESS.items():
        if role is ANYBODY and method == "GET":
            answer = await remote.get(path.replace("{secret}", "wbl_none"))
            assert answer.status_code not in (401, 403), path
