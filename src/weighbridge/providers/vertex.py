"""Vertex AI's Gemini surface: its routes, and the host that a location in the path means.

Hides how Vertex spells projects, locations, publishers and endpoints. Rules for future edits:
the location is the only word of a client that bears on a host, so it must match `_LOCATION`,
which can name nothing but a host below `googleapis.com` (P3); anything else is refused.
Source: aiplatform discovery v1 and v1beta1 rev 20261106; google-genai 3.4.0 for the hosts.
Counterpart: `gemini` for the Developer API; `google_readers` for the answers of both.
"""

import re
from typing import Final

from weighbridge.core.outcome import Reason, Refusal
from weighbridge.providers.asked import AskedReader
from weighbridge.providers.base import RequestReader, Route, UsageReader
from weighbridge.providers.google_error import refusal_body
from weighbridge.providers.google_operations import (
    INVOKE,
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

GLOBAL_HOST: Final = "aiplatform.googleapis.com"
_MULTI_REGIONS: Final = frozenset({"us", "eu"})
_LOCATION: Final = re.compile(r"[a-z]{2,}(?:-[a-z0-9]+){1,3}")
_LONGEST_LOCATION: Final = 32
_PROJECT: Final = re.compile(r"[A-Za-z0-9.:_-]{1,100}")
_PUBLISHER: Final = re.compile(r"[a-z0-9-]{1,32}")
_ROOTS: Final = frozenset({"projects", "publishers", "endpoints"})
_SOCKET_SERVICE: Final = "google.cloud.aiplatform."
# Only this family's method of `predict` knows labels. Source: PredictRequest of the discovery.
_LABELLED_PREDICT: Final = "imagen"
# Anthropic's token count is a model of its own. Source: Vertex AI documentation, read 2026-11-21.
_COUNT_TOKENS: Final = ("models", "count-tokens")
# Methods of this version alone that name neither project nor location. Source: discovery.
_BARE_INTERACTIONS: Final = "v1beta1"
_SHOWN_BYTES: Final = 64


class VertexProvider:
    """Vertex AI as a `Provider`."""

    name = "vertex"

    def __repr__(self) -> str:
        return "<VertexProvider>"

    def route(self, method: bytes, target: bytes) -> Route | Refusal | None:
        """Route of a path in Vertex's shape, a refusal of an impossible location, else None."""
        path, _, query = target.partition(b"?")
        parts = read_target(path)
        if parts is None or not _is_vertex(parts):
            return None
        segments, verb = parts.split_verb()
        project, location, resource = _scope(segments)
        host = vertex_host(location)
        if host is None:
            return _location_refusal(location or "")
        publisher = _publisher(resource)
        operation = _operation(method, parts, resource, verb)
        model = _model(resource)
        return Route(
            provider=publisher,
            surface="vertex",
            upstream="vertex",
            host=host,
            operation=operation.name,
            model=model,
            location=location,
            cloud_project=project if project and _PROJECT.fullmatch(project) else None,
            metered=operation.is_read,
            free=operation.billing is Billing.FREE,
            asks=operation.asks,
            takes_labels=publisher == "google" and _takes_labels(operation, model),
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


def vertex_host(location: str | None) -> str | None:
    """Host that serves a location, or None where the location is none.

    Example: None and `global` give `aiplatform.googleapis.com`; `eu` gives
    `aiplatform.eu.rep.googleapis.com`; `us-central1` gives
    `us-central1-aiplatform.googleapis.com`; `evil.example/` gives None.
    """
    if location is None or location == "global":
        return GLOBAL_HOST
    if location in _MULTI_REGIONS:
        return f"aiplatform.{location}.rep.googleapis.com"
    if len(location) <= _LONGEST_LOCATION and _LOCATION.fullmatch(location):
        return f"{location}-aiplatform.googleapis.com"
    return None


def _is_vertex(parts: Target) -> bool:
    if not parts.segments:
        return False
    if parts.area == "ws":
        return parts.segments[0].startswith(_SOCKET_SERVICE)
    if parts.segments[0] == "interactions":
        return parts.version == _BARE_INTERACTIONS
    return parts.segments[0] in _ROOTS


def _scope(segments: tuple[str, ...]) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Project, location, and the resource path behind them."""
    project = location = None
    if len(segments) >= 2 and segments[0] == "projects":
        project, segments = segments[1], segments[2:]
        if len(segments) >= 2 and segments[0] == "locations":
            location, segments = segments[1], segments[2:]
    return project, location, segments


def _publisher(resource: tuple[str, ...]) -> str:
    """Who makes the model (design B7): Google unless the path names another publisher."""
    if len(resource) < 2 or resource[0] != "publishers":
        return "google"
    return resource[1] if _PUBLISHER.fullmatch(resource[1]) else "unknown"


def _operation(method: bytes, parts: Target, resource: tuple[str, ...], verb: str) -> Operation:
    if parts.area == "ws":
        return LIVE if parts.segments[-1].startswith("BidiGenerateContent") else UNKNOWN_OPERATION
    publishers = resource[:1] == ("publishers",)
    if publishers:
        if resource[2:3] == ("v1",) and not verb:
            return openai_operation(method, resource[2:])
        resource = resource[2:]
    if "invoke" in resource[2:5] and not verb:
        return INVOKE if method == b"POST" else UNKNOWN_OPERATION
    if resource[:1] == ("endpoints",) and len(resource) > 2 and not verb:
        operation = openai_operation(method, resource[2:])
        if operation is not UNKNOWN_OPERATION:
            return operation
    if verb == "rawPredict" and resource == _COUNT_TOKENS:
        verb = "countTokens"
    operation = resource_operation(method, resource, verb, publishers=publishers)
    if parts.area and operation.billing is Billing.METERED:
        return UNKNOWN_OPERATION
    return operation


def _takes_labels(operation: Operation, model: str | None) -> bool:
    if operation.name == "predict":
        return model is not None and model.startswith(_LABELLED_PREDICT)
    return operation.takes_labels


def _model(resource: tuple[str, ...]) -> str | None:
    """Model that a path names; a tuned one is known by its endpoint only."""
    if resource[:1] == ("publishers",):
        resource = resource[2:]
    if len(resource) < 2:
        return None
    if resource[0] == "models":
        return keep_model(resource[1])
    if resource[0] == "endpoints" and resource[1] != "openapi":
        return keep_model(f"endpoints/{resource[1]}")
    return None


def _location_refusal(location: str) -> Refusal:
    shown = ascii(location[:_SHOWN_BYTES])
    return Refusal(
        reason=Reason.LOCATION_INVALID,
        message=(
            f"{shown} is no Vertex AI location. Use `global`, `us`, `eu` or a region such as "
            "`us-central1` behind `/locations/`."
        ),
    )
