"""The row of an exchange whose end nobody saw."""

import msgspec
from ledger_rows import NOON_US, exchange_id, mark

from weighbridge.ledger.interrupted import interrupted_row


def test_what_is_not_known_is_not_made_up() -> None:
    """No tokens, no cost, no latency; who asked stays."""
    row = interrupted_row(mark(3), NOON_US + 60_000_000)

    assert row is not None
    assert (row.exchange_id, row.department) == (exchange_id(3), "lab")
    assert (row.list_cost, row.input_tokens, row.latency_us) == (None, None, None)
    assert row.ended_at == "2026-01-01T12:01:00.000000Z"


def test_it_never_ends_before_it_began() -> None:
    """The clock may have been set back in between."""
    row = interrupted_row(mark(3), NOON_US - 1)

    assert row is not None
    assert row.ended_at == row.started_at


def test_what_a_session_had_come_to_stays_as_a_lower_bound() -> None:
    """M12's other side: what is known is not thrown away; the number of turns has no column."""
    told = msgspec.json.decode(mark(3)) | {
        "model": "gemini-3.8-live",
        "status": 101,
        "outcome": "ok",
        "usage_source": "partial",
        "input_tokens": 450,
        "list_cost": "0.001000000000",
        "pricing_status": "priced",
        "latency_us": 5,
        "turns": 3,
    }
    row = interrupted_row(msgspec.json.encode(told), NOON_US + 60_000_000)

    assert row is not None
    assert (row.outcome, row.status, row.usage_source) == ("interrupted", 101, "partial")
    assert (row.input_tokens, row.list_cost, row.pricing_status) == (
        450,
        "0.001000000000",
        "priced",
    )
    assert row.latency_us is None
