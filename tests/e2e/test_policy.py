"""The policy of a served gateway, changed while calls pass."""

import time
from collections.abc import Callable
from typing import Any

import httpx
from processes import PATIENCE_S, Bridge, wait_until

PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
PROMPT = {"contents": [{"role": "user", "parts": [{"text": "policy?"}]}]}
WITHIN_S = 1.0


def _reason(client: httpx.Client, token: str, **headers: str) -> str | None:
    keys = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTpolicy"}
    answer = client.post(PATH, json=PROMPT, headers=keys | headers)
    return answer.headers.get("X-Weighbridge-Error")


def _change(bridge: Bridge, policy: dict[str, list[str]]) -> float:
    """Seconds until its answer came."""
    began = time.monotonic()
    answer = bridge.admin.patch("/api/v1/policy", json=policy)
    assert answer.status_code == 200, answer.text
    return time.monotonic() - began


def test_a_change_is_in_force_when_its_answer_comes(serve: Callable[..., Bridge]) -> None:
    """On every worker, within a second; what is taken away goes as fast."""
    bridge = serve("--workers", "2")
    token = bridge.token("policy")["token"]
    with httpx.Client(base_url=bridge.url, timeout=30) as client:
        assert _reason(client, token) is None
        took_s = [
            _change(bridge, {"attribution.allowed.department": allowed})
            for allowed in (["risk"], ["care", "risk"])
        ]
        last = {"attribution.required": ["department"], "attribution.allowed.department": ["care"]}
        took_s.append(_change(bridge, last))
        for _ in range(4):
            with httpx.Client(base_url=bridge.url, timeout=30) as fresh:
                assert _reason(fresh, token) == "ATTRIBUTION_REQUIRED"
        assert _reason(client, token, **{"X-Department": "risk"}) == "ATTRIBUTION_NOT_ALLOWED"
        assert _reason(client, token, **{"X-Department": "care"}) is None
        assert min(took_s) < WITHIN_S, "a busy machine may delay one, not all"
        bridge.command("policy", "unset", "attribution.required")
        assert _reason(client, token) is None
        assert _reason(client, token, **{"X-Department": "risk"}) == "ATTRIBUTION_NOT_ALLOWED"


def test_own_rates_are_in_force_when_their_answer_comes(serve: Callable[..., Bridge]) -> None:
    """The next call on a connection that is open costs them; taken back, the list's again."""
    bridge = serve()
    token = bridge.token("prices")["token"]
    keys = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTprices"}
    wish = {
        "models": ["gemini-2.5-flash"],
        "rates": {"input_text_token": "1000", "output_text_token": "1000"},
        "source": "contract",
    }
    with httpx.Client(base_url=bridge.url, timeout=30) as client:

        def call(agent: str) -> None:
            for _ in range(2):
                client.post(PATH, json=PROMPT, headers={**keys, "X-Agent": agent})

        call("before")
        own = bridge.admin.post("/api/v1/price-overrides", json=wish).json()
        call("between")
        bridge.admin.delete(f"/api/v1/price-overrides/{own['id']}")
        call("after")
    dear = {"before": False, "between": True, "after": False}
    for agent, expected in dear.items():
        for row in bridge.wait_for_rows(2, agent=agent):
            rates = {charge["unit_price"] for charge in row["charges"]}
            assert (rates == {"0.001000000000"}) is expected, (agent, row["charges"])


def test_every_worker_shows_in_the_systems_health(serve: Callable[..., Bridge]) -> None:
    """At the policy's version, with what it has done."""
    bridge = serve("--workers", "2")
    token = bridge.token("health")["token"]
    keys = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESThealth", "X-Agent": "health"}
    assert httpx.post(bridge.url + PATH, json=PROMPT, headers=keys, timeout=30).is_success
    bridge.wait_for_rows(1, agent="health")

    def counted() -> dict[str, Any] | None:
        health: dict[str, Any] = bridge.admin.get("/api/v1/system").json()
        return health if sum(one["exchanges"] for one in health["workers"]) else None

    health = wait_until(counted, PATIENCE_S, "no worker has told what it did")
    assert [one["worker"] for one in health["workers"]] == [0, 1]
    assert {one["policy_version"] for one in health["workers"]} == {health["policy_version"]}
    assert (health["problems"], health["workers_expected"]) == ([], 2)
    assert health["ledger"]["last_load_at"] is not None
    assert health["journal"]["lag_ms"] < 60_000
