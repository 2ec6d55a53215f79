"""What the documents of a Gemini answer say."""

import json
from typing import Any

import pytest

from weighbridge.core.outcome import Note, UsageSource
from weighbridge.providers.base import Reading
from weighbridge.providers.documents import TAIL_BYTES
from weighbridge.providers.google_answer import GeminiAnswer

USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}


def _read(*documents: Any, complete: bool = True, surface: str = "gemini") -> Reading:
    answer = GeminiAnswer(surface)
    for document in documents:
        answer.document(document if isinstance(document, bytes) else json.dumps(document).encode())
    return answer.reading(complete=complete)


def test_a_whole_answer_is_final() -> None:
    """Usage, served model without its prefix, finish reason and tier."""
    reading = _read(
        {
            "candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "hi"}]}}],
            "usageMetadata": {**USAGE, "serviceTier": "flex"},
            "modelVersion": "models/gemini-2.5-pro",
        }
    )
    assert reading.usage_source is UsageSource.FINAL
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (10, 5)
    assert reading.model_version == "gemini-2.5-pro"
    assert reading.finish_reason == "STOP"
    assert reading.service_tier == "flex"
    assert not reading.error_in_stream


def test_integer_enums_read_as_names() -> None:
    """M13: what `$alt=json;enum-encoding=int` makes of an answer."""
    reading = _read(
        {
            "candidates": [{"finishReason": 9}],
            "promptFeedback": {"blockReason": 5},
            "usageMetadata": {**USAGE, "trafficType": 2},
        },
        surface="vertex",
    )
    assert reading.finish_reason == "MALFORMED_FUNCTION_CALL"
    assert reading.block_reason == "MODEL_ARMOR"
    assert reading.service_tier == "provisioned"


def test_last_seen_wins_over_chunks() -> None:
    """S1: never the sum; a chunk without usage, finish or model erases nothing."""
    reading = _read(
        {"usageMetadata": {"promptTokenCount": 101, "totalTokenCount": 101}},
        {
            "usageMetadata": {**USAGE, "promptTokenCount": 27, "totalTokenCount": 32},
            "modelVersion": "m",
            "candidates": [{"finishReason": "MAX_TOKENS"}],
        },
        {"candidates": [{"content": {}}]},
        {},
    )
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (27, 5)
    assert reading.usage.total_tokens == 32
    assert reading.finish_reason == "MAX_TOKENS"
    assert reading.model_version == "m"
    assert reading.usage_source is UsageSource.FINAL


def test_a_blocked_prompt_says_why() -> None:
    """HTTP 200 without candidates: the block reason with the input that is charged."""
    reading = _read(
        {
            "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
            "usageMetadata": {"promptTokenCount": 8, "totalTokenCount": 8},
        }
    )
    assert reading.block_reason == "PROHIBITED_CONTENT"
    assert reading.usage.input_tokens == 8
    assert reading.usage_source is UsageSource.FINAL


@pytest.mark.parametrize(
    ("documents", "source"),
    [
        ([], UsageSource.NONE),
        ([{}], UsageSource.NONE),
        ([{"candidates": []}], UsageSource.NONE),
        ([{"usageMetadata": None}], UsageSource.NONE),
        ([{"usageMetadata": {}}], UsageSource.NONE),
        ([{"usageMetadata": {"trafficType": "ON_DEMAND"}}], UsageSource.NONE),
        ([{"usageMetadata": {"promptTokenCount": -1}}], UsageSource.UNPARSED),
        ([{"usageMetadata": "many"}], UsageSource.NONE),
        ([b"{"], UsageSource.UNPARSED),
        ([b'{"a":1} trailing'], UsageSource.UNPARSED),
        ([b"[" * 100_000], UsageSource.UNPARSED),
        ([{"usageMetadata": USAGE}, b"{"], UsageSource.PARTIAL),
        ([b"{", {"usageMetadata": USAGE}], UsageSource.FINAL),
        ([{"usageMetadata": {"totalTokenCount": 5}}], UsageSource.FINAL),
    ],
)
def test_every_answer_says_how_its_usage_is_known(
    documents: list[Any], source: UsageSource
) -> None:
    """S11: missing is not zero; unreadable is told from not reported."""
    assert _read(*documents).usage_source is source


def test_a_cut_answer_is_a_lower_bound() -> None:
    """S2: partial where usage came, none where it did not, never unparsed."""
    assert _read({"usageMetadata": USAGE}, complete=False).usage_source is UsageSource.PARTIAL
    assert _read({"candidates": []}, complete=False).usage_source is UsageSource.NONE
    assert _read(b"{", complete=False).usage_source is UsageSource.NONE


def test_an_error_in_a_stream_makes_its_usage_partial() -> None:
    """S3: code and status are kept, the message is not (P2)."""
    reading = _read(
        {"usageMetadata": USAGE},
        {"error": {"code": 503, "status": "UNAVAILABLE", "message": "CANARY"}},
    )
    assert reading.error_in_stream
    assert (reading.error_type, reading.error_status) == ("UNAVAILABLE", 503)
    assert reading.usage_source is UsageSource.PARTIAL
    assert reading.usage.output_tokens == 5
    assert "CANARY" not in repr(reading)


@pytest.mark.parametrize(
    "odd",
    [
        {"candidates": 5},
        {"candidates": [{"content": {"parts": "x"}}]},
        {"promptFeedback": []},
        {"modelVersion": {"a": 1}},
        {"candidates": [{"groundingMetadata": {"webSearchQueries": [7]}}]},
    ],
)
def test_a_part_of_the_wrong_shape_costs_only_itself(odd: dict[str, Any]) -> None:
    """M12: usage is read although something else in the document is not what it should be."""
    reading = _read({"usageMetadata": USAGE, **odd})
    assert reading.usage_source is UsageSource.FINAL
    assert reading.usage.total_tokens == 15


def test_no_text_fits_into_the_words() -> None:
    """P1: finish reason, block reason and model version hold codes and names only."""
    reading = _read(
        {
            "candidates": [{"finishReason": "the prompt was"}],
            "promptFeedback": {"blockReason": "because you said"},
            "modelVersion": "a prompt with spaces",
        }
    )
    assert (reading.finish_reason, reading.block_reason) == ("UNRECOGNISED", "UNRECOGNISED")
    assert reading.model_version is None


def _large(**rest: Any) -> bytes:
    return json.dumps({"candidates": [{"text": "A" * TAIL_BYTES}], **rest}).encode()[-TAIL_BYTES:]


def test_a_large_answer_is_read_by_its_tail() -> None:
    """The last top-level `usageMetadata` and all that follows it."""
    answer = GeminiAnswer("gemini")
    answer.tail(_large(usageMetadata=USAGE, modelVersion="m", responseId="r"))
    reading = answer.reading(complete=True)
    assert reading.usage_source is UsageSource.FINAL
    assert reading.usage.total_tokens == 15
    assert reading.model_version == "m"


@pytest.mark.parametrize(
    "hostile",
    [
        'text "usageMetadata": {"promptTokenCount": 1}',
        '"usageMetadata"',
        '\\"usageMetadata\\": {}',
    ],
)
def test_a_text_that_imitates_usage_is_not_believed(hostile: str) -> None:
    """M12: in a text the quotes are escaped, so the key is not the key."""
    answer = GeminiAnswer("gemini")
    answer.tail(_large(usageMetadata=USAGE, note=hostile))
    assert answer.reading(complete=True).usage.total_tokens == 15
    answer = GeminiAnswer("gemini")
    answer.tail(_large(note=hostile))
    assert answer.reading(complete=True).usage_source is UsageSource.UNPARSED


def test_a_deeper_member_of_that_name_is_not_believed() -> None:
    """M12: below the top level the rest has brackets too many."""
    answer = GeminiAnswer("gemini")
    answer.tail(_large(usageMetadata=USAGE, extra={"args": [{"usageMetadata": {"x": 1}}]}))
    assert answer.reading(complete=True).usage.total_tokens == 15


def test_a_large_answer_keeps_its_finish_and_its_searches() -> None:
    """A generated image with grounding is still charged for its searches."""
    queries = {"webSearchQueries": ["a", "b"], "searchEntryPoint": {"renderedContent": "<p>"}}
    document = {
        "candidates": [
            {
                "content": {"parts": [{"inlineData": {"data": "A" * TAIL_BYTES}}]},
                "finishReason": "STOP",
                "groundingMetadata": queries,
            }
        ],
        "usageMetadata": USAGE,
    }
    answer = GeminiAnswer("gemini")
    answer.tail(json.dumps(document, indent=1).encode()[-TAIL_BYTES:])
    reading = answer.reading(complete=True)
    assert reading.finish_reason == "STOP"
    assert reading.usage.search_queries == 2
    assert reading.usage.grounded_by_search


def test_a_cut_answer_gives_the_usage_that_had_come() -> None:
    """S2: usage stood whole before the cut; a look-alike inside arguments is not taken."""
    answer = GeminiAnswer("gemini")
    answer.cut(b'{"candidates":[],"usageMetadata":' + json.dumps(USAGE).encode() + b',"modelVer')
    reading = answer.reading(complete=False)
    assert reading.usage_source is UsageSource.PARTIAL
    assert reading.usage.total_tokens == 15
    answer = GeminiAnswer("gemini")
    answer.cut(b'{"candidates":[{"args":{"usageMetadata":{"promptTokenCount":1}},"x":"')
    assert answer.reading(complete=False).usage_source is UsageSource.NONE


def test_notes_are_sorted_and_unique() -> None:
    """The same answer always has the same notes."""
    reading = _read({"usageMetadata": {**USAGE, "totalTokenCount": 99, "thoughtsTokenCount": "x"}})
    assert reading.notes == (Note.COUNT_REJECTED, Note.TOTAL_MISMATCH)
