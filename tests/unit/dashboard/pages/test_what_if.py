"""What if: the same calls on other models, and where the difference comes from."""

from collections.abc import Callable

import httpx
from ledger_rows import line
from page_tables import table_texts

from weighbridge.core.exchange import Charge

ONE = {
    "list_cost": "0.300000000000",
    "charges": [Charge("input_text_token", "1000000", "0.0000003", "0.3", "p")],
    "input_tokens": 1_000_000,
}


async def test_nothing_is_asked_until_a_model_is_named(local: httpx.AsyncClient) -> None:
    """The field offers models; the table says what to do."""
    page = (await local.get("/what-if")).text
    assert '<option value="gemini-2.5-flash">' in page
    assert "Name a model above" in page


async def test_models_side_by_side(local: httpx.AsyncClient, fill: Callable[..., None]) -> None:
    """Each with what it was, would be, and the difference; groups add up to it."""
    fill(line(1, agent="a", **ONE), line(2, agent="b", **ONE))
    address = "/what-if.json?range=all&models=gemini-2.5-flash-lite&models=gemini-2.5-flash"
    tables = (await local.get(address)).json()["tables"]
    lite, flash = tables["models"]["rows"]
    assert (lite["model"], lite["cost_now"], lite["cost"]) == (
        "gemini-2.5-flash-lite",
        "0.600000000000",
        "0.200000000000",
    )
    assert flash["difference"] == "0.000000000000"
    groups = {row["agent"]: row["gemini-2.5-flash-lite"] for row in tables["groups"]["rows"]}
    assert groups == {"a": "-0.200000000000", "b": "-0.200000000000"}


async def test_what_has_no_price_there_is_told(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """And stands on neither side."""
    picture = Charge("image", "1", "0.04", "0.04", "p")
    fill(line(1, **ONE), line(2, list_cost="0.04", charges=[picture]))
    page = (await local.get("/what-if?range=all&models=gemini-2.5-flash")).text
    (row,) = table_texts(page, "models")
    assert row[1:] == ["$0.300", "$0.300", "$0.00", "+0.0 %", "$0.0400: image"]


async def test_a_model_that_nobody_knows_is_refused(local: httpx.AsyncClient) -> None:
    """As any other mistake of an address."""
    answer = await local.get("/what-if.json?models=gemini-99")
    assert (answer.status_code, answer.json()["problems"][0]["where"]) == (422, "models")
    assert "gemini-99" in (await local.get("/what-if?models=gemini-99")).text
