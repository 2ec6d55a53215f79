"""Routes and hosts of Vertex AI."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.outcome import Reason, Refusal
from weighbridge.providers.base import Route
from weighbridge.providers.vertex import VertexProvider, vertex_host

PROVIDER = VertexProvider()
HERE = "/v1beta1/projects/p-1/locations/us-central1"


def _route(method: str, target: str) -> Route:
    route = PROVIDER.route(method.encode(), target.encode())
    assert isinstance(route, Route)
    return route


@pytest.mark.parametrize(
    ("method", "target", "operation", "model", "billing"),
    [
        (
            "POST",
            HERE + "/publishers/google/models/gemini-2.5-pro:generateContent",
            "generateContent",
            "gemini-2.5-pro",
            "metered",
        ),
        (
            "POST",
            HERE + "/publishers/google/models/m:streamGenerateContent?alt=sse",
            "streamGenerateContent",
            "m",
            "metered",
        ),
        ("POST", HERE + "/publishers/google/models/m:countTokens", "countTokens", "m", "free"),
        ("POST", HERE + "/publishers/google/models/m:embedContent", "embedContent", "m", "metered"),
        ("POST", HERE + "/publishers/google/models/m:predict", "predict", "m", "metered"),
        (
            "POST",
            HERE + "/endpoints/123:generateContent",
            "generateContent",
            "endpoints/123",
            "metered",
        ),
        (
            "POST",
            HERE + "/endpoints/openapi/chat/completions",
            "chat.completions",
            None,
            "metered",
        ),
        ("POST", HERE + "/endpoints/openapi/embeddings", "embeddings", None, "metered"),
        ("POST", HERE + "/endpoints/openapi/responses", "responses", None, "metered"),
        ("POST", HERE + "/cachedContents", "createCachedContent", None, "metered"),
        ("GET", HERE + "/batchPredictionJobs", "listBatchPredictionJobs", None, "free"),
        ("POST", HERE + "/batchPredictionJobs", "createBatchPredictionJob", None, "unseen"),
        ("GET", HERE + "/publishers/google/models/m", "getModel", "m", "free"),
        ("GET", HERE + "/operations/1", "getOperation", None, "told"),
        ("POST", HERE + "/interactions:create", "createInteraction", None, "metered"),
        ("POST", HERE + "/somethingNew", "unknown", None, "unseen"),
    ],
)
def test_routes_within_a_location(
    method: str, target: str, operation: str, model: str | None, billing: str
) -> None:
    """Publishers, tuned endpoints, OpenAI-compatible endpoints and jobs."""
    route = _route(method, target)
    assert (route.operation, route.model) == (operation, model)
    assert (route.metered, route.free) == (
        billing in {"metered", "told"},
        billing in {"free", "told"},
    )
    assert (route.provider, route.surface, route.upstream) == ("google", "vertex", "vertex")
    assert (route.cloud_project, route.location) == ("p-1", "us-central1")
    assert route.host == "us-central1-aiplatform.googleapis.com"


def test_express_mode_has_neither_project_nor_location() -> None:
    """The API key tells Google the project; the host is the global one."""
    route = _route("POST", "/v1beta1/publishers/google/models/gemini-2.5-pro:generateContent")
    assert (route.cloud_project, route.location) == (None, None)
    assert (route.model, route.host) == ("gemini-2.5-pro", "aiplatform.googleapis.com")
    assert route.metered


def test_models_of_other_publishers_are_theirs() -> None:
    """Design B7: Claude on Vertex is `anthropic` on `vertex`, and carries no labels."""
    route = _route("POST", HERE + "/publishers/anthropic/models/claude-x@20260101:rawPredict")
    assert (route.provider, route.surface, route.upstream) == ("anthropic", "vertex", "vertex")
    assert (route.operation, route.model) == ("rawPredict", "claude-x@20260101")
    assert (route.metered, route.takes_labels) == (True, False)
    llama = _route("POST", HERE + "/publishers/meta/models/m:generateContent")
    assert (llama.provider, llama.metered, llama.takes_labels) == ("meta", True, False)
    assert _route("POST", HERE + "/publishers/A%20b/models/m:rawPredict").provider == "unknown"


def test_counting_claudes_tokens_is_free() -> None:
    """Anthropic's count stands beside its models under a name of its own."""
    route = _route("POST", HERE + "/publishers/anthropic/models/count-tokens:rawPredict")
    assert (route.operation, route.free, route.metered) == ("countTokens", True, False)


def test_live_sockets_are_told_apart() -> None:
    """The service's name says whose socket it is."""
    route = _route("GET", "/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent")
    assert (route.operation, route.host) == ("live", "aiplatform.googleapis.com")
    other = b"/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    assert PROVIDER.route(b"GET", other) is None


@pytest.mark.parametrize(
    "target", [b"/v1beta/models/m:generateContent", b"/", b"/v1beta/", b"/v1/projects/../x"]
)
def test_what_is_not_vertex_is_no_route(target: bytes) -> None:
    """The Developer API's paths, and what is nobody's."""
    assert PROVIDER.route(b"POST", target) is None


@pytest.mark.parametrize(
    ("location", "host"),
    [
        (None, "aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("us-central1", "us-central1-aiplatform.googleapis.com"),
        ("northamerica-northeast1", "northamerica-northeast1-aiplatform.googleapis.com"),
        ("test-location", "test-location-aiplatform.googleapis.com"),
    ],
)
def test_a_location_means_its_host(location: str | None, host: str) -> None:
    """Global, multi-region and regional endpoints."""
    assert vertex_host(location) == host


@pytest.mark.parametrize(
    "location",
    [
        "",
        "asia",
        "US-central1",
        "us-central1.evil.example",
        "evil.example/",
        "evil.example%2f",
        "us-central1-",
        "us--central1",
        "a-b",
        "us-central1@evil",
        "us-central1:80",
        "us-" + "a" * 30,
        "us-a-b-c-d",
        "us-central1\n",
        "ü-central1",
    ],
)
def test_what_is_no_location_is_refused(location: str) -> None:
    """P3: no client value chooses an upstream host."""
    assert vertex_host(location) is None


def test_the_refusal_shows_a_bounded_value() -> None:
    """LOCATION_INVALID names what was seen, in plain ASCII and not at length."""
    target = (
        "/v1/projects/p/locations/evil.example%0A" + "x" * 500 + "/publishers/google/models/m:x"
    )
    refusal = PROVIDER.route(b"POST", target.encode())
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.LOCATION_INVALID
    error = json.loads(PROVIDER.refusal_body(refusal))["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert "'evil.example\\n" in error["message"]
    assert len(error["message"]) < 300


def test_a_project_that_is_no_name_is_not_kept() -> None:
    """P1: the ledger takes no text from a path."""
    route = _route("GET", "/v1/projects/tell%20me/locations/global/operations/1")
    assert route.cloud_project is None


@given(st.text(max_size=40))
def test_any_location_gives_a_google_host_or_none(location: str) -> None:
    """P3: one DNS label before `-aiplatform.googleapis.com`, whatever is tried."""
    host = vertex_host(location)
    if host is not None:
        label, _, domain = host.partition(".")
        assert domain in {"googleapis.com", "us.rep.googleapis.com", "eu.rep.googleapis.com"}
        assert label.endswith("aiplatform")
        assert len(label) <= 63
        assert label.replace("-", "").isalnum()
