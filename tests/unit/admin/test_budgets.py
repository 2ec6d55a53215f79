"""`/api/v1/budgets`: the contract's fields, all problems at once, how each stands."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from weighbridge.admin.app import create_app
from weighbridge.admin.auth import LocalAdmin
from weighbridge.budgets.audit import Borrower, Lent
from weighbridge.budgets.budget import decode_budgets
from weighbridge.budgets.windows import window_at
from weighbridge.compose.parts import Parts
from weighbridge.control.budget_states import NoLeases
from weighbridge.core.alert import NewChannel
from weighbridge.core.credential import Role
from weighbridge.core.exchange import Exchange
from weighbridge.core.user import NewUser

BUDGETS = "/api/v1/budgets"
CONTRACT = {
    "name": "care",
    "limit_usd": "100.00",
    "period": "month",
    "timezone": "Europe/Berlin",
    "scope": {"department": ["care"]},
    "per": "agent",
    "action": "block",
    "thresholds": [50, 80, 100],
    "unpriced": "block",
    "channels": ["ops"],
}


@pytest.fixture(autouse=True)
def ops(parts: Parts) -> None:
    """The channel that budgets name."""
    parts.alerting.channels.create(NewChannel(name="ops", url="json://127.0.0.1:9/"))


@pytest.fixture
def spent(parts: Parts, tmp_path: Path) -> None:
    """Today: agent `a` of care spent 1.5 dollars, `b` half a dollar, research two."""
    now = datetime.now(UTC)
    given = [("care", "a", "1"), ("care", "a", "0.5"), ("care", "b", "0.5"), ("lab", "a", "2")]
    rows = [
        Exchange(
            exchange_id=f"01920000-0000-7000-8000-00000000000{index}",
            started_at=f"{now:%Y-%m-%dT%H:%M:%S.%f}Z",
            ended_at=f"{now:%Y-%m-%dT%H:%M:%S.%f}Z",
            node="n",
            provider="google",
            surface="gemini",
            operation="generateContent",
            model="gemini-2.5-flash",
            status=200,
            outcome="ok",
            usage_source="final",
            department=department,
            agent=agent,
            list_cost=f"{cost}.000000000000" if "." not in cost else f"{cost}00000000000",
            pricing_status="priced",
        )
        for index, (department, agent, cost) in enumerate(given)
    ]
    file = tmp_path / "rows.ndjson"
    file.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows))
    parts.store.import_files([file])


async def test_a_budget_reads_as_it_was_written(local: httpx.AsyncClient, policy: Any) -> None:
    """B5: every field of the contract, an id, and in force when the answer comes."""
    answer = await local.post(BUDGETS, json=CONTRACT)
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in CONTRACT} == CONTRACT
    assert (made["hold"], made["on_exhausted"], made["enabled"]) == ("estimate", "finish", True)
    assert policy.published == 1
    listed = (await local.get(BUDGETS)).json()
    assert listed == {"budgets": [made], "next_cursor": None}
    assert (await local.get(f"{BUDGETS}/{made['id']}")).json() == made


async def test_an_address_is_taken_and_never_shown(
    local: httpx.AsyncClient, remote: httpx.AsyncClient, bearer: Mapping[Role, dict[str, str]]
) -> None:
    """By an administrator; an editor names what there is, and makes no channel this way."""
    address = "json://127.0.0.1:9/hook/s3cr3t"
    wanted = {**CONTRACT, "channels": ["ops", address]}
    refused = await remote.post(BUDGETS, json=wanted, headers=bearer[Role.EDITOR])
    assert (refused.status_code, "s3cr3t" in refused.text) == (403, False)
    answer = await remote.post(BUDGETS, json=wanted, headers=bearer[Role.ADMIN])
    assert (answer.status_code, "s3cr3t" in answer.text) == (201, False)
    made = answer.json()
    assert made["channels"] == ["ops", "json-127.0.0.1"]
    path = f"{BUDGETS}/{made['id']}"
    change = {"channels": [f"{address}/other"]}
    refused = await remote.patch(path, json=change, headers=bearer[Role.EDITOR])
    assert refused.status_code == 403
    kept = await remote.patch(path, json={"limit_usd": "5"}, headers=bearer[Role.EDITOR])
    assert kept.json()["channels"] == made["channels"]
    changed = await local.patch(path, json=change)
    assert changed.json()["channels"] == ["json-127.0.0.1-2"]
    assert len((await local.get("/api/v1/channels")).json()["channels"]) == 3


@pytest.mark.parametrize(
    "channels",
    ["json://127.0.0.1/s3cr3t", ["json://s3cr3t/" + "x" * 4096], [{"url": "json://s3cr3t"}]],
)
async def test_a_misplaced_address_is_not_quoted(local: httpx.AsyncClient, channels: Any) -> None:
    """What is wrong is told without it."""
    answer = await local.post(BUDGETS, json={**CONTRACT, "channels": channels})
    assert answer.status_code == 422
    assert [one["where"] for one in answer.json()["problems"]] == ["channels"]
    assert "s3cr3t" not in answer.text


async def test_workers_get_what_is_set(local: httpx.AsyncClient, parts: Parts) -> None:
    """The policy's snapshot holds the definitions, at a version that rises."""
    before = parts.policy()
    made = (await local.post(BUDGETS, json=CONTRACT)).json()
    after = parts.policy()
    (budget,) = decode_budgets(after.budgets)
    assert (budget.id, budget.limit_pico_usd) == (made["id"], 100 * 10**12)
    assert decode_budgets(before.budgets) == ()
    assert after.version > before.version


async def test_all_that_is_wrong_is_told_at_once(local: httpx.AsyncClient) -> None:
    """With the value that was seen, and what to do."""
    wrong = {"name": "", "limit_usd": "-1", "period": "year", "timezone": "Mars", "colour": "red"}
    answer = await local.post(BUDGETS, json=wrong | {"thresholds": [0], "per": "agnet"})
    assert answer.status_code == 422
    problems = {one["where"]: one["message"] for one in answer.json()["problems"]}
    assert set(problems) == {*wrong, "thresholds", "per"}
    assert "'year'" in problems["period"]
    assert "did you mean 'agent'" in problems["per"]
    assert (await local.get(BUDGETS)).json()["budgets"] == []


@pytest.mark.parametrize("part", ["scope", "per", "name"])
async def test_what_is_no_text_is_refused_as_well(local: httpx.AsyncClient, part: str) -> None:
    """Half a surrogate pair, which JSON may hold, wherever it stands."""
    half = {"scope": '{"\\ud800": ["x"]}', "per": '"label:\\ud800"', "name": '"\\ud800"'}[part]
    body = f'{{"limit_usd": "1", "{part}": {half}}}'
    headers = {"Content-Type": "application/json"}
    answer = await local.post(BUDGETS, content=body, headers=headers)
    assert answer.status_code == 422
    assert any(one["where"].startswith(part) for one in answer.json()["problems"])


async def test_a_change_leaves_the_rest(local: httpx.AsyncClient) -> None:
    """Only what is given changes; what would be wrong as a whole is refused."""
    made = (await local.post(BUDGETS, json=CONTRACT)).json()
    path = f"{BUDGETS}/{made['id']}"
    changed = (await local.patch(path, json={"limit_usd": "5", "per": None})).json()
    assert changed.pop("updated_at") is not None
    assert changed == {name: made[name] for name in changed} | {"limit_usd": "5.00", "per": None}
    refused = await local.patch(path, json={"scope": {"outcome": ["ok"]}})
    assert "cannot block" in refused.json()["problems"][0]["message"]
    assert (await local.patch(path, json={"id": "bud_x"})).status_code == 422
    assert (await local.patch(f"{BUDGETS}/bud_0", json={})).status_code == 404


async def test_what_is_removed_is_gone(local: httpx.AsyncClient) -> None:
    """The answer says what it was."""
    made = (await local.post(BUDGETS, json=CONTRACT)).json()
    assert (await local.delete(f"{BUDGETS}/{made['id']}")).json() == made
    assert (await local.get(f"{BUDGETS}/{made['id']}")).status_code == 404
    assert (await local.get(f"{BUDGETS}/{made['id']}/status")).status_code == 404


@pytest.mark.usefixtures("spent")
async def test_spend_is_the_ledgers_sum(local: httpx.AsyncClient) -> None:
    """What was spent before the budget was made counts; the sum is exact (B7)."""
    asked = CONTRACT | {"per": None, "period": "day", "timezone": "UTC", "limit_usd": "2.5"}
    made = (await local.post(BUDGETS, json=asked)).json()
    status = (await local.get(f"{BUDGETS}/{made['id']}/status")).json()
    assert (status["spent"], status["limit"], status["remaining"]) == ("2.00", "2.50", "0.50")
    assert (status["held"], status["leased"], status["values"]) == ("0.00", "0.00", [])
    assert (status["state"], status["threshold"], status["value"]) == ("warning", 80, None)
    start = datetime.fromisoformat(status["window_start"])
    assert datetime.fromisoformat(status["window_end"]) - start == timedelta(days=1)
    everything = (await local.get(f"{BUDGETS}/status")).json()["statuses"]
    assert everything == [status]


@pytest.mark.usefixtures("spent")
async def test_each_value_has_its_own(local: httpx.AsyncClient) -> None:
    """B2: one budget of that size each; a value never seen before stands at nothing."""
    asked = CONTRACT | {"limit_usd": "1.5"}
    made = (await local.post(BUDGETS, json=asked)).json()
    path = f"{BUDGETS}/{made['id']}/status"
    status = (await local.get(path)).json()
    found = [(one["value"], one["spent"], one["state"]) for one in status["values"]]
    assert found == [("a", "1.50", "exhausted"), ("b", "0.50", "ok")]
    assert (status["value"], status["state"]) == ("a", "exhausted")
    fresh = (await local.get(path, params={"value": "new"})).json()
    assert [(one["value"], one["spent"]) for one in fresh["values"]] == [("new", "0.00")]


async def test_a_budget_that_nobody_used_stands_at_nothing(local: httpx.AsyncClient) -> None:
    """Also where it is split and no value was seen yet; `total` has no end to forecast."""
    made = (await local.post(BUDGETS, json=CONTRACT | {"period": "total"})).json()
    status = (await local.get(f"{BUDGETS}/{made['id']}/status")).json()
    assert (status["spent"], status["values"], status["value"]) == ("0.00", [], None)
    assert (status["window_start"], status["window_end"], status["forecast"]) == (None,) * 3
    assert (await local.get(f"{BUDGETS}/{made['id']}/status?value=x")).status_code == 200


async def test_a_budget_for_all_has_no_values(local: httpx.AsyncClient) -> None:
    """Asking for one is a mistake that is told."""
    made = (await local.post(BUDGETS, json=CONTRACT | {"per": None})).json()
    answer = await local.get(f"{BUDGETS}/{made['id']}/status", params={"value": "x"})
    assert answer.status_code == 422


async def test_a_raise_has_an_author_and_an_end(local: httpx.AsyncClient) -> None:
    """It lifts the limit while it holds, and can be withdrawn."""
    made = (await local.post(BUDGETS, json=CONTRACT | {"per": None})).json()
    path = f"{BUDGETS}/{made['id']}"
    asked = {"amount_usd": "20", "until": "2h", "reason": "release"}
    raised = await local.post(f"{path}/raises", json=asked)
    assert raised.status_code == 201
    assert (raised.json()["author"], raised.json()["amount_usd"]) == ("operator", "20.00")
    assert (await local.get(f"{path}/status")).json()["limit"] == "120.00"
    gone = await local.delete(f"{path}/raises/{raised.json()['id']}")
    assert gone.json()["withdrawn_at"] is not None
    assert (await local.get(f"{path}/status")).json()["limit"] == "100.00"
    assert (await local.delete(f"{path}/raises/{raised.json()['id']}")).status_code == 409
    assert (await local.get(path)).json()["raises"] == [gone.json()]


async def test_a_raise_that_means_nothing_is_refused(local: httpx.AsyncClient) -> None:
    """Amount and end, both told."""
    made = (await local.post(BUDGETS, json=CONTRACT)).json()
    path = f"{BUDGETS}/{made['id']}/raises"
    answer = await local.post(path, json={"amount_usd": "0", "until": "2020-01-01"})
    assert [one["where"] for one in answer.json()["problems"]] == ["amount_usd", "until"]
    answer = await local.post(path, json={"amount_usd": "1", "until": "soon"})
    assert [one["where"] for one in answer.json()["problems"]] == ["until"]


@pytest.mark.usefixtures("spent")
async def test_who_is_bound_sees_what_is_theirs(
    local: httpx.AsyncClient, app: FastAPI, parts: Parts
) -> None:
    """Budgets within their department, and their own value of one per department."""
    theirs = (await local.post(BUDGETS, json=CONTRACT)).json()["id"]
    each = CONTRACT | {"scope": {}, "per": "department", "name": "each"}
    split = (await local.post(BUDGETS, json=each)).json()["id"]
    hidden = (await local.post(BUDGETS, json=CONTRACT | {"scope": {}})).json()["id"]
    wider = {"scope": {"department": ["care", "lab"]}}
    (await local.post(BUDGETS, json=CONTRACT | wider)).json()
    user = parts.users.create(NewUser(name="v", role=Role.VIEWER, scope={"department": ("care",)}))
    cookies = {"weighbridge_session": parts.sessions.begin(user.id, "")}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://remote", cookies=cookies
    ) as viewer:
        listed = (await viewer.get(BUDGETS)).json()["budgets"]
        status = (await viewer.get(f"{BUDGETS}/{split}/status")).json()
        wanted = (await viewer.get(f"{BUDGETS}/{split}/status?value=lab")).json()
        assert (await viewer.get(f"{BUDGETS}/{hidden}")).status_code == 404
        assert (await viewer.get(f"{BUDGETS}/{hidden}/status")).status_code == 404
        assert len((await viewer.get(f"{BUDGETS}/status")).json()["statuses"]) == 2
    assert [one["id"] for one in listed] == [split, theirs]
    assert [(one["value"], one["spent"]) for one in status["values"]] == [("care", "2.00")]
    assert wanted["values"] == []


async def test_changes_are_signed(
    remote: httpx.AsyncClient, bearer: Mapping[Role, dict[str, str]], parts: Parts
) -> None:
    """The log says who, by what key."""
    header = bearer[Role.EDITOR]
    made = (await remote.post(BUDGETS, json=CONTRACT, headers=header)).json()
    await remote.delete(f"{BUDGETS}/{made['id']}", headers=header)
    entries = parts.audit.page(limit=2)
    assert [entry.action for entry in entries] == ["budget.remove", "budget.create"]
    assert {entry.actor_name for entry in entries} == {"editor"}


@pytest.mark.usefixtures("spent")
async def test_an_audit_recomputes_each_account(local: httpx.AsyncClient) -> None:
    """B7: spent is the sum of the rows; where no worker runs, nothing is kept beside it."""
    made = (await local.post(BUDGETS, json=CONTRACT)).json()
    audit = (await local.get(f"{BUDGETS}/{made['id']}/audit")).json()
    assert (audit["budget_id"], audit["consistent"]) == (made["id"], True)
    found = [(one["value"], one["exchanges"], one["spent"]) for one in audit["accounts"]]
    assert found == [("a", 2, "1.50"), ("b", 1, "0.50")]
    assert {one["kept"] for one in audit["accounts"]} == {None}
    assert {one["ceiling"] for one in audit["accounts"]} == {"100.00"}


@pytest.mark.usefixtures("spent")
async def test_an_audit_shows_who_has_what(parts: Parts, policy: Any, vitals: Any) -> None:
    """Held is the sum of the open holds; a lender that forgot something is found out."""

    class Forgetful(NoLeases):
        forgotten = 0

        def lent(self, budget: str) -> Mapping[tuple[str | None, int], Lent]:
            window_us = window_at("month", "Europe/Berlin", time.time_ns() // 1000).start_us
            part = Borrower(
                worker=0, granted=10**12, returned=0, settled=0, loaded=0, held=4 * 10**11
            )
            other = msgspec.structs.replace(part, worker=1, held=10**11)
            in_ledger = 2 * 10**12 - self.forgotten
            return {(None, window_us): Lent(in_ledger=in_ledger, borrowers=(part, other))}

    lender = Forgetful()
    app = LocalAdmin(create_app(parts.services(policy, vitals, leases=lender)))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://local"
    ) as client:
        made = (await client.post(BUDGETS, json=CONTRACT | {"per": None})).json()
        (account,) = (await client.get(f"{BUDGETS}/{made['id']}/audit")).json()["accounts"]
        assert (account["spent"], account["kept"], account["consistent"]) == ("2.00", "2.00", True)
        assert (account["held"], account["leased"]) == ("0.50", "1.50")
        assert [one["held"] for one in account["workers"]] == ["0.40", "0.10"]
        lender.forgotten = 1
        audit = (await client.get(f"{BUDGETS}/{made['id']}/audit")).json()
        assert audit["consistent"] is False
