"""What a chart says: its title, its range, what it could not weigh, the numbers at its axis.

Pure; counterpart: `charts` draws with them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.metrics import Metric
from weighbridge.reports.result import QueryResult

_TITLES: Final = {"p50": "median", "p95": "95th percentile", "p99": "99th percentile"}


@dataclass(frozen=True, slots=True)
class AxisScale:
    """What values are divided by for the axis, its number format and its title."""

    divisor: float
    format: str
    title: str = ""


def axis_scale(metric: Metric, values: list[Any]) -> AxisScale:
    """Which numbers stand at the axis of these values: dollars, milliseconds or seconds, shares."""
    largest = max((abs(float(value)) for value in values if value is not None), default=0.0)
    if metric.unit == "USD":
        cents = "$,.2f" if largest >= 0.05 else "$~g"
        return AxisScale(1, "$,.0f" if largest >= 10 else cents)
    if metric.unit == "µs":
        in_seconds = largest >= 2_000_000
        return AxisScale(1e6 if in_seconds else 1e3, "~s", "seconds" if in_seconds else "ms")
    return AxisScale(1, ".0~%") if metric.unit == "ratio" else AxisScale(1, "~s", metric.unit)


def title_of(metric: Metric) -> str:
    """A metric in words, as in "latency 95th percentile"."""
    kind, _, last = metric.name.rpartition("_")
    words = f"{kind} {_TITLES[last]}" if last in _TITLES else metric.name
    return words.replace("_", " ").replace("ttfb", "time to first byte")


def span_of(query: CostQuery) -> str:
    """The range as people write it, in the query's zone."""

    def day(instant: datetime) -> str:
        local = instant.astimezone(query.zone)
        at = f" {local:%H:%M}" if local.hour + local.minute else ""
        return f"{local.day} {local:%b %Y}{at}"

    since = day(query.since) if query.since else "first exchange"
    return f"{since} to {day(query.until) if query.until else 'now'}"


def unknown_of(result: QueryResult) -> list[str]:
    """How many exchanges have no price or no usage, where some have none."""
    counts = result.completeness
    return [f"{counts[name]:,} {name}" for name in ("unpriced", "unmetered") if counts[name]]
