"""Which provider owns a request target."""

import pytest

from weighbridge.core.outcome import Reason, Refusal
from weighbridge.providers.base import Route
from weighbridge.providers.registry import Registry


def test_paths_tell_the_two_surfaces_apart() -> None:
    """The same port serves both, by the shape of the path."""
    registry = Registry()
    for target, upstream in (
        (b"/v1beta/models/m:generateContent", "gemini"),
        (b"/v1/projects/p/locations/global/publishers/google/models/m:generateContent", "vertex"),
        (b"/v1beta1/publishers/google/models/m:generateContent", "vertex"),
        (b"/v1/endpoints/1:generateContent", "vertex"),
    ):
        route = registry.route(b"POST", target)
        assert isinstance(route, Route)
        assert route.upstream == upstream
        assert registry.provider(route.upstream).name == upstream


def test_what_nobody_owns_is_none() -> None:
    """The gateway answers ROUTE_UNKNOWN."""
    registry = Registry()
    assert registry.route(b"GET", b"/favicon.ico") is None
    assert registry.route(b"GET", b"/favicon.ico") is None


def test_an_impossible_location_is_a_refusal_each_time() -> None:
    """Remembered like any other answer."""
    registry = Registry()
    target = b"/v1/projects/p/locations/evil.example/operations/o"
    for _ in range(2):
        refusal = registry.route(b"GET", target)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.LOCATION_INVALID


def test_answers_are_remembered_without_the_query() -> None:
    """The hot path pays for recognition once; keys in queries are not held (P1)."""
    registry = Registry()
    first = registry.route(b"POST", b"/v1/models/m:generateContent?key=AIzaSyTESTCANARY")
    second = registry.route(b"POST", b"/v1/models/m:generateContent?key=other")
    assert first is second
    assert "CANARY" not in repr(registry._remembered)
    assert registry.route(b"GET", b"/v1/models/m:generateContent") is not first


def test_an_upload_id_counts_although_the_path_is_known() -> None:
    """S6: both steps of an upload share their path."""
    registry = Registry()
    start = registry.route(b"POST", b"/upload/v1/files")
    follow = registry.route(b"POST", b"/upload/v1/files?upload_id=A")
    again = registry.route(b"POST", b"/upload/v1/files?uploadType=resumable")
    assert isinstance(start, Route)
    assert isinstance(follow, Route)
    assert (start.needs_token, follow.needs_token) == (True, False)
    assert again is start


def test_memory_is_bounded() -> None:
    """Random paths cost neither entries nor bytes without end."""
    registry = Registry()
    for number in range(10_000):
        registry.route(b"GET", b"/v1beta/files/f%d" % number)
    registry.route(b"GET", b"/v1beta/files/" + b"x" * 100_000)
    assert len(registry._remembered) <= 4096
    assert max(len(path) for _, path in registry._remembered) <= 512
    assert repr(registry).startswith("<Registry vertex, gemini: ")


def test_providers_go_by_upstream_and_by_error_shape() -> None:
    """`google` is the error shape of both, any other name is a fault of ours."""
    registry = Registry()
    assert registry.provider("google").name == "gemini"
    assert registry.provider("vertex").name == "vertex"
    with pytest.raises(KeyError):
        registry.provider("anthropic")
