"""A page comes without its percentiles first, and whole when it is asked for the rest."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from ledger_rows import line

from .conftest import NOW

PAGES = ("/overview", "/agents", "/departments", "/projects", "/models", "/agents/one")
_REST = re.compile(r'data-rest="([^"]+)"')
AT = "2026-11-22T12:00:00.000001Z"


async def text(local: httpx.AsyncClient, address: str) -> str:
    answer = await local.get(address)
    assert answer.status_code == 200
    return answer.text


async def rest_of(local: httpx.AsyncClient, page: str) -> str:
    """The page that the first part's link to the rest gives."""
    found = _REST.search(page)
    assert found is not None
    return await text(local, html.unescape(found[1]))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.usefixtures("rows")
async def test_percentiles_follow(local: httpx.AsyncClient, path: str) -> None:
    """The first part has its sums and says what follows; the rest has all, and asks no more."""
    first = await text(local, path)
    whole = await rest_of(local, first)
    assert "…" in first
    assert "1.00 s" not in first
    assert "1.00 s" in whole
    assert "data-rest" not in whole
    assert "$7.75" in first
    assert "$7.75" in whole


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.usefixtures("rows")
async def test_data_is_whole(local: httpx.AsyncClient, path: str) -> None:
    """What programs read has every figure at once."""
    found = (await local.get(f"{path}.json")).json()
    figures = [tile["value"] for tile in found["tiles"] if tile["name"] == "latency_p95"]
    tables = [(table["totals"] or {}).get("latency_p50") for table in found["tables"].values()]
    assert 1_000_000 in [*figures, *tables]


@pytest.mark.usefixtures("rows")
async def test_the_rest_is_of_the_same_instant(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """A call that came between the two parts is in neither, so that their figures agree."""
    first = await text(local, "/agents")
    fill(line(9, started_at=AT, ended_at=AT, list_cost="100.000000000000"))
    assert "$7.75" in await rest_of(local, first)
    assert "$107.75" in await text(local, "/agents?whole=now")


@pytest.mark.usefixtures("rows")
async def test_live_refreshes_share_their_answers(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Who refreshes in the same seconds is told the same; whoever opens the page, what is there."""
    first = await text(local, "/agents?whole=shared")
    fill(line(9, started_at=AT, ended_at=AT, list_cost="100.000000000000"))
    assert first == await text(local, "/agents?whole=shared")
    assert "$107.75" in await text(local, "/agents")


@pytest.mark.usefixtures("rows")
async def test_another_instant_is_asked_anew(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """An instant that is long past, to come, or none at all is the present."""
    await text(local, "/agents")
    fill(line(9, started_at=AT, ended_at=AT, list_cost="100.000000000000"))
    for instant in (NOW - timedelta(minutes=6), NOW + timedelta(seconds=1)):
        us = int(instant.timestamp() * 1_000_000)
        assert "$107.75" in await text(local, f"/agents?whole={us}")
    for word in ("", "-1", "٣", "9" * 5_000):
        assert "$107.75" in await text(local, f"/agents?whole={word}")


@pytest.mark.usefixtures("rows")
async def test_a_table_by_a_percentile_is_whole_at_once(local: httpx.AsyncClient) -> None:
    """Rows in the order of a figure have that figure."""
    assert "data-rest" not in await text(local, "/models?sort=-latency_p95")
    assert "data-rest" in await text(local, "/models?sort=-cost")


@pytest.mark.parametrize("path", ["/agents", "/departments", "/projects"])
@pytest.mark.usefixtures("rows")
async def test_a_percentile_above_a_table_is_that_of_its_totals(
    local: httpx.AsyncClient, path: str
) -> None:
    """It is of the whole range and without a course, which these pages do not ask for."""
    found = (await local.get(f"{path}.json")).json()
    (tile,) = [tile for tile in found["tiles"] if tile["name"] == "latency_p95"]
    (table,) = found["tables"].values()
    assert tile["value"] == table["totals"]["latency_p95"] == 1_000_000
    page = await text(local, f"{path}?whole=now")
    assert page.count("<polyline") >= 1
    assert "<polyline" not in page.partition("p95 latency")[2].partition("Cached input")[0]
