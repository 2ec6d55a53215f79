"""Keys by their form, tokens by their record; nothing of either is ever shown."""

import pytest

from weighbridge.cli.checks.finding import Finding, Level
from weighbridge.cli.checks.keys import (
    google_key_findings,
    sendable,
    token_finding,
    token_form_finding,
)
from weighbridge.core.credential import TrackingToken

GOOGLE = "AIzaSyTEST" + "k" * 29
TRACKING = "trk_test" + "t" * 28


@pytest.mark.parametrize(
    ("key", "level", "said"),
    [
        (GOOGLE, Level.OK, "Google API key"),
        ("AQ.Ab8" + "x" * 40, Level.OK, "auth key"),
        (GOOGLE[:-1], Level.FAILURE, "too short"),
        (GOOGLE + "x", Level.FAILURE, "too short or too long"),
        (f'"{GOOGLE}"', Level.FAILURE, "quotes"),
        (GOOGLE + "\n", Level.FAILURE, "blanks"),
        ("ya29.test", Level.WARNING, "OAuth"),
        (TRACKING, Level.FAILURE, "swapped"),
        ("wbk_test", Level.FAILURE, "admin key"),
        ("hunter2", Level.FAILURE, "no known form"),
    ],
)
def test_a_google_key_is_told_by_its_form(key: str, level: Level, said: str) -> None:
    """P1: the finding names the variable, never the key or a part of it."""
    (found,) = google_key_findings({"GEMINI_API_KEY": key})
    assert (found.level, found.seen) == (level, "GEMINI_API_KEY")
    assert said in found.what
    assert key not in str(found)
    assert sendable(key) is (level is Level.OK)


def test_two_keys_are_one_too_many() -> None:
    """SDKs take GOOGLE_API_KEY; two that are the same do no harm."""
    both = {"GOOGLE_API_KEY": GOOGLE, "GEMINI_API_KEY": GOOGLE[::-1]}
    form, two = google_key_findings(both)
    assert (form.level, form.seen) == (Level.OK, "GOOGLE_API_KEY")
    assert two.level is Level.WARNING
    assert len(google_key_findings({**both, "GEMINI_API_KEY": GOOGLE})) == 1
    assert google_key_findings({"GOOGLE_API_KEY": ""})[0].level is Level.WARNING


@pytest.mark.parametrize(
    ("given", "said"),
    [(GOOGLE, "swapped"), ("wbk_test", "admin key"), ("trk_short", "not copied whole"),
     ("hunter2", "no tracking token")],
)  # fmt: skip
def test_what_is_no_token_is_told_without_a_look_up(given: str, said: str) -> None:
    """P1: what was given is not repeated."""
    found = token_form_finding(given)
    assert found is not None
    assert said in found.what
    assert given not in str(found)
    assert token_form_finding(TRACKING) is None


@pytest.mark.parametrize(
    ("more", "level", "said"),
    [
        ({}, Level.OK, "in force"),
        ({"expires_at_us": 10}, Level.OK, "until 1970-01-01"),
        ({"expires_at_us": 9}, Level.FAILURE, "has expired"),
        ({"revoked_at_us": 1, "expires_at_us": 9}, Level.FAILURE, "was revoked"),
    ],
)
def test_a_token_is_told_by_its_id(more: dict[str, int], level: Level, said: str) -> None:
    """In force to its last microsecond; revoked counts before expired."""
    token = TrackingToken(
        id="tok_1", name="n", hint="tttt", sha256="f" * 64, created_at_us=1, **more
    )
    found = token_finding(token, 10)
    assert found.level is level
    assert said in f"{found.what} {found.seen}"
    assert "tok_1 (n)" in (found.seen or "")
    assert "tttt" not in str(found)


def test_an_unknown_token_is_told() -> None:
    """Nothing is known of it, and the answer says where to look."""
    found: Finding = token_finding(None, 10)
    assert found.level is Level.FAILURE
    assert "token list" in (found.advice or "")
