"""The inclusion rules between the counts of `usageMetadata`."""

from typing import Any

import msgspec
import pytest

from weighbridge.core.outcome import Note
from weighbridge.core.usage import Usage
from weighbridge.providers.google_usage import UsageMetadata, as_count, usage_of


def _read(**wire: Any) -> tuple[Usage, set[Note]]:
    notes: set[Note] = set()
    metadata = msgspec.json.decode(msgspec.json.encode(wire), type=UsageMetadata)
    return usage_of(metadata, notes), notes


def _details(**kinds: int) -> list[dict[str, Any]]:
    return [{"modality": kind, "tokenCount": tokens} for kind, tokens in kinds.items()]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (12, 12),
        ("12", 12),
        (10**10, 10**10),
        (10**10 + 1, None),
        ("99999999999", None),
        (-1, None),
        ("-1", None),
        (1.0, None),
        (True, None),
        ("1e3", None),
        ("²", None),
        ("", None),
        ("1" * 5000, None),
        ([], None),
    ],
)
def test_a_count_is_a_whole_number_in_bounds(value: object, expected: int | None) -> None:
    """M12: negative, huge, fractional and textual counts are none."""
    assert as_count(value) == expected


def test_rejected_counts_credit_nothing_and_say_so() -> None:
    """M12: a bad count is as if it had not come, and the row is marked."""
    usage, notes = _read(promptTokenCount=-5, candidatesTokenCount=3, totalTokenCount="lots")
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (None, 3, None)
    assert notes == {Note.COUNT_REJECTED}


def test_parts_that_add_up_stand() -> None:
    """total = prompt + candidates + tool use + thoughts: nothing to correct, nothing to note."""
    usage, notes = _read(
        promptTokenCount=100,
        candidatesTokenCount=10,
        toolUsePromptTokenCount=40,
        thoughtsTokenCount=5,
        totalTokenCount=155,
    )
    assert (usage.output_tokens, usage.thinking_tokens) == (10, 5)
    assert usage.tool_use_input_tokens == 40
    assert notes == set()


def test_thoughts_inside_the_candidates_are_split_off() -> None:
    """M4: the recorded preview model, where prompt + candidates is the total."""
    usage, notes = _read(
        promptTokenCount=801,
        candidatesTokenCount=1519,
        thoughtsTokenCount=794,
        totalTokenCount=2320,
    )
    assert (usage.output_tokens, usage.thinking_tokens) == (725, 794)
    assert notes == {Note.THINKING_INSIDE_OUTPUT}


@pytest.mark.parametrize(
    ("total", "output", "thinking"),
    [
        (200, 80, 20),  # more than the parts: the rest is output
        (165, 45, 20),  # less: output shrinks
        (110, 0, 10),  # less than even the thoughts
        (99, 50, 20),  # below the prompt: impossible, the parts stand
        (10, 50, 20),  # below the candidates alone
    ],
)
def test_where_parts_and_total_disagree_the_total_decides(
    total: int, output: int, thinking: int
) -> None:
    """M4: prompt 100, candidates 50, thoughts 20, and the row says so."""
    usage, notes = _read(
        promptTokenCount=100,
        candidatesTokenCount=50,
        thoughtsTokenCount=20,
        totalTokenCount=total,
    )
    assert (usage.output_tokens, usage.thinking_tokens) == (output, thinking)
    assert notes == {Note.TOTAL_MISMATCH}


def test_an_omitted_candidates_count_is_not_reported() -> None:
    """Design B7: stopped while thinking, so `output_tokens` is null and thinking is there."""
    usage, notes = _read(promptTokenCount=9, thoughtsTokenCount=61, totalTokenCount=70)
    assert (usage.output_tokens, usage.thinking_tokens) == (None, 61)
    assert notes == set()


def test_what_a_total_hides_without_candidates_is_thinking() -> None:
    """A masked answer still costs what its total says."""
    usage, notes = _read(promptTokenCount=9, totalTokenCount=70)
    assert (usage.output_tokens, usage.thinking_tokens) == (None, 61)
    assert notes == {Note.TOTAL_MISMATCH}


def test_a_blocked_prompt_has_its_input() -> None:
    """Prompt and total alone, equal: input counted, nothing else reported."""
    usage, notes = _read(promptTokenCount=11, totalTokenCount=11)
    assert (usage.input_tokens, usage.output_tokens, usage.thinking_tokens) == (11, None, None)
    assert notes == set()


def test_a_total_without_prompt_decides_nothing() -> None:
    """With the prompt masked the total covers more than is known."""
    usage, notes = _read(candidatesTokenCount=5, totalTokenCount=105)
    assert (usage.input_tokens, usage.output_tokens, usage.thinking_tokens) == (None, 5, None)
    assert notes == {Note.TOTAL_MISMATCH}


def test_what_a_details_list_leaves_out_is_text() -> None:
    """M6: kinds that the list does not name are 0, the rest of the count is text."""
    usage, notes = _read(
        promptTokenCount=1000,
        promptTokensDetails=_details(IMAGE=258, AUDIO=42),
        candidatesTokenCount=1307,
        candidatesTokensDetails=_details(IMAGE=1290),
    )
    assert usage.input_text_tokens == 700
    assert (usage.input_image_tokens, usage.input_audio_tokens) == (258, 42)
    assert (usage.input_video_tokens, usage.input_document_tokens) == (0, 0)
    assert (usage.output_text_tokens, usage.output_image_tokens) == (17, 1290)
    assert usage.output_audio_tokens == 0
    assert notes == set()


def test_no_details_list_is_no_split() -> None:
    """Design B7: no list, null."""
    usage, _ = _read(promptTokenCount=10, candidatesTokenCount=2)
    assert usage.input_text_tokens is None
    assert usage.output_text_tokens is None


def test_integer_modalities_and_embedding_spelling() -> None:
    """M13, and `promptTokenDetails` without the s, as embedding answers write it."""
    usage, _ = _read(
        promptTokenCount=10,
        promptTokenDetails=[
            {"modality": 1, "tokenCount": 1},
            {"modality": 2, "tokenCount": 2},
            {"modality": 3, "tokenCount": 3},
            {"modality": 4, "tokenCount": "4"},
        ],
    )
    assert usage.input_text_tokens == 1
    assert (usage.input_image_tokens, usage.input_video_tokens, usage.input_audio_tokens) == (
        2,
        3,
        4,
    )


@pytest.mark.parametrize(
    "details",
    [_details(TEXT=155), _details(TEXT=900, AUDIO=800), "nonsense", {"modality": "TEXT"}],
)
def test_a_list_that_contradicts_its_count_loses(details: object) -> None:
    """M6: recorded with prompt 33 and TEXT 155; the count stays, the split is null."""
    usage, notes = _read(promptTokenCount=33, promptTokensDetails=details)
    assert usage.input_tokens == 33
    assert usage.input_text_tokens is None
    assert usage.input_audio_tokens is None
    assert notes == {Note.DETAILS_CONTRADICT}


def test_unknown_kinds_and_odd_entries_are_text() -> None:
    """A list may hold anything; what is no known kind counts as text."""
    usage, notes = _read(
        promptTokenCount=30,
        promptTokensDetails=[
            {"modality": "HOLOGRAM", "tokenCount": 5},
            {"modality": "IMAGE", "tokenCount": 7},
            {"modality": "IMAGE", "tokenCount": -7},
            {"modality": ["IMAGE"], "tokenCount": 1},
            {"tokenCount": 2},
            {"modality": "AUDIO"},
            17,
        ],
    )
    assert (usage.input_text_tokens, usage.input_image_tokens) == (23, 7)
    assert usage.input_audio_tokens == 0
    assert notes == {Note.COUNT_REJECTED}


def test_cached_tokens_by_their_own_list() -> None:
    """M2: a reported split is taken as it is."""
    usage, notes = _read(
        promptTokenCount=1000,
        promptTokensDetails=_details(TEXT=600, AUDIO=400),
        cachedContentTokenCount=500,
        cacheTokensDetails=_details(TEXT=300, AUDIO=200),
    )
    assert usage.cached_input_tokens == 500
    assert (usage.cached_text_tokens, usage.cached_audio_tokens) == (300, 200)
    assert notes == set()


@pytest.mark.parametrize(
    ("wire", "text", "audio"),
    [
        ({}, 600, 100),
        ({"cacheTokensDetails": _details(AUDIO=700)}, 600, 100),  # more audio than came in
        ({"cacheTokensDetails": _details(AUDIO=701)}, 600, 100),  # above its count
    ],
)
def test_cached_tokens_without_a_split_are_text_first(
    wire: dict[str, Any], text: int, audio: int
) -> None:
    """M2: still discounted, text first, marked as an estimated split."""
    usage, notes = _read(
        promptTokenCount=1000,
        promptTokensDetails=_details(TEXT=600, AUDIO=400),
        cachedContentTokenCount=700,
        **wire,
    )
    assert (usage.cached_text_tokens, usage.cached_audio_tokens) == (text, audio)
    assert Note.CACHED_SPLIT_ESTIMATED in notes


def test_cached_tokens_of_a_text_prompt_need_no_estimate() -> None:
    """Where all input is text, so is what was cached of it."""
    usage, notes = _read(
        promptTokenCount=1000,
        promptTokensDetails=_details(TEXT=1000),
        cachedContentTokenCount=700,
    )
    assert (usage.cached_text_tokens, usage.cached_audio_tokens) == (700, 0)
    assert notes == set()


def test_cached_tokens_without_any_split_are_marked() -> None:
    """M2: only the count is known."""
    usage, notes = _read(promptTokenCount=1000, cachedContentTokenCount=700)
    assert usage.cached_input_tokens == 700
    assert usage.cached_text_tokens is None
    assert notes == {Note.CACHED_SPLIT_ESTIMATED}


def test_more_cached_than_prompt_credits_nothing() -> None:
    """M1, M12: cached tokens are part of the prompt, so this count is rejected."""
    usage, notes = _read(promptTokenCount=10, cachedContentTokenCount=11)
    assert (usage.input_tokens, usage.cached_input_tokens) == (10, None)
    assert notes == {Note.COUNT_REJECTED}


def test_a_later_chunk_overrides_and_erases_nothing() -> None:
    """S1: last seen wins per field; what a chunk leaves out, or sends unreadable, stays."""
    merged = UsageMetadata(prompt_token_count=101, thoughts_token_count=3, service_tier="flex")
    merged.merge(UsageMetadata(prompt_token_count=27, candidates_token_count=5))
    merged.merge(UsageMetadata(candidates_token_count=-9))
    assert merged == UsageMetadata(
        prompt_token_count=27,
        candidates_token_count=5,
        thoughts_token_count=3,
        service_tier="flex",
    )
