"""Searches, maps and tools in an answer."""

import json
from typing import Any

from weighbridge.core.usage import Usage
from weighbridge.providers.google_answer import GeminiAnswer

ENTRY = {"searchEntryPoint": {"renderedContent": "<p>"}}


def _usage(*candidates: dict[str, Any]) -> Usage:
    answer = GeminiAnswer("gemini")
    for candidate in candidates:
        answer.document(json.dumps({"candidates": [candidate]}).encode())
    return answer.reading(complete=True).usage


def test_unique_queries_are_counted_over_the_answer() -> None:
    """M7: duplicates and empty ones are not billed, chunks are taken together."""
    usage = _usage(
        {"groundingMetadata": {"webSearchQueries": ["a", "b", "a", "", "  "], **ENTRY}},
        {"groundingMetadata": {"webSearchQueries": ["b", "c"]}},
    )
    assert usage.search_queries == 3
    assert usage.grounded_by_search
    assert (usage.grounded_by_maps, usage.maps_queries) == (False, None)


def test_enabled_but_unused_search_is_no_search() -> None:
    """An empty `groundingMetadata` comes with every answer of a request that offers the tool."""
    usage = _usage({"groundingMetadata": {}})
    assert (usage.search_queries, usage.grounded_by_search) == (None, False)
    usage = _usage({"groundingMetadata": {"webSearchQueries": []}})
    assert (usage.search_queries, usage.grounded_by_search) == (0, False)


def test_web_chunks_alone_are_no_search() -> None:
    """Recorded: URL context reports its pages as web chunks."""
    usage = _usage(
        {
            "groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://a.example"}}]},
            "urlContextMetadata": {"urlMetadata": [{}]},
        }
    )
    assert (usage.search_queries, usage.grounded_by_search) == (None, False)
    assert usage.url_context_or_code


def test_a_search_without_its_queries_leaves_their_number_unsaid() -> None:
    """The entry point shows that a search was made."""
    usage = _usage({"groundingMetadata": ENTRY})
    assert (usage.search_queries, usage.grounded_by_search) == (None, True)


def test_queries_of_an_answer_grounded_by_maps_alone_are_maps_queries() -> None:
    """The wire has one list of queries for both."""
    maps = {"groundingChunks": [{"maps": {"placeId": "p"}}]}
    usage = _usage({"groundingMetadata": {"webSearchQueries": ["cafes near me"], **maps}})
    assert (usage.maps_queries, usage.grounded_by_maps) == (1, True)
    assert (usage.search_queries, usage.grounded_by_search) == (None, False)
    usage = _usage({"groundingMetadata": {"googleMapsWidgetContextToken": "t"}})
    assert (usage.maps_queries, usage.grounded_by_maps) == (1, True)


def test_maps_and_search_together() -> None:
    """With both shown the queries are searches, and maps count once."""
    usage = _usage(
        {
            "groundingMetadata": {
                "webSearchQueries": ["a", "b"],
                "groundingChunks": [{"maps": {}}],
                **ENTRY,
            }
        }
    )
    assert (usage.search_queries, usage.maps_queries) == (2, 1)
    assert usage.grounded_by_search
    assert usage.grounded_by_maps


def test_code_that_ran_is_told() -> None:
    """M5: its tool tokens are billed as input."""
    parts = [{"text": "x"}, {"executableCode": {"language": "PYTHON", "code": "1"}}]
    assert _usage({"content": {"parts": parts}}).url_context_or_code
    result = [{"codeExecutionResult": {"outcome": "OUTCOME_OK"}}]
    assert _usage({"content": {"parts": result}}).url_context_or_code
    assert not _usage({"content": {"parts": [{"text": "executableCode"}]}}).url_context_or_code


def test_null_is_not_there() -> None:
    """A member that is null says nothing."""
    usage = _usage(
        {
            "urlContextMetadata": None,
            "content": {"parts": [{"executableCode": None}]},
            "groundingMetadata": {
                "searchEntryPoint": None,
                "googleMapsWidgetContextToken": None,
                "groundingChunks": [{"maps": None}],
            },
        }
    )
    assert not usage.url_context_or_code
    assert not usage.grounded_by_search
    assert not usage.grounded_by_maps
