"""What an exchange came to, by each of its parts, against a booker without a byte path."""

import asyncio
import json
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from weighbridge.attribution.identity import Identity
from weighbridge.core.exchange import Charge, Exchange
from weighbridge.core.outcome import Note, Outcome, PricingStatus, Reason, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.gateway.booking import Booker
from weighbridge.gateway.counters import Counters
from weighbridge.gateway.turn import Turn
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.rating import RatingFacts
from weighbridge.providers.base import NOTHING_ASKED, Reading, Route

if TYPE_CHECKING:
    from weighbridge.gateway.answering import Answering

ROUTE = Route(
    provider="google",
    surface="vertex",
    upstream="vertex",
    host="h",
    operation="generateContent",
    model="gemini-2.5-flash",
    location="us-central1",
    cloud_project="cloud-1",
    metered=True,
)
IDENTITY = Identity(token_id="tok_1", department="d", project="p", agent="a", labels={"k": "v"})
COUNTS = [name for name in Usage.__struct_fields__ if name.endswith(("_tokens", "_queries"))]
# Every count differs, so that none can stand in another's column unseen.
USAGE = Usage(images=7, video_seconds=Decimal("1.5"), grounded_by_search=True)
for number, name in enumerate(COUNTS):
    setattr(USAGE, name, 1000 + number)
READING = Reading(
    usage=USAGE,
    usage_source=UsageSource.PARTIAL,
    model_version="gemini-2.5-flash-001",
    finish_reason="STOP",
    block_reason="OTHER",
    service_tier="standard",
    error_type="UNAVAILABLE",
    notes=(Note.TOTAL_MISMATCH,),
)
BOOK = PriceBook.load()


class Journal:
    """Keeps the last line and the last mark."""

    healthy = True
    line = mark = b""

    def append(self, line: bytes, slot: int) -> None:
        assert slot == 3
        self.line = line

    def begin(self, payload: bytes) -> int:
        self.mark = payload
        return 3

    def update(self, slot: int, payload: bytes) -> int:
        self.mark = payload
        return slot


class Observed:
    """An observer that has read its answer."""

    def __init__(self, reading: Reading | Exception) -> None:
        self._reading = reading

    def finish(self, *, complete: bool) -> Reading:
        assert complete
        if isinstance(self._reading, Exception):
            raise self._reading
        return self._reading


class Bench:
    """A booker with its journal, and one exchange at a time through both."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.counters = Counters()
        self.loop = asyncio.new_event_loop()
        self.booker = Booker(
            node="n-1",
            rates=BOOK,
            journal=self.journal,
            in_flight=self.journal,
            counters=self.counters,
            turn=Turn(self.loop.call_soon),
        )

    def book(self, reading: Reading | Exception | None, **changed: Any) -> Exchange:
        """The row of an exchange that began at 1 s past the epoch and took 2.5 ms."""
        fields: dict[str, Any] = {
            "exchange_id": "01920000-0000-7000-8000-000000000000",
            "started_us": 1_000_000,
            "started_ns": 5_000_000,
            "first_byte_ns": 6_500_999,
            "ended_ns": 7_500_000,
            "overhead_ns": 60_999,
            "route": ROUTE,
            "status": 200,
            "outcome": Outcome.OK,
            "reason": None,
            "request_bytes": 11,
            "response_bytes": 12,
            "streamed": True,
            "complete": True,
            "upstream_began": True,
            "unread": [],
            "observer": None if reading is None else Observed(reading),
        }
        exchange = cast(
            "Answering",
            SimpleNamespace(
                answered=None,
                observed=lambda: fields["observer"],
                **fields | changed,
                identity=IDENTITY,
                notes=(),
                asked=NOTHING_ASKED,
                labels_sent={"team": "a"},
                stake=None,
            ),
        )
        exchange.mark = self.booker.mark(exchange.route, IDENTITY)
        self.booker.begin(exchange)
        self.booker.enqueue(exchange)
        self.booker.run()
        return msgspec.json.decode(self.journal.line, type=Exchange)


@pytest.fixture
def bench() -> Any:
    bench = Bench()
    yield bench
    bench.loop.close()


def test_every_column_holds_its_own_value(bench: Bench) -> None:
    """Each value of identity, route, reading, rating and byte path, under its column's name."""
    row = bench.book(READING, status=503, outcome=Outcome.UPSTREAM_ERROR)
    rating = BOOK.rate(
        RatingFacts(
            provider="google",
            surface="vertex",
            operation="generateContent",
            model="gemini-2.5-flash",
            model_version="gemini-2.5-flash-001",
            service_tier="standard",
            location="us-central1",
            usage=USAGE,
            usage_source=UsageSource.PARTIAL,
            free=False,
            at_unix_us=1_000_000,
        )
    )
    assert rating.notes
    expected: dict[str, Any] = {
        "exchange_id": "01920000-0000-7000-8000-000000000000",
        "started_at": "1970-01-01T00:00:01.000000Z",
        "ended_at": "1970-01-01T00:00:01.002500Z",
        "node": "n-1",
        "provider": "google",
        "surface": "vertex",
        "operation": "generateContent",
        "location": "us-central1",
        "cloud_project": "cloud-1",
        "model": "gemini-2.5-flash",
        "model_version": "gemini-2.5-flash-001",
        "streamed": True,
        "status": 503,
        "outcome": "upstream_error",
        "error_type": "UNAVAILABLE",
        "finish_reason": "STOP",
        "block_reason": "OTHER",
        "usage_source": "partial",
        "token_id": "tok_1",
        "department": "d",
        "project": "p",
        "agent": "a",
        "labels": {"k": "v"},
        "labels_sent": {"team": "a"},
        "service_tier": "standard",
        "pricing_status": rating.pricing_status.value,
        "latency_us": 2500,
        "ttfb_us": 1500,
        "overhead_us": 60,
        "request_bytes": 11,
        "response_bytes": 12,
        "notes": tuple(dict.fromkeys([Note.TOTAL_MISMATCH, *rating.notes])),
    }
    columns = Exchange.__struct_fields__
    expected |= {name: getattr(USAGE, name) for name in columns if hasattr(USAGE, name)}
    money = {"list_cost", "charges"}
    assert set(expected) | money == set(columns)
    assert {name: getattr(row, name) for name in expected} == expected
    assert row.charges == rating.charges
    assert decimal_of(row.list_cost) == sum(Decimal(charge.amount) for charge in row.charges)


def decimal_of(text: str | None) -> Decimal:
    assert text is not None
    return Decimal(text)


def test_charges_stand_in_the_line_as_objects(bench: Bench) -> None:
    """A charge is written with its five members, money as text."""
    usage = Usage(input_tokens=1000, output_tokens=200)
    row = bench.book(Reading(usage=usage, usage_source=UsageSource.FINAL))
    assert row.list_cost == "0.000800000000"
    assert [charge.amount for charge in row.charges] == ["0.000300000000", "0.000500000000"]
    charges = json.loads(bench.journal.line)["charges"]
    assert [set(charge) for charge in charges] == [set(Charge.__struct_fields__)] * 2


def test_the_mark_is_a_row_of_its_own(bench: Bench) -> None:
    """What a crash leaves of an exchange holds who and what, and when it began, twice."""
    row = bench.book(READING)
    mark = msgspec.json.decode(bench.journal.mark, type=Exchange)
    assert mark.ended_at == mark.started_at == row.started_at
    assert (mark.exchange_id, mark.department, mark.model) == (row.exchange_id, "d", row.model)
    assert mark.outcome is None


@pytest.mark.parametrize(
    ("reading", "changed", "error_type"),
    [
        (READING, {"reason": Reason.UPSTREAM_TIMEOUT, "status": 504}, "UPSTREAM_TIMEOUT"),
        (READING, {}, "UNAVAILABLE"),
        (None, {"status": 429}, "RESOURCE_EXHAUSTED"),
        (None, {"status": 502}, "UNAVAILABLE"),
        (None, {"status": 418}, None),
        (None, {"status": 200}, None),
    ],
)
def test_whose_word_an_error_is(
    bench: Bench, reading: Reading | None, changed: dict[str, Any], error_type: str | None
) -> None:
    """Our reason comes before the answer's code, that before the status's canonical one."""
    assert bench.book(reading, **changed).error_type == error_type


def test_an_error_inside_a_stream(bench: Bench) -> None:
    """A 200 that held an error object is the upstream's failure; a cut stays what it was."""
    reading = Reading(usage=Usage(), usage_source=UsageSource.NONE, error_in_stream=True)
    assert bench.book(reading).outcome == Outcome.UPSTREAM_ERROR
    left = bench.book(reading, outcome=Outcome.CLIENT_CLOSED)
    assert left.outcome == Outcome.CLIENT_CLOSED


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"outcome": Outcome.REFUSED}, PricingStatus.FREE),
        ({"outcome": Outcome.UPSTREAM_FAILED, "upstream_began": False}, PricingStatus.FREE),
        ({"outcome": Outcome.UPSTREAM_FAILED}, PricingStatus.UNMETERED),
        ({"outcome": Outcome.OK}, PricingStatus.UNMETERED),
        ({"route": None}, PricingStatus.FREE),
        ({"route": msgspec.structs.replace(ROUTE, free=True)}, PricingStatus.FREE),
    ],
)
def test_what_costs_nothing_without_usage(
    bench: Bench, changed: dict[str, Any], status: PricingStatus
) -> None:
    """Known to be free, as against not known."""
    row = bench.book(None, **changed)
    assert row.pricing_status == status
    assert row.charges == ()
    assert row.list_cost == ("0.000000000000" if status is PricingStatus.FREE else None)


def test_a_fault_costs_the_figures_not_the_row(bench: Bench) -> None:
    """Reading that fails leaves a row that says so, and is counted."""
    row = bench.book(RuntimeError("secret text"))
    assert (row.usage_source, row.pricing_status) == (UsageSource.UNPARSED, PricingStatus.UNMETERED)
    assert row.status == 200
    assert bench.counters.rows_failed == 1
    assert b"secret" not in bench.journal.line


def test_no_first_byte(bench: Bench) -> None:
    """Without a first byte there is no time to it."""
    assert bench.book(None, first_byte_ns=0).ttfb_us is None
