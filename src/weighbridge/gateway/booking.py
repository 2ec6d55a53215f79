"""From a finished exchange to its row: read the usage, rate it, write the line.

Hides the ledger's row from the byte path. Runs after the answer's last bytes were handed to the
kernel, a batch at a time; a fault here costs the row its figures, never its existence.
Counterparts: `providers/` readings, `pricing/rating`, `ledger/journal`, `ledger/in_flight`.
"""

from time import perf_counter_ns
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog

from weighbridge.attribution.identity import Identity
from weighbridge.core.clock import RowInstants
from weighbridge.core.exchange import Exchange
from weighbridge.core.money import pico_to_text
from weighbridge.core.outcome import Note, Outcome, PricingStatus, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.gateway.everyday import EverydayRows, Prices
from weighbridge.gateway.row_tail import RARE_COUNTS, Tail
from weighbridge.gateway.turn import Turn
from weighbridge.pricing.rating import Rating, RatingFacts
from weighbridge.providers.base import Asked, Reading, Route
from weighbridge.providers.google_error import CANONICAL

if TYPE_CHECKING:
    from weighbridge.gateway.answering import Answering
    from weighbridge.gateway.counters import Counters

_NOTHING_READ = Reading(usage=Usage(), usage_source=UsageSource.NONE)
_UNREADABLE = Reading(usage=Usage(), usage_source=UsageSource.UNPARSED)
_UNRATED = Rating(None, PricingStatus.UNMETERED)
_FREE = Rating(0, PricingStatus.FREE)
_FREE_TIER = Rating(0, PricingStatus.FREE, notes=(Note.FREE_TIER,))
_ID, _STARTED, _ENDED = b'{"exchange_id":"', b'","started_at":"', b'","ended_at":"'
_NO_TIMES = b"".join((_ID, _STARTED, _ENDED, b'",'))
# Members of an enum are looked up anew at each use, which takes as long as ten attributes.
_OK = Outcome.OK
_UPSTREAM_ERROR = Outcome.UPSTREAM_ERROR
_NO_USAGE = UsageSource.NONE
_FAILED = frozenset({Outcome.CLIENT_ERROR, Outcome.UPSTREAM_ERROR, Outcome.REFUSED})


class Rates(Prices, Protocol):
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

    def update(self, slot: int, payload: bytes) -> int:
        """Mark it anew; gives the slot that it has now."""
        ...


class Resources(Protocol):
    """What booking tells of things that outlive their calls."""

    def take(self, exchange: "Answering", reading: Reading, asked: Asked) -> None:
        """Record what an answer says began, changed or ended, and what its request asked for."""
        ...


class Money(Protocol):
    """What booking tells of what calls came to."""

    def settle(self, exchange: "Answering", line: bytes) -> None:
        """A call that has set money aside has its row; to be told before the row is taken on."""
        ...


class Booker:
    """Books the exchanges of one worker.

    A row is written in two parts: the mark (who and what, known when the exchange begins, also
    put where a crash leaves it readable) and the tail (what it came to).
    """

    def __init__(  # noqa: PLR0913 - the parts of a booking, wired once
        self,
        *,
        node: str,
        rates: Rates,
        journal: JournalWriter,
        in_flight: InFlightMarks,
        counters: "Counters",
        turn: Turn,
        resources: Resources | None = None,
        money: Money | None = None,
    ) -> None:
        self._node = node
        self._rate = rates.rate
        self._journal = journal
        self._mark_in_flight = in_flight.begin
        self._renew_mark = in_flight.update
        self._resources = resources
        self._money = money
        self._counters = counters
        self._turn = turn
        self._started = RowInstants().of
        self._ended = RowInstants().of
        everyday = EverydayRows(rates, self._ended)
        self._everyday_line = everyday.line
        self.forget_prices = everyday.forget
        self._encode = msgspec.json.Encoder().encode
        self._waiting: list[Answering] = []

    def __repr__(self) -> str:
        return f"<Booker {len(self._waiting)} waiting>"

    @property
    def healthy(self) -> bool:
        """Whether what is booked reaches the disk."""
        return self._journal.healthy

    def mark(self, route: Route | None, identity: Identity) -> bytes:
        """The part of a row that says who and what, as JSON members without braces."""
        row = Exchange(
            exchange_id="",
            started_at="",
            ended_at="",
            node=self._node,
            token_id=identity.token_id,
            department=identity.department,
            project=identity.project,
            agent=identity.agent,
            labels=identity.labels,
        )
        if route is not None:
            row.provider = route.provider
            row.surface = route.surface
            row.operation = route.operation
            row.location = route.location
            row.cloud_project = route.cloud_project
            row.model = route.model
        return self._encode(row).removeprefix(_NO_TIMES)[:-1]

    def begin(self, exchange: "Answering") -> None:
        """Mark an exchange as begun."""
        started = self._started(exchange.started_us)
        identifier = exchange.exchange_id.encode()
        begun = b"".join((_ID, identifier, _STARTED, started, _ENDED))
        exchange.started_text = begun
        exchange.slot = self._mark_in_flight(b"".join((begun, started, b'",', exchange.mark, b"}")))

    def progress(self, exchange: "Answering", reading: Reading) -> None:
        """Mark an exchange that goes on with what it has come to, as a row without an end.

        A session's mark tells its turns as well, which no row does.
        """
        exchange.ended_ns = perf_counter_ns()
        turns = 0 if exchange.tunnel is None else exchange.tunnel.turns
        mark = b'%b,"turns":%d}' % (self._line(exchange, reading)[:-1], turns)
        exchange.slot = self._renew_mark(exchange.slot, mark)

    def cost_so_far(self, exchange: "Answering") -> int | None:
        """What an exchange under way has come to by what its answer said, None = nobody knows."""
        observer = exchange.observer
        reading = None if observer is None else observer.so_far()
        return None if reading is None else self._rating(exchange, reading).list_cost_pico

    def enqueue(self, exchange: "Answering") -> None:
        """Book an exchange once its last bytes are sent."""
        if not self._waiting:
            self._turn.at_end(self.run)
        self._waiting.append(exchange)

    def run(self) -> None:
        """Book all that wait."""
        waiting, self._waiting = self._waiting, []
        append = self._journal.append
        for exchange in waiting:
            try:
                line = self._everyday_line(exchange)
                if line is not None:
                    if exchange.stake is not None:
                        self._settle(exchange, line)
                    append(line, exchange.slot)
                    continue
                reading = self._reading(exchange)
                line = self._line(exchange, reading)
                if self._resources is not None and (reading.events or reading.settlement):
                    self._resources.take(exchange, reading, exchange.asked)
            except Exception as error:  # noqa: BLE001 - a row without figures beats no row
                self._counters.rows_failed += 1
                structlog.get_logger("weighbridge.booking").error(
                    "row_failed", error_class=type(error).__name__
                )
                line = self._line(exchange, None)
            if exchange.stake is not None:
                self._settle(exchange, line)
            append(line, exchange.slot)

    def _settle(self, exchange: "Answering", line: bytes) -> None:
        if self._money is not None:
            self._money.settle(exchange, line)

    @staticmethod
    def _reading(exchange: "Answering") -> Reading:
        observer = exchange.observed()
        if observer is None:
            return _NOTHING_READ
        for data in exchange.unread:
            observer.feed(data)
        exchange.unread = []
        return observer.finish(complete=exchange.complete)

    def _line(self, exchange: "Answering", reading: Reading | None) -> bytes:
        """The whole row; without figures where reading or rating failed."""
        if reading is None:
            reading, rating = _UNREADABLE, _UNRATED
        else:
            rating = self._rating(exchange, reading)
        started_ns = exchange.started_ns
        latency_us = (exchange.ended_ns - started_ns) // 1000
        first_byte_ns = exchange.first_byte_ns
        status = exchange.status
        outcome = exchange.outcome
        if reading.error_in_stream and outcome is _OK:
            outcome = _UPSTREAM_ERROR
        # Our reason, else the code that the answer names, else the canonical one of its status.
        error_type = exchange.reason or reading.error_type
        if error_type is None and status >= 400:
            error_type = CANONICAL.get(status)
        cost = rating.list_cost_pico
        usage = reading.usage
        notes = reading.notes + rating.notes + exchange.notes
        tail = Tail(
            reading.model_version,
            exchange.streamed,
            status,
            outcome,
            error_type,
            reading.finish_reason,
            reading.block_reason,
            reading.usage_source,
            reading.service_tier,
            rating.pricing_status,
            latency_us,
            exchange.overhead_ns // 1000,
            exchange.request_bytes,
            exchange.response_bytes,
            (first_byte_ns - started_ns) // 1000 if first_byte_ns else None,
            usage.input_tokens,
            usage.cached_input_tokens,
            usage.output_tokens,
            usage.thinking_tokens,
            usage.total_tokens,
            usage.input_text_tokens,
            usage.input_image_tokens,
            usage.input_audio_tokens,
            usage.input_video_tokens,
            usage.input_document_tokens,
            usage.output_text_tokens,
            usage.output_image_tokens,
            usage.output_audio_tokens,
            None if cost is None else pico_to_text(cost),
            rating.charges_json,
        )
        if (
            usage.tool_use_input_tokens is not None
            or usage.search_queries is not None
            or usage.maps_queries is not None
            or usage.images is not None
            or usage.video_seconds is not None
            or usage.cache_write_input_tokens is not None
        ):
            for name in RARE_COUNTS:
                setattr(tail, name, getattr(usage, name))
        if exchange.labels_sent is not None:
            tail.labels_sent = exchange.labels_sent
        if notes:
            tail.notes = tuple(dict.fromkeys(notes))
        ended = self._ended(exchange.started_us + latency_us)
        tail_json = self._encode(tail)[1:]
        return b"".join((exchange.started_text, ended, b'",', exchange.mark, b",", tail_json))

    def _rating(self, exchange: "Answering", reading: Reading) -> Rating:
        route = exchange.route
        if route is None:
            return _FREE
        source = reading.usage_source
        if route.metered and exchange.identity.free_tier:
            return _FREE_TIER
        return self._rate(
            RatingFacts(
                route.provider,
                route.surface,
                route.operation,
                route.model,
                reading.model_version,
                reading.service_tier,
                route.location,
                reading.usage,
                source,
                route.free or (source is _NO_USAGE and _costs_nothing(exchange)),
                exchange.started_us,
            )
        )


def _costs_nothing(exchange: "Answering") -> bool:
    """Whether an exchange without usage is known to be free, as against not known.

    An error status is not charged, and what never got an answer's head reports nothing to
    charge; an answer that began well and was cut is not known.
    """
    if exchange.outcome in _FAILED:
        return True
    return exchange.outcome is Outcome.UPSTREAM_FAILED and not exchange.upstream_began
