"""Model comparison: cost against speed, names that can be read, and the way to other models."""

from collections.abc import Callable

import httpx
from ledger_rows import line


async def test_the_scatter_names_what_can_be_read(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """The largest keeps its name where two circles touch; what has no cost is left out."""
    fill(
        line(1, model="large", list_cost="9", latency_us=1_000_000),
        line(2, model="small", list_cost="8.9", latency_us=1_010_000),
        line(3, model="quick", list_cost="0.01", latency_us=10_000),
        line(4, model="unknown", list_cost=None, charges=[], pricing_status="unpriced"),
    )
    spec = (await local.get("/models/chart/scatter.json?range=all")).json()
    (points,) = spec["datasets"].values()
    assert {point["model"]: point["label"] for point in points} == {
        "large": "large",
        "small": "",
        "quick": "quick",
    }
    names = next(layer for layer in spec["layer"] if layer.get("name") == "names")
    assert names["encoding"]["text"]["field"] == "label"
    assert all(set(point) >= {"narrow"} for point in points)
    assert spec["layer"][0]["encoding"]["y"]["axis"]["values"] == [0.01, 0.1, 1.0, 10.0]


async def test_one_model_alone_is_drawn(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """And none at all, or none that has a price, is said."""
    drawn = await local.get("/models/chart/scatter.svg?range=all")
    assert "both a cost and a latency" in drawn.text
    fill(line(2, list_cost=None, charges=[], pricing_status="unpriced"))
    assert (await local.get("/models/chart/scatter.svg?range=all")).text == drawn.text
    fill(line(1))
    drawn = await local.get("/models/chart/scatter.svg?range=all")
    assert "gemini-2.5-flash" in drawn.text


async def test_a_workload_leads_to_what_if(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """With the same range and filters."""
    fill(line(1, agent="a"))
    page = (await local.get("/models?range=all&agent=a")).text
    assert 'href="/what-if?range=all&amp;agent=a"' in page
