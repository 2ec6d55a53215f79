"""Every route of Google's two surfaces: what it is called, whose it is, and how it is weighed."""

import pytest
from google_routes import DEVELOPER, VERTEX, route_rows

from weighbridge.providers.base import Route
from weighbridge.providers.registry import Registry

OTHERS = [
    ("POST", "/publishers/anthropic/models/claude@1:rawPredict", "anthropic", "rawPredict"),
    ("POST", "/publishers/anthropic/models/c@1:streamRawPredict", "anthropic", "streamRawPredict"),
    ("POST", "/publishers/mistralai/models/m@2503:rawPredict", "mistralai", "rawPredict"),
    ("POST", "/publishers/ai21/models/jamba@001:streamRawPredict", "ai21", "streamRawPredict"),
    ("POST", "/publishers/meta/models/llama:generateContent", "meta", "generateContent"),
    ("POST", "/publishers/openai/v1/responses", "openai", "responses"),
]
HERE = "/v1beta1/projects/p/locations/us-central1"
REGISTRY = Registry()


def _route(method: str, target: str) -> Route:
    route = REGISTRY.route(method.encode(), target.encode())
    assert isinstance(route, Route)
    return route


def _is_as_said(route: Route, row: tuple[str, ...]) -> None:
    _, _, operation, model, weighed, *extras = row
    assert (route.operation, route.model or "-") == (operation, model)
    if weighed != "-":  # a socket's frames are read, whatever its route says
        read = weighed in {"metered", "settled", "told"}
        assert (route.metered, route.free) == (read, weighed in {"told", "free"})
    assert (route.asks, route.takes_labels) == ("asks" in extras, "labels" in extras)


def _named(row: tuple[str, ...]) -> str:
    return f"{row[0]} {row[1]}"


@pytest.mark.parametrize("row", route_rows(DEVELOPER), ids=_named)
def test_every_route_of_the_developer_api(row: tuple[str, ...]) -> None:
    """S8: by its name, or forwarded as unknown; in any version."""
    route = _route(row[0], row[1])
    _is_as_said(route, row)
    assert (route.provider, route.surface, route.upstream) == ("google", "gemini", "gemini")
    assert (route.location, route.cloud_project) == (None, None)
    assert route.host == "generativelanguage.googleapis.com"


@pytest.mark.parametrize("row", route_rows(VERTEX), ids=_named)
@pytest.mark.parametrize("here", [HERE, HERE.replace("v1beta1", "v1")])
def test_every_route_of_vertex(here: str, row: tuple[str, ...]) -> None:
    """S8: whatever the version, with its project and its region's host."""
    route = _route(row[0], here + row[1])
    _is_as_said(route, row)
    assert (route.provider, route.surface, route.upstream) == ("google", "vertex", "vertex")
    assert (route.location, route.cloud_project) == ("us-central1", "p")
    assert route.host == "us-central1-aiplatform.googleapis.com"


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in route_rows(VERTEX)
        if row[1].startswith(("/publishers/google/models/", "/endpoints/1:"))
    ],
    ids=_named,
)
def test_every_route_of_express_mode(row: tuple[str, ...]) -> None:
    """An API key knows its project: no project, no location, the global host."""
    route = _route(row[0], "/v1beta1" + row[1])
    _is_as_said(route, row)
    assert (route.surface, route.location, route.cloud_project) == ("vertex", None, None)
    assert route.host == "aiplatform.googleapis.com"


@pytest.mark.parametrize(("method", "target", "provider", "operation"), OTHERS)
def test_models_of_other_publishers(
    method: str, target: str, provider: str, operation: str
) -> None:
    """Design B7: theirs, on Vertex, metered, and without labels."""
    route = _route(method, HERE + target)
    assert (route.provider, route.surface, route.operation) == (provider, "vertex", operation)
    assert (route.metered, route.free, route.takes_labels) == (True, False, False)


@pytest.mark.parametrize("verb", ["poll", "stream"])
def test_interactions_of_vertex_may_name_no_project(verb: str) -> None:
    """In the one version that has them there; elsewhere they are the Developer API's."""
    route = _route("GET", f"/v1beta1/interactions/i:{verb}")
    assert (route.surface, route.operation) == ("vertex", "getInteraction")
    assert _route("GET", "/v1beta/interactions/i").surface == "gemini"


def test_vertex_sockets() -> None:
    """Live, on Vertex."""
    route = _route("GET", "/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent")
    assert (route.operation, route.surface) == ("live", "vertex")


@pytest.mark.parametrize(
    ("method", "target", "resource"),
    [
        ("DELETE", "/v1beta/cachedContents/c", "cachedContents/c"),
        ("DELETE", HERE + "/cachedContents/7", "locations/us-central1/cachedContents/7"),
        ("GET", "/download/v1beta/files/batch-1:download?alt=media", "files/batch-1"),
        ("GET", "/v1beta/files/batch-1:download?alt=media", "files/batch-1"),
        ("GET", "/v1beta/cachedContents/c", None),
        ("GET", "/v1beta/files/batch-1", None),
    ],
)
def test_a_path_names_what_its_answer_does_not(
    method: str, target: str, resource: str | None
) -> None:
    """For their readers, in the spelling of the answers that named them before."""
    assert _route(method, target).resource == resource
