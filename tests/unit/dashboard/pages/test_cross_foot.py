"""Views of one range agree with each other and with the exchanges, whatever the zone."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from ledger_rows import line

# Around the night of 25 October 2026, which has 25 hours in Berlin.
_A_PAGE = 50
FIRST = datetime(2026, 10, 23, 9, tzinfo=UTC)
ENDINGS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"outcome": "client_error", "status": 429, "error_type": "RESOURCE_EXHAUSTED"},
    {"block_reason": "SAFETY"},
    {"finish_reason": "MAX_TOKENS"},
    {"list_cost": None, "charges": [], "pricing_status": "unpriced"},
)


def calls() -> Iterable[bytes]:
    """A call every 53 minutes for four days, of several owners, models and endings."""
    for number in range(110):
        started = FIRST + timedelta(minutes=53 * number)
        yield line(
            number,
            started_at=f"{started:%Y-%m-%dT%H:%M:%S.000000Z}",
            department=("care", "labs", None, "(none)")[number % 4],
            project=("desk", None)[number % 2],
            agent=f"agent-{number % 5}",
            model=("gemini-2.5-flash", "gemini-2.5-pro")[number % 2],
            labels={"env": "prod"} if number % 4 else {},
            **ENDINGS[number % len(ENDINGS)],
        )


def summed(rows: Iterable[Mapping[str, Any]], name: str) -> Decimal:
    return sum((Decimal(row[name] or 0) for row in rows), start=Decimal(0))


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-10-24&until=2026-10-27&zone=Europe/Berlin",
        "since=2026-10-25&until=2026-10-26&zone=Europe/Berlin",
        "since=2026-10-24&until=2026-10-26&zone=Pacific/Kiritimati",
        "since=2026-10-24&until=2026-10-26&zone=Pacific/Pago_Pago",
        "range=all&department=care",
        "since=2026-10-24&until=2026-10-26&department=(none)",
    ],
)
async def test_every_view_adds_up_to_the_exchanges(
    local: httpx.AsyncClient, fill: Callable[..., None], query: str
) -> None:
    """Calls and cost of every table, tile and chart of the range are those of its exchanges."""
    fill(*calls())

    async def tables(path: str) -> dict[str, Any]:
        return dict((await local.get(f"{path}.json?{query}")).json()["tables"])

    rows = (await tables("/exchanges"))["exchanges"]["rows"]
    cost = (await tables("/series"))["series"]["totals"]["cost"]
    count = (await tables("/agents"))["groups"]["totals"]["exchanges"]
    for path in ("/departments", "/projects", "/agents", "/models"):
        table = (await tables(path))["groups"]
        assert (table["totals"]["exchanges"], table["totals"]["cost"]) == (count, cost), path
        assert summed(table["rows"], "exchanges") == count, path
        assert summed(table["rows"], "cost") == Decimal(cost), path
    kinds = (await tables("/waste"))["kinds"]
    assert (kinds["totals"]["exchanges"], kinds["totals"]["cost"]) == (count, cost)
    keys = (await tables("/labels"))["keys"]["rows"]
    assert summed(keys, "exchanges") == count  # one key, and what has none
    query += "".join(f"&agent=agent-{number}" for number in range(5))
    agents = await tables("/agents/one")
    assert agents["charges"]["totals"]["cost"] == cost
    assert summed(agents["outcomes"]["rows"], "exchanges") == count
    if count <= _A_PAGE:
        assert (len(rows), summed(rows, "list_cost")) == (count, Decimal(cost))
