"""Google's error object: read from upstream answers, written for the gateway's own refusals.

Hides its shape (`google.rpc.Status` as JSON). Rules for future edits: of an upstream's error
only the canonical code is kept, never its message (P2); what we write must make every SDK
raise its typed error, so it is always one object, never an array.
Source: google.rpc.Status, ErrorInfo, RetryInfo (google/rpc/*.proto); error bodies recorded.
"""

from typing import Any, Final

import msgspec

from weighbridge.core.outcome import UNRECOGNISED, Refusal, keep_word

# Canonical code by HTTP status, where an error object names no status of its own.
CANONICAL: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
# Canonical code by the type that Anthropic's and OpenAI's error objects name.
# Source: Anthropic API reference (errors), OpenAI API reference (error codes), read 2026-11-21.
_TYPES: Final = {
    "invalid_request_error": "INVALID_ARGUMENT",
    "authentication_error": "UNAUTHENTICATED",
    "billing_error": "FAILED_PRECONDITION",
    "permission_error": "PERMISSION_DENIED",
    "not_found_error": "NOT_FOUND",
    "request_too_large": "INVALID_ARGUMENT",
    "rate_limit_error": "RESOURCE_EXHAUSTED",
    "insufficient_quota": "RESOURCE_EXHAUSTED",
    "api_error": "INTERNAL",
    "server_error": "INTERNAL",
    "timeout_error": "DEADLINE_EXCEEDED",
    "overloaded_error": "UNAVAILABLE",
}
_DOMAIN: Final = "weighbridge"


def error_type(error: object) -> str:
    """Canonical code of an error object's content (the value of `error`)."""
    if type(error) is not dict:
        return UNRECOGNISED
    status: Any = error.get("status")
    if type(status) is str:
        return keep_word(status) or UNRECOGNISED
    canonical = CANONICAL.get(error_code(error) or 0)
    if canonical is not None:
        return canonical
    named: Any = error.get("type")
    return _TYPES.get(named, UNRECOGNISED) if type(named) is str else UNRECOGNISED


def error_code(error: object) -> int | None:
    """HTTP status that an error object names, or None."""
    code: Any = error.get("code") if type(error) is dict else None
    return code if type(code) is int and 100 <= code <= 599 else None


def refusal_body(refusal: Refusal) -> bytes:
    """The gateway's refusal as Google's error object (design B3)."""
    info: dict[str, Any] = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": refusal.reason.value,
        "domain": _DOMAIN,
    }
    if refusal.metadata:
        info["metadata"] = refusal.metadata
    details = [info]
    if refusal.retry_after_s is not None:
        details.append(
            {
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": f"{refusal.retry_after_s}s",
            }
        )
    error = {
        "code": refusal.status,
        "message": refusal.message,
        "status": CANONICAL[refusal.status],
        "details": details,
    }
    return msgspec.json.encode({"error": error})
