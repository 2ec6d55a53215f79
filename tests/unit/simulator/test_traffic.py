"""Live traffic: every workload's calls are well-formed and look like the agent they come from."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from weighbridge.simulator.app import App
from weighbridge.simulator.bodies import request_of
from weighbridge.simulator.company import RUNAWAY, WORKLOADS, Workload
from weighbridge.simulator.dice import dice
from weighbridge.simulator.draws import Draw, draw, rate_factor
from weighbridge.simulator.messages import Request
from weighbridge.simulator.plan import Send
from weighbridge.simulator.traffic import in_burst


def named(agent: str) -> Workload:
    return next(each for each in WORKLOADS if each.agent == agent)


def drawn(workload: Workload, *, days_ago: float = 10.5, seed: int = 0) -> Draw:
    return draw(workload, dice("test", seed), days_ago=days_ago, hour=10)


def contents(workload: Workload, **options: Any) -> Any:
    return json.loads(request_of(drawn(workload, **options), dice(0))[1])["contents"]


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: str(each.agent))
def test_the_simulator_answers_every_workload(workload: Workload) -> None:
    path, body = request_of(drawn(workload), dice(0))
    headers = [(b"x-goog-api-key", b"AIzaSyTEST1")]
    request = Request(
        method=b"POST", target=path.encode(), headers=headers, body=body, body_bytes=len(body)
    )
    step = App().answer(request)[0]
    assert isinstance(step, Send)
    assert step.data.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_vertex_workload_calls_its_location_and_sends_no_service_tier() -> None:
    path, body = request_of(drawn(named("paper-digest")), dice(0))
    assert path == (
        "/v1/projects/nordhafen-research/locations/europe-west1/publishers/google/models/"
        "gemini-2.5-pro:generateContent"
    )
    assert "serviceTier" not in json.loads(body)
    assert json.loads(body)["labels"] == {"team": "reading-group"}


def test_pictures_claude_and_batches_have_forms_of_their_own() -> None:
    poster, claude, audit = (
        request_of(drawn(named(agent)), dice(0))
        for agent in ("poster-maker", "second-opinion", "night-audit")
    )
    batch = json.loads(audit[1])["batch"]["inputConfig"]["requests"]["requests"]
    assert "/publishers/google/models/imagen-4.0-generate-001:predict" in poster[0]
    assert json.loads(poster[1])["labels"]["campaign"] == "harbour-days"
    assert "/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict" in claude[0]
    assert json.loads(claude[1])["messages"][0]["role"] == "user"
    assert len(batch) == 40


def test_a_tier_is_asked_for_in_the_body() -> None:
    body = json.loads(request_of(drawn(named("review-bot")), dice(0))[1])
    assert body["serviceTier"] == "flex"


def test_the_simulator_cuts_answers_at_what_their_program_allows() -> None:
    """Sizes are the upstream's own; the limit is in the body, and now and then it is reached."""
    workload = named("reply-writer")
    answers = b""
    for seed in range(200):
        path, body = request_of(drawn(workload, seed=seed), dice(seed))
        assert json.loads(body)["generationConfig"] == {"maxOutputTokens": workload.most_output}
        headers = [(b"x-goog-api-key", b"AIzaSyTEST1")]
        request = Request(
            method=b"POST", target=path.encode(), headers=headers, body=body, body_bytes=len(body)
        )
        answers += b"".join(step.data for step in App().answer(request) if isinstance(step, Send))
    assert 0 < answers.count(b"MAX_TOKENS") < 30


def test_an_agent_with_a_standing_prompt_repeats_it_and_changes_its_question() -> None:
    first, second = (contents(named("reply-writer"), seed=seed) for seed in (1, 2))
    shared = min(len(turns[0]["parts"][0]["text"]) for turns in (first, second))
    assert first[0]["parts"][0]["text"][:shared] == second[0]["parts"][0]["text"][:shared]
    assert [turn["role"] for turn in first] == ["user", "model", "user"]


def test_the_runaways_prompts_grow_with_the_days() -> None:
    workload = named(RUNAWAY)
    calm = sum(drawn(workload, days_ago=10.5, seed=n).text_tokens for n in range(50))
    wild = sum(drawn(workload, days_ago=0.0, seed=n).text_tokens for n in range(50))
    assert wild > 10 * calm
    assert rate_factor(workload, 10.5) == 1.0
    assert rate_factor(workload, 0.0) > 5


def test_a_burst_makes_calls_fail_that_usually_do_not() -> None:
    workload = named("ticket-triage")
    usual = [draw(workload, dice(n), days_ago=15.5, hour=10).fate for n in range(200)]
    burst = [draw(workload, dice(n), days_ago=22.1, hour=10).fate for n in range(200)]
    assert usual.count("unavailable_503") < 10
    assert burst.count("unavailable_503") > 60


def test_live_bursts_last_forty_seconds_every_seven_minutes() -> None:
    start = datetime.fromtimestamp(420 * 1000, UTC)
    seconds = [in_burst(datetime.fromtimestamp(start.timestamp() + n, UTC)) for n in range(420)]
    assert seconds == [True] * 40 + [False] * 380
