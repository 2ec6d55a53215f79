"""The row of an exchange whose end nobody saw."""

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
