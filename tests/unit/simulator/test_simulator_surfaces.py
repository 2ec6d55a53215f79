"""Interactions, OpenAI's forms, pictures, songs, grounding, tuned models, tokens."""

from typing import Any

import pytest
from simulated import Simulated

MODEL = "/v1beta/models/gemini-3.5-flash"
ASK: dict[str, Any] = {"contents": [{"parts": [{"text": "Where is the bridge?"}]}]}


def test_an_interaction_counts_under_its_own_names() -> None:
    body = {"model": "gemini-3.5-flash", "input": "Weigh this lorry, please."}
    made = Simulated().post("/v1beta/interactions", body)
    usage = made["usage"]
    parts = ("input", "output", "tool_use", "thought")
    assert (made["status"], made["object"]) == ("completed", "interaction")
    assert usage["input_tokens_by_modality"] == [{"modality": "text", "tokens": 7}]
    assert usage["total_tokens"] == sum(usage[f"total_{part}_tokens"] for part in parts)


def test_a_streamed_interaction_counts_in_its_last_event() -> None:
    simulated = Simulated()
    body = {"model": "gemini-3.5-flash", "input": "hello"}
    whole = simulated.post("/v1beta/interactions", body)
    events = simulated.ask("POST", "/v1beta/interactions", body | {"stream": True}).events
    names = [name for name, _ in events]
    assert names[0] == "interaction.created"
    assert names[-2:] == ["interaction.completed", "done"]
    assert all(document["event_type"] == name for name, document in events[:-1])
    assert set(events[-2][1]["interaction"]["usage"]) == set(whole["usage"])
    assert not any("usage" in str(document) for _, document in events[:-2])


def test_an_interaction_goes_on_from_an_earlier_one() -> None:
    simulated = Simulated()
    body = {"model": "gemini-3.5-flash", "input": "hello"}
    first = simulated.post("/v1beta/interactions", body)
    later = body | {"previous_interaction_id": first["id"]}
    second = simulated.post("/v1beta/interactions", later)
    assert second["usage"]["total_input_tokens"] > first["usage"]["total_input_tokens"]
    assert simulated.get(f"/v1beta/interactions/{first['id']}")["usage"] == first["usage"]
    simulated.ask("DELETE", f"/v1beta/interactions/{first['id']}")
    assert simulated.ask("GET", f"/v1beta/interactions/{first['id']}").status == 404


def test_an_interactions_searches_are_counted() -> None:
    tools = [{"type": "google_search"}]
    body = {"model": "gemini-3.5-flash", "input": "hello", "tools": tools}
    usage = Simulated().post("/v1beta/interactions", body)["usage"]
    (counted,) = usage["grounding_tool_count"]
    assert counted["type"] == "google_search"
    assert usage["total_tool_use_tokens"] > 0


def test_pictures_and_completions_in_openais_form() -> None:
    simulated = Simulated()
    body = {"model": "imagen-4.0-generate-001", "prompt": "a bridge", "n": 2}
    pictures = simulated.post("/v1beta/openai/images/generations", body)
    said = simulated.post(
        "/v1beta/openai/completions", {"model": "gemini-2.5-flash", "prompt": "x"}
    )
    assert [list(each) for each in pictures["data"]] == [["b64_json"]] * 2
    assert said["object"] == "text_completion"
    assert said["usage"]["prompt_tokens"] == 1


def test_responses_whole_and_as_events() -> None:
    simulated = Simulated()
    path = "/v1beta/openai/responses"
    body = {"model": "gemini-2.5-flash", "input": "hello"}
    whole = simulated.post(path, body)
    events = simulated.ask("POST", path, body | {"stream": True}).events
    usage = whole["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert [events[0][0], events[-1][0]] == ["response.created", "response.completed"]
    assert set(events[-1][1]["response"]["usage"]) == set(usage)


def test_a_filtered_picture_leaves_its_reason() -> None:
    """M7: a picture that was not made is not counted."""
    body = {"instances": [{"prompt": "x"}], "parameters": {"sampleCount": 4}}
    path = "/v1beta/models/imagen-4.0-generate-001:predict"
    made = Simulated().post(path, body, x_simulator_scenario="media_filtered")["predictions"]
    assert ["raiFilteredReason" in each for each in made] == [False, False, True, True]


def test_pictures_carry_labels_on_vertex_alone() -> None:
    body = {"instances": [{"prompt": "x"}], "labels": {"team": "art"}}
    vertex = "/v1/projects/p/locations/us-central1/publishers/google"
    path = "/models/imagen-4.0-generate-001:predict"
    assert Simulated().ask("POST", vertex + path, body).status == 200
    assert Simulated().ask("POST", f"/v1beta{path}", body).status == 400
    assert Simulated().ask("POST", vertex + path, body | {"labels": {"A": "b"}}).status == 400


def test_a_song_is_a_prediction() -> None:
    place = "/v1/projects/p/locations/us-central1/publishers/google/models/lyria-002:predict"
    body = {"instances": [{"prompt": "a waltz"}], "parameters": {"sample_count": 2}}
    made = Simulated().post(place, body)
    assert [each["mimeType"] for each in made["predictions"]] == ["audio/wav"] * 2


@pytest.mark.parametrize("model", ["gemini-3.8-flash-tts", "gemini-2.5-flash-native-audio-dialog"])
def test_a_voice_counts_audio(model: str) -> None:
    usage = Simulated().post(f"/v1beta/models/{model}:generateContent", ASK)["usageMetadata"]
    assert usage["candidatesTokensDetails"] == [{"modality": "AUDIO", "tokenCount": 25}]


@pytest.mark.parametrize(
    ("tool", "shows"),
    [
        ("googleSearch", "groundingMetadata"),
        ("googleMaps", "groundingMetadata"),
        ("urlContext", "urlContextMetadata"),
        ("codeExecution", "content"),
    ],
)
def test_each_tool_leaves_its_tokens_and_its_trace(tool: str, shows: str) -> None:
    """M5."""
    made = Simulated().post(f"{MODEL}:generateContent", ASK | {"tools": [{tool: {}}]})
    assert made["usageMetadata"]["toolUsePromptTokenCount"] > 0
    assert shows in made["candidates"][0]


def test_search_and_maps_stand_side_by_side() -> None:
    tools = [{"googleSearch": {}}, {"googleMaps": {}}]
    made = Simulated().post(f"{MODEL}:generateContent", ASK | {"tools": tools})
    grounding = made["candidates"][0]["groundingMetadata"]
    assert grounding["webSearchQueries"]
    assert [next(iter(each)) for each in grounding["groundingChunks"]] == ["web", "maps"]


def test_queries_may_come_twice() -> None:
    """M7: unique and not empty are those that cost."""
    tools = {"tools": [{"googleSearch": {}}]}
    made = Simulated().post(
        f"{MODEL}:generateContent", ASK | tools, x_simulator_scenario="repeated_searches"
    )
    queries = made["candidates"][0]["groundingMetadata"]["webSearchQueries"]
    assert "" in queries
    assert len(set(queries) - {""}) == len(queries) // 2


def test_a_tuned_model_is_made_by_an_operation_and_answers() -> None:
    simulated = Simulated()
    begun = simulated.post("/v1beta/tunedModels", {"displayName": "ours"})
    made = simulated.get(f"/v1beta/{begun['name']}")["response"]
    answer = simulated.ask("POST", f"/v1beta/{made['name']}:generateContent", ASK)
    assert simulated.get("/v1beta/tunedModels")["tunedModels"] == [made]
    assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1beta/models/gemini-2.5-flash:generateContent", ASK | {"cachedContent": 5}),
        (
            "/v1beta/openai/chat/completions",
            {"model": "gemini-2.5-flash", "messages": [{"role": {}}]},
        ),
        ("/v1beta/interactions", {"model": "gemini-2.5-flash", "input": "x", "tools": 5}),
    ],
)
def test_members_of_a_wrong_type_are_refused(path: str, body: Any) -> None:
    answer = Simulated().ask("POST", path, body)
    assert answer.status == 400
    assert "INVALID_ARGUMENT" in answer.body.decode()


def test_a_token_for_a_session_has_its_name_and_end() -> None:
    made = Simulated().post("/v1alpha/auth_tokens", {"uses": 1})
    assert made["name"].startswith("auth_tokens/")
    assert made["expireTime"] == "2026-11-21T00:30:00.000000Z"
