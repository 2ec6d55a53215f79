"""Vertex AI as the simulator plays it: labels, lenient bodies, partners, older models."""

from typing import Any

import pytest
from simulated import Simulated

PLACE = "/v1/projects/p1/locations/europe-west1"
GEMINI = f"{PLACE}/publishers/google/models/gemini-2.5-flash"
CLAUDE = f"{PLACE}/publishers/anthropic/models/claude-sonnet-4-5@20250929"
HELLO = [{"role": "user", "parts": [{"text": "Weigh this lorry, please."}]}]
MESSAGE = {
    "anthropic_version": "vertex-2023-10-16",
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "Weigh this lorry, please."}],
}


@pytest.mark.parametrize(
    "labels",
    [
        {"team": "research", "env": ""},
        {"名前": "値", "ñandú": "x", "a" * 63: "b" * 63},
        {f"k{n}": "v" for n in range(64)},
    ],
)
def test_labels_that_google_takes_are_taken(labels: dict[str, str]) -> None:
    answer = Simulated().ask(
        "POST", f"{GEMINI}:generateContent", {"contents": HELLO, "labels": labels}
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    "labels",
    [
        {"Team": "x"},
        {"team": "R&D"},
        {"": "x"},
        {"1a": "x"},
        {"a" * 64: "x"},
        {"a": "b" * 64},
        {"a": 1},
        {f"k{n}": "v" for n in range(65)},
        ["a"],
    ],
)
def test_other_labels_are_an_invalid_argument(labels: Any) -> None:
    answer = Simulated().ask(
        "POST", f"{GEMINI}:generateContent", {"contents": HELLO, "labels": labels}
    )
    assert (answer.status, answer.document["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_body_written_by_hand_is_read_as_google_reads_it(mark: bytes) -> None:
    """`contents` as an object, commas after the last members, Windows's mark before them."""
    body = b'{"contents": {"role": "user", "parts": [{"text": "a,}"},],}, "labels": {"a": "b",},}'
    answer = Simulated().ask("POST", f"{GEMINI}:generateContent", mark + body)
    assert answer.status == 200
    assert answer.document["usageMetadata"]["promptTokenCount"] == 1


@pytest.mark.parametrize(
    ("header", "value", "traffic"),
    [
        ("x_vertex_ai_llm_request_type", "dedicated", "PROVISIONED_THROUGHPUT"),
        ("x_vertex_ai_llm_shared_request_type", "priority", "ON_DEMAND_PRIORITY"),
        ("x_vertex_ai_llm_shared_request_type", "flex", "ON_DEMAND_FLEX"),
    ],
)
def test_a_request_header_chooses_the_traffic_type(header: str, value: str, traffic: str) -> None:
    """M8: the tier as served stands in the answer."""
    answer = Simulated().post(f"{GEMINI}:generateContent", {"contents": HELLO}, **{header: value})
    assert answer["usageMetadata"]["trafficType"] == traffic


@pytest.mark.parametrize(
    "path",
    [
        "/v1beta1/publishers/google/models/gemini-2.5-flash",
        f"{PLACE}/endpoints/4711",
        "/v1/endpoints/4711",
    ],
)
def test_express_mode_and_tuned_endpoints_answer_alike(path: str) -> None:
    answer = Simulated().post(f"{path}:generateContent", {"contents": HELLO})
    assert answer["usageMetadata"]["trafficType"] == "ON_DEMAND"


def test_tokens_can_be_had_one_by_one() -> None:
    made = Simulated().post(f"{GEMINI}:computeTokens", {"contents": HELLO})
    (info,) = made["tokensInfo"]
    assert len(info["tokens"]) == len(info["tokenIds"]) == 7
    assert info["role"] == "user"


def test_embeddings_count_on_vertex_whatever_the_model() -> None:
    body = {"content": {"parts": [{"text": "two words"}]}}
    path = GEMINI.replace("gemini-2.5-flash", "gemini-embedding-001:embedContent")
    made = Simulated().post(path, body)
    assert made["usageMetadata"]["promptTokenCount"] == 3
    assert len(made["embedding"]["values"]) == 3072


def test_the_oldest_embeddings_count_characters() -> None:
    path = GEMINI.replace("gemini-2.5-flash", "text-embedding-005:predict")
    body = {"instances": [{"content": "two words"}], "parameters": {"outputDimensionality": 4}}
    made = Simulated().post(path, body)
    assert made["metadata"] == {"billableCharacterCount": 8}
    assert len(made["predictions"][0]["embeddings"]["values"]) == 4


def test_claude_answers_in_anthropics_words() -> None:
    made = Simulated().post(f"{CLAUDE}:rawPredict", MESSAGE)
    assert (made["type"], made["model"], made["stop_reason"]) == (
        "message",
        "claude-sonnet-4-5",
        "end_turn",
    )
    assert made["usage"]["input_tokens"] == 7
    assert made["usage"]["output_tokens"] > 0


def test_claudes_cached_tokens_stand_beside_its_input() -> None:
    """Input leaves out what was read from or written to the cache."""
    block = {"type": "text", "text": "law " * 4000, "cache_control": {"type": "ephemeral"}}
    usage = Simulated().post(f"{CLAUDE}:rawPredict", MESSAGE | {"system": [block]})["usage"]
    beside = usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
    assert beside > 3000
    assert usage["input_tokens"] + beside == 4007


def test_claudes_stream_says_input_first_and_output_last() -> None:
    simulated = Simulated()
    whole = simulated.post(f"{CLAUDE}:rawPredict", MESSAGE)
    events = simulated.ask("POST", f"{CLAUDE}:streamRawPredict", MESSAGE | {"stream": True}).events
    names = [name for name, _ in events]
    assert (names[0], names[-2:]) == ("message_start", ["message_delta", "message_stop"])
    assert events[0][1]["message"]["usage"]["input_tokens"] == whole["usage"]["input_tokens"]
    assert events[-2][1]["usage"]["output_tokens"] > 1


def test_claude_refuses_in_anthropics_form_and_counts_tokens() -> None:
    simulated = Simulated()
    refused = simulated.ask("POST", f"{CLAUDE}:rawPredict", {"messages": MESSAGE["messages"]})
    counted = simulated.post(
        f"{PLACE}/publishers/anthropic/models/count-tokens:rawPredict", MESSAGE
    )
    assert (refused.status, refused.document["type"]) == (400, "error")
    assert counted == {"input_tokens": 7}


@pytest.mark.parametrize("streamed", [False, True])
def test_mistral_answers_in_openais_form(*, streamed: bool) -> None:
    method = "streamRawPredict" if streamed else "rawPredict"
    path = f"{PLACE}/publishers/mistralai/models/mistral-small-2503:{method}"
    answer = Simulated().ask("POST", path, {"messages": MESSAGE["messages"]})
    usage = answer.events[-2][1]["usage"] if streamed else answer.document["usage"]
    assert usage["prompt_tokens"] == 7
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_llama_answers_chat_with_its_traffic_type() -> None:
    body = {"model": "meta/llama-4-maverick-17b-128e-instruct-maas"}
    path = f"{PLACE}/endpoints/openapi/chat/completions"
    made = Simulated().post(path, body | {"messages": MESSAGE["messages"]})
    assert made["model"] == body["model"]
    assert made["usage"]["extra_properties"] == {"google": {"traffic_type": "ON_DEMAND"}}
