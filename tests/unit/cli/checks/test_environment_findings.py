"""Variables that lead calls elsewhere, or TLS into trouble."""

import pytest

from weighbridge.cli.checks.environment import environment_findings
from weighbridge.cli.checks.finding import Finding, Level, document, origin_of, size

GATEWAY = "http://127.0.0.1:8080"


def find(gateway: str | None = GATEWAY, **environment: str) -> dict[str, Finding]:
    found = environment_findings(environment, gateway, lambda path: path == "/there.pem")
    return {one.check.removeprefix("environment."): one for one in found}


def test_a_plain_environment_has_nothing_wrong() -> None:
    """Unset base URLs are worth a word, no more."""
    assert {one.level for one in find().values()} == {Level.OK, Level.NOTE}


def test_a_proxy_takes_calls_for_the_gateway_unless_it_is_told_not_to() -> None:
    """P1: of a proxy's URL only its place is shown, never its password."""
    proxy = "http://me:hunter2@proxy.example:3128/x"
    found = find(https_proxy=proxy)
    assert found["proxy"].seen == "HTTPS_PROXY=http://proxy.example:3128"
    assert found["no_proxy"].level is Level.WARNING
    assert "hunter2" not in str(found)
    for listed in ("127.0.0.1", "a, 127.0.0.1:8080", "*"):
        assert "no_proxy" not in find(HTTPS_PROXY=proxy, NO_PROXY=listed)
    inside = find("http://weigh.corp.example:80", HTTP_PROXY=proxy, no_proxy=".corp.example")
    assert "no_proxy" not in inside


def test_a_missing_file_of_authorities_is_told() -> None:
    """Whoever reads the variable fails at every TLS connection."""
    assert find(SSL_CERT_FILE="/there.pem")["authorities"].level is Level.NOTE
    found = find(SSL_CERT_FILE="/there.pem", REQUESTS_CA_BUNDLE="/gone.pem")["authorities"]
    assert (found.level, found.seen) == (Level.WARNING, "REQUESTS_CA_BUNDLE")


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("http://127.0.0.1:8080", Level.OK),
        ("http://localhost:8080/-/trk_testsecret;department=x/", Level.OK),
        ("http://127.0.0.1:8090", Level.WARNING),
        ("https://127.0.0.1", Level.WARNING),
        ("127.0.0.1:8080", Level.FAILURE),
    ],
)
def test_a_base_url_leads_here_or_elsewhere(url: str, level: Level) -> None:
    """P1: a tracking token in its path is not shown."""
    found = find(GOOGLE_GEMINI_BASE_URL=url)["google_gemini_base_url"]
    assert found.level is level
    assert "trk_" not in str(found)
    unknown = find(None, GOOGLE_VERTEX_BASE_URL=GATEWAY)["google_vertex_base_url"]
    assert unknown.level is Level.NOTE


def test_vertex_wants_project_and_location() -> None:
    """Google's SDK drops the path of a call where it has a base URL but neither."""
    vertex = {"GOOGLE_GENAI_USE_VERTEXAI": "True"}
    assert find(**vertex)["vertex"].level is Level.WARNING
    place = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "l"}
    assert find(**vertex, **place)["vertex"].level is Level.OK
    assert "vertex" not in find(GOOGLE_GENAI_USE_VERTEXAI="0")


def test_only_a_failure_is_not_ok() -> None:
    """Warnings are counted and do not fail the command."""
    warning, failure = (Finding("c", level, "w") for level in (Level.WARNING, Level.FAILURE))
    found = document([warning])
    assert (found["ok"], found["warnings"], found["failures"]) == (True, 1, 0)
    assert document([warning, failure])["ok"] is False
    assert found["findings"] == [
        {"check": "c", "level": "warning", "what": "w", "seen": None, "advice": None}
    ]


@pytest.mark.parametrize(
    ("url", "shown"),
    [("http://u:p@h:1/x?key=k", "http://h:1"), ("h:3128", "h:3128"), ("http://[::1]:1", "http://[::1]:1"),
     ("http://h:x", "(no URL)"), ("", "(no URL)")],
)  # fmt: skip
def test_of_a_url_only_its_place_is_shown(url: str, shown: str) -> None:
    """User, password, path and query may all hold secrets."""
    assert origin_of(url) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_560_000, "1.5 MB"), (10**13, "10.0 TB")],
)
def test_sizes_are_for_people(count: int, shown: str) -> None:
    """Cut, not rounded up."""
    assert size(count) == shown
