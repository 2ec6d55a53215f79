"""The overview: what its tiles say, and the tables that follow it."""

from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest
from ledger_rows import line

from weighbridge.budgets.budget import NewBudget
from weighbridge.compose.parts import Parts
from weighbridge.core.exchange import Exchange
from weighbridge.dashboard.pages.change import change_of, change_text
from weighbridge.dashboard.pages.tiles import brief


async def test_tiles_say_what_is_spent(local: httpx.AsyncClient, rows: list[Exchange]) -> None:
    """Today, this month, the forecast that includes it, and the range: exact in JSON."""
    tiles = {one["name"]: one for one in (await local.get("/overview.json")).json()["tiles"]}
    assert tiles["today"]["value"] == "4.000000000000"
    assert tiles["today"]["before"] == "2.000000300000"
    assert tiles["this-month"]["value"] == tiles["cost"]["value"] == "7.750000300000"
    assert Decimal(tiles["forecast"]["value"]) > Decimal("7.75")
    assert tiles["exchanges"]["value"] == 6


async def test_a_runaway_day_is_told_beside_the_forecast(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """A week of a dollar a day, then ten in a day: the interval, and what it does not hold."""
    spend = {**dict.fromkeys(range(14, 22), 1), 22: 10}
    fill(
        *(
            line(day, started_at=f"2026-11-{day}T12:00:00.000000Z", list_cost=str(cost))
            for day, cost in spend.items()
        )
    )
    page = (await local.get("/overview")).text
    assert "if days are as usual again; $98.00 if they are like today" in page


@pytest.mark.usefixtures("rows")
async def test_what_has_no_price_is_told_first(local: httpx.AsyncClient) -> None:
    """In words for one call as well, and it leads to it."""
    page = (await local.get("/overview?range=all")).text
    assert ">1 has no price in force</a>" in page


async def test_what_takes_long_follows(
    local: httpx.AsyncClient, parts: Parts, rows: list[Exchange]
) -> None:
    """The page names the parts that follow; JSON and CSV have them as all the others."""
    parts.budgets.create(
        NewBudget(
            name="labs", limit_pico_usd=4 * 10**12, period="month", scope={"department": ("labs",)}
        )
    )
    page = (await local.get("/overview")).text
    assert 'data-late="/overview/late"' in page
    assert "Top movers" not in page
    part = (await local.get("/overview/late")).text
    assert "Top movers" in part
    assert "Limit reached" in part
    tables = (await local.get("/overview.json")).json()["tables"]
    assert [row["model"] for row in tables["gaps"]["rows"]] == ["unheard-of"]
    assert tables["budgets"]["rows"][0]["spent"] == "4.000000000000"
    sheet = (await local.get("/overview.csv?table=budgets")).text
    assert sheet.splitlines()[0] == "budget,spent,limit,used,state"
    wrong = await local.get("/overview.csv?table=budget")
    assert wrong.status_code == 404
    assert "this page has no table 'budget'; it has " in wrong.json()["detail"]
    top = (await local.get("/overview.csv")).text
    assert top.startswith("department,")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (99_999, "tokens", "99,999"),
        (116_955, "exchanges", "117 k"),
        (999_999, "tokens", "1,000 k"),
        (12_400_000, "tokens", "12.4 M"),
        (3_200_000_000, "tokens", "3.2 B"),
        (20_640_000, "µs", "20.64 s"),
        (Decimal(1_234_567), "USD", "$1,234,567.00"),
    ],
)
def test_large_counts_are_short(value: object, unit: str, text: str) -> None:
    """Three or four digits; money and times keep theirs."""
    assert brief(value, unit) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (3, 2, "+50.0 %"),
        (1, 2, "\u221250.0 %"),
        (Decimal("25.5"), Decimal(1), "×26"),
        (Decimal("0.9999"), Decimal(1), "0.0 %"),
        (300, 2, "new"),
        (3, 0, "new"),
        (3, None, "new"),
        (0, 3, "\u2212100.0 %"),
    ],
)
def test_a_change_is_told_where_there_is_one(now: object, before: object, text: str) -> None:
    """Against nothing, or next to nothing, a percentage says nothing."""
    assert change_text(change_of(now, before)) == text
