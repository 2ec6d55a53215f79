"""Google's Gemini Developer API: its routes on `generativelanguage.googleapis.com`.

Hides the path table of that API. Rules for future edits: any version segment is taken; every
path in Google's shape is a route, known or not; new methods go to `google_operations`.
Source: google-ai-generativelanguage 0.12.1, google-genai 3.4.0, read 2026-11-21.
Counterpart: `vertex` for the other surface; `google_readers` for the answers of both.
"""

from typing import Final

from weighbridge.core.outcome import Refusal
from weighbridge.providers.asked import AskedReader
from weighbridge.providers.base import RequestReader, Route, UsageReader
from weighbridge.providers.google_error import refusal_body
from weighbridge.providers.google_operations import (
    LIVE,
    UNKNOWN_OPERATION,
    Billing,
    Operation,
    resource_operation,
)
from weighbridge.providers.google_readers import google_reader
from weighbridge.providers.model_names import keep_model
from weighbridge.providers.openai_operations import openai_operation
from weighbridge.providers.resource_names import path_resource
from weighbridge.providers.targets import Target, has_upload_id, read_target

HOST: Final = "generativelanguage.googleapis.com"
_MUSIC: Final = Operation("liveMusic", Billing.UNSEEN)
_DISCOVERY: Final = Operation("discovery", Billing.FREE)
_UPLOAD: Final = Operation("uploadFile", Billing.FREE)
_TUNED: Final = frozenset({"tunedModels", "dynamic"})


class GeminiProvider:
    """The Developer API as a `Provider`."""

    name = "gemini"

    def __repr__(self) -> str:
        return "<GeminiProvider>"

    def route(self, method: bytes, target: bytes) -> Route | Refusal | None:
        """Route of any path in Google's shape, else None."""
        path, _, query = target.partition(b"?")
        parts = read_target(path)
        if parts is None:
            return None
        segments, verb = parts.split_verb()
        operation = _operation(method, parts, segments, verb)
        return Route(
            provider="google",
            surface="gemini",
            upstream="gemini",
            host=HOST,
            operation=operation.name,
            model=_model(segments),
            metered=operation.is_read,
            free=operation.billing is Billing.FREE,
            asks=operation.asks,
            takes_labels=operation.takes_labels,
            resource=path_resource(operation.name, segments),
            needs_token=not (parts.area == "upload" and has_upload_id(query)),
        )

    def reader(self, route: Route, status: int, content_type: bytes | None) -> UsageReader:
        """A reader for the answer, by status and content type."""
        return google_reader(route, status, content_type)

    def request_reader(self, route: Route) -> RequestReader:
        """A reader for a request body, of what its row needs."""
        return AskedReader(route)

    def refusal_body(self, refusal: Refusal) -> bytes:
        """The refusal as Google's error object."""
        return refusal_body(refusal)


def _operation(method: bytes, parts: Target, segments: tuple[str, ...], verb: str) -> Operation:
    if parts.area == "ws":
        return _live(parts.segments[-1])
    if parts.area == "discovery":
        return _DISCOVERY
    if parts.area == "upload" and segments == ("files",) and not verb:
        return _UPLOAD
    if segments and segments[0] == "openai":
        return openai_operation(method, segments[1:]) if not verb else UNKNOWN_OPERATION
    operation = resource_operation(method, segments, verb)
    if parts.area and operation.billing is Billing.METERED:
        return UNKNOWN_OPERATION  # No method of the upload and download areas is metered.
    return operation


def _live(rpc: str) -> Operation:
    """A websocket's operation by the last words of its service name."""
    name = rpc.rpartition(".")[2]
    if name.startswith("BidiGenerateContent"):
        return LIVE
    return _MUSIC if name == "BidiGenerateMusic" else UNKNOWN_OPERATION


def _model(segments: tuple[str, ...]) -> str | None:
    """Model that a path names: base models by their name, others with their collection."""
    if len(segments) < 2:
        return None
    if segments[0] == "models":
        return keep_model(segments[1])
    if segments[0] in _TUNED:
        return keep_model(f"{segments[0]}/{segments[1]}")
    return None
