"""What every provider promises to the gateway; a new provider joins the list below."""

import json

import msgspec
import pytest

from weighbridge.core.outcome import HTTP_STATUS, Reason, Refusal, UsageSource
from weighbridge.providers.base import Provider, Route
from weighbridge.providers.gemini import GeminiProvider
from weighbridge.providers.registry import Registry
from weighbridge.providers.vertex import VertexProvider

GEMINI_PATH = b"/v1beta/models/gemini-2.5-flash:"
VERTEX_PATH = b"/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash:"
PROVIDERS: list[tuple[Provider, bytes]] = [
    (GeminiProvider(), GEMINI_PATH),
    (VertexProvider(), VERTEX_PATH),
]
USAGE = b'{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5}}'


def _route(provider: Provider, target: bytes) -> Route:
    route = provider.route(b"POST", target)
    assert isinstance(route, Route)
    return route


@pytest.mark.parametrize("provider", [provider for provider, _ in PROVIDERS])
@pytest.mark.parametrize("target", [b"", b"/", b"*", b"/admin", b"http://h/v1/x", b"h:443"])
def test_foreign_targets_are_not_ours(provider: Provider, target: bytes) -> None:
    """None, so that another provider may be asked."""
    assert provider.route(b"GET", target) is None


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
def test_a_metered_route_says_all_that_a_row_needs(provider: Provider, path: bytes) -> None:
    """Provider, surface, operation, model, and where to send it."""
    route = _route(provider, path + b"generateContent")
    assert route.provider == "google"
    assert route.surface == route.upstream == provider.name
    assert route.operation == "generateContent"
    assert route.model == "gemini-2.5-flash"
    assert route.host.endswith(".googleapis.com")
    assert (route.metered, route.free, route.needs_token) == (True, False, True)


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
def test_token_counts_are_free_and_unmetered(provider: Provider, path: bytes) -> None:
    """Design B7: no token columns."""
    route = _route(provider, path + b"countTokens")
    assert (route.metered, route.free) == (False, True)
    reader = provider.reader(route, 200, b"application/json")
    reader.feed(b'{"totalTokens":31}')
    reading = reader.finish(complete=True)
    assert reading.usage_source is UsageSource.NONE
    assert all(not value for value in msgspec.structs.astuple(reading.usage))


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
def test_unknown_methods_are_routed_unmetered(provider: Provider, path: bytes) -> None:
    """S8: forwarded, and neither free nor metered."""
    route = _route(provider, path + b"inventTomorrow")
    assert (route.operation, route.metered, route.free) == ("unknown", False, False)


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (b"application/json; charset=UTF-8", USAGE),
        (b"application/json", b"[" + USAGE + b"\n,\r\n" + USAGE + b"]"),
        (b"text/event-stream", b"data: " + USAGE + b"\r\n\r\ndata: " + USAGE + b"\r\n\r\n"),
    ],
)
def test_an_answer_is_read_in_any_framing(
    provider: Provider, path: bytes, content_type: bytes, body: bytes
) -> None:
    """S1, S4: by content type, the last chunk counting."""
    reader = provider.reader(_route(provider, path + b"generateContent"), 200, content_type)
    for byte in body:
        reader.feed(bytes((byte,)))
    reading = reader.finish(complete=True)
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (3, 2)
    assert reading.usage_source is UsageSource.FINAL


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
def test_an_answer_that_never_began_has_no_usage(provider: Provider, path: bytes) -> None:
    """Missing is not zero."""
    for complete in (True, False):
        reader = provider.reader(_route(provider, path + b"generateContent"), 200, None)
        reading = reader.finish(complete=complete)
        assert reading.usage_source is UsageSource.NONE
        assert reading.usage.input_tokens is None


@pytest.mark.parametrize(("provider", "path"), PROVIDERS)
def test_an_upstream_error_leaves_its_code_alone(provider: Provider, path: bytes) -> None:
    """P2: never its message."""
    reader = provider.reader(_route(provider, path + b"generateContent"), 404, b"application/json")
    reader.feed(b'{"error":{"code":404,"message":"CANARY","status":"NOT_FOUND"}}')
    reading = reader.finish(complete=True)
    assert reading.error_type == "NOT_FOUND"
    assert "CANARY" not in repr(reading)


@pytest.mark.parametrize("provider", [provider for provider, _ in PROVIDERS])
@pytest.mark.parametrize("reason", list(Reason))
def test_every_refusal_has_a_body(provider: Provider, reason: Reason) -> None:
    """Design B3: one object, with code, message, status and reason."""
    error = json.loads(provider.refusal_body(Refusal(reason, "What to do.")))["error"]
    assert error["code"] == HTTP_STATUS[reason]
    assert error["message"] == "What to do."
    assert error["details"][0]["reason"] == reason
    assert error["details"][0]["domain"] == "weighbridge"


def test_every_provider_is_in_the_registry() -> None:
    """A provider that is not registered is never asked."""
    registry = Registry()
    for provider, path in PROVIDERS:
        route = registry.route(b"POST", path + b"generateContent")
        assert isinstance(route, Route)
        assert type(registry.provider(route.upstream)) is type(provider)
