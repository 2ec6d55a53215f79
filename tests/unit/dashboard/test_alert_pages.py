"""Alerts and channels in the dashboard: what is told, who may change it, and no URL anywhere."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from alerts import occurrence
from fastapi import FastAPI
from page_forms import send

from weighbridge.budgets.budget import NewBudget
from weighbridge.compose.parts import Parts
from weighbridge.core.alert import Severity
from weighbridge.core.clock import to_unix_us
from weighbridge.core.credential import Role
from weighbridge.core.user import NewUser

SECRET = "s3cr3t"
CHANNEL = {"name": "Ops <b>", "url": f"json://127.0.0.1:9/{SECRET}"}
NEVER_US = to_unix_us(datetime(2999, 1, 1, tzinfo=UTC))


async def test_a_first_channel_is_asked_for(local: httpx.AsyncClient) -> None:
    """Where there is none, the form for one stands open, and its URL is typed unseen."""
    page = (await local.get("/alerts")).text
    assert "There is no channel yet: nobody is told." in page
    assert '<details class="card act " open id="form-channel">' in page
    assert re.search(r'name="url"[^>]* type="password"', page)


async def test_what_stands_and_what_was_told(local: httpx.AsyncClient, parts: Parts) -> None:
    """With what became of the messages; a budget's alert leads to the budget."""
    await local.post("/api/v1/channels", json=CHANNEL)
    made = parts.budgets.create(NewBudget(name="Care", limit_pico_usd=1)).budget.id
    found = occurrence(severity=Severity.CRITICAL, budget_id=made, stands_until_us=NEVER_US)
    parts.alerting.log.tell([found])
    ((delivery, _),) = parts.alerting.log.claim(1)
    parts.alerting.log.settle(delivery, "http_500")
    page = (await local.get("/alerts")).text
    assert f'href="/budgets/{made}"' in page
    assert "Ops &lt;b&gt;: waiting (http_500)" in page
    document = (await local.get("/alerts.json")).json()
    tables = document["tables"]
    assert [row["severity"] for row in tables["standing"]["rows"]] == ["critical"]
    assert [row["title"] for row in tables["told"]["rows"]] == ["Title of k"]
    assert {tile["name"]: tile["value"] for tile in document["tiles"]}["critical"] == 1
    assert "Message of k" in (await local.get("/alerts.csv?table=told")).text


async def test_a_channel_has_a_page(local: httpx.AsyncClient, parts: Parts) -> None:
    """With its settings, what went through it, and no URL."""
    quiet = {"begins": "22:00", "ends": "07:00", "timezone": "Europe/Berlin"}
    wanted = {**CHANNEL, "quiet": quiet, "kinds": ["budget_threshold"]}
    made = (await local.post("/api/v1/channels", json=wanted)).json()["id"]
    parts.alerting.log.tell([occurrence()])
    answer = await local.get(f"/channels/{made}")
    assert "<h1>Ops &lt;b&gt;</h1>" in answer.text
    assert 'value="22:00-07:00 Europe/Berlin"' in answer.text
    assert "Title of k" in answer.text
    assert SECRET not in answer.text
    assert (await local.get("/channels/chn_0")).status_code == 404


@pytest.mark.parametrize(("role", "forms"), [(Role.VIEWER, 0), (Role.EDITOR, 1), (Role.ADMIN, 4)])
async def test_who_may_not_change_is_offered_no_form(
    app: FastAPI, parts: Parts, local: httpx.AsyncClient, role: Role, forms: int
) -> None:
    """Editors test a channel, administrators change it."""
    made = (await local.post("/api/v1/channels", json=CHANNEL)).json()["id"]
    user = parts.users.create(NewUser(name=role.value, role=role))
    cookies = {"weighbridge_session": parts.sessions.begin(user.id, "")}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://remote", cookies=cookies
    ) as browser:
        assert (await browser.get(f"/channels/{made}")).text.count('name="form"') == forms
        page = (await browser.get("/alerts")).text
        assert ('name="form"' in page) == (role is Role.ADMIN)


async def test_a_channel_is_run_by_its_forms(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """Added, changed, led elsewhere, tested and removed, each by the form of its page."""
    client = as_role(Role.ADMIN)
    made = await send(client, "/alerts", form="channel", quiet="22:00-07:00 Asia/Tokyo", **CHANNEL)
    (channel,) = parts.alerting.channels.all()
    page = f"/channels/{channel.id}"
    assert (made.status_code, made.headers["location"]) == (303, f"{page}?done=added")
    assert channel.quiet is not None
    assert (channel.quiet.begins, channel.quiet.timezone) == ("22:00", "Asia/Tokyo")
    kinds = ["budget_threshold", "spend_anomaly"]
    wanted = {"name": "Night", "kinds": kinds, "quiet": ""}
    assert (await send(client, page, form="change", **wanted)).status_code == 303
    changed = parts.alerting.channels.get(channel.id)
    assert (changed.name, changed.enabled, changed.quiet) == ("Night", False, None)
    assert list(changed.kinds) == kinds
    url = await send(client, page, form="url", url=f"{CHANNEL['url']}2")
    assert url.headers["location"] == f"{page}?done=changed"
    assert (await send(client, page, form="remove")).headers["location"] == "/alerts?done=removed"
    assert parts.alerting.channels.all() == []


async def test_what_is_wrong_with_a_channel_stands_beside_its_fields(
    as_role: Callable[[Role], httpx.AsyncClient], parts: Parts
) -> None:
    """What was typed stays, but for the URL, which no answer ever holds."""
    client = as_role(Role.ADMIN)
    wanted = {"name": "n", "url": f"nothing://{SECRET}", "quiet": "late"}
    answer = await send(client, "/alerts", form="channel", **wanted)
    assert answer.status_code == 422
    assert 'value="late"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 2
    assert SECRET not in answer.text
    assert parts.alerting.channels.all() == []


async def test_an_editor_sends_a_test_and_changes_nothing(
    as_role: Callable[[Role], httpx.AsyncClient], local: httpx.AsyncClient, parts: Parts
) -> None:
    """How the message fared is told on the page; nobody listens at that port."""
    made = (await local.post("/api/v1/channels", json=CHANNEL)).json()["id"]
    client = as_role(Role.EDITOR)
    page = f"/channels/{made}"
    tested = await send(client, page, form="test")
    assert tested.headers["location"] == f"{page}?done=unsent"
    for form in ("remove", "change", "url"):
        assert (await send(client, page, form=form)).status_code == 403
    assert parts.alerting.channels.get(made).name == CHANNEL["name"]
