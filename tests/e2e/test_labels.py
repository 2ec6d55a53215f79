"""Labels through a served gateway: filled into Vertex bodies, taken out, folded in rows."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from processes import PATIENCE_S, Bridge, wait_until

VERTEX = (
    "/v1/projects/labels-1/locations/us-central1/publishers/google/models/"
    "gemini-2.5-flash:generateContent"
)
GEMINI = "/v1beta/models/gemini-2.5-flash:generateContent"
PROMPT = {"contents": [{"role": "user", "parts": [{"text": "labels?"}]}]}
CONFIG = """
[labels]
inject = true
cardinality_warn = 3
fold = true
"""


@pytest.fixture
def labelled(serve: Callable[..., Bridge], upstream: str, tmp_path: Path) -> Bridge:
    """A gateway that fills labels in, and bears three values of a key."""
    file = tmp_path / "weighbridge.toml"
    file.write_text(CONFIG, encoding="utf-8")
    return serve("--config", str(file), "--upstream", f"vertex={upstream}")


def call(bridge: Bridge, path: str, token: str, body: object, **headers: str) -> httpx.Response:
    return httpx.post(
        bridge.url + path,
        content=json.dumps(body, ensure_ascii=False).encode(),
        headers={
            "X-Weighbridge-Key": token,
            "Authorization": "Bearer ya29.TESTlabels",
            "x-goog-api-key": "AIzaSyTESTlabels",
            "Content-Type": "application/json",
            **headers,
        },
        timeout=30,
    )


def received(upstream: str) -> list[dict[str, str]]:
    answer = httpx.get(f"{upstream}/-/simulator/labels", timeout=10).json()
    return [each["labels"] for each in answer["labels"]]


def test_attribution_reaches_googles_bill(labelled: Bridge, upstream: str) -> None:
    """What is known of a call is in the body that Google gets; its own labels win."""
    token = labelled.token("inject", "--label", "env=prod", "--department", "R&D Europe")["token"]
    headers = {"X-Agent": "Crawler", "X-Weighbridge-Labels": "team=header,cost=c-1"}
    body = {**PROMPT, "labels": {"team": "body", "名前": "値"}}
    answer = call(labelled, VERTEX, token, body, **headers)
    assert answer.status_code == 200, answer.text
    sent = {
        "team": "body", "名前": "値", "department": "r_d-europe", "agent": "crawler",
        "env": "prod", "cost": "c-1",
    }  # fmt: skip
    assert sent in received(upstream)
    (row,) = labelled.wait_for_rows(1, agent="Crawler")
    assert row["labels"] == {"team": "body", "名前": "値", "env": "prod", "cost": "c-1"}
    assert row["labels_sent"] == sent

    assert call(labelled, VERTEX, token, PROMPT, **{"X-Agent": "bare"}).status_code == 200
    (row,) = labelled.wait_for_rows(1, agent="bare")
    assert row["labels_sent"] == {"department": "r_d-europe", "agent": "bare", "env": "prod"}
    assert row["labels_sent"] in received(upstream)


def test_the_developer_api_gets_none(labelled: Bridge, upstream: str) -> None:
    """That API refuses the member: recorded and taken out, the call succeeds."""
    token = labelled.token("strip")["token"]
    body = {**PROMPT, "labels": {"team": "taken-out"}}
    assert call(labelled, GEMINI, token, body, **{"X-Agent": "strip"}).status_code == 200
    (row,) = labelled.wait_for_rows(1, agent="strip")
    assert (row["labels"], row["labels_sent"]) == ({"team": "taken-out"}, None)
    assert {"team": "taken-out"} not in received(upstream)


def test_too_many_values_are_told_and_folded(labelled: Bridge, upstream: str) -> None:
    """A request id as a label is an alert, and from then on one value in rows, not at Google."""
    token = labelled.token("noise")["token"]

    def send(number: int) -> None:
        body = {**PROMPT, "labels": {"request": f"r{number}"}}
        assert call(labelled, VERTEX, token, body, **{"X-Agent": "noise"}).status_code == 200

    for number in range(4):
        send(number)
    labelled.wait_for_rows(4, agent="noise")

    def alerts() -> list[dict[str, object]] | None:
        return labelled.admin.get("/api/v1/alerts").json()["alerts"] or None

    (alert,) = wait_until(alerts, PATIENCE_S, "no alert of the label request")
    assert (alert["kind"], alert["key"], alert["values"]) == ("label_cardinality", "request", 4)

    def folded() -> bool:
        send(99)
        rows = labelled.rows(agent="noise")
        return any(row["labels"] == {"request": "(many)"} for row in rows)

    wait_until(lambda: folded() or None, PATIENCE_S, "labels are not folded")
    assert {"request": "r99"} in [
        {key: value for key, value in each.items() if key == "request"}
        for each in received(upstream)
    ]
    metrics = httpx.get(f"{labelled.admin_url}/metrics", timeout=10).text
    assert "weighbridge_noisy_label_keys 1.0" in metrics
