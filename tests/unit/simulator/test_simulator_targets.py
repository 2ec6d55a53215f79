"""Request targets mean what they mean to Google."""

import pytest

from weighbridge.simulator.targets import parse_target

PLACE = "/v1beta1/projects/p/locations/us-central1"


@pytest.mark.parametrize(
    ("target", "kind", "model", "operation", "vertex"),
    [
        ("/v1/models/m:generateContent", "model", "m", "generateContent", False),
        ("/v1alpha/tunedModels/t1:countTokens", "model", "t1", "countTokens", False),
        ("/v1beta/models/a%20b:embedContent?key=k", "model", "a b", "embedContent", False),
        (f"{PLACE}/publishers/google/models/m:predict", "model", "m", "predict", True),
        ("/v1/publishers/google/models/m:countTokens", "model", "m", "countTokens", True),
        (f"{PLACE}/endpoints/123:generateContent", "model", "123", "generateContent", True),
        (f"{PLACE}/endpoints/openapi/chat/completions", "openai", "", "", True),
        ("/v1beta/openai/chat/completions", "openai", "", "", False),
        ("/v1beta/models", "models", "", "", False),
        ("/v1beta/models/m", "models", "m", "", False),
        ("/upload/v1/files?upload_id=x", "upload", "", "", False),
        ("/v1beta/files/f1", "files", "", "", False),
        ("/v1beta/files/f1:download?alt=media", "download", "", "", False),
        ("/download/v1beta/files/f1:download", "download", "", "", False),
        (f"{PLACE}/cachedContents/c1", "caches", "", "", True),
        ("/v1beta/batches/b1:cancel", "batches", "", "", False),
        ("/$discovery/rest?version=v1", "discovery", "", "", False),
        (f"{PLACE}/endpoints/123/chat/completions", "openai", "", "", True),
        (f"{PLACE}/publishers/meta/v1/responses", "openai", "", "", True),
        (f"{PLACE}/publishers/anthropic/models/m@1:rawPredict", "model", "m@1", "rawPredict", True),
        ("/upload/v1beta/fileSearchStores/s:uploadToFileSearchStore", "upload", "", "", False),
        (f"{PLACE}/batchPredictionJobs/1:cancel", "batches", "", "", True),
        ("/v1beta/models/m/operations/o", "operations", "", "", False),
        ("/v1beta/fileSearchStores/s/documents/d", "stores", "", "", False),
        ("/v1beta/fileSearchStores/s:importFile", "stores", "", "", False),
        ("/v1beta/fileSearchStores/s/upload/operations/o", "operations", "", "", False),
        ("/v1beta/tunedModels/t", "tuned", "", "", False),
        ("/v1alpha/auth_tokens", "tokens", "", "", False),
        ("/v1beta/interactions", "interactions", "", "", False),
        ("/v1beta/interactions/i/cancel", "interactions", "", "", False),
        (f"{PLACE}/interactions:createStream", "interactions", "", "createStream", True),
        ("/v1beta/agents", "other", "", "", False),
        ("/favicon.ico", "nothing", "", "", False),
    ],
)
def test_kind_model_and_operation(
    target: str, kind: str, model: str, operation: str, *, vertex: bool
) -> None:
    call = parse_target(target)
    assert (call.kind, call.model, call.operation) == (kind, model, operation)
    assert call.vertex is vertex


def test_system_parameters() -> None:
    call = parse_target("/v1/models/m:x?%24alt=json%3Benum-encoding%3Dint&prettyPrint=false")
    assert call.integer_enums
    assert call.compact
    assert not call.sse
    assert parse_target("/v1/models/m:x?alt=sse").sse
