"""Budgets that refuse below their limit, from the call to the message, with real processes."""

import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cent_calls import DECLARED, budget, request, statuses
from one_cent import OneCent
from processes import PATIENCE_S, Bridge, wait_until
from receiver import webhook

GENEROUS_S = 60.0  # five seconds are the promise, on a machine that does nothing else
Serve = Callable[..., Bridge]


@pytest.fixture
def cents() -> Iterator[OneCent]:
    """An upstream whose every answer costs one cent."""
    with OneCent() as upstream:
        yield upstream


def told_of(bridge: Bridge, budget_id: str) -> list[dict[str, Any]]:
    asked = {"budget_id": budget_id, "limit": "100"}
    alerts = bridge.admin.get("/api/v1/alerts/history", params=asked).json()["alerts"]
    return [each for each in alerts if each["kind"] == "budget_exhausted"]


def test_a_budget_stuck_below_its_limit_is_told_once(serve: Serve, cents: OneCent) -> None:
    """B10: ten cents of 10.5 are spent, and every call takes one more; workers and restarts."""
    with webhook() as hook:
        bridge = serve("--workers", "2", upstream_url=cents.url)
        bridge.command("channel", "add", "--name", "ops", "--url", hook.url)
        token = bridge.token("t")["token"]
        made = budget(bridge, "0.105", "--hold", "bound", "--thresholds", "100")
        calls = [request(token, DECLARED)]
        assert statuses(bridge, calls * 10) == {200: 10}
        bridge.wait_for_rows(10, outcome="ok", operation="generateContent")
        assert statuses(bridge, calls) == {429: 1}
        began_s = time.monotonic()
        message = hook.next()
        assert time.monotonic() - began_s < GENEROUS_S
        assert message["title"] == "Budget “all” refuses calls"
        assert "$0.100 of $0.105 (95 %) is spent in this day" in message["message"]
        assert [each["mimetype"] for each in message["attachments"]] == ["image/png"]
        wait_until(
            lambda: told_of(bridge, made)[0]["deliveries"][0]["sent_at"], 10, "it was never sent"
        )
        standing = bridge.admin.get("/api/v1/alerts").json()["alerts"]
        assert made in [alert["budget_id"] for alert in standing]
        assert "refuses calls" in bridge.admin.get(f"/budgets/{made}").text
        bridge.process.send(signal.SIGTERM)
        assert bridge.process.wait() == 0
        again = serve("--workers", "2", upstream_url=cents.url)
        assert statuses(again, calls * 4) == {429: 4}
        again.command("budget", "set", made, "--limit", "0.106")
        wait_until(
            lambda: hook.got.qsize() or _calls(again, calls), PATIENCE_S, "not told at a new limit"
        )
        assert hook.next()["title"] == "Budget “all” refuses calls"
        assert len(told_of(again, made)) == 2
    assert hook.got.empty()


def _calls(bridge: Bridge, calls: list[bytes]) -> bool:
    """One more, which is refused; nothing is told by that."""
    assert statuses(bridge, calls) == {429: 1}
    return False
