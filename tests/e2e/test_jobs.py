"""Long jobs end to end, however they go: slow, failed, half done, filtered."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from processes import Bridge

KEY = {"x-goog-api-key": "AIzaSyTESTjobs"}
MODEL = "/v1beta/models/gemini-2.5-flash:batchGenerateContent"
VEO = "/v1beta/models/veo-3.1-generate-preview:predictLongRunning"
HELLO = {"contents": [{"role": "user", "parts": [{"text": "Weigh this lorry, please."}]}]}


class Caller:
    """A caller whose rows are told by its agent; jobs go as a scenario says."""

    def __init__(self, bridge: Bridge, agent: str, scenario: str) -> None:
        self._bridge, self._agent = bridge, agent
        token = bridge.token(agent)["token"]
        self._headers = {"X-Weighbridge-Key": token, "X-Agent": agent, **KEY}
        self._begun = self._headers | {"x-simulator-scenario": scenario}

    def begin(self, path: str, body: Any) -> str:
        """The path at which a new job is read."""
        answer = httpx.post(self._bridge.url + path, json=body, headers=self._begun, timeout=30)
        assert answer.status_code == 200, answer.text
        return f"/v1beta/{answer.json()['name']}"

    def read(self, path: str) -> Any:
        answer = httpx.get(self._bridge.url + path, headers=self._headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def settled(self, calls: int) -> list[dict[str, Any]]:
        """Rows of jobs that ended, once there is one beside those of the calls."""
        rows = self._bridge.wait_for_rows(calls + 1, agent=self._agent)
        return [row for row in rows if row["status"] == 0]


def batch(agent: str, count: int = 4) -> Any:
    """A batch of its own name, since the simulator names a job by its content."""
    requests = {"requests": [{"request": HELLO}] * count}
    return {"batch": {"displayName": agent, "inputConfig": {"requests": requests}}}


def test_a_batch_is_settled_when_it_has_ended_and_not_before(bridge: Bridge) -> None:
    """M11: readings of a pending and of a running batch come to nothing."""
    caller = Caller(bridge, "jobs-slow", "job_slow")
    path = caller.begin(MODEL, batch("jobs-slow"))
    states = [caller.read(path)["metadata"]["state"] for _ in range(4)]
    assert states[0] == "BATCH_STATE_PENDING"
    assert states[2:] == ["BATCH_STATE_SUCCEEDED"] * 2
    (row,) = caller.settled(5)
    assert (row["input_tokens"], row["service_tier"]) == (28, "batch")


def test_a_batch_that_failed_in_part_costs_its_answers(bridge: Bridge) -> None:
    """Every other request failed; errors cost nothing."""
    caller = Caller(bridge, "jobs-partial", "job_partial")
    caller.read(caller.begin(MODEL, batch("jobs-partial")))
    (row,) = caller.settled(2)
    assert row["input_tokens"] == 14
    assert row["pricing_status"] == "priced"


@pytest.mark.parametrize("scenario", ["job_failed", "job_expired"])
def test_a_batch_without_answers_costs_nothing(scenario: str, bridge: Bridge) -> None:
    caller = Caller(bridge, f"jobs-{scenario}", scenario)
    caller.read(caller.begin(MODEL, batch(scenario)))
    (row,) = caller.settled(2)
    assert (row["pricing_status"], Decimal(row["list_cost"])) == ("free", 0)


def test_a_filtered_video_costs_nothing_and_the_others_their_seconds(bridge: Bridge) -> None:
    """M7: four videos of six seconds were asked for, two were made."""
    parameters = {"sampleCount": 4, "durationSeconds": 6}
    body = {"instances": [{"prompt": "a lorry on a bridge"}], "parameters": parameters}
    caller = Caller(bridge, "jobs-filtered", "media_filtered")
    caller.read(caller.begin(VEO, body))
    (row,) = caller.settled(2)
    assert Decimal(row["video_seconds"]) == 12
    assert Decimal(row["list_cost"]) == 12 * Decimal("0.40")


def test_an_upload_that_is_reset_goes_on_from_where_it_was(bridge: Bridge) -> None:
    """S6: the upstream cuts a step half-way; the client asks how far it came, and finishes."""
    caller = Caller(bridge, "jobs-upload-cut", "upload_cut")
    headers = caller._begun | {"X-Goog-Upload-Command": "start"}
    begun = httpx.post(f"{bridge.url}/upload/v1beta/files", json={}, headers=headers, timeout=30)
    url = begun.headers["x-goog-upload-url"]

    def step(command: str, offset: int, data: bytes) -> httpx.Response:
        told = {"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": str(offset)}
        return httpx.post(url, content=data, headers=told, timeout=30)

    assert step("upload", 0, b"0123456789").status_code == 502
    asked = step("query", 0, b"")
    assert asked.headers["x-goog-upload-size-received"] == "5"
    done = step("upload, finalize", 5, b"56789")
    assert done.json()["file"]["sizeBytes"] == "10"
    rows = bridge.wait_for_rows(4, agent="jobs-upload-cut")
    assert [row["outcome"] for row in rows] == ["ok", "upstream_failed", "ok", "ok"]
