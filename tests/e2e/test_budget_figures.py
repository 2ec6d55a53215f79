"""What a budget shows while calls run: spent, held and leased never come to more than its limit."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest
from one_cent import OneCent
from processes import Bridge

PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
BODY = {"contents": [{"parts": [{"text": "hello"}]}], "generationConfig": {"maxOutputTokens": 3997}}
LIMIT = Decimal("0.10")
CALLERS = 12
CALLS = 4
HTTP_TOO_MANY = 429


@pytest.fixture
def cents() -> Iterator[OneCent]:
    """An upstream whose every answer costs one cent, after a while."""
    with OneCent(delay_s=0.1) as upstream:
        yield upstream


def test_figures_add_up_at_every_moment(serve: Callable[..., Bridge], cents: OneCent) -> None:
    """B7, B9: in refusals, in the status and in the audit, while rows are on their way."""
    bridge = serve("--workers", "2", upstream_url=cents.url)
    token = bridge.token("t")["token"]
    for round_ in ("first", "second"):
        scope = {"scope": {"agent": [round_]}, "action": "block", "period": "day"}
        asked = {"name": round_, "limit_usd": str(LIMIT), **scope}
        made = bridge.admin.post("/api/v1/budgets", json=asked).json()["id"]
        with ThreadPoolExecutor(CALLERS) as callers:
            told = [callers.submit(_refusals, bridge, token, round_) for _ in range(CALLERS)]
            while not all(each.done() for each in told):
                status = bridge.admin.get(f"/api/v1/budgets/{made}/status").json()
                figures = [Decimal(status[name]) for name in ("spent", "held", "leased")]
                assert sum(figures) <= LIMIT, status
                audit = bridge.admin.get(f"/api/v1/budgets/{made}/audit").json()
                assert audit["consistent"], audit
                assert {each["beyond"] for each in audit["accounts"]} <= {"0.00"}
        refusals = [refusal for each in told for refusal in each.result()]
        assert len(refusals) >= CALLERS * CALLS - 10
        for refusal in refusals:
            assert Decimal(refusal["spent_usd"]) + Decimal(refusal["held_usd"]) <= LIMIT, refusal


def _refusals(bridge: Bridge, token: str, agent: str) -> list[dict[str, str]]:
    """What some calls, one after another, were told where they were refused."""
    headers = {"X-Weighbridge-Key": token, "X-Agent": agent, "x-goog-api-key": "AIzaSyTESTfigures"}
    refusals = []
    for _ in range(CALLS):
        answer = httpx.post(bridge.url + PATH, json=BODY, headers=headers, timeout=30)
        if answer.status_code == HTTP_TOO_MANY:
            refusals.append(answer.json()["error"]["details"][0]["metadata"])
    return refusals
