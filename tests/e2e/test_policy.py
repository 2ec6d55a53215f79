"""The policy of a served gateway, changed while calls pass."""

import time
from collections.abc import Callable

import httpx
from processes import Bridge

PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
PROMPT = {"contents": [{"role": "user", "parts": [{"text": "policy?"}]}]}
WITHIN_S = 1.0


def _reason(client: httpx.Client, token: str, **headers: str) -> str | None:
    keys = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTpolicy"}
    answer = client.post(PATH, json=PROMPT, headers=keys | headers)
    return answer.headers.get("X-Weighbridge-Error")


def test_a_change_is_in_force_when_its_answer_comes(serve: Callable[..., Bridge]) -> None:
    """On every worker, within a second; what is taken away goes as fast."""
    bridge = serve("--workers", "2")
    token = bridge.token("policy")["token"]
    with httpx.Client(base_url=bridge.url, timeout=30) as client:
        assert _reason(client, token) is None
        began = time.monotonic()
        change = {
            "attribution.required": ["department"],
            "attribution.allowed.department": ["care"],
        }
        answer = bridge.admin.patch("/api/v1/policy", json=change)
        assert answer.status_code == 200, answer.text
        took_s = time.monotonic() - began
        for _ in range(4):
            with httpx.Client(base_url=bridge.url, timeout=30) as fresh:
                assert _reason(fresh, token) == "ATTRIBUTION_REQUIRED"
        assert _reason(client, token, **{"X-Department": "risk"}) == "ATTRIBUTION_NOT_ALLOWED"
        assert _reason(client, token, **{"X-Department": "care"}) is None
        assert took_s < WITHIN_S
        bridge.command("policy", "unset", "attribution.required")
        assert _reason(client, token) is None
        assert _reason(client, token, **{"X-Department": "risk"}) == "ATTRIBUTION_NOT_ALLOWED"
