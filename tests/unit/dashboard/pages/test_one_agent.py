"""One agent: its tables add up to it, loops are seen, its dearest calls come first."""

from collections.abc import Callable
from decimal import Decimal

import httpx
from ledger_rows import exchange, exchange_id, line
from page_tables import table_links, table_texts

AGENT = "/agents/one.json?range=all&agent=digger"


def calls() -> list[bytes]:
    """Eight prompts that grow, and one call of somebody else."""
    mine = [
        line(number, agent="digger", input_tokens=100 * number, thinking_tokens=5)
        for number in range(1, 9)
    ]
    return [*mine, line(9, agent="other", list_cost="9")]


async def test_its_tables_add_up_to_it(local: httpx.AsyncClient, fill: Callable[..., None]) -> None:
    """By model, by charge: the agent's cost; nothing of anybody else."""
    fill(*calls())
    tables = (await local.get(AGENT)).json()["tables"]
    cost = sum(Decimal(str(exchange(number).list_cost)) for number in range(1, 9))
    assert Decimal(tables["models"]["totals"]["cost"]) == cost
    charges = tables["charges"]
    assert sum(Decimal(row["cost"]) for row in charges["rows"]) == cost
    assert Decimal(charges["totals"]["cost"]) == cost
    kinds = {row["kind"]: row["tokens"] for row in tables["tokens"]["rows"]}
    assert (kinds["input_tokens"], kinds["thinking_tokens"]) == (3600, 40)
    assert tables["tokens"]["totals"]["tokens"] == 3600 + 40 + 80


async def test_a_loop_is_seen(local: httpx.AsyncClient, fill: Callable[..., None]) -> None:
    """Eight growing prompts in a row are one run."""
    fill(*calls())
    (row,) = (await local.get(AGENT)).json()["tables"]["loops"]["rows"]
    assert (row["rising"], row["runs"], row["loop_calls"], row["grown_tokens"]) == (1.0, 1, 8, 700)


async def test_the_dearest_calls_come_first(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Each leads to its own page."""
    fill(*calls())
    page = (await local.get("/agents/one/late?range=all&agent=digger")).text
    first = next(iter(table_links(page, "costliest").values()))
    assert first.startswith(f"/exchanges/{exchange_id(8)}?")
    assert len(table_texts(page, "costliest")) == 8


async def test_charts_of_an_agent(local: httpx.AsyncClient, fill: Callable[..., None]) -> None:
    """What it costs by model, and how its prompts grow."""
    fill(*calls())
    for name in ("time", "prompts"):
        address = f"/agents/one/chart/{name}.json?since=2026-01-01&until=2026-01-02&agent=digger"
        assert (await local.get(address)).status_code == 200


async def test_all_agents_together_are_not_read_call_by_call(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Without an agent only sums are asked for."""
    fill(*calls())
    tables = (await local.get("/agents/one.json?range=all")).json()["tables"]
    assert set(tables) == {"models", "tokens", "outcomes"}
