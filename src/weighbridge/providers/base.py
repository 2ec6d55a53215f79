"""What the gateway needs of a provider: its routes, its usage readers, its error shape.

Hides nothing itself; it is the seam. A new provider is one module that offers `Provider`,
a line in `registry`, prices, and recordings. Rules for future edits: sans-I/O, bounded
memory, nothing here may raise on upstream or client bytes.
Counterpart: `gateway/gate` makes its readers, `pricing/rating` takes its readings.
"""

from typing import Protocol

import msgspec

from weighbridge.core.outcome import Note, Refusal, UsageSource
from weighbridge.core.resource import ResourceEvent, Settlement
from weighbridge.core.usage import Usage


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What a method and raw request target mean, told without looking at headers or body.

    `upstream` names the configured upstream (`gemini`, `vertex`) and `host` the host it has by
    default: from the path and a strict pattern, never from a header. `operation` is Google's
    method name, or `unknown`. `metered` says that the answer is read: it may hold usage, or tell
    of something that outlives the call; `free` that the provider charges nothing for this call;
    `needs_token` is False for the second step of an upload. `asks` says that the request body
    holds what its row needs (`Provider.request_reader`), and `takes_labels` that the provider's
    method knows the body member `labels`. `resource` is the path's resource as `keep_resource`
    writes it, where its reader needs it: never for a row.
    """

    provider: str
    surface: str
    upstream: str
    host: str
    operation: str
    model: str | None = None
    location: str | None = None
    cloud_project: str | None = None
    metered: bool = False
    free: bool = False
    needs_token: bool = True
    asks: bool = False
    takes_labels: bool = False
    resource: str | None = None
    error_shape: str = "google"


class Reading(msgspec.Struct, kw_only=True, gc=False):
    """What a reader made of an answer.

    `usage_source` is `final` only where the answer was whole and held usage. `error_type` is
    a canonical code (`UNAVAILABLE`) where the body was, or held, an error object;
    `error_status` is the HTTP code that an error object inside a 200 stream names.
    All words have passed `keep_word`.
    """

    usage: Usage
    usage_source: UsageSource
    model_version: str | None = None
    finish_reason: str | None = None
    block_reason: str | None = None
    service_tier: str | None = None
    error_type: str | None = None
    error_status: int | None = None
    error_in_stream: bool = False
    notes: tuple[Note, ...] = ()
    events: tuple[ResourceEvent, ...] = ()
    settlement: Settlement | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request body says that its row needs and the answer may not repeat.

    `model` is the model where the path names none (OpenAI-compatible calls, interactions), and
    `provider` who makes it where that is somebody else than `Route.provider` says: both go to
    the row and to its rating in the place of the route's. `usage` holds what was asked for and is
    billed as asked, seconds of video, and goes with the `CREATED` event of the same call.
    """

    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None


NOTHING_ASKED = Asked()


class RequestReader(Protocol):
    """Reads one request body as it passes, in any pieces and in bounded memory; never raises."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        ...

    @property
    def asked(self) -> Asked:
        """What the body says so far; nothing asked where it can't be read."""
        ...


class UsageReader(Protocol):
    """Reads one answer's body as it passes.

    Bytes are the body after transfer coding and content coding are undone, in order, in
    whatever pieces they came. Bounded memory whatever the body. Never raises.
    """

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        ...

    def finish(self, *, complete: bool) -> Reading:
        """Sum up; `complete` is False where the answer was cut."""
        ...


class Provider(Protocol):
    """One provider's wire, as far as metering needs it."""

    name: str

    def route(self, method: bytes, target: bytes) -> Route | Refusal | None:
        """Meaning of a raw request target (path and query), or None where it is not ours.

        Gives: a `Refusal` where the target is ours but names an impossible upstream
        (`LOCATION_INVALID`).
        """
        ...

    def reader(self, route: Route, status: int, content_type: bytes | None) -> UsageReader:
        """A reader for the answer of this route, by status and content type (S4)."""
        ...

    def request_reader(self, route: Route) -> RequestReader:
        """A reader for the request body of this route, where `Route.asks`."""
        ...

    def refusal_body(self, refusal: Refusal) -> bytes:
        """The refusal as this provider's error body (JSON)."""
        ...
