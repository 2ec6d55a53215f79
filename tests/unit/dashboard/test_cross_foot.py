"""Every page's figures agree with each other and with a plain sum over the exchanges.

In zones where days begin far from UTC's, and across the night that has an hour more.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from ledger_rows import line

from weighbridge.dashboard.site import PAGES

RANGED = [page.path for page in PAGES if page.ranged and "{" not in page.path]
ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin")
FIRST = datetime(2026, 10, 18, tzinfo=UTC)  # summer time of Berlin ends a week later
MINUTES = 16 * 24 * 60
RANGES = 2
ROWS = 400
# Columns whose rows add up to the table's total.
ADDITIVE = {
    *("cost", "before", "exchanges", "input_tokens", "output_tokens"),
    *("errors", "wasted_cost", "client_closed", "blocked", "unpriced", "unmetered", "tokens"),
}


@dataclass(frozen=True)
class Made:
    """One exchange, as the reference knows it."""

    at: datetime
    names: dict[str, str]
    cost: Decimal
    tokens: int
    priced: bool
    failed: bool
    labelled: bool


@pytest.fixture
def made(fill: Callable[..., None]) -> list[Made]:
    """Exchanges of a fortnight, some of nobody, some failed, some without price or total."""
    roll = random.Random(20261025)
    rows, lines = [], []
    for number in range(ROWS):
        at = FIRST + timedelta(minutes=roll.randrange(MINUTES))
        cost = None if number % 17 == 0 else Decimal(roll.randrange(10**9)).scaleb(-12)
        tokens = roll.randrange(5000)
        names = {
            "department": roll.choice(("care", "labs", None)),
            "project": roll.choice(("apollo", "borealis", None)),
            "agent": f"agent-{roll.randrange(12)}",
            "model": roll.choice(("gemini-2.5-flash", "gemini-2.5-pro")),
        }
        failed, labelled = number % 11 == 0, number % 3 > 0
        lines.append(
            line(
                number,
                started_at=at.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
                labels={"env": "prod"} if labelled else {},
                list_cost=None if cost is None else format(cost, "f"),
                pricing_status="unpriced" if cost is None else "priced",
                outcome="upstream_error" if failed else "ok",
                error_type="INTERNAL" if failed else None,
                status=500 if failed else 200,
                charges=[],
                input_tokens=tokens,
                output_tokens=None,
                total_tokens=tokens if number % 5 else None,
                **names,
            )
        )
        known = {name: value or "(none)" for name, value in names.items()}
        told = (cost is not None, failed, labelled)
        rows.append(Made(at, known, cost or Decimal(0), tokens, *told))
    fill(*lines)
    return rows


def _ranges(zone: str) -> list[tuple[dict[str, str], datetime, datetime]]:
    """Whole days of the zone and hours of UTC: what the address says, what it means.

    Each range has the night in which Berlin's clocks go back.
    """
    roll, local, found = random.Random(zone), ZoneInfo(zone), []
    for number in range(RANGES):
        if number % 2 == 0:
            days = (date(2026, 10, roll.randint(19, 25)), date(2026, 10, roll.randint(26, 31)))
            since, until = (datetime(day.year, day.month, day.day, tzinfo=local) for day in days)
            said = tuple(map(str, days))
        else:
            since = FIRST + timedelta(hours=roll.randint(24, 150))
            until = FIRST + timedelta(hours=roll.randint(175, 300))
            said = (f"{since:%Y-%m-%dT%H:%M}Z", f"{until:%Y-%m-%dT%H:%M}Z")
        found.append(({"since": said[0], "until": said[1], "zone": zone}, since, until))
    return found


@pytest.mark.parametrize("zone", ZONES)
async def test_pages_agree_with_each_other_and_with_the_exchanges(
    local: httpx.AsyncClient, made: list[Made], zone: str
) -> None:
    """Tiles, totals, rows, courses, days, one agent after the other, the list of calls itself."""
    for said, since, until in _ranges(zone):
        inside = [one for one in made if since <= one.at < until]
        assert 20 < len(inside) < ROWS
        documents = {path: await _read(local, path, said) for path in RANGED if path != "/series"}
        for path, document in documents.items():
            _adds_up(path, document)
            _agrees(path, document, inside)
        _groups_agree(documents, inside)
        await _days_agree(local, said, inside)
        await _agents_agree(local, said, documents["/agents"])
        listed = await _all_calls(local, said)
        assert len(listed) == len(inside)
        assert sum(Decimal(row["list_cost"] or 0) for row in listed) == _cost(inside)


async def _read(local: httpx.AsyncClient, path: str, said: dict[str, str], **more: str) -> Any:
    answer = await local.get(f"{path}.json", params=said | more)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


def _cost(rows: list[Made]) -> Decimal:
    return sum((row.cost for row in rows), Decimal(0))


def _adds_up(path: str, document: Any) -> None:
    """Rows add up to totals in every table that has them, courses to their row."""
    for name, table in document["tables"].items():
        for column in ADDITIVE.intersection(table["columns"]) if table["totals"] else ():
            total = table["totals"][column]
            summed = sum(Decimal(row[column] or 0) for row in table["rows"])
            assert summed == Decimal(total or 0), (path, name, column)
        for row in table["rows"] if "trend" in table["columns"] else ():
            assert sum(map(Decimal, row["trend"] or ())) == Decimal(row["cost"] or 0), (path, name)


def _agrees(path: str, document: Any, inside: list[Made]) -> None:
    """What a page says of the whole range is what the exchanges come to."""
    whole = {
        "cost": _cost(inside),
        "exchanges": Decimal(len(inside)),
        "tokens": Decimal(sum(row.tokens for row in inside)),
        "errors": Decimal(sum(row.failed for row in inside)),
        "unpriced": Decimal(sum(not row.priced for row in inside)),
        "wasted_cost": _cost([row for row in inside if row.failed]),
    }
    told = [{tile["name"]: tile["value"] for tile in document["tiles"]}, document["completeness"]]
    told += [table["totals"] for table in document["tables"].values() if table["totals"]]
    for figures in told:
        for name in whole.keys() & figures.keys():
            assert Decimal(figures[name]) == whole[name], (path, name)


def _groups_agree(documents: dict[str, Any], inside: list[Made]) -> None:
    """Each department, project, agent and model costs what its exchanges cost."""
    for dimension in ("department", "project", "agent", "model"):
        costs: dict[str, Decimal] = defaultdict(Decimal)
        for row in inside:
            costs[row.names[dimension]] += row.cost
        rows = documents[f"/{dimension}s"]["tables"]["groups"]["rows"]
        assert {row[dimension]: Decimal(row["cost"] or 0) for row in rows} == costs
    spend = documents["/labels"]["facts"]
    assert Decimal(spend["Spend in range"]) == _cost(inside)
    for name, labelled in (("With a label", True), ("Without any", False)):
        assert Decimal(spend[name]) == _cost([row for row in inside if row.labelled == labelled])


async def _days_agree(local: httpx.AsyncClient, said: dict[str, str], inside: list[Made]) -> None:
    """Days of the zone, one of which has 25 hours in Berlin, and its hours add up to them."""
    days: dict[str, Decimal] = defaultdict(Decimal)
    for row in inside:
        days[str(row.at.astimezone(ZoneInfo(said["zone"])).date())] += row.cost
    for granularity in ("day", "hour"):
        document = await _read(local, "/series", said, granularity=granularity)
        _adds_up("/series", document)
        found: dict[str, Decimal] = defaultdict(Decimal)
        for row in document["tables"]["series"]["rows"]:
            found[row["time"][:10]] += Decimal(row["cost"] or 0)
        assert {day: cost for day, cost in found.items() if cost} == days, granularity


async def _agents_agree(local: httpx.AsyncClient, said: dict[str, str], agents: Any) -> None:
    """An agent's own page says what its row says."""
    for row in agents["tables"]["groups"]["rows"][:2]:
        document = await _read(local, "/agents/one", said, agent=row["agent"])
        _adds_up("/agents/one", document)
        told = {tile["name"]: tile["value"] for tile in document["tiles"]}
        assert (told["cost"], told["exchanges"]) == (row["cost"], row["exchanges"])
        for name in ("models", "outcomes"):
            assert document["tables"][name]["totals"]["cost"] == row["cost"], name


async def _all_calls(local: httpx.AsyncClient, said: dict[str, str]) -> list[Any]:
    """The list of calls, page by page, by the links that a reader follows."""
    rows: list[Any] = []
    address: str | None = f"/exchanges?{httpx.QueryParams(said)}"
    while address:
        document = (await local.get(address.replace("/exchanges?", "/exchanges.json?"))).json()
        rows += document["tables"]["exchanges"]["rows"]
        page = (await local.get(address)).text
        following = page.partition('rel="next" href="')[2].partition('"')[0]
        address = following.replace("&amp;", "&") or None
    assert len({row["exchange_id"] for row in rows}) == len(rows)
    return rows
