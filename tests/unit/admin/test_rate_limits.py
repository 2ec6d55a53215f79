"""`/api/v1/rate-limits`: definitions, and how full the buckets are."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from weighbridge.admin.app import create_app
from weighbridge.admin.auth import LocalAdmin
from weighbridge.budgets.rate_limit import REQUESTS, TOKENS, decode_rate_limits
from weighbridge.compose.parts import Parts
from weighbridge.control.budget_states import NoLeases
from weighbridge.core.credential import Role
from weighbridge.core.user import NewUser

LIMITS = "/api/v1/rate-limits"
WANTED = {"name": "n", "scope": {"department": ["care"]}, "requests_per_minute": 60}


class Lent(NoLeases):
    """Buckets that a test sets."""

    left: dict[tuple[str | None, int], int]

    def __init__(self) -> None:
        self.left = {}

    def permits_left(self, limit_id: str) -> Mapping[tuple[str | None, int], int]:
        return self.left


@pytest.fixture
def lent() -> Lent:
    return Lent()


@pytest.fixture
def app(parts: Parts, policy: Any, vitals: Any, lent: Lent) -> FastAPI:
    return create_app(parts.services(policy, vitals, leases=lent))


async def test_a_limit_reads_as_it_was_written(
    local: httpx.AsyncClient, parts: Parts, policy: Any
) -> None:
    """In force when the answer comes: workers' policy has it."""
    answer = await local.post(LIMITS, json=WANTED)
    made = answer.json()
    assert answer.status_code == 201
    assert {name: made[name] for name in WANTED} == WANTED
    assert (made["tokens_per_minute"], made["per"], made["enabled"]) == (None, None, True)
    assert policy.published == 1
    assert [limit.id for limit in decode_rate_limits(parts.policy().rate_limits)] == [made["id"]]
    assert (await local.get(LIMITS)).json() == {"rate_limits": [made], "next_cursor": None}
    path = f"{LIMITS}/{made['id']}"
    assert (await local.get(path)).json() == made
    changed = (await local.patch(path, json={"tokens_per_minute": 1000})).json()
    assert (changed["requests_per_minute"], changed["tokens_per_minute"]) == (60, 1000)
    assert (await local.delete(path)).json() == changed
    assert (await local.get(path)).status_code == 404


async def test_all_that_is_wrong_is_told_at_once(local: httpx.AsyncClient) -> None:
    """Also a limit that limits nothing, and a dimension that no one knows beforehand."""
    wrong = {"name": "", "scope": {"outcome": ["ok"]}, "colour": "red"}
    problems = (await local.post(LIMITS, json=wrong)).json()["problems"]
    found = {one["where"] for one in problems}
    assert found == {"name", "scope.outcome", "colour", "requests_per_minute"}


async def test_full_buckets_are_said_to_be_full(local: httpx.AsyncClient, lent: Lent) -> None:
    """Where nobody calls, everything is left; the emptiest come first."""
    one = (await local.post(LIMITS, json=WANTED)).json()["id"]
    status = (await local.get(f"{LIMITS}/{one}/status")).json()
    assert status["buckets"] == [{"value": None, "requests_left": 60, "tokens_left": None}]
    each = {**WANTED, "per": "agent", "tokens_per_minute": 1000}
    split = (await local.post(LIMITS, json=each)).json()["id"]
    assert (await local.get(f"{LIMITS}/{split}/status")).json()["buckets"] == []
    lent.left = {("a", REQUESTS): 59, ("b", REQUESTS): 60, ("b", TOKENS): -5}
    status = (await local.get(f"{LIMITS}/{split}/status")).json()
    assert status["buckets"] == [
        {"value": "b", "requests_left": 60, "tokens_left": -5},
        {"value": "a", "requests_left": 59, "tokens_left": 1000},
    ]
    everything = (await local.get(f"{LIMITS}/status")).json()["statuses"]
    assert [each["rate_limit_id"] for each in everything] == [split, one]


async def test_who_is_bound_sees_what_is_theirs(
    local: httpx.AsyncClient, app: FastAPI, parts: Parts, lent: Lent
) -> None:
    """Limits within their department, and their own bucket of one per department."""
    theirs = (await local.post(LIMITS, json=WANTED)).json()["id"]
    split = (await local.post(LIMITS, json={**WANTED, "scope": {}, "per": "department"})).json()
    hidden = (await local.post(LIMITS, json={**WANTED, "scope": {}})).json()["id"]
    lent.left = {("care", REQUESTS): 1, ("lab", REQUESTS): 2}
    user = parts.users.create(NewUser(name="v", role=Role.VIEWER, scope={"department": ("care",)}))
    cookies = {"weighbridge_session": parts.sessions.begin(user.id, "")}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://remote", cookies=cookies
    ) as viewer:
        listed = (await viewer.get(LIMITS)).json()["rate_limits"]
        status = (await viewer.get(f"{LIMITS}/{split['id']}/status")).json()
        assert (await viewer.get(f"{LIMITS}/{hidden}")).status_code == 404
        assert (await viewer.get(f"{LIMITS}/{hidden}/status")).status_code == 404
    assert [one["id"] for one in listed] == [split["id"], theirs]
    assert [one["value"] for one in status["buckets"]] == ["care"]


async def test_commands_reach_the_same(app: FastAPI) -> None:
    """The owner of the machine needs no key."""
    transport = httpx.ASGITransport(LocalAdmin(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://local") as client:
        assert (await client.get(f"{LIMITS}/status")).json()["statuses"] == []
