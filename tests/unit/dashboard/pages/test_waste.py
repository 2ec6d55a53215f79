"""Errors and waste: kinds add up, and every link chooses exactly the calls of its row."""

from collections.abc import Callable
from decimal import Decimal

import httpx
from ledger_rows import line
from page_tables import table_links, table_texts

FREE = {"list_cost": "0", "charges": []}


def calls() -> list[bytes]:
    return [
        line(0),
        line(1),
        line(2, outcome="client_error", status=429, error_type="RESOURCE_EXHAUSTED", **FREE),
        line(3, outcome="client_error", status=404, **FREE),
        line(4, outcome="upstream_error", status=503, error_type="UNAVAILABLE", list_cost="0.5"),
        line(5, outcome="client_closed", list_cost="0.25"),
        line(6, block_reason="SAFETY", list_cost="0.125"),
        line(7, finish_reason="SAFETY"),
        line(8, finish_reason="MAX_TOKENS"),
        line(9, outcome="refused", status=401, error_type="TRACKING_TOKEN_INVALID", **FREE),
        line(10, outcome="interrupted", status=0, usage_source="none", **FREE),
        line(11, outcome="interrupted", status=None, usage_source="none", **FREE),
    ]


async def test_kinds_and_reasons_lead_to_their_calls(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """As many exchanges stand behind a link as its row counts."""
    fill(*calls())
    page = (await local.get("/waste?range=all")).text
    for name in ("kinds", "reasons"):
        counted = {texts[0]: int(texts[2]) for texts in table_texts(page, name)}
        assert name == "kinds" or counted["interrupted"] == 2
        for title, href in table_links(page, name).items():
            path, _, query = href.partition("?")
            found = (await local.get(f"{path}.json?{query}")).json()
            assert len(found["tables"]["exchanges"]["rows"]) == counted[title], title


async def test_kinds_add_up_to_everything(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Calls and cost to the totals, the wasted kinds to what is called wasted."""
    fill(*calls())
    document = (await local.get("/waste.json?range=all")).json()
    kinds = document["tables"]["kinds"]
    assert sum(row["exchanges"] for row in kinds["rows"]) == kinds["totals"]["exchanges"] == 12
    assert sum(Decimal(row["cost"]) for row in kinds["rows"]) == Decimal(kinds["totals"]["cost"])
    wasted = sum(Decimal(row["cost"]) for row in kinds["rows"] if row["wasted"] == "yes")
    tiles = {tile["name"]: tile["value"] for tile in document["tiles"]}
    assert wasted == Decimal(tiles["wasted_cost"]) == Decimal("0.875")
    assert tiles["errors"] == 6


async def test_a_filter_of_the_page_narrows_its_links(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """On a page of one outcome, what failed are the calls of that outcome alone."""
    fill(*calls())
    page = (await local.get("/waste?range=all&outcome=client_error")).text
    assert "outcome=client_error" in table_links(page, "kinds")["Failed"]
    assert "upstream_error" not in table_links(page, "kinds")["Failed"]


async def test_charts_of_errors(local: httpx.AsyncClient, fill: Callable[..., None]) -> None:
    """Only what failed is drawn by its error, so that good calls are no series."""
    fill(*calls())
    spec = (await local.get("/waste/chart/errors.json?range=all")).json()
    (points,) = spec["datasets"].values()
    names = {point["series"] for point in points}
    assert names == {"RESOURCE_EXHAUSTED", "(none)", "UNAVAILABLE", "TRACKING_TOKEN_INVALID"}


async def test_agents_by_what_they_waste(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """The most wasteful first, each leading to its own errors."""
    fill(line(1, agent="a"), line(2, agent="b", outcome="client_closed", list_cost="0.25"))
    page = (await local.get("/waste/late?range=all")).text
    assert table_links(page, "agents") == {
        "b": "/waste?range=all&agent=b",
        "a": "/waste?range=all&agent=a",
    }
