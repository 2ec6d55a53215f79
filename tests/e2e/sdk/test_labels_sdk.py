"""Labels that an SDK sends where they have no place, and labels that it did not send."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from processes import Bridge
from sdk_programs import GENAI_VERTEX, GOOGLE_GENAI, Job, play

CALLS = ("generate", "stream", "generate_async", "stream_async")


def received(upstream: str) -> list[dict[str, Any]]:
    """The labels of the bodies that the upstream got."""
    answer = httpx.get(f"{upstream}/-/simulator/labels", timeout=10)
    return [each["labels"] for each in answer.json()["labels"]]


@pytest.mark.slow
def test_labels_work_on_the_developer_api_which_has_none(upstream: str, surfaces: Bridge) -> None:
    """google-genai 3 sends them all the same: Google refuses the call, through us it works."""
    token = surfaces.token("labels-nowhere")["token"]
    headers = {"X-Weighbridge-Key": token, "X-Agent": "labels-nowhere"}
    direct = play(GOOGLE_GENAI, Job(upstream, ("labels",)))["labels"]
    through = play(GOOGLE_GENAI, Job(surfaces.url, ("labels",), headers))["labels"]
    assert direct["error"]["code"] == 400
    assert through["got"]["text"]
    (row,) = surfaces.wait_for_rows(1, agent="labels-nowhere")
    assert (row["labels"], row["labels_sent"]) == ({"team": "research"}, None)


@pytest.mark.slow
def test_injected_labels_reach_google_beside_the_sdks_own(
    upstream: str, serve: Callable[..., Bridge], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sync, async and streamed: department, project and agent are filled in, the caller's win."""
    monkeypatch.setenv("WEIGHBRIDGE_LABELS__INJECT", "true")
    bridge = serve("--upstream", f"vertex={upstream}")
    token = bridge.token("injected", "--department", "Labor Zürich")["token"]
    headers = {
        "X-Weighbridge-Key": token,
        "X-Project": "weights",
        "X-Agent": "injected",
        "X-Weighbridge-Labels": "team=other,stage=e2e",
    }
    transcript = play(GENAI_VERTEX, Job(bridge.url, CALLS, headers))
    assert [line for line in transcript.values() if "error" in line] == []
    rows = bridge.wait_for_rows(len(CALLS), agent="injected")
    (sent,) = {tuple(sorted(row["labels_sent"].items())) for row in rows}
    labels = dict(sent)
    assert received(upstream).count(labels) >= len(CALLS)
    assert (labels["team"], labels["cost-centre"]) == ("research", "4711")
    assert (labels["project"], labels["agent"], labels["stage"]) == ("weights", "injected", "e2e")
    assert labels["department"].islower()
