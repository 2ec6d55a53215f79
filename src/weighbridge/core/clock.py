"""Instants as text: UTC with microseconds, the only time format of the ledger and the API.

Time itself is always an argument; this module reads no clock.
"""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class InstantFormatter:
    """Formats `unix_us` as `YYYY-MM-DDTHH:MM:SS.ffffffZ`, remembering the last second.

    Consecutive instants of a busy gateway share their second, so the calendar arithmetic is
    done once a second instead of twice an exchange.
    """

    __slots__ = ("_prefix", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._prefix = ""

    def __repr__(self) -> str:
        return f"<InstantFormatter at {self._prefix or 'start'}>"

    def __call__(self, unix_us: int) -> str:
        """Text of one instant, given in microseconds since the epoch."""
        second, micros = divmod(unix_us, 1_000_000)
        if second != self._second:
            self._second = second
            self._prefix = (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._prefix}.{micros:06d}Z"


def to_unix_us(instant: datetime) -> int:
    """Microseconds since the epoch of an aware `datetime`."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def from_unix_us(unix_us: int) -> datetime:
    """Aware UTC `datetime` of microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=unix_us)
