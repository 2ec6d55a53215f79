"""Rows that a resource brings after its call."""

import msgspec

from weighbridge.attribution.identity import Identity
from weighbridge.core.exchange import Exchange
from weighbridge.core.outcome import PricingStatus, UsageSource
from weighbridge.core.resource import ResourceKind
from weighbridge.ledger.later_rows import Charged, LaterRows, due
from weighbridge.ledger.resource_rows import Called, Record
from weighbridge.pricing.rating import Rating

NOON_US = 1_795_262_400_000_000  # 2026-11-21T12:00:00Z
RECORD = Record(
    key=b"k" * 32,
    kind=ResourceKind.CACHE,
    identity=Identity(token_id="tok_1", department="sales", labels={"team": "emea"}),
    called=Called(provider="google", surface="vertex", operation="createCachedContent"),
    usage=None,
    created_at_us=NOON_US,
    expires_at_us=None,
    ended_at_us=None,
    settled=False,
    accrued_to_us=None,
)


def charged(cost_pico: int | None) -> Charged:
    status = PricingStatus.UNPRICED if cost_pico is None else PricingStatus.PRICED
    return Charged(
        operation="cacheStorage",
        model="gemini-2.5-pro",
        usage_source=UsageSource.ESTIMATED,
        rating=Rating(cost_pico, status),
        from_us=NOON_US,
        to_us=NOON_US + 3_600_000_000,
    )


def test_whoever_created_a_resource_pays_for_it() -> None:
    """Attribution is the creator's, the operation that of the charge, and there is no answer."""
    row = LaterRows("gw").row(RECORD, charged(4_500_000_000_000))
    assert (row.token_id, row.department, row.labels) == ("tok_1", "sales", {"team": "emea"})
    assert (row.operation, row.model, row.status, row.node) == (
        "cacheStorage",
        "gemini-2.5-pro",
        0,
        "gw",
    )
    assert (row.started_at, row.ended_at) == (
        "2026-11-21T12:00:00.000000Z",
        "2026-11-21T13:00:00.000000Z",
    )


def test_what_has_no_price_has_no_cost() -> None:
    """An unpriced charge is null, not zero."""
    assert LaterRows("gw").row(RECORD, charged(None)).list_cost is None


def test_a_row_made_twice_is_one() -> None:
    """Resource and instant make the id, and the outbox finds it in the line."""
    rows = LaterRows("gw")
    first, second = (due(rows.row(RECORD, charged(1))) for _ in range(2))
    assert first == second
    assert msgspec.json.decode(first.line, type=Exchange).exchange_id == first.exchange_id
