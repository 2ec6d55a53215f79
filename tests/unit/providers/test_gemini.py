"""Routes of the Developer API."""

import pytest

from weighbridge.core.outcome import Refusal
from weighbridge.providers.base import Route
from weighbridge.providers.gemini import GeminiProvider

PROVIDER = GeminiProvider()


def _route(method: str, target: str) -> Route:
    route = PROVIDER.route(method.encode(), target.encode())
    assert isinstance(route, Route)
    return route


@pytest.mark.parametrize(
    ("method", "target", "operation", "billing"),
    [
        ("POST", "/v1beta/models/m:generateContent", "generateContent", "metered"),
        ("POST", "/v1/models/m:streamGenerateContent?alt=sse", "streamGenerateContent", "metered"),
        ("POST", "/v1alpha/tunedModels/m:generateContent", "generateContent", "metered"),
        ("POST", "/v1beta/dynamic/m:generateContent", "generateContent", "metered"),
        ("POST", "/v1beta/models/m:embedContent", "embedContent", "metered"),
        ("POST", "/v1beta/models/m:batchEmbedContents", "batchEmbedContents", "metered"),
        ("POST", "/v1beta/models/m:countTokens", "countTokens", "free"),
        ("POST", "/v1beta/models/m:asyncBatchEmbedContent", "asyncBatchEmbedContent", "metered"),
        ("POST", "/v1beta/models/m:batchGenerateContent", "batchGenerateContent", "metered"),
        ("POST", "/v1beta/models/m:predict", "predict", "metered"),
        ("POST", "/v1beta/models/m:predictLongRunning", "predictLongRunning", "metered"),
        ("GET", "/v1beta/models?pageSize=50", "listModels", "free"),
        ("GET", "/v1beta/models/m", "getModel", "free"),
        ("GET", "/v1beta/models/m/operations/o", "getOperation", "told"),
        ("GET", "/v1beta/operations/o", "getOperation", "told"),
        ("GET", "/v1beta/files", "listFiles", "free"),
        ("DELETE", "/v1beta/files/f", "deleteFile", "free"),
        ("GET", "/v1beta/files/f:download?alt=media", "downloadFile", "told"),
        ("GET", "/download/v1beta/files/f:download?alt=media", "downloadFile", "told"),
        ("POST", "/upload/v1beta/files", "uploadFile", "free"),
        (
            "POST",
            "/upload/v1beta/fileSearchStores/s:uploadToFileSearchStore",
            "uploadToFileSearchStore",
            "unseen",
        ),
        ("POST", "/v1beta/cachedContents", "createCachedContent", "metered"),
        ("PATCH", "/v1beta/cachedContents/c", "updateCachedContent", "told"),
        ("GET", "/v1beta/batches/b", "getBatch", "told"),
        ("POST", "/v1beta/batches/b:cancel", "cancelBatch", "free"),
        ("POST", "/v1beta/interactions", "createInteraction", "metered"),
        ("POST", "/v1alpha/auth_tokens", "createAuthToken", "free"),
        ("GET", "/v1beta/fileSearchStores/s/documents", "listDocuments", "free"),
        ("POST", "/v1beta/openai/chat/completions", "chat.completions", "metered"),
        ("POST", "/v1beta/openai/embeddings", "embeddings", "metered"),
        ("POST", "/v1beta/openai/images/generations", "images.generations", "metered"),
        ("GET", "/v1beta/openai/models", "listModels", "free"),
        (
            "GET",
            "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
            "live",
            "unseen",
        ),
        (
            "GET",
            "/ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContentConstrained",
            "live",
            "unseen",
        ),
        (
            "GET",
            "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateMusic",
            "liveMusic",
            "unseen",
        ),
        ("GET", "/$discovery/rest?version=v1beta", "discovery", "free"),
        ("POST", "/v1beta/models/m:summonDemon", "unknown", "unseen"),
        ("GET", "/v1beta/models/m:generateContent", "unknown", "unseen"),
        ("POST", "/v1beta/models:generateContent", "unknown", "unseen"),
        ("POST", "/v1beta/models//m:generateContent", "unknown", "unseen"),
        ("POST", "/upload/v1beta/models/m:generateContent", "unknown", "unseen"),
        ("POST", "/v1beta/openai/chat/completions/x", "unknown", "unseen"),
        ("GET", "/v9/somethingNew/x", "unknown", "unseen"),
        ("GET", "/v1beta/", "unknown", "unseen"),
        ("PURGE", "/v1beta/models", "unknown", "unseen"),
        ("GET", "/ws/other.Service", "unknown", "unseen"),
    ],
)
def test_every_method_has_its_name_and_billing(
    method: str, target: str, operation: str, billing: str
) -> None:
    """S8: known methods by their names, all others forwarded as unknown and unmetered.

    A call that is `told` is free and read: it tells of something that is paid for.
    """
    route = _route(method, target)
    assert route.operation == operation
    assert (route.metered, route.free) == (
        billing in {"metered", "told"},
        billing in {"free", "told"},
    )
    assert (route.provider, route.surface, route.upstream) == ("google", "gemini", "gemini")
    assert route.host == "generativelanguage.googleapis.com"


@pytest.mark.parametrize(
    ("target", "model"),
    [
        ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro"),
        ("/v1beta/models/gemini%2D2.5-pro%3AgenerateContent", "gemini-2.5-pro"),
        ("/v1beta/models%2Fgemini-2.5-pro:generateContent", "gemini-2.5-pro"),
        ("/v1beta/tunedModels/t:generateContent", "tunedModels/t"),
        ("/v1beta/models/tell%20me%20a%20secret:generateContent", None),
        ("/v1beta/models/" + "x" * 257 + ":generateContent", None),
        ("/v1beta/openai/chat/completions", None),
        ("/v1beta/files/f", None),
    ],
)
def test_the_model_is_taken_from_the_path(target: str, model: str | None) -> None:
    """Decoded for the ledger, dropped where it is no name (P1)."""
    assert _route("POST", target).model == model


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        ("/upload/v1beta/files", True),
        ("/upload/v1beta/files?upload_id=A&upload_protocol=resumable", False),
        ("/upload/v1beta/files?upload_id=", True),
        ("/v1beta/models/m:generateContent?upload_id=A", True),
        ("/v1beta/files?upload_id=A", True),
    ],
)
def test_only_the_second_step_of_an_upload_needs_no_token(target: str, needed: bool) -> None:
    """S6: known by its upload id, on upload paths alone."""
    assert _route("POST", target).needs_token is needed


def test_what_is_not_googles_is_no_route() -> None:
    """Nothing else is forwarded."""
    assert PROVIDER.route(b"GET", b"/") is None
    assert PROVIDER.route(b"GET", b"http://generativelanguage.googleapis.com/v1/models") is None
    assert not isinstance(PROVIDER.route(b"GET", b"/v1/models"), Refusal)
