"""Exchanges: found by words, followed to one, which tells everything but what was said."""

import html
from collections.abc import Callable

import httpx
import pytest
from ledger_rows import exchange_id, line, mark
from page_tables import table_links, table_texts

from weighbridge.compose.parts import Parts
from weighbridge.control.folder import DataFolder
from weighbridge.core.credential import NewToken
from weighbridge.core.exchange import Charge
from weighbridge.ledger.in_flight import InFlight

CHARGES = [
    Charge("input_text_token", "60", "0.000000300000", "0.000018000000", "gemini-2.5-flash:a"),
    Charge("output_text_token", "10", "0.000002500000", "0.000025000000", "gemini-2.5-flash:b"),
]
ONE = {
    "agent": "triage",
    "service_tier": "batch",
    "labels": {"env": "prod"},
    "input_tokens": 100,
    "cached_input_tokens": 40,
    "output_tokens": 10,
    "thinking_tokens": 50,
    "total_tokens": 160,
    "latency_us": 1_000_000,
    "ttfb_us": 400_000,
    "overhead_us": 1_000,
    "list_cost": "0.000043000000",
    "charges": CHARGES,
}


async def test_a_search_is_part_of_the_address(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Words of any name or code, alone or with filters; what is found stays found as a link."""
    fill(line(1, agent="triage"), line(2, agent="writer", error_type="UNAVAILABLE"))
    found = (await local.get("/exchanges.json?range=all&search=unavail")).json()
    (row,) = found["tables"]["exchanges"]["rows"]
    assert (row["agent"], row["exchange_id"]) == ("writer", exchange_id(2))
    page = (await local.get("/exchanges?range=all&search=triage")).text
    (href,) = table_links(page, "exchanges").values()
    assert href == f"/exchanges/{exchange_id(1)}?range=all&search=triage"
    assert "No call matches." in (await local.get("/exchanges?range=all&search=nobody")).text


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("agent=triage", [1]),
        ("label:env=prod", [2, 1]),
        ("label:env=prod writer", [2]),
        ("agent=triage agent=writer status=200", [2, 1]),
        ("agent=tri", []),
        ("nothing=1", []),
    ],
)
async def test_words_that_name_a_dimension_mean_exactly_that(
    local: httpx.AsyncClient, fill: Callable[..., None], search: str, expected: list[int]
) -> None:
    """Values of one name are alternatives; a word that names none is a word."""
    fill(
        line(1, agent="triage", labels={"env": "prod"}),
        line(2, agent="writer", labels={"env": "prod"}),
        line(3, agent="scout"),
    )
    params = {"range": "all", "search": search}
    found = (await local.get("/exchanges.json", params=params)).json()["tables"]["exchanges"]
    assert [row["exchange_id"] for row in found["rows"]] == list(map(exchange_id, expected))


async def test_a_search_for_what_no_row_can_have(local: httpx.AsyncClient) -> None:
    """Is told, as in any other place."""
    answer = await local.get("/exchanges.json?search=status%3Dmany")
    assert (answer.status_code, answer.json()["problems"][0]["where"]) == (422, "search")


async def test_pages_follow_each_other(local: httpx.AsyncClient, fill: Callable[..., None]) -> None:
    """Fifty at a time, newest first, none twice."""
    fill(*(line(number) for number in range(70)))
    page = (await local.get("/exchanges?range=all")).text
    older = page.split('rel="next"', 1)[1].split('href="', 1)[1].split('"', 1)[0]
    following = (await local.get(older.replace("&amp;", "&"))).text
    first, second = (table_links(text, "exchanges").values() for text in (page, following))
    ids = [href.split("/")[2].partition("?")[0] for href in (*first, *second)]
    assert ids == [exchange_id(number) for number in reversed(range(70))]


async def test_one_exchange_tells_all_but_what_was_said(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Attribution, token kinds and times as parts of a whole, and each charge to the last digit."""
    fill(line(1, **ONE))
    page = (await local.get(f"/exchanges/{exchange_id(1)}")).text
    assert [row[:2] for row in table_texts(page, "tokens")] == [
        ["Cached input", "40"],
        ["Fresh input", "60"],
        ["Answer", "10"],
        ["Thinking", "50"],
    ]
    assert [row[:2] for row in table_texts(page, "times")] == [
        ["In the gateway", "1.0 ms"],
        ["Until the first byte", "399.0 ms"],
        ["Until the last byte", "600.0 ms"],
    ]
    assert table_texts(page, "charges")[1] == [
        *("output text token", "10", "$2.5 / 1,000,000", "$0.000025", "gemini-2.5-flash:b"),
    ]
    assert "$0.000043" in page
    assert "/exchanges?label%3Aenv=prod" in page
    href = html.unescape(page).rpartition('href="/prices')[2].partition('"')[0]
    assert href == "?at=2026-01-01&model=gemini-2.5-flash&service_tier=batch"
    facts = (await local.get(f"/exchanges/{exchange_id(1)}.json")).json()["facts"]
    assert (facts["Agent"], facts["Department"], facts["Label env"]) == ("triage", None, "prod")


async def test_a_token_is_called_by_its_name(
    local: httpx.AsyncClient, parts: Parts, fill: Callable[..., None]
) -> None:
    """Where it is shown; data has its id, and so has a token that is no more."""
    token, _ = parts.tokens.create(NewToken(name="Night shift"))
    fill(line(1, token_id=token.id), line(2, token_id="tok_gone"))
    page = (await local.get(f"/exchanges/{exchange_id(1)}")).text
    assert "Night shift</a>" in page
    facts = (await local.get(f"/exchanges/{exchange_id(1)}.json")).json()["facts"]
    assert facts["Tracking token"] == token.id
    page = (await local.get("/overview?range=all&by=token")).text
    links = table_links(page, "top")
    assert links["Night shift"].endswith(f"token={token.id}")
    assert "tok_gone" in links


async def test_bars_of_a_waterfall_begin_where_the_last_one_ends(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Cached 25 %, then fresh input from there to 62.5 %."""
    fill(line(1, **ONE))
    page = (await local.get(f"/exchanges/{exchange_id(1)}")).text
    assert '<rect x="0.0" width="25.0"' in page
    assert '<rect x="25.0" width="37.5"' in page
    assert '<rect x="62.5" width="6.2"' in page


async def test_an_exchange_that_is_not_there(local: httpx.AsyncClient) -> None:
    """404, whatever stands in the address."""
    for name in (exchange_id(5), "nonsense"):
        assert (await local.get(f"/exchanges/{name}.json")).status_code == 404
        assert "no exchange has the id" in (await local.get(f"/exchanges/{name}")).text


async def test_an_unpriced_exchange_says_why_it_has_no_cost(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Not a zero."""
    fill(line(1, list_cost=None, charges=[], pricing_status="unpriced"))
    page = (await local.get(f"/exchanges/{exchange_id(1)}")).text
    assert "No charge lines: this exchange is unpriced." in page
    rows = table_texts((await local.get("/exchanges?range=all")).text, "exchanges")
    assert rows[0][-1] == "unpriced"


async def test_what_is_under_way_stands_first(
    local: httpx.AsyncClient, folder: DataFolder, fill: Callable[..., None]
) -> None:
    """Of the filters' values, and not where something is searched for."""
    fill(line(1))
    marks = InFlight.create(folder.run / "in-flight-0.slots")
    marks.begin(mark(2))
    tables = (await local.get("/exchanges.json?range=all")).json()["tables"]
    others = (await local.get("/exchanges.json?range=all&department=care")).json()["tables"]
    found = (await local.get("/exchanges.json?range=all&search=lab")).json()["tables"]
    marks.close()
    assert [row["department"] for row in tables["under_way"]["rows"]] == ["lab"]
    assert list(tables) == ["under_way", "exchanges"]
    assert "under_way" not in others
    assert "under_way" not in found
