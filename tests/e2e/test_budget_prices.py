"""What a call is thought to cost before it is sent, by a running gateway (B3, B5)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from processes import Bridge

PRO = "/v1beta/models/gemini-2.5-pro:generateContent"
UNKNOWN = "/v1beta/models/gemini-9-nova:generateContent"
CLIFF_TOKENS = 200_000
# Pico-dollars for a prompt token of gemini-2.5-pro, on either side of the cliff.
LOW, HIGH = Decimal("0.00000125"), Decimal("0.0000025")


@pytest.fixture
def bridge(serve: Callable[..., Bridge]) -> Bridge:
    """A gateway of the test's own: its budgets bind nobody else."""
    return serve()


def budget(bridge: Bridge, agent: str, **wanted: str) -> str:
    """A budget that blocks one agent."""
    asked = {"name": agent, "action": "block", "period": "day", "scope": {"agent": [agent]}}
    made = bridge.admin.post("/api/v1/budgets", json={**asked, **wanted})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def call(bridge: Bridge, token: str, agent: str, path: str, text: str = "hello") -> httpx.Response:
    """A call that declares a short answer."""
    headers = {"X-Weighbridge-Key": token, "X-Agent": agent, "x-goog-api-key": "AIzaSyTESTprice"}
    body = {
        "contents": [{"parts": [{"text": text}]}],
        "generationConfig": {"maxOutputTokens": 100},
    }
    return httpx.post(bridge.url + path, json=body, headers=headers, timeout=30)


def told(answer: httpx.Response) -> dict[str, Any]:
    """The figures of a refusal."""
    assert answer.status_code == 429, answer.text
    return dict(answer.json()["error"]["details"][0]["metadata"])


def test_a_prompt_that_may_reach_the_upper_tier_needs_its_price(bridge: Bridge) -> None:
    """B3: a token a byte at most, so that a byte decides between passing and being refused."""
    token = bridge.token("t")["token"]
    # Enough for 200,000 tokens at the lower price and 100 of answer, not at the upper one.
    budget(bridge, "strict", limit_usd="0.252", hold="bound")
    short = "x" * (CLIFF_TOKENS - 1_000)
    assert call(bridge, token, "strict", PRO, short).status_code == 200
    refusal = told(call(bridge, token, "strict", PRO, "x" * (CLIFF_TOKENS + 1)))
    needed = Decimal(refusal["needed_usd"])
    assert needed > CLIFF_TOKENS * HIGH > Decimal(refusal["limit_usd"]) > CLIFF_TOKENS * LOW


def test_a_model_without_price_is_the_budgets_to_decide(bridge: Bridge) -> None:
    """B5: refused in the open, or passed and counted as unpriced, never as free."""
    token = bridge.token("t")["token"]
    budget(bridge, "careful", limit_usd="1", unpriced="block")
    open_handed = budget(bridge, "open", limit_usd="1", unpriced="allow")
    answer = call(bridge, token, "careful", UNKNOWN)
    refusal = told(answer)
    assert (refusal["budget"], refusal["unpriced"]) == ("careful", "gemini-9-nova")
    assert "gemini-9-nova" in answer.json()["error"]["message"]
    assert call(bridge, token, "careful", PRO).status_code == 200
    assert call(bridge, token, "open", UNKNOWN).status_code == 200
    (row,) = bridge.wait_for_rows(1, agent="open")
    assert (row["pricing_status"], row["list_cost"]) == ("unpriced", None)
    assert bridge.admin.get(f"/api/v1/budgets/{open_handed}/status").json()["spent"] == "0.00"
    asked = {"filters": {"agent": ["open"]}, "metrics": ["cost"], "since": "1h"}
    counted = bridge.admin.post("/api/v1/query", json=asked).json()["completeness"]
    assert (counted["exchanges"], counted["unpriced"]) == (1, 1)
