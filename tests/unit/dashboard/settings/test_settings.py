"""The settings pages: what their forms do, who may send them, and what is shown once."""

import html
import re
from collections.abc import Callable

import httpx
import pytest
from page_forms import send
from page_tables import table_texts

from weighbridge.budgets.budget import NewBudget
from weighbridge.budgets.rate_limit import NewRateLimit
from weighbridge.compose.parts import Parts
from weighbridge.core.credential import NewToken, Role
from weighbridge.core.exchange import Exchange
from weighbridge.dashboard.site import PAGES

ACTS = [page for page in PAGES if page.act is not None]


@pytest.mark.parametrize("role", Role)
async def test_a_form_asks_for_its_role_and_for_the_page_it_stood_on(
    as_role: Callable[[Role], httpx.AsyncClient], role: Role
) -> None:
    """403 below the role, and without the session's token whatever the role."""
    client = as_role(role)
    token = re.search(r'name="csrf" content="([^"]*)"', (await client.get("/prices")).text)
    assert token is not None
    for page in ACTS:
        path = page.path.replace("{name}", "none")
        bare = await client.post(path, data={"form": "none"})
        assert (bare.status_code, bare.json()["code"]) == (403, "CSRF_TOKEN_INVALID")
        wrong = await client.post(path, data={"form": "none", "csrf_token": "0" * 64})
        assert wrong.status_code == 403
        answer = await client.post(path, data={"form": "none", "csrf_token": token[1]})
        assert (answer.status_code == 403) == (not role.includes(page.act_role)), path
    client.cookies.clear()
    for page in ACTS:
        path = page.path.replace("{name}", "none")
        assert (await client.post(path, data={"form": "none"})).status_code == 401


async def test_a_browser_is_led_on_where_a_program_is_told(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """An old page is shown afresh and says that nothing was changed; a stranger signs in."""
    client = as_role(Role.ADMIN)
    browser = {"Accept": "text/html"}
    stale = await client.post("/settings/keys", data={"form": "create"}, headers=browser)
    assert (stale.status_code, stale.headers["location"]) == (303, "/settings/keys?done=stale")
    assert "Nothing was changed" in (await client.get(stale.headers["location"])).text
    assert parts.keys.all() == []
    client.cookies.clear()
    stranger = await client.post("/settings/keys", data={"form": "create"}, headers=browser)
    assert stranger.headers["location"] == "/sign-in?next=%2Fsettings%2Fkeys"


async def test_a_token_is_shown_once_with_the_call_tosend(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """Its secret is in the answer that makes it, and on no other page."""
    client = as_role(Role.EDITOR)
    answer = await send(
        client,
        "/settings/tokens",
        form="create",
        name="search",
        department="research",
        labels="env=prod\ntier=gold",
        expires="36500d",  # from the dashboard's fixed instant; tokens go by the real clock
        required=["project"],
        allowed="project=a\nproject=b",
    )
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    (secret,) = set(re.findall(r"trk_[A-Za-z0-9]{32}", answer.text))
    assert "http://127.0.0.1:8080/v1beta/models/" in answer.text
    (token,) = parts.tokens.all()
    assert parts.tokens.find(secret) == token
    assert (token.department, token.labels) == ("research", {"env": "prod", "tier": "gold"})
    assert (token.required, token.allowed) == (["project"], {"project": ["a", "b"]})
    assert token.expires_at_us is not None
    for path in ("/settings/tokens", f"/settings/tokens/{token.id}", "/settings/tokens.json"):
        assert secret not in (await client.get(path)).text


async def test_the_call_to_send_says_what_the_policy_wants(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """A header for each dimension that must be given and that the token does not carry."""
    wanted = {"attribution.required": ["department", "project"]}
    parts.policy_settings.update({**wanted, "attribution.allowed.department": ["care", "labs"]})
    client = as_role(Role.EDITOR)
    answer = await send(
        client, "/settings/tokens", form="create", name="n", project="p", required="agent"
    )
    assert "X-Department: care" in answer.text
    assert "X-Agent: trial" in answer.text
    assert "X-Project" not in answer.text


@pytest.mark.parametrize("path", ["/overview", "/exchanges", "/agents"])
async def test_the_first_token_is_one_button_away(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts, path: str
) -> None:
    """Where there are no calls yet, one click fills a token into the command to send one."""
    client = as_role(Role.EDITOR)
    page = (await client.get(path)).text
    form = re.search(r'<form method="post" action="(/overview)".*?</form>', page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    answer = await client.post(form[1], data=fields)
    assert answer.status_code == 201
    (token,) = parts.tokens.all()
    assert token.name == "first"
    shown = html.unescape(re.findall(r'id="command">(.*?)</code>', answer.text, re.DOTALL)[0])
    (secret,) = re.findall(r'-H "X-Weighbridge-Key: (trk_[A-Za-z0-9]{32})"', shown)
    assert parts.tokens.find(secret) == token
    assert "…" not in shown
    assert "Waiting for the first call" in answer.text
    assert 'name="form"' not in answer.text
    assert secret not in (await client.get(path)).text


async def test_calls_outside_the_range_are_told_of(
    as_role: Callable[[Role], httpx.AsyncClient], rows: list[Exchange]
) -> None:
    """No token is offered where calls come in."""
    client = as_role(Role.VIEWER)
    page = (await client.get("/overview?since=2020-01-01&until=2020-01-02")).text
    assert "There are calls outside of it" in page
    assert "curl" not in page


async def test_a_viewer_of_nothing_yet_asks_an_editor(
    as_role: Callable[[Role], httpx.AsyncClient],
) -> None:
    """The command has a place for the token."""
    page = (await as_role(Role.VIEWER).get("/overview")).text
    assert "Ask an editor for a tracking token" in page
    assert "X-Weighbridge-Key: trk_…" in page


async def test_what_is_wrong_stands_beside_its_field(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """And what was typed stays in the form."""
    client = as_role(Role.EDITOR)
    answer = await send(
        client,
        "/settings/tokens",
        form="create",
        name="<b>typed",
        labels="Env=x",
        allowed="team=a",
        pinned=["agent"],
    )
    assert answer.status_code == 422
    assert 'value="&lt;b&gt;typed"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 2
    assert "the token has none of its own to pin" in answer.text
    assert parts.tokens.all() == []
    late = await send(client, "/settings/tokens", form="create", name="n", expires="soonish")
    assert "expected a span" in late.text


async def test_a_token_is_changed_and_revoked_on_its_page(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts, rows: list[Exchange]
) -> None:
    """An empty field takes away; afterwards the page offers nothing more."""
    token, _ = parts.tokens.create(NewToken(name="n", department="care", labels={"a": "b"}))
    path = f"/settings/tokens/{token.id}"
    client = as_role(Role.EDITOR)
    answer = await send(client, path, form="change", name="renamed", project="shop")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?done=changed")
    changed = parts.tokens.get(token.id)
    assert (changed.name, changed.department, changed.project) == ("renamed", None, "shop")
    assert changed.labels == {}
    await send(client, path, form="revoke")
    assert parts.tokens.get(token.id).revoked_at_us is not None
    page = await client.get(f"{path}?done=revoked")
    assert "It is refused from now on." in page.text
    assert '<form method="post"' not in page.text
    assert (await client.get("/settings/tokens/tok_none")).status_code == 404


async def test_a_viewer_sees_tokens_and_no_form(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """Nor does the page of one token offer to change it."""
    token, _ = parts.tokens.create(NewToken(name="n"))
    client = as_role(Role.VIEWER)
    for path in ("/settings/tokens", f"/settings/tokens/{token.id}", "/settings/rates"):
        assert '<form method="post"' not in (await client.get(path)).text


async def test_people_are_invited_changed_and_disabled(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """The link is shown once, with the dashboard's own address."""
    client = as_role(Role.ADMIN)
    fields = {"form": "create", "name": "Vi", "role": "viewer", "scope.department": "care\nrisk"}
    answer = await send(client, "/settings/people", **fields)
    assert answer.status_code == 201
    link = re.search(r"http://remote/welcome/(wbl_[A-Za-z0-9]{32})", answer.text)
    assert link is not None
    assert parts.links.find(link[1]) is not None
    user = parts.users.all()[0]
    assert user.scope == {"department": ("care", "risk")}
    path = f"/settings/people/{user.id}"
    wrong = await send(client, path, form="change", name="Vi", role="editor", email="x")
    assert wrong.status_code == 422
    assert "expected an address" in wrong.text
    await send(client, path, form="change", name="Vi", role="editor")
    assert parts.users.get(user.id).role is Role.EDITOR
    again = await send(client, path, form="link")
    assert "/welcome/wbl_" in again.text
    await send(client, path, form="disable")
    assert parts.users.get(user.id).disabled_at_us is not None
    await send(client, path, form="enable")
    assert parts.users.get(user.id).disabled_at_us is None
    taken = await send(client, "/settings/people", form="create", name="vi")
    assert taken.status_code == 409


async def test_keys_are_made_and_revoked(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """The secret is shown once and works."""
    client = as_role(Role.ADMIN)
    answer = await send(client, "/settings/keys", form="create", name="grafana", role="viewer")
    (secret,) = set(re.findall(r"wbk_[A-Za-z0-9]{32}", answer.text))
    assert "/api/v1/me -H" in answer.text
    assert "A request with it, which answers whose it is:" in answer.text
    assert "Google" not in answer.text.split("<main")[1]
    key = parts.keys.find(secret)
    assert key is not None
    assert key.role is Role.VIEWER
    await send(client, f"/settings/keys/{key.id}", form="revoke")
    assert parts.keys.find(secret) is None
    assert (await client.get("/settings/keys/key_none")).status_code == 404


async def test_the_policy_is_changed_by_what_differs(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """What is as by default is stored by nobody; what is wrong stands beside its field."""
    client = as_role(Role.ADMIN)
    fields = {
        "form": "change",
        "gateway.require_token": "on",
        "attribution.required": ["department"],
        "attribution.allowed.project": "shop\nsite",
        "labels.inject": "off",
        "labels.developer_api": "strip",
        "labels.lenient": "off",
        "labels.cardinality_warn": "1000",
        "labels.fold": "off",
    }
    answer = await send(client, "/settings/policy", **fields)
    assert answer.headers["location"] == "/settings/policy?done=changed"
    stored = {one.name for one in parts.policy_settings.all() if one.origin == "policy"}
    assert stored == {"attribution.required", "attribution.allowed.project"}
    assert parts.policy().allowed == {"project": ["shop", "site"]}
    answer = await send(client, "/settings/policy", **{**fields, "labels.cardinality_warn": "x"})
    assert answer.status_code == 422
    assert 'value="x"' in answer.text
    fields["attribution.required"] = []
    await send(client, "/settings/policy", **{**fields, "attribution.allowed.project": ""})
    assert {one.origin.value for one in parts.policy_settings.all()} == {"default"}


async def test_rates_are_previewed_stated_and_removed(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """A preview stores nothing and keeps what was typed."""
    client = as_role(Role.ADMIN)
    fields = {
        "form": "create",
        "models": "gemini-2.5-flash",
        "rates.input_text_token": "0.21",
        "rates": "output_image_token=24",
        "tier": "standard",
        "since": "2026-12-01",
        "source": "contract 4711",
    }
    shown = await send(client, "/settings/rates", **fields, preview="yes")
    assert "Nothing is stored yet" in shown.text
    assert "$0.21" in shown.text
    assert 'value="contract 4711"' in shown.text
    assert parts.price_overrides.all() == []
    made = await send(client, "/settings/rates", **fields)
    assert made.status_code == 201
    (own,) = parts.price_overrides.all()
    assert own.price.rates == {"input_text_token": "0.21", "output_image_token": "24"}
    path = f"/settings/rates/{own.id}"
    assert (await client.get(path)).status_code == 200
    await send(client, path, **{**fields, "form": "change", "rates": "", "since": ""})
    (own,) = parts.price_overrides.all()
    assert (dict(own.price.rates), own.price.since) == ({"input_text_token": "0.21"}, None)
    wrong = await send(client, path, **{**fields, "form": "change", "rates.input_text_token": "x"})
    assert wrong.status_code == 422
    assert "no amount" in wrong.text
    for name, value in (("since", "soon"), ("above_tokens", "many"), ("rates", "24")):
        bad = await send(client, "/settings/rates", **{**fields, name: value})
        assert (bad.status_code, bad.text.count('aria-invalid="true"')) == (422, 1)
    await send(client, path, form="remove")
    assert parts.price_overrides.all() == []


async def test_the_audit_log_names_what_was_changed(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """Newest first, page by page, or of one thing alone."""
    client = as_role(Role.ADMIN)
    token, _ = parts.tokens.create(NewToken(name="search", expires_at_us=4_000_000_000_000_000))
    for number in range(110):
        parts.tokens.update(token.id, {"name": f"search-{number}"})
    await send(client, f"/settings/tokens/{token.id}", form="revoke")
    page = (await client.get("/settings/audit")).text
    assert "search-109" in page
    older = re.search(r'href="(/settings/audit\?[^"]*cursor=\d+[^"]*)"', page)
    assert older is not None
    assert "token.create" in (await client.get(older[1].replace("&amp;", "&"))).text
    assert f'href="/settings/tokens/{token.id}"' in page
    of_one = (await client.get(f"/settings/audit.json?search={token.id}")).json()
    assert len(of_one["tables"]["audit"]["rows"]) == 100
    for search, actions in (
        ("the ADMIN", {"token.revoke", "session.begin"}),
        ("token.revoke", {"token.revoke"}),
        ("nobody", set()),
    ):
        found = (await client.get("/settings/audit.json", params={"search": search})).json()
        assert {row["action"] for row in found["tables"]["audit"]["rows"]} == actions
    assert (await client.get("/settings/audit?cursor=x")).status_code == 422


async def test_the_audit_log_names_what_is_no_more(local: httpx.AsyncClient, parts: Parts) -> None:
    """By the last name it had; what is there leads to its page."""
    gone = parts.budgets.create(NewBudget(name="Old", limit_pico_usd=10**12)).budget.id
    renamed = NewBudget(name="Gone for good", limit_pico_usd=10**12)
    parts.budgets.update(gone, lambda _: renamed)
    parts.budgets.remove(gone)
    there = parts.rate_limits.create(NewRateLimit(name="Bursts", requests_per_minute=5)).limit.id
    page = (await local.get("/settings/audit")).text
    subjects = [texts[3] for texts in table_texts(page, "audit")]
    assert subjects == ["Bursts", "Gone for good", "Gone for good", "Gone for good"]
    assert f'href="/limits/{there}"' in page
    assert gone not in page


async def test_the_systems_health_says_what_wants_a_look(
    local: httpx.AsyncClient, rows: list[Exchange]
) -> None:
    """Here nothing serves, which the page says in words."""
    page = await local.get("/settings/system")
    assert "Weighbridge serve does not run" in page.text
    tiles = {
        tile["name"]: tile["value"]
        for tile in (await local.get("/settings/system.json")).json()["tiles"]
    }
    assert tiles["exchanges"] == 6
    assert tiles["lag"] == 0


async def test_a_script_may_send_a_form_as_well(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """It names the encoding beside the media type, and the token counts all the same."""
    client = as_role(Role.ADMIN)
    page = await client.get("/settings/keys")
    token = re.search(r'name="csrf" content="([^"]*)"', page.text)
    assert token is not None
    body = f"form=create&name=n&role=viewer&csrf_token={token[1]}"
    kind = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
    assert (await client.post("/settings/keys", content=body, headers=kind)).status_code == 201
    assert [key.name for key in parts.keys.all()] == ["n"]
