"""What a try of an upstream means, each step and each answer."""

from dataclasses import replace

import pytest

from weighbridge.cli.checks.finding import Level
from weighbridge.cli.checks.probe import Certificate, Reached
from weighbridge.cli.checks.upstreams import DAY_S, clock_finding, upstream_findings

NOW = 1_790_000_000.0
CERTIFICATE = Certificate(("*.googleapis.com", "a", "b", "c"), "Google Trust Services", NOW)
GOOGLE = Reached(
    "https://generativelanguage.googleapis.com",
    addresses=("192.0.2.1",),
    tls_version="TLSv1.3",
    certificate=replace(CERTIFICATE, ends=NOW + 60 * DAY_S),
    status=403,
    is_google=True,
    reason="PERMISSION_DENIED",
    their_clock=NOW,
    our_clock=NOW,
)


def levels(reached: Reached, *, with_key: bool = False) -> dict[str, Level]:
    found = upstream_findings("gemini", reached, NOW, with_key=with_key)
    return {one.check.rpartition(".")[2]: one.level for one in found}


def last(reached: Reached, *, with_key: bool = False) -> str:
    *_, found = upstream_findings("gemini", reached, NOW, with_key=with_key)
    return f"{found.level}: {found.what} | {found.seen} | {found.advice}"


def test_google_without_a_key_is_as_it_should_be() -> None:
    """A refusal in Google's form is the proof that the API is reached."""
    assert set(levels(GOOGLE).values()) == {Level.OK}
    assert list(levels(GOOGLE)) == ["dns", "tcp", "tls", "http"]


@pytest.mark.parametrize("step", ["dns", "tcp", "tls", "http"])
def test_the_step_that_failed_is_the_last_and_says_what_to_do(step: str) -> None:
    """What came before it is fine; what would come after is not guessed."""
    found = list(upstream_findings(
        "vertex", replace(GOOGLE, failed_at=step, error="because"), NOW, with_key=False
    ))  # fmt: skip
    assert found[-1].check == f"upstream.vertex.{step}"
    assert found[-1].level is Level.FAILURE
    assert found[-1].seen == f"{GOOGLE.url}: because"
    assert "gateway.upstreams.vertex" in (found[-1].advice or "")
    assert {one.level for one in found[:-1]} <= {Level.OK}


@pytest.mark.parametrize(
    ("status", "google", "level"),
    [
        (200, True, "ok"),
        (401, True, "ok"),
        (403, True, "ok"),
        (404, True, "warning"),
        (429, True, "warning"),
        (503, True, "warning"),
        (200, False, "failure"),
        (302, False, "failure"),
        (403, False, "failure"),
        (407, False, "failure"),
        (404, False, "failure"),
    ],
)
def test_an_answer_is_told_by_its_status_and_its_form(
    status: int, google: bool, level: str
) -> None:
    """A login page, a proxy and a firewall also answer; only Google's form is Google."""
    assert last(replace(GOOGLE, status=status, is_google=google)).startswith(f"{level}: ")


@pytest.mark.parametrize(
    ("status", "said"),
    [(200, "ok: Google accepts"), (400, "failure: Google does not know"), (401, "failure: "),
     (403, "failure: Google knows the key")],
)  # fmt: skip
def test_with_a_key_a_refusal_is_about_the_key(status: int, said: str) -> None:
    """What is fine without a key is a failure with one."""
    assert last(replace(GOOGLE, status=status), with_key=True).startswith(said)


def test_a_certificate_that_ends_soon_is_told() -> None:
    """Whose it is and how long it lasts stand beside it."""
    ends = replace(CERTIFICATE, ends=NOW + 13.9 * DAY_S)
    found = list(
        upstream_findings("gemini", replace(GOOGLE, certificate=ends), NOW, with_key=False)
    )
    assert (found[2].level, found[2].what) == (Level.WARNING, "the certificate ends soon")
    assert found[2].seen == (
        "TLSv1.3, *.googleapis.com, a, b and 1 more, issued by Google Trust Services, 13 days left"
    )


@pytest.mark.parametrize(
    ("url", "level"),
    [("http://127.0.0.1:9", Level.NOTE), ("http://localhost:9", Level.NOTE),
     ("http://[::1]:9", Level.NOTE), ("http://proxy.example", Level.WARNING)],
)  # fmt: skip
def test_keys_in_the_clear_are_told_unless_they_stay_here(url: str, level: Level) -> None:
    """An upstream without TLS is fine on this machine alone."""
    assert levels(replace(GOOGLE, url=url, tls_version="", certificate=None))["tls"] is level


@pytest.mark.parametrize(
    ("skew", "level"),
    [(0.4, Level.OK), (-9, Level.OK), (12, Level.WARNING), (-12, Level.WARNING),
     (400, Level.FAILURE)],
)  # fmt: skip
def test_a_wrong_clock_is_told(skew: float, level: Level) -> None:
    """Whole seconds of `Date` make no noise; five minutes break signed requests."""
    found = clock_finding([replace(GOOGLE, our_clock=NOW + skew)])
    assert found is not None
    assert found.level is level
    if level is not Level.OK:
        assert ("ahead" if skew > 0 else "behind") in (found.seen or "")


def test_only_google_tells_the_time() -> None:
    """The nearest of two clocks counts; a proxy's or nobody's says nothing."""
    assert clock_finding([replace(GOOGLE, their_clock=None)]) is None
    assert clock_finding([replace(GOOGLE, is_google=False, their_clock=0)]) is None
    assert clock_finding([replace(GOOGLE, url="http://127.0.0.1:9", their_clock=0)]) is None
    found = clock_finding([replace(GOOGLE, their_clock=0), GOOGLE])
    assert found is not None
    assert found.level is Level.OK
