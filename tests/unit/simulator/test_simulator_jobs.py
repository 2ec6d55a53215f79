"""What goes on after its call: batches, caches, videos, interactions in the background."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simulated import Simulated

from weighbridge.simulator.app import App
from weighbridge.simulator.context import State

MODEL = "/v1beta/models/gemini-2.5-flash"
PLACE = "/v1/projects/p1/locations/us-central1"
HELLO = {"contents": [{"role": "user", "parts": [{"text": "Weigh this lorry, please."}]}]}
VIDEO = {"instances": [{"prompt": "a lorry on a bridge"}], "parameters": {"sampleCount": 2}}


def batch_of(*requests: Any, **named: Any) -> Any:
    return {"batch": {"inputConfig": {"requests": {"requests": list(requests)}}} | named}


def created(simulated: Simulated, *requests: Any, **headers: str) -> str:
    made = simulated.post(f"{MODEL}:batchGenerateContent", batch_of(*requests), **headers)
    assert made["metadata"]["state"] == "BATCH_STATE_PENDING"
    return f"/v1beta/{made['name']}"


def test_a_batch_answers_each_request_at_the_batch_tier() -> None:
    """M11."""
    simulated = Simulated()
    other = {"contents": [{"parts": [{"text": "And that one?"}]}]}
    path = created(simulated, {"request": HELLO, "metadata": {"key": "a"}}, {"request": other})
    read = simulated.get(path)
    output = read["response"]["inlinedResponses"]["inlinedResponses"]
    assert read["metadata"]["state"] == "BATCH_STATE_SUCCEEDED"
    assert read["metadata"]["output"] == {"inlinedResponses": {"inlinedResponses": output}}
    assert output[0]["metadata"] == {"key": "a"}
    assert output[0]["response"]["usageMetadata"]["serviceTier"] == "batch"
    assert output[0]["response"]["responseId"] != output[1]["response"]["responseId"]


@pytest.mark.parametrize(
    ("scenario", "states"),
    [
        ("job_slow", ["PENDING", "RUNNING", "SUCCEEDED", "SUCCEEDED"]),
        ("job_pending", ["PENDING"] * 4),
        ("job_failed", ["FAILED"] * 4),
        ("job_expired", ["EXPIRED"] * 4),
    ],
)
def test_a_batchs_readings_show_its_course(scenario: str, states: list[str]) -> None:
    simulated = Simulated()
    path = created(simulated, {"request": HELLO}, x_simulator_scenario=scenario)
    read = [simulated.get(path) for _ in states]
    assert [each["metadata"]["state"] for each in read] == [f"BATCH_STATE_{s}" for s in states]
    assert ("response" in read[-1]) is (states[-1] == "SUCCEEDED")
    assert ("error" in read[-1]) is (states[-1] in {"FAILED", "EXPIRED"})


def test_a_batch_can_fail_in_part() -> None:
    simulated = Simulated()
    path = created(simulated, *[{"request": HELLO}] * 4, x_simulator_scenario="job_partial")
    read = simulated.get(path)
    results = read["response"]["inlinedResponses"]["inlinedResponses"]
    assert ["error" in each for each in results] == [False, True, False, True]
    assert read["metadata"]["batchStats"]["failedRequestCount"] == "2"


def test_a_cancelled_batch_ends_and_a_deleted_one_is_gone() -> None:
    simulated = Simulated()
    path = created(simulated, {"request": HELLO}, x_simulator_scenario="job_slow")
    simulated.post(f"{path}:cancel", {})
    assert simulated.get(path)["metadata"]["state"] == "BATCH_STATE_CANCELLED"
    assert len(simulated.get("/v1beta/batches")["operations"]) == 1
    simulated.ask("DELETE", path)
    assert simulated.ask("GET", path).status == 404


def test_a_batch_from_a_file_leaves_a_file_of_results() -> None:
    simulated = Simulated()
    lines = "".join(json.dumps({"key": key, "request": HELLO}) + "\n" for key in "ab")
    upload = simulated.ask("POST", "/upload/v1beta/files", lines.encode())
    name = upload.document["file"]["name"]
    body = {"batch": {"inputConfig": {"fileName": name}}}
    made = simulated.post(f"{MODEL}:batchGenerateContent", body)
    read = simulated.get(f"/v1beta/{made['name']}")
    results = read["response"]["responsesFile"]
    data = simulated.ask("GET", f"/download/v1beta/{results}:download?alt=media").body
    found = [json.loads(line) for line in data.splitlines()]
    assert results == f"files/batch-{made['name'].removeprefix('batches/')}"
    assert [each["key"] for each in found] == ["a", "b"]
    assert found[0]["response"]["usageMetadata"]["promptTokenCount"] == 7


def test_a_batch_of_embeddings_holds_vectors() -> None:
    simulated = Simulated()
    request = {"content": {"parts": [{"text": "x"}]}, "outputDimensionality": 4}
    path = "/v1beta/models/gemini-embedding-2:asyncBatchEmbedContent"
    made = simulated.post(path, batch_of({"request": request}))
    read = simulated.get(f"/v1beta/{made['name']}")
    answer = read["response"]["inlinedResponses"]["inlinedResponses"][0]["response"]
    assert len(answer["embedding"]["values"]) == 4
    assert answer["usageMetadata"]["promptTokenCount"] == 1


def test_a_batch_on_vertex_goes_from_bucket_to_bucket() -> None:
    simulated = Simulated()
    job = {
        "displayName": "night",
        "model": "publishers/google/models/gemini-2.5-flash",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://b/in.jsonl"]}},
        "outputConfig": {"gcsDestination": {"outputUriPrefix": "gs://b/out"}},
        "labels": {"team": "research"},
    }
    path = f"{PLACE}/batchPredictionJobs"
    made = simulated.post(path, job, x_simulator_scenario="job_slow")
    read = [simulated.get(f"/v1/{made['name']}") for _ in range(3)]
    states = [each["state"].removeprefix("JOB_STATE_") for each in (made, *read)]
    assert states == ["PENDING", "PENDING", "RUNNING", "SUCCEEDED"]
    assert read[-1]["outputInfo"]["gcsOutputDirectory"].startswith("gs://b/out")
    assert simulated.get(path)["batchPredictionJobs"][0]["labels"] == {"team": "research"}


class Hands:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_a_cache_lives_until_it_expires_and_its_end_can_be_moved() -> None:
    clock = Hands()
    simulated = Simulated(App(state=State(clock=clock)))
    body = HELLO | {"model": "models/gemini-2.5-flash", "ttl": "600s"}
    made = simulated.post("/v1beta/cachedContents", body)
    path = f"/v1beta/{made['name']}"
    assert made["expireTime"] == "2026-11-21T12:10:00.000000Z"
    clock.now += timedelta(minutes=5)
    moved = simulated.ask("PATCH", f"{path}?updateMask=ttl", {"ttl": "3600s"}).document
    assert moved["expireTime"] == "2026-11-21T13:05:00.000000Z"
    assert moved["createTime"] != moved["updateTime"]
    clock.now += timedelta(minutes=30)
    used = simulated.post(f"{MODEL}:generateContent", HELLO | {"cachedContent": made["name"]})
    assert used["usageMetadata"]["cachedContentTokenCount"] == 7
    clock.now += timedelta(minutes=31)
    assert simulated.ask("GET", path).status == 404
    gone = simulated.ask(
        "POST", f"{MODEL}:generateContent", HELLO | {"cachedContent": made["name"]}
    )
    assert gone.status == 403


def test_a_cache_on_vertex_has_a_number_and_can_be_used_and_deleted() -> None:
    simulated = Simulated()
    model = "projects/p1/locations/us-central1/publishers/google/models/gemini-2.5-flash"
    made = simulated.post(f"{PLACE}/cachedContents", HELLO | {"model": model})
    assert made["name"].rpartition("/")[2].isdigit()
    assert made["usageMetadata"] == {"totalTokenCount": 7, "textCount": 28}
    path = f"{PLACE}/publishers/google/models/gemini-2.5-flash:generateContent"
    used = simulated.post(path, HELLO | {"cachedContent": made["name"]})
    assert used["usageMetadata"]["cachedContentTokenCount"] == 7
    assert simulated.ask("DELETE", f"/v1/{made['name']}").document == {}
    assert simulated.get(f"{PLACE}/cachedContents") == {}


def test_a_video_is_an_operation_first_and_a_file_then() -> None:
    simulated = Simulated()
    made = simulated.post("/v1beta/models/veo-3.1-generate-preview:predictLongRunning", VIDEO)
    done = simulated.get(f"/v1beta/{made['name']}")
    samples = done["response"]["generateVideoResponse"]["generatedSamples"]
    uri = samples[0]["video"]["uri"]
    assert list(made) == ["name"]
    assert len(samples) == 2
    film = simulated.ask("GET", uri.removeprefix("https://generativelanguage.googleapis.com"))
    assert film.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize(
    ("scenario", "done"),
    [("job_slow", [False, False, True]), ("job_failed", [True, True, True])],
)
def test_a_videos_course_is_read_on_vertex_by_a_method(scenario: str, done: list[bool]) -> None:
    simulated = Simulated()
    model = f"{PLACE}/publishers/google/models/veo-3.1-generate-001"
    made = simulated.post(f"{model}:predictLongRunning", VIDEO, x_simulator_scenario=scenario)
    body = {"operationName": made["name"]}
    read = [simulated.post(f"{model}:fetchPredictOperation", body) for _ in done]
    assert [each.get("done", False) for each in read] == done
    if scenario == "job_failed":
        assert read[-1]["error"]["code"] == 13
    else:
        assert len(read[-1]["response"]["videos"]) == 2


def test_filtered_videos_count_and_are_not_there() -> None:
    simulated = Simulated()
    made = simulated.post(
        "/v1beta/models/veo-3.1-generate-preview:predictLongRunning",
        VIDEO,
        x_simulator_scenario="media_filtered",
    )
    response = simulated.get(f"/v1beta/{made['name']}")["response"]["generateVideoResponse"]
    assert len(response["generatedSamples"]) == response["raiMediaFilteredCount"] == 1


def test_an_interaction_in_the_background_is_read_later() -> None:
    simulated = Simulated()
    body = {"agent": "deep-research-pro-preview", "input": "hello", "background": True}
    begun = simulated.post("/v1beta/interactions", body, x_simulator_scenario="job_slow")
    read = [simulated.get(f"/v1beta/interactions/{begun['id']}") for _ in range(3)]
    states = [each["status"] for each in (begun, *read)]
    assert states == ["in_progress"] * 3 + ["completed"]
    assert "usage" not in begun
    assert read[-1]["usage"]["total_tokens"] > 0
