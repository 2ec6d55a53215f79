"""Alerts from the call that crosses a threshold to the message, with real processes.

Messages go to a webhook on loopback. Times are bounds that nobody waits for.
"""

import time
from collections.abc import Callable
from typing import Any

import httpx
from canaries import files_of
from family import children, kill
from processes import PATIENCE_S, Bridge, wait_until
from receiver import Webhook, webhook

GENEROUS_S = 60.0  # five seconds are the promise, on a machine that does nothing else
SECRET = "s3cr3t-p4th"  # of every webhook's address
_COMES_BACK = (PATIENCE_S, "the control process does not come back")
_PATH = "/v1beta/models/gemini-2.5-pro:generateContent"
_BODY = {"contents": [{"parts": [{"text": "hello"}]}]}


def call(bridge: Bridge, token: dict[str, Any], agent: str) -> None:
    """One paid call."""
    headers = {
        "X-Weighbridge-Key": token["token"],
        "X-Agent": agent,
        "x-goog-api-key": "AIzaSyTESTprobe",
    }
    answer = httpx.post(bridge.url + _PATH, json=_BODY, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text


def tell_through(bridge: Bridge, hook: Webhook) -> None:
    wanted = {"name": "ops", "url": hook.url, "kinds": ["budget_threshold"]}
    assert bridge.admin.post("/api/v1/channels", json=wanted).status_code == 201
    assert bridge.admin.post("/api/v1/channels/ops/test").json()["state"] == "sent"
    assert hook.next()["title"] == "Test of a Weighbridge channel"


def budget(bridge: Bridge, **wanted: Any) -> str:
    asked = {"limit_usd": "0.000001", "thresholds": [100], "channels": ["ops"], **wanted}
    made = bridge.admin.post("/api/v1/budgets", json=asked)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def deliveries(bridge: Bridge, budget_id: str) -> list[dict[str, Any]]:
    asked = {"budget_id": budget_id, "limit": "1000"}
    told = bridge.admin.get("/api/v1/alerts/history", params=asked).json()["alerts"]
    return [each for alert in told for each in alert["deliveries"]]


def test_the_message_is_out_soon_after_the_call(serve: Callable[..., Bridge]) -> None:
    """With the chart of the window; the budget then stands among the alerts."""
    with webhook() as hook:
        bridge = serve()
        tell_through(bridge, hook)
        token = bridge.token("a")
        budget_id = budget(bridge, name="Tiny", scope={"agent": ["crossing"]})
        began = time.monotonic()
        call(bridge, token, "crossing")
        message = hook.next()
        assert time.monotonic() - began < GENEROUS_S
        assert message["title"] == "Budget “Tiny” is used up"
        assert [each["mimetype"] for each in message["attachments"]] == ["image/png"]
        sent = wait_until(
            lambda: [each for each in deliveries(bridge, budget_id) if each["sent_at"]],
            GENEROUS_S,
            "the delivery is not written down",
        )
        assert [each["attempts"] for each in sent] == [1]
        standing = bridge.admin.get("/api/v1/alerts").json()["alerts"]
        assert budget_id in [alert["budget_id"] for alert in standing]


def test_a_budget_tells_the_address_it_was_given(serve: Callable[..., Bridge]) -> None:
    """Which then stands nowhere: in no answer, page, log, and no file of the data folder."""
    with webhook() as hook:
        bridge = serve()
        token = bridge.token("c")
        spoken = {"name": "Spoken", "scope": {"agent": ["spoken"]}}
        budget_id = budget(bridge, **spoken, channels=[hook.url])
        call(bridge, token, "spoken")
        assert hook.next()["title"] == "Budget “Spoken” is used up"
        told = wait_until(
            lambda: [each for each in deliveries(bridge, budget_id) if each["sent_at"]],
            GENEROUS_S,
            "the delivery is not written down",
        )
        assert [each["channel"] for each in told] == ["json-127.0.0.1"]
        api = ("budgets", f"budgets/{budget_id}", "channels", "audit", "alerts/history", "alerts")
        pages = ("/budgets", f"/budgets/{budget_id}", "/alerts", "/settings/audit")
        for path in (*(f"/api/v1/{each}" for each in api), *pages):
            answer = bridge.admin.get(path)
            assert (answer.status_code, SECRET in answer.text) == (200, False), path
        changes = bridge.admin.get("/api/v1/audit").json()["entries"]
        assert "channel.create" in [each["action"] for each in changes]
        written = files_of(bridge.folder)
        assert [place for place, data in written if SECRET.encode() in data] == []


def test_kills_and_restarts_tell_nothing_twice(serve: Callable[..., Bridge]) -> None:
    """B10: each value's threshold is told once, whatever dies; what failed is tried again."""
    agents = [f"agent-{number}" for number in range(6)]
    with webhook() as hook:
        bridge = serve()
        tell_through(bridge, hook)
        token = bridge.token("b")
        budget_id = budget(bridge, name="Each", per="agent", scope={"agent": agents})
        hook.statuses = [500]
        for number, agent in enumerate(agents):
            call(bridge, token, agent)
            if number % 2:
                kill(wait_until(lambda: children(bridge.process.pid).get("control"), *_COMES_BACK))
        told = wait_until(
            lambda: [
                each for each in deliveries_or_none(bridge, budget_id) if each["state"] == "sent"
            ][len(agents) - 1 :],
            120,
            lambda: f"not all told: {deliveries_or_none(bridge, budget_id)}",
        )
        assert told
        all_of_it = deliveries(bridge, budget_id)
        assert len(all_of_it) == len(agents)
    got = [hook.got.get_nowait() for _ in range(hook.got.qsize())]
    ids = {message["message"].rpartition(" ")[2] for message in got}
    assert ids == {each["alert_id"] for each in all_of_it}
    assert {message["title"] for message in got} == {
        f"Budget “Each” of agent {agent} is used up" for agent in agents
    }


def deliveries_or_none(bridge: Bridge, budget_id: str) -> list[dict[str, Any]]:
    """The same, where the control process may be away."""
    try:
        return deliveries(bridge, budget_id)
    except (httpx.HTTPError, KeyError, ValueError):
        return []
