"""Times in answers: one fixed moment, or the machine's own clock.

Fixed is the default, so that the same request gets the same bytes; with the real clock, what
expires does expire, and storage costs what it should.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

_MOMENT = datetime(2026, 11, 21, tzinfo=UTC)


def fixed() -> datetime:
    """The moment at which everything happens."""
    return _MOMENT


def real() -> datetime:
    """Now."""
    return datetime.now(UTC)


def text_of(moment: datetime) -> str:
    """A moment as Google writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def moment_of(text: object) -> datetime | None:
    """The moment that a text names; None where it names none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def duration_of(text: object) -> timedelta | None:
    """The duration of `3600s` or `0.5s`; None for anything else."""
    number = str(text).removesuffix("s")
    if not number.replace(".", "", 1).isdigit():
        return None
    return timedelta(seconds=float(number))
