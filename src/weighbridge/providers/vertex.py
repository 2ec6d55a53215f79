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
from weighbridge.providers.base import NOTHING_ASKED, Asked, Route, UsageReader
from weighbridge.providers.google_error import refusal_body
from weighbridge.providers.google_operations import (
    UNKNOWN_OPERATION,
    Billing,
    Operation,
    openai_operation,
    resource_operation,
)
from weighbridge.providers.google_readers import google_reader
from weighbridge.providers.model_names import keep_model
from weighbridge.providers.targets import Target, has_upload_id, read_target

GLOBAL_HOST: Final = "aiplatform.googleapis.com"
_MULTI_REGIONS: Final = frozenset({"us", "eu"})
_LOCATION: Final = re.compile(r"[a-z]{2,}(?:-[a-z0-9]+){1,3}")
_LONGEST_LOCATION: Final = 32
_PROJECT: Final = re.compile(r"[A-Za-z0-9.:_-]{1,100}")
_PUBLISHER: Final = re.compile(r"[a-z0-9-]{1,32}")
_ROOTS: Final = frozenset({"projects", "publishers", "endpoints"})
_SOCKET_SERVICE: Final = "google.cloud.aiplatform."
_LIVE: Final = Operation("live", Billing.UNSEEN)
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
        metered = operation.billing is Billing.METERED and publisher == "google"
        return Route(
            provider=publisher,
            surface="vertex",
            upstream="vertex",
            host=host,
            operation=operation.name,
            model=_model(resource),
            location=location,
            cloud_project=project if project and _PROJECT.fullmatch(project) else None,
            metered=metered,
            free=operation.billing is Billing.FREE,
            needs_token=not (parts.area == "upload" and has_upload_id(query)),
        )

    def reader(self, route: Route, status: int, content_type: bytes | None) -> UsageReader:
        """A reader for the answer, by status and content type."""
        return google_reader(route, status, content_type)

    def asked(self, route: Route, body: bytes) -> Asked:  # noqa: ARG002 - the protocol's
        """What a request body says that its row needs."""
        return NOTHING_ASKED

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
        return _LIVE if parts.segments[-1].startswith("BidiGenerateContent") else UNKNOWN_OPERATION
    if resource[:1] == ("endpoints",) and len(resource) > 2 and not verb:
        return openai_operation(method, resource[2:])
    if resource[:1] == ("publishers",):
        resource = resource[2:]
    operation = resource_operation(method, resource, verb)
    if parts.area and operation.billing is Billing.METERED:
        return UNKNOWN_OPERATION
    return operation


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
