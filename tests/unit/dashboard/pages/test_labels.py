"""Labels: what each key covers, and the values of one."""

from collections.abc import Callable

import httpx
from ledger_rows import line
from page_tables import table_links

from weighbridge.compose.parts import Parts

ROWS = (
    line(0, list_cost="1", labels={"env": "prod", "team": "a"}),
    line(1, list_cost="2", labels={"env": "test"}),
    line(2, list_cost="5"),
)


async def test_keys_by_what_they_cover(local: httpx.AsyncClient, fill: Callable[..., None]) -> None:
    """Keys overlap; what carries none is told as a row without a link."""
    fill(*ROWS)
    document = (await local.get("/labels.json?range=all")).json()
    assert document["tables"]["keys"]["rows"] == [
        {
            "key": "env",
            "values": 2,
            "exchanges": 2,
            "cost": "3.000000000000",
            "share": "0.375000",
        },
        {
            "key": "team",
            "values": 1,
            "exchanges": 1,
            "cost": "1.000000000000",
            "share": "0.125000",
        },
        {
            "key": "(no label)",
            "values": None,
            "exchanges": 1,
            "cost": "5.000000000000",
            "share": "0.625000",
        },
    ]
    links = table_links((await local.get("/labels?range=all")).text, "keys")
    assert links == {
        "env": "/labels?range=all&by=label%3Aenv",
        "team": "/labels?range=all&by=label%3Ateam",
        "(no label)": "",
    }


async def test_values_of_a_key_lead_to_their_calls(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """The rows add up to everything, what lacks the key included."""
    fill(*ROWS)
    page = (await local.get("/labels?range=all&by=label:env")).text
    assert "env: 2 values" in page
    links = table_links(page, "groups")
    assert list(links) == ["Without this label", "test", "prod"]
    path, _, query = links["prod"].partition("?")
    found = (await local.get(f"{path}.json?{query}")).json()["tables"]["exchanges"]["rows"]
    assert [row["list_cost"] for row in found] == ["1.000000000000"]
    drawn = await local.get("/labels/chart/time.json?range=all&by=label:env")
    assert drawn.status_code == 200


async def test_a_search_of_keys(local: httpx.AsyncClient, fill: Callable[..., None]) -> None:
    """Only what matches is left; nothing says so."""
    fill(*ROWS)
    document = (await local.get("/labels.json?range=all&search=ea")).json()
    assert [row["key"] for row in document["tables"]["keys"]["rows"]] == ["team"]
    assert "matches" in (await local.get("/labels?range=all&search=zzz")).text


async def test_a_key_with_too_many_values_is_told(
    local: httpx.AsyncClient, fill: Callable[..., None], parts: Parts
) -> None:
    """An id as a value makes every view unreadable; how many are too many, the policy says."""
    fill(*(line(number, labels={"run": f"r{number}"}) for number in range(12)))
    for most, told in ((10, True), (12, False), (0, False)):
        parts.policy_settings.update({"labels.cardinality_warn": most})
        page = (await local.get("/labels?range=all")).text
        assert (f"1 of the keys have more than {most:,} values" in page) == told
