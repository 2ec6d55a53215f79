"""Every kind of alert out of a running gateway, as a webhook gets it, within seconds of its cause.

Counterpart: `test_alerts_e2e` has thresholds, kills and restarts.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from processes import Bridge
from receiver import Webhook, webhook

DAY = timedelta(days=1)
BODY = {"contents": [{"parts": [{"text": "hello"}]}]}


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook that listens."""
    with webhook() as made:
        yield made


def test_an_import_tells_of_all_that_it_brings(
    serve: Callable[..., Bridge], hook: Webhook, tmp_path: Path
) -> None:
    """A threshold, and a day off its pattern, each with its chart."""
    bridge = serve()
    bridge.command("channel", "add", "--name", "ops", "--url", hook.url)
    scope = ("--scope", "department=care", "--thresholds", "50", "--period", "total")
    bridge.command("budget", "set", "--name", "care", "--limit", "200", *scope)
    now = datetime.now(UTC)
    spent = {now - days * DAY: "5" for days in range(1, 26)} | {now: "40"}
    file = tmp_path / "care.ndjson"
    file.write_text("\n".join(json.dumps(row(at, cost)) for at, cost in spent.items()))
    bridge.command("import", str(file))
    told = {message["title"]: message for message in (hook.next() for _ in range(2))}
    assert set(told) == {"Unusual spend: department care", "Budget “care” has reached 50 %"}
    for message in told.values():
        assert [each["mimetype"] for each in message["attachments"]] == ["image/png"]


def test_models_without_price_and_errors_are_told_of(
    serve: Callable[..., Bridge], hook: Webhook
) -> None:
    """B5: what has no price is in the open as soon as it is called."""
    bridge = serve()
    bridge.command("channel", "add", "--name", "ops", "--url", hook.url)
    token = bridge.token("t")["token"]
    assert call(bridge, token, "gemini-9-nova") == 200
    assert hook.next()["title"] == "No price for gemini-9-nova on gemini"
    for _ in range(20):
        assert call(bridge, token, "does-not-exist") == 404
    assert hook.next()["title"] == "Errors: does-not-exist on gemini"


def test_rows_that_wait_are_told_of(serve: Callable[..., Bridge], hook: Webhook) -> None:
    """A segment that the ledger cannot read, older than the limit; the others are loaded."""
    bridge = serve()
    bridge.command("channel", "add", "--name", "ops", "--url", hook.url, "--kind", "journal_lag")
    begun_ms = int((datetime.now(UTC) - timedelta(minutes=10)).timestamp() * 1000)
    (bridge.data / "journal" / "sealed" / f"w1-{begun_ms}-1.ndjson").mkdir()
    told = hook.next()
    assert told["title"] == "Rows do not reach the ledger"
    assert "The oldest row that waits" in told["message"]
    token = bridge.token("t")["token"]
    assert call(bridge, token, "gemini-2.5-flash") == 200
    bridge.wait_for_rows(1, model="gemini-2.5-flash")


def call(bridge: Bridge, token: str, model: str) -> int:
    """The status of one call."""
    headers = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTkinds"}
    url = f"{bridge.url}/v1beta/models/{model}:generateContent"
    return httpx.post(url, json=BODY, headers=headers, timeout=30).status_code


def row(at: datetime, cost: str) -> dict[str, Any]:
    """A line to import."""
    instant = at.isoformat()
    return {
        "exchange_id": str(uuid4()),
        "started_at": instant,
        "ended_at": instant,
        "provider": "google",
        "surface": "gemini",
        "operation": "generateContent",
        "model": "gemini-2.5-flash",
        "outcome": "ok",
        "usage_source": "final",
        "department": "care",
        "list_cost": cost,
        "pricing_status": "priced",
    }
