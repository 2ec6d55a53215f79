"""Errors in Google's shape, with its words where they were recorded.

Source: recorded error bodies; texts marked (m) are from memory.
"""

from typing import Any

import msgspec

from weighbridge.simulator.messages import JSON, SSE, Document, Reply
from weighbridge.simulator.printing import array_pieces, pretty
from weighbridge.simulator.targets import Call

_TYPE = "type.googleapis.com/google.rpc."
_DEVELOPER = "generativelanguage.googleapis.com"


class Problem(msgspec.Struct, frozen=True):
    """An error as Google words it; `code` is the HTTP status."""

    code: int
    status: str
    message: str
    details: tuple[Document, ...] = ()

    def document(self, *, vertex: bool = False) -> Document:
        """The error object; Vertex also writes an empty details list, as recorded."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "status": self.status,
        }
        if self.details or vertex:
            error["details"] = list(self.details)
        return {"error": error}

    def reply(self, call: Call) -> Reply:
        """The answer that carries it, in the form that the called method has for errors.

        A stream that fails before its first chunk answers `text/event-stream` with plain JSON
        (recorded), and an array without `alt=sse`; the OpenAI-compatible paths wrap the object
        in an array (m).
        """
        document = self.document(vertex=call.vertex)
        streamed = call.operation == "streamGenerateContent"
        if call.kind == "openai" or (streamed and not call.sse):
            body = b"".join(array_pieces([document])) + b"\n"[: call.kind == "openai"]
        else:
            body = pretty(document) + (b"" if call.vertex else b"\n")
        kind = SSE if streamed and call.sse else JSON
        return Reply(
            status=self.code, content_type=kind, pieces=(body,), vertex=call.vertex, duration_ms=31
        )


def error_info(reason: str, service: str = _DEVELOPER) -> Document:
    """The detail that names a reason."""
    return {
        "@type": f"{_TYPE}ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": service},
    }


def invalid(message: str, *, field: str | None = None) -> Problem:
    """400 INVALID_ARGUMENT, with a field violation where a field is to blame."""
    violation = {"description": message} if field is None else {
        "field": field,
        "description": message,
    }  # fmt: skip
    details: tuple[Document, ...] = ()
    if field is not None:
        details = ({"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]},)
    return Problem(400, "INVALID_ARGUMENT", message, details)


def unknown_field(name: str) -> Problem:
    """What Google says to a field that the request message does not have."""
    message = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
    violation = {"description": message}
    detail = {"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]}
    return Problem(400, "INVALID_ARGUMENT", message, (detail,))


def model_not_found(call: Call) -> Problem:
    """404 for a model, in the words of the API that was called (both recorded)."""
    if call.vertex:
        name = (
            f"projects/{call.project}/locations/{call.location}/publishers/{call.publisher}/"
            f"models/{call.model}"
        )
        return Problem(404, "NOT_FOUND", f"Publisher Model `{name}` not found.")
    return Problem(
        404,
        "NOT_FOUND",
        f"models/{call.model} is not found for API version {call.version}, or is not supported "
        f"for {call.operation or 'getModel'}. Call ListModels to see the list of available "
        "models and their supported methods.",
    )


_INVALID_KEY_TEXT = "API key not valid. Please pass a valid API key."
INVALID_KEY = Problem(
    400,
    "INVALID_ARGUMENT",
    _INVALID_KEY_TEXT,
    (
        error_info("API_KEY_INVALID"),
        {"@type": f"{_TYPE}LocalizedMessage", "locale": "en-US", "message": _INVALID_KEY_TEXT},
    ),
)
MISSING_KEY = Problem(
    403,
    "PERMISSION_DENIED",
    "Method doesn't allow unregistered callers (callers without established identity). Please "
    "use API Key or other form of API consumer identity to call this API.",
)
MISSING_LOGIN = Problem(
    401,
    "UNAUTHENTICATED",
    "Request is missing required authentication credential. Expected OAuth 2 access token, "
    "login cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project.",
    (error_info("CREDENTIALS_MISSING", "aiplatform.googleapis.com"),),
)
QUOTA = Problem(
    429,
    "RESOURCE_EXHAUSTED",
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.",
    (
        {
            "@type": f"{_TYPE}QuotaFailure",
            "violations": [
                {
                    "quotaMetric": f"{_DEVELOPER}/generate_requests_per_model",
                    "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
                    "quotaDimensions": {"location": "global", "model": "gemini-2.5-flash"},
                    "quotaValue": "1000",
                }
            ],
        },
        {
            "@type": f"{_TYPE}Help",
            "links": [
                {
                    "description": "Learn more about Gemini API quotas",
                    "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
                }
            ],
        },
        {"@type": f"{_TYPE}RetryInfo", "retryDelay": "34.4s"},
    ),
)
UNAVAILABLE = Problem(
    503, "UNAVAILABLE", "The model is overloaded. Please try again later."
)  # fmt: skip
INTERNAL = Problem(
    500,
    "INTERNAL",
    "An internal error has occurred. Please retry or report in "
    "https://developers.generativeai.google/guide/troubleshooting",
)
INVALID_ROLE = Problem(400, "INVALID_ARGUMENT", "Please use a valid role: user, model.")
DENIED = Problem(
    403,
    "PERMISSION_DENIED",
    "Generative Language API has not been used in project 123456789012 before or it is disabled.",
    (error_info("SERVICE_DISABLED"),),
)
NOT_FOUND = Problem(404, "NOT_FOUND", "Requested entity was not found.")
