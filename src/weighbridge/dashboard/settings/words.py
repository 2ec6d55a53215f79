"""Small texts that several settings pages share: instants, states, rules, choices of fields."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from weighbridge.core.clock import from_unix_us
from weighbridge.dashboard.content import Cell, Column
from weighbridge.dashboard.forms import Options

DIMENSIONS: Final = ("department", "project", "agent")
DIMENSION_CHOICES: Final[Options] = tuple((name, name.capitalize()) for name in DIMENSIONS)


def columns(*named: tuple[str, str]) -> tuple[Column, ...]:
    """Columns by name and title."""
    return tuple(Column(name, title) for name, title in named)


def instant(unix_us: int | None, zone: str, none: str = "never") -> Cell:
    """A cell for an instant in a zone, to the minute."""
    if unix_us is None:
        return Cell(none, None, tone="quiet")
    at = from_unix_us(unix_us)
    return Cell(local(at, zone), at)


def instant_s(unix_us: int | None, zone: str, none: str = "never") -> Cell:
    """A cell for an instant in a zone, to the second."""
    if unix_us is None:
        return Cell(none, None, tone="quiet")
    at = from_unix_us(unix_us)
    return Cell(f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}", at)


def local(at: datetime, zone: str) -> str:
    """An instant in a zone, to the minute."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def pairs(values: Mapping[str, str]) -> str:
    """`k=v, k=v`."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def bounds(scope: Mapping[str, Sequence[str]]) -> str:
    """What a viewer sees."""
    told = [f"{name}: {', '.join(values)}" for name, values in scope.items()]
    return "; ".join(told) or "everything"
