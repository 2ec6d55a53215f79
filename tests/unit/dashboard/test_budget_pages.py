"""Budgets in the dashboard: how they stand, who may change them, who sees which."""

from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from weighbridge.budgets.rate_limit import NewRateLimit
from weighbridge.compose.parts import Parts
from weighbridge.core.alert import AlertKind, Occurrence, Severity
from weighbridge.core.credential import Role
from weighbridge.core.exchange import Exchange
from weighbridge.core.user import NewUser

API = "/api/v1/budgets"
CARE = {"name": "Care & co", "limit_usd": "2", "scope": {"department": ["care"]}}


async def _make(local: httpx.AsyncClient, **fields: Any) -> str:
    answer = await local.post(API, json={**CARE, **fields})
    return str(answer.json()["id"])


def _rows(document: dict[str, Any], table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = document["tables"][table]["rows"]
    return rows


async def test_a_first_budget_is_asked_for(local: httpx.AsyncClient) -> None:
    """Where there is none, the form for one stands open."""
    page = (await local.get("/budgets")).text
    assert "There is no budget yet." in page
    assert '<details class="card act " open id="form-create">' in page
    assert '<form method="post" action="/budgets">' in page


async def test_the_worst_comes_first(local: httpx.AsyncClient, rows: list[Exchange]) -> None:
    """By state, then by how much of it is used; figures are exact in the data."""
    await _make(local, name="Fine", limit_usd="1000")
    await _make(local, name="Used up", limit_usd="1.5", action="block")
    await _make(local, name="Off", enabled=False)
    await _make(local, name="Near", limit_usd="2")
    document = (await local.get("/budgets.json")).json()
    found = [(row["budget"], row["state"]) for row in _rows(document, "budgets")]
    assert found == [
        ("Used up", "exhausted"),
        ("Near", "at_risk"),
        ("Fine", "ok"),
        ("Off", "disabled"),
    ]
    assert _rows(document, "budgets")[0]["spent"] == "1.750000300000"
    assert [tile["value"] for tile in document["tiles"]] == [1, 0, 1, 1]


async def test_budgets_say_which_they_lie_within(
    local: httpx.AsyncClient, rows: list[Exchange]
) -> None:
    """The list names the nearest, a budget's page shows how all of them stand."""
    await _make(local, name="Company", limit_usd="1000", scope={})
    care = await _make(local, name="Care")
    await _make(local, name="Agents of care", per="agent", limit_usd="50")
    listed = _rows((await local.get("/budgets.json")).json(), "budgets")
    assert {row["budget"]: row["within"] for row in listed} == {
        "Company": None,
        "Care": "Company",
        "Agents of care": "Care",
    }
    assert "in Company" in (await local.get("/budgets")).text
    shown = _rows((await local.get(f"/budgets/{care}.json")).json(), "relatives")
    assert [(row["lies"], row["budget"], row["state"]) for row in shown] == [
        ("around it", "Company", "ok"),
        ("inside it", "Agents of care", "ok"),
    ]


async def test_a_budget_alone_has_no_relatives(local: httpx.AsyncClient) -> None:
    """No empty table, and none of what others may not see."""
    alone = await _make(local)
    document = (await local.get(f"/budgets/{alone}.json")).json()
    assert "relatives" not in document["tables"]


async def test_the_overview_leads_to_budgets_at_risk(
    local: httpx.AsyncClient, rows: list[Exchange]
) -> None:
    """To the budget's page, and to the account where it is split."""
    one = await _make(local, name="Used up", limit_usd="1", action="block")
    each = await _make(local, name="Each", limit_usd="1", per="agent")
    page = (await local.get("/overview/late")).text
    assert f'href="/budgets/{one}"' in page
    assert f'href="/budgets/{each}?agent=triage"' in page


async def test_a_budget_has_a_page(local: httpx.AsyncClient, rows: list[Exchange]) -> None:
    """Its name as heading, its figures, its picture, its raises, all its changes."""
    made = await _make(local, action="block")
    await local.post(f"{API}/{made}/raises", json={"amount_usd": "3", "until": "2099-01-01"})
    page = await local.get(f"/budgets/{made}")
    assert "<h1>Care &amp; co</h1>" in page.text
    assert page.text.count('name="form"') == 4
    document = (await local.get(f"/budgets/{made}.json")).json()
    tiles = {tile["name"]: tile["value"] for tile in document["tiles"]}
    assert (tiles["spent"], tiles["limit"]) == ("1.750000300000", "5.000000000000")
    assert tiles["remaining"] == "3.249999700000"
    assert [row["amount"] for row in _rows(document, "raises")] == ["3.000000000000"]
    spec = (await local.get(f"/budgets/{made}/chart/burn-down.json")).json()
    assert spec["layer"]
    assert (await local.get(f"/budgets/{made}/chart/burn-down.svg")).text.startswith("<svg")


async def test_each_value_leads_to_its_own_figures(
    local: httpx.AsyncClient, rows: list[Exchange]
) -> None:
    """The most used value's at first, any other's by a link that can be shared."""
    made = await _make(local, per="agent", scope={})
    document = (await local.get(f"/budgets/{made}.json")).json()
    values = [row["value"] for row in _rows(document, "values")]
    assert values == ["triage", "(none)", "<b>&bold", "scout"]
    page = (await local.get(f"/budgets/{made}")).text
    assert f'href="/budgets/{made}?agent=%3Cb%3E%26bold"' in page
    one = (await local.get(f"/budgets/{made}.json?agent=%3Cb%3E%26bold")).json()
    assert {tile["name"]: tile["value"] for tile in one["tiles"]}["spent"] == "1.500000000000"
    assert "What is left for &lt;b&gt;" in (await local.get(f"/budgets/{made}?agent=%3Cb%3E")).text


async def test_what_was_told_of_a_budget_is_shown(local: httpx.AsyncClient, parts: Parts) -> None:
    """With the value that it was about, and whom it went to."""
    made = await _make(local)
    assert "Nothing had to be told of it yet." in (await local.get(f"/budgets/{made}")).text
    found = Occurrence(
        key="k",
        kind=AlertKind.BUDGET_THRESHOLD,
        severity=Severity.WARNING,
        subject="care",
        title="80 % of Care & co",
        message="m",
        stands_until_us=2**60,
        budget_id=made,
        value="triage",
    )
    parts.alerting.log.tell([found, msgspec.structs.replace(found, key="o", budget_id="bud_0")])
    (row,) = _rows((await local.get(f"/budgets/{made}.json")).json(), "alerts")
    assert (row["about"], row["value"]) == ("80 % of Care & co", "triage")
    assert row["through"].startswith("nobody")


async def test_an_unknown_budget_is_not_found(local: httpx.AsyncClient) -> None:
    """In every form."""
    for path in ("/budgets/bud_0", "/budgets/bud_0.json", "/budgets/bud_0/chart/burn-down.json"):
        assert (await local.get(path)).status_code == 404


@pytest.mark.parametrize("role", Role)
async def test_who_may_not_change_is_offered_no_form(
    app: FastAPI, parts: Parts, local: httpx.AsyncClient, role: Role
) -> None:
    """Viewers look; editors and administrators have the forms."""
    made = await _make(local)
    user = parts.users.create(NewUser(name=role.value, role=role))
    cookies = {"weighbridge_session": parts.sessions.begin(user.id, "")}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://remote", cookies=cookies
    ) as browser:
        for path in ("/budgets", f"/budgets/{made}"):
            page = (await browser.get(path)).text
            assert ('name="form"' in page) == role.includes(Role.EDITOR), path


async def test_who_is_bound_sees_no_other_budget(
    app: FastAPI, parts: Parts, local: httpx.AsyncClient, rows: list[Exchange]
) -> None:
    """Neither on the pages nor by its address."""
    theirs = await _make(local)
    other = await _make(local, name="Labs", scope={"department": ["labs"]}, limit_usd="1")
    user = parts.users.create(NewUser(name="v", role=Role.VIEWER, scope={"department": ("care",)}))
    cookies = {"weighbridge_session": parts.sessions.begin(user.id, "")}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://remote", cookies=cookies
    ) as browser:
        listed = _rows((await browser.get("/budgets.json")).json(), "budgets")
        assert [row["budget"] for row in listed] == ["Care & co"]
        assert "Labs" not in (await browser.get("/overview/late")).text
        assert (await browser.get(f"/budgets/{theirs}")).status_code == 200
        assert (await browser.get(f"/budgets/{other}")).status_code == 404
        chart = await browser.get(f"/budgets/{other}/chart/burn-down.json")
        assert chart.status_code == 404
        # What is hidden is not said to be missing.
        assert "No rate limit is yours to see" in (await browser.get("/limits")).text
        alerts = (await browser.get("/alerts")).text
        assert "none is shown to you" in alerts
        assert "no channel yet" not in alerts
        assert (await browser.get("/alerts.csv")).text == ""


async def test_rate_limits_have_a_page(local: httpx.AsyncClient, parts: Parts) -> None:
    """What they are, and a form for each change."""
    page = (await local.get("/limits")).text
    assert "There is no rate limit" in page
    assert page.count('name="form"') == 1
    limit = NewRateLimit(
        name="<few>", scope={"department": ("care",)}, per="agent", requests_per_minute=60
    )
    made = parts.rate_limits.create(limit).limit.id
    document = (await local.get("/limits.json")).json()
    assert _rows(document, "limits") == [
        {
            "limit": "<few>",
            "counts": "Department care, each agent",
            "requests": 60,
            "tokens": None,
            "state": "In force",
        }
    ]
    assert _rows(document, "buckets") == []
    assert f'href="/limits/{made}"' in (await local.get("/limits")).text
    page = (await local.get(f"/limits/{made}")).text
    assert page.count('name="form"') == 2
    assert "Remove &lt;few&gt;" in page
    assert (await local.get("/limits/lim_0")).status_code == 404
