"""Instants as text."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.clock import InstantFormatter, from_unix_us, to_unix_us

INSTANTS = st.datetimes(timezones=st.just(dt.UTC)).map(to_unix_us)


@given(st.lists(INSTANTS | st.integers(0, 3_000_000), max_size=8))
def test_any_order_of_instants(instants: list[int]) -> None:
    """What a formatter remembers of one instant never shows in the next."""
    text = InstantFormatter()
    for unix_us in instants:
        expected = from_unix_us(unix_us).isoformat(timespec="microseconds")
        assert text(unix_us) == text.text(unix_us) == expected.replace("+00:00", "Z")


def test_the_second_changes() -> None:
    """The last microsecond of a second and the first of the next."""
    text = InstantFormatter()
    assert text(999_999) == "1970-01-01T00:00:00.999999Z"
    assert text(1_000_000) == "1970-01-01T00:00:01.000000Z"
    assert text(-1) == "1969-12-31T23:59:59.999999Z"
