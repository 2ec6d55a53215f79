"""Batches, from their creation to their answers."""

import json
from typing import Any

import pytest
from reader_feed import read, route_of

from weighbridge.core.outcome import UsageSource
from weighbridge.core.resource import (
    ResourceChange,
    ResourceEvent,
    ResourceKind,
    Settlement,
    UsagePart,
)
from weighbridge.core.usage import Usage

CREATED_US = 1784649949689379
METADATA = {
    "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
    "model": "models/gemini-3.5-flash",
    "displayName": "CANARY",
    "createTime": "2026-07-21T16:05:49.689379878Z",
    "batchStats": {"requestCount": "2"},
    "name": "batches/b1",
}
ANSWER = {
    "response": {
        "candidates": [{"content": {"parts": [{"text": "CANARY"}]}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": 7,
            "candidatesTokenCount": 3,
            "totalTokenCount": 10,
        },
        "modelVersion": "gemini-3.5-flash",
    },
    "metadata": {"key": "CANARY"},
}
FAILED = {"error": {"code": 13, "message": "CANARY"}, "metadata": {"key": "k"}}


def _batch(state: str, output: dict[str, Any] | None = None, **more: Any) -> bytes:
    metadata: dict[str, Any] = {**METADATA, "state": f"BATCH_STATE_{state}"}
    batch: dict[str, Any] = {"name": "batches/b1"}
    if output is not None:
        metadata = {"output": output, **metadata}
        batch |= {"done": True, "response": {"@type": "…Output", **output}}
    return json.dumps({**batch, "metadata": metadata, **more}).encode()


def _inlined(*answers: dict[str, Any]) -> dict[str, Any]:
    return {"inlinedResponses": {"inlinedResponses": list(answers)}}


def _settled(*parts: UsagePart, complete: bool = True) -> Settlement:
    return Settlement(
        kind=ResourceKind.BATCH,
        name="batches/b1",
        parts=parts,
        complete=complete,
        service_tier="batch",
        model="gemini-3.5-flash",
    )


def _part(answers: int) -> UsagePart:
    usage = Usage(
        input_tokens=7 * answers,
        output_tokens=3 * answers,
        total_tokens=10 * answers,
        cliff_tokens=7,
    )
    return UsagePart(usage=usage, model_version="gemini-3.5-flash")


@pytest.mark.parametrize("operation", ["batchGenerateContent", "asyncBatchEmbedContent"])
def test_a_created_batch_is_told(operation: str) -> None:
    """Whose it is, its creation says; what it costs, its answers."""
    reading = read(route_of(operation, model="gemini-3.5-flash"), _batch("PENDING"), size=5)
    assert reading.events == (
        ResourceEvent(
            kind=ResourceKind.BATCH,
            name="batches/b1",
            change=ResourceChange.CREATED,
            model="gemini-3.5-flash",
            created_at_us=CREATED_US,
        ),
    )
    assert (reading.settlement, reading.usage_source) == (None, UsageSource.NONE)
    assert "CANARY" not in repr(reading)


@pytest.mark.parametrize("size", [3, 1000, 1 << 20])
def test_inlined_answers_settle_the_batch(size: int) -> None:
    """M11: they stand in it twice and are counted once, at the batch tier."""
    body = _batch("SUCCEEDED", _inlined(ANSWER, FAILED, ANSWER))
    reading = read(route_of("getBatch"), body, size=size)
    assert reading.settlement == _settled(_part(2))
    assert (reading.events, reading.usage) == ((), Usage())
    assert "CANARY" not in repr(reading)


def test_either_copy_of_the_answers_will_do() -> None:
    """A field mask may leave one of them out."""
    body = json.loads(_batch("SUCCEEDED", _inlined(ANSWER)))
    for masked in (
        {**body, "response": None},
        {**body, "metadata": {**METADATA, "state": body["metadata"]["state"]}},
    ):
        reading = read(route_of("getBatch"), json.dumps(masked).encode())
        assert reading.settlement == _settled(_part(1))


def test_a_batch_of_embeddings_is_settled_by_its_tokens() -> None:
    """In a list of another name."""
    answer = {"response": {"embedding": {"values": [0.1]}, "tokenCount": "9"}}
    output = {"inlinedEmbedContentResponses": {"inlinedResponses": [answer, answer]}}
    reading = read(route_of("getBatch"), _batch("SUCCEEDED", output))
    assert reading.settlement is not None
    assert [part.usage.input_tokens for part in reading.settlement.parts] == [18]


@pytest.mark.parametrize("operation", ["getBatch", "listBatches"])
def test_a_file_with_results_belongs_to_its_batch(operation: str) -> None:
    """Whoever downloads it settles it."""
    body = _batch("SUCCEEDED", {"responsesFile": "files/batch-b1"})
    if operation == "listBatches":
        body = b'{"operations":[' + body + b"," + _batch("RUNNING") + b"]}"
    reading = read(route_of(operation), body, size=7)
    assert reading.events == (
        ResourceEvent(
            kind=ResourceKind.BATCH_RESULTS,
            name="files/batch-b1",
            change=ResourceChange.CREATED,
            model="gemini-3.5-flash",
            parent="batches/b1",
        ),
    )
    assert reading.settlement is None


@pytest.mark.parametrize(
    ("body", "settlement"),
    [
        (_batch("PENDING"), None),
        (_batch("RUNNING"), None),
        (_batch("SUCCEEDED"), None),
        (_batch("CANCELLED"), None),
        (_batch("FAILED"), _settled()),
        (_batch("EXPIRED", error={"code": 4}), _settled()),
        (_batch("SUCCEEDED", _inlined(FAILED)), _settled()),
        (_batch("CANCELLED", _inlined(ANSWER, FAILED)), _settled(_part(1))),
        (
            _batch("SUCCEEDED", _inlined(ANSWER, {"response": {}})),
            _settled(_part(1), complete=False),
        ),
        (b"{}", None),
        (b'{"metadata":{"state":"BATCH_STATE_FAILED"}}', None),
        (b"", None),
    ],
)
def test_a_batch_is_settled_when_it_is_known_what_it_came_to(
    body: bytes, settlement: Settlement | None
) -> None:
    """A state alone tells only that there is nothing to pay."""
    assert read(route_of("getBatch"), body).settlement == settlement


def test_a_cut_answer_is_no_complete_settlement() -> None:
    """Whoever reads it to the end settles it."""
    body = _batch("SUCCEEDED", _inlined(ANSWER, ANSWER))
    for length in range(0, len(body), 7):
        settlement = read(route_of("getBatch"), body[:length], complete=False).settlement
        assert settlement is None or not settlement.complete
