"""Own rates over the API."""

from typing import Any

import httpx

from weighbridge.compose.parts import Parts

WISH = {
    "models": ["gemini-2.5-flash"],
    "rates": {"input_text_token": "0.21"},
    "source": "contract 4711",
}
PATH = "/api/v1/price-overrides"


async def _input_price(client: httpx.AsyncClient) -> str:
    models = (await client.get("/api/v1/models", params={"surface": "gemini"})).json()["models"]
    model = next(one for one in models if one["model"] == "gemini-2.5-flash")
    price: str = next(
        line["usd"]
        for line in model["prices"]
        if (line["tier"], line["unit"]) == ("standard", "input_text_token")
    )
    return price


def _after(document: Any) -> set[str]:
    return {change["after"] for change in document["changes"]}


async def test_own_rates_come_change_and_go(
    local: httpx.AsyncClient, parts: Parts, policy: Any
) -> None:
    """Each time the book shows it, workers are told, and the answer says what changed."""
    listed = await _input_price(local)
    made = await local.post(PATH, json=WISH)
    assert made.status_code == 201
    document = made.json()
    assert "0.21" in _after(document)
    assert await _input_price(local) == "0.21"
    assert b"4711" in parts.policy().prices
    changed = await local.patch(f"{PATH}/{document['id']}", json={"rates": {**WISH["rates"]}})
    assert changed.json()["changes"] == []
    listing = (await local.get(PATH)).json()["price_overrides"]
    assert [one["id"] for one in listing] == [document["id"]]
    gone = await local.delete(f"{PATH}/{document['id']}")
    assert listed in _after(gone.json())
    assert parts.policy().prices == b""
    assert policy.published == 3


async def test_a_preview_stores_nothing(local: httpx.AsyncClient, policy: Any) -> None:
    """It answers with the changes alone."""
    answer = await local.post(f"{PATH}/preview", json=WISH)
    assert "0.21" in _after(answer.json())
    assert (await local.get(PATH)).json()["price_overrides"] == []
    assert policy.published == 0


async def test_what_is_wrong_is_told_by_field(local: httpx.AsyncClient) -> None:
    """A rate that is no text, a unit that is none, a model that nobody knows."""
    answer = await local.post(PATH, json={**WISH, "rates": {"input_text_token": 0.21}})
    assert answer.json()["problems"][0]["where"] == "rates.input_text_token"
    wrong = {**WISH, "models": ["gemini-2.5-flahs"], "rates": {"input_tokens": "1"}}
    answer = await local.post(PATH, json=wrong)
    assert answer.status_code == 422
    problems = {one["where"]: one["message"] for one in answer.json()["problems"]}
    assert set(problems) == {"models", "rates.input_tokens"}
