"""Instants as text."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.clock import (
    InstantFormatter,
    RowInstants,
    from_unix_us,
    from_unix_us_if_any,
    to_unix_us,
)

INSTANT = st.integers(0, 4_102_444_800_000_000)


@given(st.lists(INSTANT, max_size=20))
def test_formatter_agrees_with_the_calendar(instants: list[int]) -> None:
    """Whatever was formatted before, an instant's text is that of the calendar."""
    formatter = InstantFormatter()
    for instant in instants:
        text = formatter(instant)
        assert datetime.fromisoformat(text) == from_unix_us(instant)
        assert (len(text), text[-1]) == (27, "Z")


@given(st.lists(INSTANT | st.integers(1_000_000, 1_002_000), max_size=20))
def test_rows_have_the_same_instants(instants: list[int]) -> None:
    """Whatever millisecond was remembered."""
    formatter, rows = InstantFormatter(), RowInstants()
    for instant in instants:
        assert rows.of(instant).decode() == formatter(instant)


@given(INSTANT)
def test_there_and_back(instant: int) -> None:
    """Microseconds survive `datetime`."""
    assert to_unix_us(from_unix_us(instant)) == instant


def test_one_second_and_the_next() -> None:
    """The remembered second is left exactly when it ends."""
    formatter = InstantFormatter()
    assert formatter(1_700_000_000_999_999) == "2023-11-14T22:13:20.999999Z"
    assert formatter(1_700_000_001_000_000) == "2023-11-14T22:13:21.000000Z"
    assert formatter(1_700_000_000_000_001) == "2023-11-14T22:13:20.000001Z"


def test_instants_before_the_epoch() -> None:
    """A year keeps its four digits, and a fraction counts upwards."""
    formatter = InstantFormatter()
    assert formatter(-1) == "1969-12-31T23:59:59.999999Z"
    assert formatter(to_unix_us(datetime(999, 1, 1, tzinfo=UTC))) == "0999-01-01T00:00:00.000000Z"


def test_other_zones_are_the_same_instant() -> None:
    """An aware datetime of any zone gives its instant."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert to_unix_us(noon.astimezone(timezone(timedelta(hours=9)))) == to_unix_us(noon)


def test_what_never_was_has_no_instant() -> None:
    """The epoch itself was."""
    assert from_unix_us_if_any(None) is None
    assert from_unix_us_if_any(0) == from_unix_us(0)
