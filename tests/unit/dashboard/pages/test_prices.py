"""Supported models: prices on a day, what changes next, one model in full."""

import httpx
from page_tables import table_links, table_texts


async def test_what_changes_next_leads_to_that_day(local: httpx.AsyncClient) -> None:
    """A model that doubles is told once, with both prices, and its link shows the new one."""
    page = (await local.get("/prices?at=2026-11-22")).text
    coming = {texts[1]: texts for texts in table_texts(page, "coming")}
    day, _, what, _, prices = coming["gemini-4-argon"]
    assert (day, what, prices) == ("1 Dec 2026", "doubles", "$2.00 → $4.00, $10.00 → $20.00")
    href = table_links(page, "coming")["1 Dec 2026"]
    assert href == "/prices?at=2026-12-01&model=gemini-4-argon"
    lines = (await local.get(href.replace("/prices", "/prices.json"))).json()["tables"]["lines"]
    standard = {
        (row["unit"], row["surface"], row["location"]): row["usd"]
        for row in lines["rows"]
        if row["tier"] == "standard"
    }
    assert standard["input_text_token", "gemini", "global"] == "4"


async def test_the_list_shows_standard_prices_first(local: httpx.AsyncClient) -> None:
    """Google's own models first; other tiers and surfaces by a link, in the address."""
    document = (await local.get("/prices.json?at=2026-11-22")).json()
    rows = document["tables"]["prices"]["rows"]
    assert {row["tier"] for row in rows} == {"standard"}
    assert not any(row["model"].startswith("claude") for row in rows)
    batch = (await local.get("/prices.json?at=2026-11-22&service_tier=batch&surface=vertex")).json()
    found = {(row["tier"], row["surface"]) for row in batch["tables"]["prices"]["rows"]}
    assert found == {("batch", "vertex")}


async def test_surfaces_that_cost_the_same_share_a_row(local: httpx.AsyncClient) -> None:
    """Where they differ, each has its own; one model is shown in the tier that is chosen."""
    page = (await local.get("/prices?at=2026-11-22&search=gemini-2.5-flash")).text
    (row,) = [row for row in table_texts(page, "prices") if row[0].split()[0] == "gemini-2.5-flash"]
    assert row[0] == "gemini-2.5-flash gemini, vertex, standard"
    lines = (await local.get("/prices.json?model=gemini-2.5-pro&service_tier=batch")).json()
    assert {row["tier"] for row in lines["tables"]["lines"]["rows"]} == {"batch"}


async def test_a_price_with_a_cliff_shows_both_sides(local: httpx.AsyncClient) -> None:
    """Below and above the prompt size."""
    address = "/prices?at=2026-11-22&search=gemini-2.5-pro&surface=gemini"
    texts = table_texts((await local.get(address)).text, "prices")
    assert texts[0][1] == "$1.25 $2.50 above 200k"


async def test_a_day_that_is_none_is_told(local: httpx.AsyncClient) -> None:
    """With what may stand there."""
    answer = await local.get("/prices.json?at=someday")
    assert (answer.status_code, answer.json()["problems"][0]["where"]) == (422, "at")
    assert "someday" in (await local.get("/prices?at=someday")).text


async def test_a_model_that_is_not_there(local: httpx.AsyncClient) -> None:
    """An empty table says so."""
    assert "No model matches." in (await local.get("/prices?search=nobody")).text
    assert "no price on that day" in (await local.get("/prices?model=nobody")).text
