"""Values of a walked answer, each taken as nothing where it is not what it should be."""

import pytest

from weighbridge.providers.walking import count, instant_us, plain, text


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        (b'"1970-01-01T00:00:00Z"', 0),
        (b'"2026-07-21T16:05:49.689379878Z"', 1784649949689379),
        (b'"2026-07-21T16:05:49.7Z"', 1784649949700000),
        (b'"2026-07-21T18:05:49+02:00"', 1784649949000000),
        (b'"2026-07-21T14:05:49-02:00"', 1784649949000000),
        (b'"2026-07-21t16:05:49Z"', None),
        (b'"2026-13-21T16:05:49Z"', None),
        (b'"2026-07-21T16:05:49"', None),
        (b'"9999-12-31T23:59:59-23:00"', None),
        (b'"0001-01-01T00:00:00+23:00"', None),
        (b'"soon"', None),
        (b"7", None),
        (None, None),
    ],
)
def test_timestamps_are_microseconds(value: bytes | None, micros: int | None) -> None:
    """RFC 3339, up to nanoseconds, any offset."""
    assert instant_us(value) == micros


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (b"7", 7),
        (b'"7"', 7),
        (b"7.0", 7),
        (b"7.5", None),
        (b"-1", None),
        (b"1e999", None),
        (b"99999999999999999999", None),
        (b"true", None),
        (b"nonsense", None),
        (None, None),
    ],
)
def test_counts_are_whole_and_in_bounds(value: bytes | None, number: int | None) -> None:
    """M12: anything else is as if it had not come."""
    assert count(value) == number


def test_what_is_no_json_is_nothing() -> None:
    """Somebody else's bytes."""
    assert plain(b'{"a":[1]}') == {"a": [1]}
    assert (plain(b"{"), plain(b"\xff"), plain(b"[" * 100_000), plain(None)) == (None,) * 4
    assert (text(b'"a"'), text(b"1"), text(None)) == ("a", None, None)
