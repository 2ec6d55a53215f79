"""Departments, projects, agents: they add up, compare, and lead one step further down."""

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal

import httpx
from ledger_rows import line
from page_tables import table_links, table_texts

_KEPT = re.compile(r'class="n [^"]*\b(lead|brief)" data-of="([^"]*)"')
DAY = "2026-11-{:02}T12:00:00.000000Z"


def calls() -> list[bytes]:
    """Two departments and nobody, in the week of now and in the one before."""
    owners = [
        {"department": "care", "project": "desk", "agent": "triage"},
        {"department": "care", "project": "desk", "agent": "writer"},
        {"department": "labs", "project": "papers", "agent": "digest"},
        {},
    ]
    return [
        line(
            week * 10 + place,
            **owner,
            started_at=DAY.format(14 + week * 6 + place % 2),
            list_cost=str(place + 1 + week * place),
        )
        for week in (0, 1)
        for place, owner in enumerate(owners)
    ]


async def test_the_way_down_from_a_department_to_a_call(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Department, project, agent, model, exchange: each link keeps what was chosen before."""
    fill(*calls())
    address, followed = "/departments?range=30d", ["care", "desk", "triage"]
    for name in followed:
        address = table_links((await local.get(address)).text, "groups")[name]
    assert address == "/agents/one?department=care&project=desk&agent=triage"
    page = (await local.get(address)).text
    assert "/agents?department=care&amp;project=desk" in page
    (address,) = table_links(page, "models").values()
    calls_of_it = table_links((await local.get(address)).text, "exchanges")
    assert len(calls_of_it) == 2
    one = await local.get(next(iter(calls_of_it.values())))
    assert "triage" in one.text


async def test_shares_changes_and_what_is_unallocated(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Rows add up to the total, against the week before; nobody's spend is a row of its own."""
    fill(*calls())
    document = (await local.get("/departments.json?range=7d")).json()["tables"]["groups"]
    rows = {row["department"]: row for row in document["rows"]}
    assert set(rows) == {"care", "labs", "(none)"}
    assert sum(Decimal(row["cost"]) for row in rows.values()) == Decimal(document["totals"]["cost"])
    assert sum(Decimal(row["share"]) for row in rows.values()) == 1
    assert rows["labs"]["cost"] == "5.000000000000"
    assert rows["labs"]["change"] == "0.667"
    names = [texts[0] for texts in table_texts((await local.get("/departments")).text, "groups")]
    assert "Unallocated" in names


async def test_who_is_gone_is_still_compared(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """What rows cost before adds up, also where nothing is left of a group."""
    fill(
        line(1, agent="gone", started_at=DAY.format(12), list_cost="4"),
        line(2, agent="here", started_at=DAY.format(12), list_cost="2"),
        line(3, agent="here", started_at=DAY.format(20), list_cost="3"),
    )
    document = (await local.get("/agents.json?range=7d")).json()["tables"]["groups"]
    rows = {row["agent"]: row for row in document["rows"]}
    assert list(rows) == ["here", "gone"]
    assert (rows["gone"]["cost"], rows["gone"]["change"]) == ("0", "-1.000")
    assert (rows["gone"]["exchanges"], rows["gone"]["latency_p50"]) == (0, None)
    assert sum(Decimal(row["before"]) for row in rows.values()) == Decimal(
        document["totals"]["before"]
    )


async def test_a_trend_is_the_spend_of_each_day(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """A line on the page, figures in JSON, one field in CSV; a day without calls is 0."""
    fill(*calls())
    document = (await local.get("/agents.json?range=30d")).json()["tables"]["groups"]
    trends = {row["agent"]: [Decimal(cost) for cost in row["trend"]] for row in document["rows"]}
    assert trends["triage"] == [1, 0, 1, 0]
    assert trends["digest"] == [3, 0, 5, 0]
    text = (await local.get("/agents.csv?range=30d")).text
    rows = {row["agent"]: row["trend"] for row in csv.DictReader(io.StringIO(text))}
    assert rows["triage"].split(" ") == [
        *("1.000000000000", "0", "1.000000000000", "0"),
    ]
    assert (await local.get("/agents?range=30d")).text.count("<polyline") > 4


async def test_without_a_period_before_nothing_is_compared(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """All of time has none, and who wants no comparison says so."""
    fill(*calls())
    for query in ("range=all", "range=7d&compare=off"):
        document = (await local.get(f"/projects.json?{query}")).json()["tables"]["groups"]
        assert "change" not in document["columns"]


async def test_what_has_no_price_is_not_free(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """A cost that leaves calls out says so, and data says how many."""
    unknown = {"list_cost": None, "charges": [], "pricing_status": "unpriced"}
    free = {"list_cost": "0.000000000000", "charges": [], "pricing_status": "free"}
    priced = {"list_cost": "2.000000000000", "charges": []}
    fill(
        *(line(1, agent="a", **unknown), line(2, agent="a", **free)),
        *(line(3, agent="b", **priced), line(4, agent="b", **unknown)),
        *(line(5, agent="c", **priced), line(6, agent="d", **free)),
    )
    page = (await local.get("/agents?range=all")).text
    texts = {row[0]: row[1] for row in table_texts(page, "groups")}
    assert texts == {"a": "no price", "b": "$2.00 +?", "c": "$2.00", "d": "$0.00"}
    assert 'title="calls without a price for all they used: 1"' in page
    tables = (await local.get("/agents.json?range=all")).json()["tables"]
    rows = {row["agent"]: (row["cost"], row["unpriced"]) for row in tables["groups"]["rows"]}
    assert rows["a"] == ("0.000000000000", 1)
    assert rows["b"] == ("2.000000000000", 1)
    assert tables["groups"]["totals"]["unpriced"] == 2


async def test_every_cost_says_what_it_leaves_out(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Tiles, movers, rows and totals of a series, as the groups of a table do."""
    unknown = {"list_cost": None, "charges": [], "pricing_status": "unpriced"}
    fill(
        line(1, agent="a", started_at="2026-11-22T12:00:00.000000Z", **unknown),
        line(2, agent="a", started_at="2026-11-22T12:00:00.000000Z"),
        line(3, agent="b", started_at="2026-11-01T12:00:00.000000Z"),
        line(4, agent="b", started_at="2026-10-20T12:00:00.000000Z"),
    )
    page = (await local.get("/overview")).text
    assert page.count('class="card tile" title="calls without a price for all they used: 1"') == 3
    late = (await local.get("/overview/late")).text
    movers = {row[0]: row[1] for row in table_texts(late, "movers")}
    assert movers["a"].endswith(" +?")
    shown = table_texts((await local.get("/series?granularity=day")).text, "series")
    assert [row[1].endswith("+?") for row in shown if row[1] != "-"] == [True, False]
    data = (await local.get("/series.json?granularity=day")).json()["tables"]["series"]
    assert data["totals"]["unpriced"] == 1
    assert data["columns"][-2:] == ["unpriced", "incomplete"]
    errors = (await local.get("/series.json?metric=errors")).json()["tables"]["series"]
    assert errors["columns"] == ["time", "errors"]


async def test_what_a_table_is_sorted_by_stands_beside_the_names(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Few figures fit a narrow screen: the one that ranks the rows, and what they cost."""
    at = DAY.format(20)
    fill(*(line(place, agent=f"a{place}", started_at=at, list_cost="1") for place in range(5)))

    async def kept(query: str) -> dict[str, str]:
        page = (await local.get(f"/agents{query}")).text
        assert 'id="all-groups"' in page
        body = page.partition("<tbody>")[2].partition("</tr>")[0]
        return {title: kind for kind, title in _KEPT.findall(body)}

    by_cost = await kept("")
    assert by_cost.pop("Cost") == "lead"
    assert set(by_cost) == {"Share", "Change", "Trend", "Calls"}
    by_errors = await kept("?sort=-error_rate")
    assert (by_errors["Error rate"], by_errors["Cost"]) == ("lead", "brief")
    assert "Share" not in by_errors
