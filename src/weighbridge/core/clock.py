"""Instants as text: UTC with microseconds, the only time format of the ledger and the API.

Time itself is always an argument; this module reads no clock.
"""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER_US = -(1 << 63)  # before any instant that a `datetime` can hold
_THREE_DIGITS = tuple(f"{number:03d}" for number in range(1000))
_LAST_DIGITS = tuple(f"{number:03d}Z" for number in range(1000))
_LAST_DIGITS_OF_ROWS = tuple(digits.encode() for digits in _LAST_DIGITS)


class InstantFormatter:
    """Formats `unix_us` as `YYYY-MM-DDTHH:MM:SS.ffffffZ`, remembering the last second.

    Consecutive instants of a busy gateway share their second, so the calendar arithmetic is
    done once a second instead of twice an exchange; the fraction is put together from tables.
    """

    __slots__ = ("_prefix", "_second_us")

    def __init__(self) -> None:
        self._second_us = _NEVER_US
        self._prefix = ""

    def __repr__(self) -> str:
        return f"<InstantFormatter at {self._prefix or 'start'}>"

    def text(self, unix_us: int) -> str:
        """Text of one instant, given in microseconds since the epoch."""
        micros = unix_us - self._second_us
        if not 0 <= micros < 1_000_000:
            second, micros = divmod(unix_us, 1_000_000)
            self._second_us = second * 1_000_000
            self._prefix = f"{(_EPOCH + timedelta(seconds=second)).isoformat()[:19]}."
        return f"{self._prefix}{_THREE_DIGITS[micros // 1000]}{_LAST_DIGITS[micros % 1000]}"

    __call__ = text


class RowInstants:
    """The same as bytes, for rows: quickest where consecutive instants share a millisecond."""

    __slots__ = ("_millisecond_us", "_prefix", "_text")

    def __init__(self) -> None:
        self._millisecond_us = _NEVER_US
        self._prefix = b""
        self._text = InstantFormatter().text

    def __repr__(self) -> str:
        return f"<RowInstants at {self._prefix.decode() or 'start'}>"

    def of(self, unix_us: int) -> bytes:
        """ASCII of one instant, given in microseconds since the epoch."""
        micros = unix_us - self._millisecond_us
        if not 0 <= micros < 1000:
            micros = unix_us % 1000
            self._millisecond_us = begin_us = unix_us - micros
            self._prefix = self._text(begin_us)[: -len("000Z")].encode()
        return self._prefix + _LAST_DIGITS_OF_ROWS[micros]


def to_unix_us(instant: datetime) -> int:
    """Microseconds since the epoch of an aware `datetime`."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def from_unix_us(unix_us: int) -> datetime:
    """Aware UTC `datetime` of microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=unix_us)


def from_unix_us_if_any(unix_us: int | None) -> datetime | None:
    """The same of what may never have been: None stays None."""
    return None if unix_us is None else from_unix_us(unix_us)
