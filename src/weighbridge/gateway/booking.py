"""From a finished exchange to its row: read the usage, rate it, write the line.

Hides the ledger's row from the byte path. Runs after the answer's last bytes were handed to the
kernel, a batch at a time; a fault here costs the row its figures, never its existence.
Counterparts: `providers/` readings, `pricing/rating`, `ledger/journal`, `ledger/in_flight`.
"""

import asyncio
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog

from weighbridge.core.clock import InstantFormatter
from weighbridge.core.exchange import Exchange
from weighbridge.core.money import pico_to_text
from weighbridge.core.outcome import Outcome, PricingStatus, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.pricing.rating import Rating, RatingFacts
from weighbridge.providers.base import Reading

if TYPE_CHECKING:
    from weighbridge.gateway.counters import Counters
    from weighbridge.gateway.exchange import LiveExchange

_NOTHING_READ = Reading(usage=Usage(), usage_source=UsageSource.NONE)
_UNREADABLE = Reading(usage=Usage(), usage_source=UsageSource.UNPARSED)
_UNRATED = Rating(None, PricingStatus.UNMETERED, (), ())
_FAILED = frozenset({Outcome.CLIENT_ERROR, Outcome.UPSTREAM_ERROR, Outcome.REFUSED})
_CANONICAL = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Rates(Protocol):
    """What booking needs of the price book."""

    def rate(self, facts: RatingFacts) -> Rating:
        """Charges of one exchange."""
        ...


class JournalWriter(Protocol):
    """What booking needs of the journal."""

    @property
    def healthy(self) -> bool:
        """False while lines can't be written."""
        ...

    def append(self, line: bytes, slot: int) -> None:
        """Take a line; the slot is free once the line is written."""
        ...


class InFlightMarks(Protocol):
    """What booking needs of the marks that survive a crash."""

    def begin(self, payload: bytes) -> int:
        """Mark an exchange; gives its slot."""
        ...


class Booker:
    """Books the exchanges of one worker."""

    def __init__(  # noqa: PLR0913 - the parts of a booking, wired once
        self,
        *,
        node: str,
        rates: Rates,
        journal: JournalWriter,
        in_flight: InFlightMarks,
        counters: "Counters",
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._node = node
        self._rates = rates
        self._journal = journal
        self._in_flight = in_flight
        self._counters = counters
        self._loop = loop
        self._started = InstantFormatter()
        self._ended = InstantFormatter()
        self._encode = msgspec.json.Encoder().encode
        self._waiting: list[LiveExchange] = []

    def __repr__(self) -> str:
        return f"<Booker {len(self._waiting)} waiting>"

    @property
    def healthy(self) -> bool:
        """Whether what is booked reaches the disk."""
        return self._journal.healthy

    def begin(self, exchange: "LiveExchange") -> None:
        """Mark an exchange as begun."""
        started = self._started(exchange.started_us)
        row = self._row(exchange, started, started)
        exchange.slot = self._in_flight.begin(self._encode(row))

    def enqueue(self, exchange: "LiveExchange") -> None:
        """Book an exchange once the loop has sent its last bytes."""
        if not self._waiting:
            self._loop.call_soon(self.run)
        self._waiting.append(exchange)

    def run(self) -> None:
        """Book all that wait."""
        waiting, self._waiting = self._waiting, []
        for exchange in waiting:
            try:
                line = self._line(exchange)
            except Exception as error:  # noqa: BLE001 - a row without figures beats no row
                self._counters.rows_failed += 1
                structlog.get_logger("weighbridge.booking").error(
                    "row_failed", error_class=type(error).__name__
                )
                line = self._bare_line(exchange)
            self._journal.append(line, exchange.slot)

    def _line(self, exchange: "LiveExchange") -> bytes:
        reading = self._reading(exchange)
        row = self._finished_row(exchange)
        _enter_reading(row, exchange, reading)
        self._enter_rating(row, exchange, reading)
        return self._encode(row)

    def _bare_line(self, exchange: "LiveExchange") -> bytes:
        row = self._finished_row(exchange)
        _enter_reading(row, exchange, _UNREADABLE)
        row.pricing_status = PricingStatus.UNMETERED
        return self._encode(row)

    @staticmethod
    def _reading(exchange: "LiveExchange") -> Reading:
        observer = exchange.observer
        if observer is None:
            return _NOTHING_READ
        for data in exchange.unread:
            observer.feed(data)
        exchange.unread = []
        return observer.finish(complete=exchange.complete)

    def _row(self, exchange: "LiveExchange", started: str, ended: str) -> Exchange:
        """A row with what is known when an exchange begins."""
        row = Exchange(
            exchange_id=exchange.exchange_id,
            started_at=started,
            ended_at=ended,
            node=self._node,
        )
        route = exchange.route
        if route is not None:
            row.provider = route.provider
            row.surface = route.surface
            row.operation = route.operation
            row.location = route.location
            row.cloud_project = route.cloud_project
            row.model = route.model
        identity = exchange.identity
        row.token_id = identity.token_id
        row.department = identity.department
        row.project = identity.project
        row.agent = identity.agent
        row.labels = identity.labels
        return row

    def _finished_row(self, exchange: "LiveExchange") -> Exchange:
        latency_us = (exchange.ended_ns - exchange.started_ns) // 1000
        row = self._row(
            exchange,
            self._started(exchange.started_us),
            self._ended(exchange.started_us + latency_us),
        )
        row.streamed = exchange.streamed
        row.status = exchange.status
        row.latency_us = latency_us
        if exchange.first_byte_ns:
            row.ttfb_us = (exchange.first_byte_ns - exchange.started_ns) // 1000
        row.overhead_us = exchange.overhead_ns // 1000
        row.request_bytes = exchange.request_bytes
        row.response_bytes = exchange.response_bytes
        return row

    def _enter_rating(self, row: Exchange, exchange: "LiveExchange", reading: Reading) -> None:
        route = exchange.route
        if route is None:
            row.pricing_status = PricingStatus.FREE
            row.list_cost = pico_to_text(0)
            return
        rating = self._rates.rate(
            RatingFacts(
                provider=route.provider,
                surface=route.surface,
                operation=route.operation,
                model=route.model,
                model_version=reading.model_version,
                service_tier=reading.service_tier,
                location=route.location,
                usage=reading.usage,
                usage_source=reading.usage_source,
                free=route.free or _costs_nothing(exchange, reading),
                at_unix_us=exchange.started_us,
            )
        )
        row.pricing_status = rating.pricing_status
        if rating.list_cost_pico is not None:
            row.list_cost = pico_to_text(rating.list_cost_pico)
        row.charges = rating.charges
        notes = reading.notes + rating.notes
        if notes:
            row.notes = tuple(dict.fromkeys(notes))


def _costs_nothing(exchange: "LiveExchange", reading: Reading) -> bool:
    """Whether an exchange without usage is known to be free, as against not known.

    An error status is not charged, and what never got an answer's head reports nothing to
    charge; an answer that began well and was cut is not known.
    """
    if reading.usage_source is not UsageSource.NONE:
        return False
    if exchange.outcome in _FAILED:
        return True
    return exchange.outcome is Outcome.UPSTREAM_FAILED and not exchange.upstream_began


def _enter_reading(row: Exchange, exchange: "LiveExchange", reading: Reading) -> None:
    """Put what the answer said into the row."""
    outcome = exchange.outcome
    if reading.error_in_stream and outcome is Outcome.OK:
        outcome = Outcome.UPSTREAM_ERROR
    row.outcome = outcome
    if exchange.reason is not None:
        row.error_type = exchange.reason
    elif reading.error_type is not None:
        row.error_type = reading.error_type
    elif exchange.status >= 400:
        row.error_type = _CANONICAL.get(exchange.status)
    row.usage_source = reading.usage_source
    row.model_version = reading.model_version
    row.finish_reason = reading.finish_reason
    row.block_reason = reading.block_reason
    row.service_tier = reading.service_tier
    usage = reading.usage
    row.input_tokens = usage.input_tokens
    row.cached_input_tokens = usage.cached_input_tokens
    row.cache_write_input_tokens = usage.cache_write_input_tokens
    row.tool_use_input_tokens = usage.tool_use_input_tokens
    row.output_tokens = usage.output_tokens
    row.thinking_tokens = usage.thinking_tokens
    row.total_tokens = usage.total_tokens
    row.input_text_tokens = usage.input_text_tokens
    row.input_image_tokens = usage.input_image_tokens
    row.input_audio_tokens = usage.input_audio_tokens
    row.input_video_tokens = usage.input_video_tokens
    row.input_document_tokens = usage.input_document_tokens
    row.output_text_tokens = usage.output_text_tokens
    row.output_image_tokens = usage.output_image_tokens
    row.output_audio_tokens = usage.output_audio_tokens
    row.search_queries = usage.search_queries
    row.maps_queries = usage.maps_queries
    row.images = usage.images
    row.video_seconds = usage.video_seconds
