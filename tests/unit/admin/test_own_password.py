"""Whoever is signed in changes their own password by the API."""

from collections.abc import Mapping

import httpx
import pytest

from weighbridge.admin.attempts import PER_NAME
from weighbridge.compose.parts import Parts
from weighbridge.core.credential import Role
from weighbridge.core.user import NewUser

PATH = "/api/v1/me/password"
PASSWORD = "five wet lorries"
OTHER = "nine dry pontoons"


@pytest.fixture
async def signed_in(parts: Parts, remote: httpx.AsyncClient) -> httpx.AsyncClient:
    """Ada, a viewer, with the token of her session."""
    ada = parts.users.create(NewUser(name="Ada"))
    parts.links.accept(parts.links.make(ada.id)[1], PASSWORD)
    remote.cookies.set("weighbridge_session", parts.sessions.begin(ada.id, ""))
    me = (await remote.get("/api/v1/me")).json()
    remote.headers["X-CSRF-Token"] = me["csrf_token"]
    return remote


async def test_a_person_changes_their_own(parts: Parts, signed_in: httpx.AsyncClient) -> None:
    """In force at once; the session that asked goes on."""
    answer = await signed_in.put(PATH, json={"current": PASSWORD, "password": OTHER})
    assert (answer.status_code, answer.json()["name"]) == (200, "Ada")
    assert parts.users.check("ada", OTHER) is not None
    assert (await signed_in.get("/api/v1/me")).status_code == 200


async def test_a_wrong_one_is_told_and_counted(parts: Parts, signed_in: httpx.AsyncClient) -> None:
    """Guesses count as those of signing in do; a new one that is too short is no guess."""
    short = {"current": PASSWORD, "password": "short"}
    assert (await signed_in.put(PATH, json=short)).status_code == 422
    wrong = {"current": "not this one, no", "password": OTHER}
    for _ in range(PER_NAME):
        answer = await signed_in.put(PATH, json=wrong)
        assert answer.status_code == 422
        assert [one["where"] for one in answer.json()["problems"]] == ["current"]
        assert "not this" not in answer.text
    assert (await signed_in.put(PATH, json=wrong)).status_code == 429
    right = {"current": PASSWORD, "password": OTHER}
    assert (await signed_in.put(PATH, json=right)).status_code == 429
    assert parts.users.check("ada", PASSWORD) is not None


async def test_a_key_has_none(
    remote: httpx.AsyncClient, bearer: Mapping[Role, dict[str, str]]
) -> None:
    """A program is told so."""
    wanted = {"current": PASSWORD, "password": OTHER}
    answer = await remote.put(PATH, json=wanted, headers=bearer[Role.ADMIN])
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
