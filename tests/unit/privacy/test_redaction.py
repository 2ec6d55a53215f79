"""P1: nothing that could be a key or a body survives on its way to the log."""

import ast
from pathlib import Path

import pytest

from weighbridge.privacy.redaction import (
    FIELDS,
    LONGEST,
    WITHHELD,
    clean_event,
    clean_text,
    describe,
)

SOURCE = Path(__file__).resolve().parents[3] / "src"
_CANARIES = [
    "AIzaSyTESTTESTTESTTESTTESTTESTTESTTEST",
    "ya29.a0TESTTEST",
    "trk_testtesttesttesttesttesttesttest",
    "wbk_testtesttesttesttesttesttesttest",
    "auth_tokens/testtest",
    "sk-testtesttest",
    "eyJhbGciOiJ0ZXN0In0.test.test",
]


@pytest.mark.parametrize("secret", _CANARIES)
@pytest.mark.parametrize("around", ["{}", "x {} y", "https://h/p?key={}&a=b", "header: {}"])
def test_a_credential_never_passes(secret: str, around: str) -> None:
    """Wherever it stands in a text, a thing that looks like a credential is cut out."""
    assert secret not in clean_text(around.format(secret))


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hunter2hunter2",
        "GET /v1/models?key=hunter2",
        "/v1/x?alt=sse&access_token=hunter2",
        "password=hunter2",
        '"api_key": "hunter2"',
    ],
)
def test_a_named_secret_never_passes(text: str) -> None:
    """Parameters and schemes that announce a secret take it with them."""
    assert "hunter2" not in clean_text(text)


def test_ordinary_text_stays() -> None:
    """Redaction keeps what operators need to read."""
    text = "worker 3 exited with status 1; restarting in 0.5 s (tok_0192, 127.0.0.1:8080)"
    assert clean_text(text) == text


def test_long_text_is_cut() -> None:
    """A body that got this far would lose all but its beginning."""
    assert len(clean_text("a" * 10_000)) == LONGEST + 1


def test_only_listed_fields_keep_their_values() -> None:
    """A field nobody thought about loses its value, as does a type that may hold a body."""
    event = clean_event(
        {"event": "x", "status": 200, "prompt": "canary", "error": b"canary", "file": {"a": 1}}
    )
    assert event == {
        "event": "x",
        "status": 200,
        "prompt": WITHHELD,
        "error": WITHHELD,
        "file": WITHHELD,
    }


def test_every_field_that_is_logged_is_listed() -> None:
    """A field that the list lacks would be written as withheld, always."""
    calls = (
        (path, node)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    )
    lacking = {
        f"{path.name}:{call.lineno} {field.arg}"
        for path, call in calls
        if ast.unparse(call.func).startswith("_log.")
        for field in call.keywords
        if field.arg not in {*FIELDS, "exc_info"}
    }
    assert lacking == set()


def test_an_exception_is_its_type_and_place() -> None:
    """What an exception quotes stays out; where it happened stays in."""
    try:
        int("canary")
    except ValueError as error:
        told = describe(error)
    assert told.startswith("ValueError at privacy/test_redaction.py:")
    assert "canary" not in told
