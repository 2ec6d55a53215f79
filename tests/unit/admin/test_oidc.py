"""Signing in by an OpenID Connect provider: who gets in, as whom, and who does not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey
from oidc_provider import CLIENT, ISSUER, SECRET, Provider

from weighbridge.admin.cookies import SESSION_COOKIE
from weighbridge.admin.signin.oidc import LIFETIME_S, Flows
from weighbridge.compose.oidc import oidc_provider
from weighbridge.compose.parts import Parts
from weighbridge.config import Settings
from weighbridge.config.model import OidcSettings
from weighbridge.control.oidc import Flow, OidcProvider
from weighbridge.control.oidc_people import OidcPeople
from weighbridge.core.user import NewUser
from weighbridge.errors import ConfigurationError

ADA = {"sub": "1", "preferred_username": "ada", "groups": ["staff", "platform"]}
VI = {"sub": "2", "preferred_username": "vi", "groups": ["staff"], "dept": ["care"]}


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def browser(
    app: FastAPI, parts: Parts, provider: Provider
) -> AsyncIterator[httpx.AsyncClient]:
    settings = OidcSettings.model_validate(
        {
            "issuer": ISSUER,
            "client_id": CLIENT,
            "name": "Example ID",
            "roles": {"admin": ["platform"], "viewer": ["staff"]},
            "department_claim": "dept",
        }
    )
    people = OidcPeople(parts.database)
    oidc = OidcProvider(settings, SECRET, people, provider.transport)
    object.__setattr__(app.state.services, "oidc", oidc)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://remote") as client:
        yield client


async def sign_in(
    browser: httpx.AsyncClient, provider: Provider, claims: dict[str, Any]
) -> httpx.Response:
    """There and back again."""
    provider.claims = claims
    sent = await browser.get("/sign-in/oidc", params={"next": "/agents"})
    assert sent.status_code == 303
    return await browser.get(provider.approve(sent.headers["location"]))


async def test_claims_give_role_and_scope(
    browser: httpx.AsyncClient, provider: Provider, parts: Parts
) -> None:
    """The highest role counts; viewers are bound by their claim; the way leads on."""
    assert "Example ID" in (await browser.get("/sign-in")).text
    answer = await sign_in(browser, provider, ADA)
    assert (answer.status_code, answer.headers["location"]) == (303, "/agents")
    me = (await browser.get("/api/v1/me")).json()
    assert (me["name"], me["role"], me["scope"]) == ("ada", "admin", {})
    await sign_in(browser, provider, VI)
    me = (await browser.get("/api/v1/me")).json()
    assert (me["name"], me["role"], me["scope"]) == ("vi", "viewer", {"department": ["care"]})
    assert [user.has_oidc for user in parts.users.all()] == [True, True]


async def test_a_person_is_who_the_provider_says_by_subject_alone(
    browser: httpx.AsyncClient, provider: Provider, parts: Parts
) -> None:
    """A name that somebody with a password has opens nothing of theirs."""
    ours = parts.users.create(NewUser(name="ada"))
    await sign_in(browser, provider, ADA)
    me = (await browser.get("/api/v1/me")).json()
    assert me["id"] != ours.id
    assert me["name"].startswith("ada (")
    await sign_in(
        browser,
        provider,
        ADA | {"preferred_username": "other", "groups": ["staff"], "dept": "care"},
    )
    again = (await browser.get("/api/v1/me")).json()
    assert (again["id"], again["role"]) == (me["id"], "viewer")


@pytest.mark.parametrize(
    "claims",
    [
        ADA | {"groups": ["strangers"]},
        {"sub": "1"},
        VI | {"dept": []},
        {"sub": "2", "groups": ["staff"]},
        VI | {"dept": ["(none)"]},
    ],
)
async def test_who_has_no_role_or_no_bounds_does_not_get_in(
    browser: httpx.AsyncClient, provider: Provider, parts: Parts, claims: dict[str, Any]
) -> None:
    """Missing is not everything."""
    answer = await sign_in(browser, provider, claims)
    assert answer.status_code == 403
    assert SESSION_COOKIE not in browser.cookies
    assert parts.users.all() == []


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"nonce": "another"},
        {"exp": 1},
        {"sub": None},
    ],
)
async def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    browser: httpx.AsyncClient, provider: Provider, parts: Parts, change: dict[str, Any]
) -> None:
    """Of another issuer, for another client, replayed, old, or of nobody."""
    provider.spoil = lambda claims: {**claims, **change}
    answer = await sign_in(browser, provider, ADA)
    assert answer.status_code == 403
    assert "signing in by the provider failed" in answer.text
    assert parts.users.all() == []


async def test_another_key_signs_nothing(
    browser: httpx.AsyncClient, provider: Provider, parts: Parts
) -> None:
    """Even under the name of the one that is published."""
    provider.key = ECKey.generate_key("P-256", {"kid": "k1"})
    assert (await sign_in(browser, provider, ADA)).status_code == 403
    assert parts.users.all() == []


async def test_a_provider_of_another_name_is_not_ours(
    browser: httpx.AsyncClient, provider: Provider
) -> None:
    """The discovery document must name the issuer that is configured."""
    provider.issuer = "https://other.example"
    assert (await browser.get("/sign-in/oidc")).status_code == 502


async def test_a_sign_in_belongs_to_the_browser_that_began_it(
    browser: httpx.AsyncClient, provider: Provider, app: FastAPI
) -> None:
    """Nobody is signed in as somebody else by a link; and none works twice."""
    provider.claims = ADA
    sent = await browser.get("/sign-in/oidc")
    back = provider.approve(sent.headers["location"])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://remote") as other:
        assert (await other.get(back)).status_code == 403
    assert (await browser.get(back)).status_code == 403


def test_a_sign_in_that_took_too_long_is_over() -> None:
    """Ten minutes are enough to type a password."""
    now = [0.0]
    flows = Flows(lambda: now[0])
    for state in ("a", "b"):
        flows.add(Flow("", state, "", "", ""), "me", "/")
    now[0] = LIFETIME_S - 1
    assert flows.take("a", "me") is not None
    now[0] = LIFETIME_S
    assert flows.take("b", "me") is None


async def test_whom_we_disabled_stays_out(
    browser: httpx.AsyncClient, provider: Provider, parts: Parts
) -> None:
    """Whatever the provider says."""
    await sign_in(browser, provider, ADA)
    (ada,) = parts.users.all()
    parts.users.update(ada.id, {"disabled": True})
    answer = await sign_in(browser, provider, ADA)
    assert answer.status_code == 403
    assert "disabled" in answer.text


async def test_without_a_provider_there_is_no_such_page(remote: httpx.AsyncClient) -> None:
    """And no button for it."""
    assert (await remote.get("/sign-in/oidc")).status_code == 404
    assert "Sign in with" not in (await remote.get("/sign-in")).text


def test_a_provider_is_made_of_the_configuration(parts: Parts, tmp_path: Path) -> None:
    """A secret that is no text is told before anything is served; half a provider is none."""
    secret = tmp_path / "secret"
    secret.write_text("s\n")
    given = {"issuer": ISSUER, "client_id": "c", "client_secret_file": str(secret)}
    settings = OidcSettings.model_validate(given)
    made = oidc_provider(settings, parts.database)
    assert made is not None
    assert made.name == "single sign-on"
    assert oidc_provider(OidcSettings(), parts.database) is None
    secret.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="client_secret_file"):
        oidc_provider(settings, parts.database)
    for wrong in ({"issuer": ISSUER}, {"issuer": "http://id.example", "client_id": "c"}):
        with pytest.raises(ValueError, match="oidc"):
            Settings.model_validate({"oidc": wrong})
