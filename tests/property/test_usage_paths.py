"""The short way through an everyday `usageMetadata` says what all the rules say."""

from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.usage import Usage
from weighbridge.providers.google_usage import (
    LARGEST_COUNT,
    UsageMetadata,
    any_usage_of,
    text_usage_of,
    usage_of,
)

if TYPE_CHECKING:
    from weighbridge.core.outcome import Note

SMALL = st.integers(0, 3)
# Few values, so that sums agree often; hostile ones, so that equal is not taken for the same.
COUNT: st.SearchStrategy[Any] = SMALL | st.sampled_from(
    [-1, LARGEST_COUNT, LARGEST_COUNT + 1, True, 1.0, "1", [], None]
)
DETAIL = st.dictionaries(
    st.sampled_from(["modality", "tokenCount", "other"]),
    COUNT | st.sampled_from(["TEXT", "IMAGE", 1, 2]),
)
DETAILS: st.SearchStrategy[Any] = (
    st.builds(lambda n: [{"modality": "TEXT", "tokenCount": n}], COUNT)
    | st.lists(DETAIL, max_size=2)
    | st.sampled_from([None, {}, "TEXT", 0])
)
COUNTS = (
    "promptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "totalTokenCount",
    "cachedContentTokenCount",
    "toolUsePromptTokenCount",
)
LISTS = (
    "promptTokensDetails",
    "promptTokenDetails",
    "candidatesTokensDetails",
    "cacheTokensDetails",
)


@st.composite
def everyday(draw: st.DrawFn) -> dict[str, Any]:
    """Metadata that adds up, with a member or two put wrong."""
    prompt, output = draw(SMALL), draw(SMALL)
    thoughts = draw(SMALL | st.none())
    wire: dict[str, Any] = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": output,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": prompt + output + (thoughts or 0),
        draw(st.sampled_from(LISTS)): [{"modality": "TEXT", "tokenCount": prompt}],
    }
    for name in draw(st.lists(st.sampled_from(COUNTS), max_size=1)):
        wire[name] = draw(COUNT)
    for name in draw(st.lists(st.sampled_from(LISTS), max_size=1)):
        wire[name] = draw(DETAILS)
    return wire


def decoded(wire: dict[str, Any]) -> UsageMetadata:
    return msgspec.json.decode(msgspec.json.encode(wire), type=UsageMetadata)


@given(everyday())
def test_the_short_way_is_one_of_all_the_rules(wire: dict[str, Any]) -> None:
    """Where the short way takes metadata, the rules give the same usage and no note."""
    metadata = decoded(wire)
    notes: set[Note] = set()
    usage = any_usage_of(metadata, notes)
    short = text_usage_of(metadata)
    if short is not None:
        assert (usage, notes) == (short, set())
    assert usage_of(metadata, set()) == usage


@given(SMALL, SMALL, SMALL | st.none())
def test_everyday_answers_go_the_short_way(prompt: int, output: int, thoughts: int | None) -> None:
    """Plain counts with the split of their text, as most answers have them."""
    metadata = decoded(
        {
            "promptTokenCount": prompt,
            "candidatesTokenCount": output,
            "totalTokenCount": prompt + output + (thoughts or 0),
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
        }
        | ({} if thoughts is None else {"thoughtsTokenCount": thoughts})
    )
    usage = text_usage_of(metadata)
    assert usage == Usage(
        input_tokens=prompt,
        output_tokens=output,
        thinking_tokens=thoughts,
        total_tokens=prompt + output + (thoughts or 0),
        input_text_tokens=prompt,
        input_image_tokens=0,
        input_audio_tokens=0,
        input_video_tokens=0,
        input_document_tokens=0,
    )
