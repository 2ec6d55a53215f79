"""How the answers of a batch add up."""

import json
from typing import Any

import pytest

from weighbridge.core.resource import UsagePart
from weighbridge.core.usage import Usage
from weighbridge.providers.batch_answers import ANSWER_PATHS, AnswerSum
from weighbridge.providers.json_walk import JsonWalker, wanted

PATHS = wanted(ANSWER_PATHS)


def _usage(prompt: int, answer: int = 2, **more: Any) -> dict[str, Any]:
    counts = {"promptTokenCount": prompt, "candidatesTokenCount": answer, **more}
    return {"usageMetadata": {**counts, "totalTokenCount": prompt + answer}}


def _summed(*answers: dict[str, Any]) -> AnswerSum:
    sum_ = AnswerSum()
    for answer in answers:
        JsonWalker(PATHS, sum_.take).feed(json.dumps(answer).encode())
        sum_.end()
    return sum_


def test_answers_of_a_model_add_up() -> None:
    """M11: one part for what is priced alike."""
    sum_ = _summed(
        {"response": {**_usage(10), "modelVersion": "models/gemini-2.5-flash"}},
        {"response": {**_usage(20, 5), "modelVersion": "gemini-2.5-flash"}},
    )
    assert sum_.parts() == (
        UsagePart(
            usage=Usage(input_tokens=30, output_tokens=7, total_tokens=37, cliff_tokens=20),
            model_version="gemini-2.5-flash",
        ),
    )
    assert (sum_.answers, sum_.is_certain) == (2, True)


@pytest.mark.parametrize(
    ("prompts", "sides"),
    [
        ([128_000, 5], [(128_005, 128_000)]),
        ([128_000, 128_001], [(128_000, 128_000), (128_001, 128_001)]),
        ([200_000, 200_001, 1], [(200_000, 200_000), (200_001, 200_001), (1, 1)]),
        ([200_001, 900_000], [(1_100_001, 900_000)]),
    ],
)
def test_prompts_are_summed_on_one_side_of_a_cliff(
    prompts: list[int], sides: list[tuple[int, int]]
) -> None:
    """M3: each prompt decides its own tier, and at the cliff itself it is below."""
    parts = _summed(*({"response": _usage(prompt)} for prompt in prompts)).parts()
    assert [(part.usage.input_tokens, part.usage.cliff_tokens) for part in parts] == sides


def test_models_are_not_mixed() -> None:
    """Each has its prices."""
    parts = _summed(
        {"response": {**_usage(1), "modelVersion": "a"}},
        {"response": {**_usage(2), "modelVersion": "b"}},
        {"response": {**_usage(4), "modelVersion": "a"}},
        {"response": _usage(8)},
    ).parts()
    found = {part.model_version: part.usage.input_tokens for part in parts}
    assert found == {"a": 5, "b": 2, None: 8}


def test_grounded_answers_are_not_mixed_with_others() -> None:
    """M5, M7: their tool use is not billed as tokens, and each grounded prompt is counted."""
    queries = {"webSearchQueries": ["one", "two", "two"], "searchEntryPoint": {}}
    tool = {"toolUsePromptTokenCount": 100}
    grounded = {"response": {**_usage(3), "candidates": [{"groundingMetadata": queries}]}}
    code = {"content": {"parts": [{"executableCode": {}}]}}
    parts = _summed(
        grounded,
        {"response": {**_usage(5, **tool), "candidates": [code]}},
        grounded,
        {"response": _usage(7)},
    ).parts()
    assert [part.usage.input_tokens for part in parts] == [6, 5, 7]
    search, tools, plain = (part.usage for part in parts)
    assert (search.search_queries, search.search_prompts) == (4, 2)
    assert search.grounded_by_search
    assert tools.url_context_or_code
    assert tools.tool_use_input_tokens == 100
    assert not plain.grounded_by_search
    assert not plain.url_context_or_code


def test_answers_without_usage_are_free_or_unknown() -> None:
    """One that failed is free; one that says nothing leaves the sum uncertain."""
    failed = {"error": {"code": 3, "message": "CANARY"}}
    assert _summed(failed, failed).parts() == ()
    assert _summed(failed).is_certain
    masked = _summed({"response": {"candidates": []}}, failed)
    assert masked.parts() == (UsagePart(usage=Usage()),)
    assert not masked.is_certain
    mixed = _summed({"response": _usage(4)}, {"response": {}})
    assert [part.usage.input_tokens for part in mixed.parts()] == [4]
    assert not mixed.is_certain


def test_embeddings_have_one_count() -> None:
    """The tokens of the text."""
    parts = _summed({"response": {"embedding": {}, "tokenCount": "6"}}).parts()
    assert parts == (UsagePart(usage=Usage(input_tokens=6, cliff_tokens=6)),)


@pytest.mark.parametrize("count", [-1, 10**30, "many", 1.5])
def test_absurd_counts_leave_the_sum_uncertain(count: object) -> None:
    """M12: they credit nothing."""
    sum_ = _summed({"response": {"usageMetadata": {"promptTokenCount": count}}})
    assert not sum_.is_certain
    assert [part.usage.input_tokens for part in sum_.parts()] == [None]


def test_groups_are_bounded() -> None:
    """A thousand names of models are no thousand parts."""
    answers = ({"response": {**_usage(1), "modelVersion": f"m{n}"}} for n in range(1000))
    parts = _summed(*answers).parts()
    assert len(parts) < 100
    assert sum(part.usage.input_tokens or 0 for part in parts) == 1000
