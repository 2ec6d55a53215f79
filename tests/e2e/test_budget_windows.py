"""Windows of budgets in running processes: their edges in named zones, to the microsecond (B8).

A process has the clock that it has, so the zones are such that whenever this runs the quarter of
one begins and ends under different offsets; a zone whose window is about to end is left out. What
a window would be is reckoned here by hand.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from one_cent import OneCent
from processes import PATIENCE_S, Bridge, wait_until

# Clocks change in October and March, in October and April, in September and April; and never.
QUARTERS = ("Europe/Berlin", "Australia/Sydney", "America/Santiago")
DAYS = ("Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago")
PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
BODY = {"contents": [{"parts": [{"text": "hello"}]}], "generationConfig": {"maxOutputTokens": 3997}}
INSTANT = timedelta(microseconds=1)
LONG_ENOUGH = timedelta(minutes=10)


def bounds(period: str, zone: str, now: datetime) -> tuple[datetime, datetime]:
    """First instant of the window of `now`, and of the next, in UTC."""
    here = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period == "day":
        first = here
        after = (here.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=here.tzinfo)
    else:
        first = here.replace(month=(here.month - 1) // 3 * 3 + 1, day=1)
        last = first.month == 10
        after = first.replace(year=first.year + last, month=1 if last else first.month + 3, day=1)
    return first.astimezone(UTC), after.astimezone(UTC)


def test_some_quarter_of_today_begins_and_ends_under_other_offsets() -> None:
    """Else the other tests would show nothing of clock changes."""
    now = datetime.now(UTC)
    offsets = []
    for zone in QUARTERS:
        first, after = bounds("quarter", zone, now)
        offsets.append([at.astimezone(ZoneInfo(zone)).utcoffset() for at in (first, after)])
    assert any(first != after for first, after in offsets)


@pytest.mark.parametrize(
    ("period", "zones"), [("quarter", QUARTERS), ("day", DAYS)], ids=["quarter", "day"]
)
def test_a_window_holds_its_first_instant_and_not_the_one_before(
    serve: Callable[..., Bridge], tmp_path: Path, period: str, zones: tuple[str, ...]
) -> None:
    """What came just before leaves it at zero and lets calls pass; its first row uses it up."""
    now = datetime.now(UTC)
    zones = tuple(zone for zone in zones if bounds(period, zone, now)[1] - now > LONG_ENOUGH)
    assert len(zones) > 1, "they never end together"
    with OneCent() as cents:
        bridge = serve(upstream_url=cents.url)
        token = bridge.token("t")["token"]
        made = {}
        for zone in zones:
            what = {"name": zone, "limit_usd": "1", "action": "block", "scope": {"agent": [zone]}}
            asked = {**what, "period": period, "timezone": zone}
            made[zone] = bridge.admin.post("/api/v1/budgets", json=asked).json()["id"]
        edges = {zone: bounds(period, zone, now) for zone in zones}
        load(bridge, tmp_path, {zone: (edges[zone][0] - INSTANT, "100") for zone in zones})
        for zone in zones:
            assert call(bridge, token, zone).status_code == 200
            assert spent(bridge, made[zone]) <= Decimal("0.01")
        load(bridge, tmp_path, {zone: (edges[zone][0], "1") for zone in zones})
        for zone, (first, after) in edges.items():
            status = bridge.admin.get(f"/api/v1/budgets/{made[zone]}/status").json()
            assert instant(status["window_start"]) == first
            assert instant(status["window_end"]) == after
            refused = wait_until(
                lambda zone=zone: refusal(bridge, token, zone), PATIENCE_S, "it passes"
            )
            told = refused.json()["error"]["details"][0]["metadata"]
            assert instant(told["resets_at"]) == after
            left_s = (after - datetime.now(UTC)).total_seconds()
            assert left_s <= int(refused.headers["retry-after"]) <= left_s + 60
            audit = bridge.admin.get(f"/api/v1/budgets/{made[zone]}/audit").json()
            assert audit["consistent"]
            assert Decimal(1) <= Decimal(audit["accounts"][0]["spent"]) < Decimal(2)


def load(bridge: Bridge, folder: Path, rows: dict[str, tuple[datetime, str]]) -> None:
    """Import a row for each agent: when it began, and what it cost."""
    file = folder / f"{uuid4()}.ndjson"
    file.write_text("\n".join(json.dumps(row(agent, *each)) for agent, each in rows.items()))
    assert bridge.command("import", str(file))["imported"] == len(rows)


def row(agent: str, at: datetime, cost: str) -> dict[str, Any]:
    """A line to import."""
    began = at.isoformat()
    fields = {"provider": "google", "surface": "gemini", "operation": "generateContent"}
    known = {"outcome": "ok", "usage_source": "final", "pricing_status": "priced"}
    at_ = {"exchange_id": str(uuid4()), "started_at": began, "ended_at": began}
    return {**at_, **fields, **known, "agent": agent, "list_cost": cost}


def call(bridge: Bridge, token: str, agent: str) -> httpx.Response:
    """One call of one cent."""
    headers = {"X-Weighbridge-Key": token, "X-Agent": agent, "x-goog-api-key": "AIzaSyTESTwindow"}
    return httpx.post(bridge.url + PATH, json=BODY, headers=headers, timeout=30)


def refusal(bridge: Bridge, token: str, agent: str) -> httpx.Response | None:
    """What a call is told, None where it passes: the lender asks the ledger each second."""
    answer = call(bridge, token, agent)
    return answer if answer.headers.get("x-weighbridge-error") == "BUDGET_EXHAUSTED" else None


def spent(bridge: Bridge, budget_id: str) -> Decimal:
    """By its status."""
    return Decimal(bridge.admin.get(f"/api/v1/budgets/{budget_id}/status").json()["spent"])


def instant(text: str) -> datetime:
    """An instant as the API writes it."""
    return datetime.fromisoformat(text)
