"""A finished call is in the API, in `report` and in `tail` within a second, at its exact cost.

The upstream's usage and the rates are written down here, so the cost is computed by hand.
Benchmarks measure how fast it is; this shows that the promise holds at all: of a few calls, at
least one per surface is there in time (a busy machine may delay the others).
"""

import json
import subprocess
import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from processes import PATIENCE_S, Bridge, run_json, wait_until, weighbridge
from scripted_upstream import ScriptedUpstream, Seen, Step, json_answer

WITHIN_S = 1.0
_PATH = "/v1beta/models/gemini-2.5-pro:generateContent"
# gemini-2.5-pro, USD per million tokens, up to 200,000 prompt tokens and above.
_RATES = {
    "below": {"input": "1.25", "cached": "0.125", "output": "10"},
    "above": {"input": "2.5", "cached": "0.25", "output": "15"},
}
_USAGES: dict[str, dict[str, Any]] = {
    "below": {
        "promptTokenCount": 200_000,
        "cachedContentTokenCount": 50_001,
        "candidatesTokenCount": 777,
        "thoughtsTokenCount": 333,
        "totalTokenCount": 201_110,
    },
    "above": {
        "promptTokenCount": 200_001,
        "cachedContentTokenCount": 50_001,
        "candidatesTokenCount": 777,
        "thoughtsTokenCount": 333,
        "totalTokenCount": 201_111,
    },
}


def by_hand(which: str) -> Decimal:
    """Prompt less cached, cached, and answer with thinking, each at its rate."""
    usage, rates = _USAGES[which], _RATES[which]
    cached = usage["cachedContentTokenCount"]
    output = usage["candidatesTokenCount"] + usage["thoughtsTokenCount"]
    amounts = (
        (usage["promptTokenCount"] - cached) * Decimal(rates["input"]),
        cached * Decimal(rates["cached"]),
        output * Decimal(rates["output"]),
    )
    return sum(amounts, Decimal(0)) / 1_000_000


def _script(seen: Seen) -> Iterable[Step]:
    which = (seen.header(b"x-usage") or b"below").decode()
    candidates = [{"finishReason": "STOP", "content": {"parts": [{"text": "x"}]}}]
    answer = {"candidates": candidates, "usageMetadata": _USAGES[which]}
    return [json_answer(json.dumps(answer | {"modelVersion": "gemini-2.5-pro"}).encode())]


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A gateway in front of an upstream with known usage."""
    folder = tmp_path_factory.mktemp("bridge")
    with ScriptedUpstream(_script) as upstream, Bridge(folder, upstream.url) as served:
        yield served


class Caller:
    """Makes calls for a department of its own."""

    def __init__(self, bridge: Bridge, department: str) -> None:
        self.department = department
        self._url = bridge.url + _PATH
        made = bridge.command("token", "create", "--name", "n", "--department", department)
        self._headers = {"X-Weighbridge-Key": made["token"], "x-goog-api-key": "AIzaSyTESTvis"}

    def call(self, which: str = "below") -> str:
        """One finished call; gives its exchange id."""
        headers = self._headers | {"X-Usage": which}
        answer = httpx.post(self._url, json={"contents": []}, headers=headers, timeout=20)
        assert answer.status_code == 200
        return str(answer.headers["x-weighbridge-id"])


@pytest.mark.parametrize("which", ["below", "above"])
def test_the_cost_is_that_computed_by_hand(bridge: Bridge, which: str) -> None:
    """M1, M3, M4: on both sides of the cliff; thinking is output, cached counts once."""
    caller = Caller(bridge, f"cost-{which}")
    exchange_id = caller.call(which)
    (listed,) = bridge.wait_for_rows(1, department=caller.department)
    row = bridge.admin.get(f"/api/v1/exchanges/{exchange_id}").json()
    assert Decimal(row["list_cost"]) == by_hand(which)
    assert row["list_cost"] == listed["list_cost"]
    assert row["pricing_status"] == "priced"
    assert sum(Decimal(charge["amount"]) for charge in row["charges"]) == by_hand(which)
    units = {charge["unit"]: Decimal(charge["quantity"]) for charge in row["charges"]}
    assert sum(units.values()) == _USAGES[which]["totalTokenCount"]
    assert Decimal(_report(bridge, caller.department)["cost"]) == by_hand(which)


def test_a_call_is_in_the_query_api_within_a_second(bridge: Bridge) -> None:
    """Design D: `POST /api/v1/query` counts it, at its cost."""
    caller = Caller(bridge, "in-query")
    body = {
        "group_by": ["department"],
        "metrics": ["exchanges", "cost"],
        "filters": {"department": [caller.department]},
    }
    waits = []
    for count in range(1, 6):
        caller.call()
        ended = time.monotonic()

        def seen(count: int = count) -> bool:
            totals = bridge.admin.post("/api/v1/query", json=body).json()["totals"]
            return int(totals["exchanges"] or 0) == count

        wait_until(seen, PATIENCE_S, "the call is in no query")
        waits.append(time.monotonic() - ended)
    totals = bridge.admin.post("/api/v1/query", json=body).json()["totals"]
    assert Decimal(totals["cost"]) == 5 * by_hand("below")
    assert min(waits) <= WITHIN_S, waits


def test_a_call_is_in_a_report_a_second_later(bridge: Bridge) -> None:
    """A `report` that starts a second after the answer's end has it."""
    caller = Caller(bridge, "in-report")
    waits = []
    for count in (1, 2, 3):
        caller.call()
        ended = time.monotonic()

        def lacking_since(count: int = count, ended: float = ended) -> float | None:
            """How late a report began that has it; None where it lacks the call."""
            began = time.monotonic()
            seen = int(_report(bridge, caller.department)["exchanges"]) == count
            return max(began - ended, 1e-9) if seen else None

        waits.append(wait_until(lacking_since, PATIENCE_S, "the call is in no report"))
    assert min(waits) <= WITHIN_S, waits


def test_a_call_is_in_tail_within_a_second(bridge: Bridge, tmp_path: Any) -> None:
    """A running `tail` prints it, with its cost."""
    caller = Caller(bridge, "in-tail")
    shown = tmp_path / "tail.log"
    ask = ("--filter", f"department={caller.department}", "--json")
    with shown.open("wb") as out:
        tail = subprocess.Popen(weighbridge("tail", "--data", str(bridge.data), *ask), stdout=out)
        try:
            first = caller.call()
            wait_until(lambda: first in shown.read_text(), PATIENCE_S, "tail shows nothing")
            waits = []
            for _ in range(5):
                exchange_id = caller.call()
                ended = time.monotonic()
                wait_until(
                    lambda each=exchange_id: each in shown.read_text(), PATIENCE_S, "not in tail"
                )
                waits.append(time.monotonic() - ended)
        finally:
            tail.terminate()
            tail.wait(10)
    assert min(waits) <= WITHIN_S, waits
    rows = [json.loads(line) for line in shown.read_text().splitlines()]
    assert {Decimal(row["list_cost"]) for row in rows} == {by_hand("below")}
    assert len({row["exchange_id"] for row in rows}) == len(rows) == 6


def _report(bridge: Bridge, department: str) -> dict[str, Any]:
    """A department's line of `weighbridge report`."""
    command = ("report", "--data", str(bridge.data), "--by", "department", "--json")
    rows = run_json(*command)["rows"]
    found = [row for row in rows if row["department"] == department]
    return found[0] if found else {"exchanges": 0}
