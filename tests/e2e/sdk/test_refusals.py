"""What an SDK's user sees when the gateway itself says no: that SDK's own typed error."""

from typing import Any

import pytest
from processes import Bridge
from sdk_programs import (
    GOOGLE_GENAI,
    GOOGLE_KEY,
    JS_GENERATIVE_AI,
    JS_GOOGLE_GENAI,
    JS_OPENAI,
    LANGCHAIN,
    LEGACY,
    OPENAI,
    Job,
    Program,
    play,
)

TYPED = (
    (LEGACY, "generate", "google.api_core.exceptions.Unauthorized"),
    (GOOGLE_GENAI, "generate", "google.genai.errors.ClientError"),
    (LANGCHAIN, "invoke", "ClientError"),
    (OPENAI, "chat", "openai.AuthenticationError"),
    (JS_GOOGLE_GENAI, "generate", "ApiError"),
    (JS_GENERATIVE_AI, "generate", "GoogleGenerativeAIFetchError"),
    (JS_OPENAI, "chat", "AuthenticationError"),
)
IDS = [program.file for program, _, _ in TYPED]


def _refused(program: Program, step: str, job: Job) -> dict[str, Any]:
    line = play(program, job)[step]
    assert "error" in line, line
    return dict(line["error"])


def _said(error: dict[str, Any]) -> str:
    return f"{error['message']} {error['details']}"


@pytest.mark.slow
@pytest.mark.parametrize(("program", "step", "kind"), TYPED, ids=IDS)
def test_a_missing_token_is_a_typed_401(
    program: Program, step: str, kind: str, bridge: Bridge
) -> None:
    """No tracking token: each SDK raises its own error for 401, with our message in it."""
    error = _refused(program, step, Job(bridge.url, (step,)))
    assert kind in (error["type"], error.get("cause"))
    assert "401" in f"{error['code']} {error['message']}"
    assert "X-Weighbridge-Key" in _said(error)


@pytest.mark.slow
@pytest.mark.parametrize(("program", "step", "kind"), TYPED, ids=IDS)
def test_swapped_keys_are_told(program: Program, step: str, kind: str, bridge: Bridge) -> None:
    """A Google key where the tracking token belongs: the message says that they are swapped."""
    token = bridge.token(f"swapped-{program.file}")["token"]
    headers = {"X-Weighbridge-Key": GOOGLE_KEY}
    error = _refused(program, step, Job(bridge.url, (step,), headers, google_key=token))
    assert kind in (error["type"], error.get("cause"))
    assert "swapped" in _said(error)
    assert token not in _said(error)
    assert GOOGLE_KEY not in _said(error)


@pytest.mark.slow
def test_a_refusal_has_its_row_and_never_reaches_the_upstream(bridge: Bridge) -> None:
    """A refused call is a row of its own, free of charge."""
    token = bridge.token("half-swapped")
    headers = {"X-Weighbridge-Key": token["token"], "X-Agent": "half-swapped"}
    job = Job(bridge.url, ("generate",), headers, google_key=token["token"])
    _refused(GOOGLE_GENAI, "generate", job)
    (row,) = bridge.wait_for_rows(1, error_type="PROVIDER_KEY_LOOKS_LIKE_TRACKING_TOKEN")
    assert (row["status"], row["outcome"], row["pricing_status"]) == (401, "refused", "free")
    assert row["model"] == "gemini-2.5-flash"
