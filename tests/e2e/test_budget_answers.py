"""What commands say of budgets beside a gateway that serves, and after it has stopped."""

from collections.abc import Callable

import httpx
from one_cent import OneCent
from processes import Bridge, run_json

PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
BODY = {"contents": [{"parts": [{"text": "hello"}]}], "generationConfig": {"maxOutputTokens": 3997}}


def test_budgets_are_told_of_alike_with_and_without_a_gateway(serve: Callable[..., Bridge]) -> None:
    """B7: status and audit are the ledger's, whoever answers; a change is in force at once."""
    with OneCent() as cents:
        bridge = serve(upstream_url=cents.url)
        token = bridge.token("n", "--department", "care")["token"]
        scope = ("--scope", "department=care", "--action", "block")
        made = bridge.command("budget", "set", "--name", "care", "--limit", "0.03", *scope)
        headers = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTbudget"}

        def call() -> int:
            return httpx.post(bridge.url + PATH, json=BODY, headers=headers, timeout=30).status_code

        assert [call() for _ in range(4)] == [200, 200, 200, 429]
        bridge.command("budget", "raise", "care", "--amount", "0.01", "--until", "1h")
        assert [call() for _ in range(2)] == [200, 429]
        bridge.wait_for_rows(4, operation="generateContent", outcome="ok")
        status = bridge.command("budget", "status", "care")
        audit = bridge.command("budget", "audit", "care")
        raised = made["id"], bridge.command("budget", "show", "care")["raises"][0]["id"]
    assert (status["budget_id"], status["spent"], status["limit"]) == (made["id"], "0.04", "0.04")
    assert (status["state"], status["held"], status["remaining"]) == ("exhausted", "0.00", "0.00")
    (account,) = audit["accounts"]
    assert (account["spent"], account["kept"], account["held"]) == ("0.04", "0.04", "0.00")
    assert audit["consistent"]
    assert account["beyond"] == "0.00"
    bridge.process.stop()
    after = run_json("budget", "status", "care", "--data", str(bridge.data), "--json")
    assert after == {**status, "leased": "0.00"}
    shown = run_json("budget", "show", raised[0], "--data", str(bridge.data), "--json")
    assert [one["id"] for one in shown["raises"]] == [raised[1]]


def test_a_rate_limit_is_told_of_by_what_is_left(serve: Callable[..., Bridge]) -> None:
    """In force when the command ends, as full as calls left it, and gone when it is removed."""
    with OneCent() as cents:
        bridge = serve("--workers", "2", upstream_url=cents.url)
        token = bridge.token("n")["token"]
        made = bridge.command("limit", "set", "--name", "few", "--requests", "3", "--per", "agent")
        headers = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTlimit", "X-Agent": "a"}

        def call() -> httpx.Response:
            return httpx.post(bridge.url + PATH, json=BODY, headers=headers, timeout=30)

        answers = [call() for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].headers["x-weighbridge-error"] == "RATE_LIMITED"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
        (bucket,) = bridge.command("limit", "status", "few")["buckets"]
        assert (bucket["value"], bucket["requests_left"], bucket["tokens_left"]) == ("a", 0, None)
        assert bridge.command("limit", "remove", "few")["id"] == made["id"]
        assert call().status_code == 200
