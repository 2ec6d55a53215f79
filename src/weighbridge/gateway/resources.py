"""What calls leave behind, kept and settled: uploads, batches, caches, operations.

Hides from the byte path how a resource is remembered and what of it is booked. An upload is
recorded before its client sees where to send the file, because the next step may come to
another worker within a millisecond; all else is recorded off the byte path, by booking.
Rules for future edits: nothing here raises: a store that fails is counted, logged once by its
error's class, and costs a record, never a call; names go to the store alone, which hashes them.
Counterparts: `ledger/resources` keeps, `upload_urls` reads heads, `providers/` tells of events.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import structlog

from weighbridge.attribution.identity import Identity
from weighbridge.core.exchange import COLUMNS, Exchange
from weighbridge.core.outcome import Note, PricingStatus, UsageSource
from weighbridge.core.resource import (
    ResourceChange,
    ResourceEvent,
    ResourceKind,
    Settlement,
    UsagePart,
    settled_usage,
)
from weighbridge.core.usage import Usage
from weighbridge.errors import WeighbridgeError
from weighbridge.gateway.upload_urls import rewritten, upload_id_of
from weighbridge.ledger.later_rows import Charged, LaterRows, due
from weighbridge.ledger.resource_rows import DueRow, Record
from weighbridge.pricing.rating import Rating, RatingFacts
from weighbridge.providers.base import NOTHING_ASKED, Asked, Reading, Route

if TYPE_CHECKING:
    from weighbridge.gateway.exchange_state import ExchangeState

RateParts = Callable[[RatingFacts, Sequence[UsagePart]], Rating]
"""Charges of a settlement: `pricing.parts.rate_parts` with the price book in force."""

NOBODY: Final = Identity()
_UPLOADS_REMEMBERED: Final = 4096
_FREE: Final = Rating(0, PricingStatus.FREE)  # nothing came of it: every request failed
_FREE_TIER: Final = Rating(0, PricingStatus.FREE, notes=(Note.FREE_TIER,))
_COUNTS: Final = tuple(name for name in COLUMNS if name in Usage.__struct_fields__)


class ResourceStore(Protocol):
    """What the keeper needs of the store; see `ledger/resources.Resources`."""

    def take(
        self, events: Sequence[ResourceEvent], identity: Identity, route: Route, at_us: int
    ) -> None:
        """Do what the events of one call say."""
        ...

    def find(self, kind: ResourceKind, name: str | bytes) -> Record | None:
        """A resource by its name."""
        ...

    def settle(self, record: Record, row: DueRow) -> bool:
        """Mark a resource as settled and put its row into the outbox."""
        ...


class ResourceKeeper:
    """One worker's hand on what outlives its calls.

    `settled` counts resources settled, `failed` how often the store did not do as asked.
    """

    def __init__(self, store: ResourceStore, rate_parts: RateParts, *, node: str) -> None:
        self.settled = 0
        self.failed = 0
        self._store = store
        self._rate_parts = rate_parts
        self._rows = LaterRows(node)
        self._unrecorded: dict[bytes, Identity] = {}

    def __repr__(self) -> str:
        return f"<ResourceKeeper {self.settled} settled, {self.failed} failed>"

    # Uploads, on the byte path

    def begin_upload(  # noqa: PLR0913 - one call of the byte path, and what it knows
        self,
        head: bytes,
        *,
        base: bytes,
        hosts: Collection[bytes],
        identity: Identity,
        route: Route,
        at_us: int,
    ) -> bytes:
        """The head of an upload's answer as the client gets it, its upload recorded.

        Takes: `AnswerHead.passed` of a route under `/upload/`; our address as the client knows
        it (`upload_urls.public_base`); the hosts whose URLs are Google's: in lower case
        `Route.host` and the upstream's configured `Origin.host_header`.
        Gives: the very bytes that came where no upload URL is named.
        """
        head, upload_id = rewritten(head, base, hosts)
        if upload_id is not None:
            event = ResourceEvent(
                kind=ResourceKind.UPLOAD,
                name=upload_id.decode("latin-1"),
                change=ResourceChange.CREATED,
            )
            if not self._record([event], identity, route, at_us):
                if len(self._unrecorded) >= _UPLOADS_REMEMBERED:
                    self._unrecorded.clear()
                self._unrecorded[upload_id] = identity
        return head

    def identity_of_upload(self, target: bytes) -> Identity | None:
        """Whose upload a raw target goes on with, by its upload id.

        Gives: the identity of whoever began it; None for an id that was never handed out here
        (the call then needs a token like any other). While the store can't be asked, an empty
        identity: bookkeeping that fails stops no upload.
        """
        upload_id = upload_id_of(target)
        if upload_id is None:
            return None
        try:
            record = self._store.find(ResourceKind.UPLOAD, upload_id.decode("latin-1"))
        except WeighbridgeError as error:
            self._fault(error)
            return self._unrecorded.get(upload_id, NOBODY)
        return record.identity if record else self._unrecorded.get(upload_id)

    # Everything else, by booking

    def take(
        self, exchange: "ExchangeState", reading: Reading, asked: Asked = NOTHING_ASKED
    ) -> None:
        """Record what an ended exchange did to resources, and settle what it read the end of.

        Takes: its reading, and what its request body asked for.
        """
        try:
            self._take(exchange, reading, asked)
        except Exception as error:  # noqa: BLE001 - the exchange's own row is booked all the same
            self._fault(error)

    def _take(self, exchange: "ExchangeState", reading: Reading, asked: Asked) -> None:
        route = exchange.route
        if route is None:
            return
        at_us = exchange.started_us + (exchange.ended_ns - exchange.started_ns) // 1000
        if reading.events:
            events = [_with_asked(event, route, asked) for event in reading.events]
            self._record(events, exchange.identity, route, at_us)
        settlement = reading.settlement
        # An answer that was cut is read again by whoever wants its end; what a whole one holds
        # only in part will not be more the next time.
        if settlement is not None and (settlement.complete or exchange.complete):
            self._settle(settlement, at_us)

    def _record(
        self, events: Sequence[ResourceEvent], identity: Identity, route: Route, at_us: int
    ) -> bool:
        try:
            self._store.take(events, identity, route, at_us)
        except WeighbridgeError as error:
            self._fault(error)
            return False
        return True

    def _settle(self, settlement: Settlement, at_us: int) -> None:
        record = self._store.find(settlement.kind, settlement.name)
        if record is None or record.settled:
            return
        parts = settled_parts(record, settlement)
        row = self._row(record, settlement, parts, at_us)
        self.settled += self._store.settle(record, due(row))

    def _row(
        self, record: Record, settlement: Settlement, parts: Sequence[UsagePart], at_us: int
    ) -> Exchange:
        """What a resource came to, as a row of whoever created it."""
        called, identity = record.called, record.identity
        usage = summed(parts)
        source = UsageSource.FINAL if settlement.complete else UsageSource.PARTIAL
        versions = {part.model_version for part in parts}
        facts = RatingFacts(
            provider=called.provider,
            surface=called.surface,
            operation=called.operation,
            model=called.model or settlement.model,
            model_version=versions.pop() if len(versions) == 1 else None,
            service_tier=settlement.service_tier,
            location=called.location,
            usage=usage,
            usage_source=source if parts else UsageSource.NONE,
            free=identity.free_tier,
            at_unix_us=record.created_at_us,
        )
        rating = _FREE if not parts else self._rate_parts(facts, parts)
        if identity.free_tier:
            rating = _FREE_TIER
        charged = Charged(
            operation=called.operation,
            model=facts.model,
            usage_source=facts.usage_source,
            rating=rating,
            from_us=record.created_at_us,
            to_us=max(at_us, record.created_at_us),
        )
        row = self._rows.row(record, charged)
        row.model_version = facts.model_version
        row.service_tier = settlement.service_tier
        for name in _COUNTS:
            setattr(row, name, getattr(usage, name))
        return row

    def _fault(self, error: Exception) -> None:
        self.failed += 1
        structlog.get_logger("weighbridge.resources").error(
            "resource_failed", error_class=type(error).__name__
        )


def settled_parts(record: Record, settlement: Settlement) -> list[UsagePart]:
    """The parts of a settlement, with what only the creation said put in."""
    return [
        UsagePart(usage=settled_usage(record.usage, part.usage), model_version=part.model_version)
        for part in settlement.parts
    ]


def summed(parts: Sequence[UsagePart]) -> Usage:
    """All parts as one usage: a count that no part reports is not reported (None)."""
    total = Usage()
    for name in _COUNTS:
        told = [n for part in parts if (n := getattr(part.usage, name)) is not None]
        if told:
            setattr(total, name, sum(told))
    return total


def _with_asked(event: ResourceEvent, route: Route, asked: Asked) -> ResourceEvent:
    """The event with what only the request said: the model, the seconds of video asked for."""
    if event.change is ResourceChange.DELETED or asked is NOTHING_ASKED:
        return event
    usage = event.usage or asked.usage
    if event.usage is not None and asked.usage is not None:
        usage = msgspec.structs.replace(event.usage)
        for name in Usage.__struct_fields__:
            if getattr(usage, name) is None:
                setattr(usage, name, getattr(asked.usage, name))
    return msgspec.structs.replace(
        event, usage=usage, model=asked.model or event.model or route.model
    )
