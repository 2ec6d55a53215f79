"""Targets of the Live API: both surfaces, ephemeral tokens, music, and how SDKs spell them."""

import pytest

from weighbridge.providers.base import Route
from weighbridge.providers.registry import Registry

_GEMINI = "/ws/google.ai.generativelanguage.v1beta.GenerativeService."
_VERTEX = "/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent"


@pytest.mark.parametrize(
    ("target", "surface", "operation"),
    [
        (f"{_GEMINI}BidiGenerateContent?key=AIzaSyTEST", "gemini", "live"),
        (f"{_GEMINI}BidiGenerateContentConstrained?access_token=auth_tokens/x", "gemini", "live"),
        (f"{_GEMINI}BidiGenerateMusic?key=AIzaSyTEST", "gemini", "liveMusic"),
        (_VERTEX, "vertex", "live"),
        (f"/{_GEMINI}BidiGenerateContent?key=AIzaSyTEST", "gemini", "live"),
        (f"/{_VERTEX}", "vertex", "live"),
    ],
)
def test_every_spelling_of_a_live_session_is_one(target: str, surface: str, operation: str) -> None:
    """S7: also with the two slashes that SDKs make of a base URL ending in one."""
    route = Registry().route(b"GET", target.encode())

    assert isinstance(route, Route)
    assert (route.surface, route.operation, route.free) == (surface, operation, False)


def test_two_slashes_are_forgiven_before_ws_alone() -> None:
    """Any other empty segment names nothing that Google serves."""
    assert Registry().route(b"POST", b"//v1beta/models/gemini-2.5-flash:generateContent") is None
    assert Registry().route(b"GET", f"//{_VERTEX}".encode()) is None


def test_ephemeral_tokens_are_made_free_of_charge() -> None:
    """`POST /v…/auth_tokens` begins nothing that costs."""
    route = Registry().route(b"POST", b"/v1alpha/auth_tokens")

    assert isinstance(route, Route)
    assert (route.operation, route.free) == ("createAuthToken", True)
