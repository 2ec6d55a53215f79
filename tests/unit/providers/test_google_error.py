"""Google's error object, read and written."""

import json

import pytest

from weighbridge.core.outcome import HTTP_STATUS, Reason, Refusal
from weighbridge.providers.google_error import error_code, error_type, refusal_body


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ({"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x"}, "RESOURCE_EXHAUSTED", 429),
        ({"code": 503}, "UNAVAILABLE", 503),
        ({"status": "the prompt was: hello"}, "UNRECOGNISED", None),
        ({"code": "503"}, "UNRECOGNISED", None),
        ({"code": 7}, "UNRECOGNISED", None),
        ("nope", "UNRECOGNISED", None),
        ([], "UNRECOGNISED", None),
    ],
)
def test_only_the_canonical_code_is_kept(error: object, kind: str, code: int | None) -> None:
    """P2: never a message, whatever stands where the code belongs."""
    assert error_type(error) == kind
    assert error_code(error) == code


def test_a_refusal_is_googles_error_object() -> None:
    """Design B3: ErrorInfo with reason and domain; RetryInfo where waiting helps."""
    refusal = Refusal(
        Reason.BUDGET_EXHAUSTED, "Budget `team` is spent.", {"budget": "team"}, retry_after_s=60
    )
    assert json.loads(refusal_body(refusal)) == {
        "error": {
            "code": 429,
            "message": "Budget `team` is spent.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "BUDGET_EXHAUSTED",
                    "domain": "weighbridge",
                    "metadata": {"budget": "team"},
                },
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "60s"},
            ],
        }
    }


@pytest.mark.parametrize("reason", list(Reason))
def test_every_refusal_has_its_canonical_status(reason: Reason) -> None:
    """Design B7: 400, 401, 404, 429, 502 and 504 with their names, never 503."""
    names = {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        404: "NOT_FOUND",
        429: "RESOURCE_EXHAUSTED",
        502: "UNAVAILABLE",
        504: "DEADLINE_EXCEEDED",
    }
    error = json.loads(refusal_body(Refusal(reason, "why")))["error"]
    assert error["code"] == HTTP_STATUS[reason]
    assert error["status"] == names[HTTP_STATUS[reason]]
    assert "metadata" not in error["details"][0]
