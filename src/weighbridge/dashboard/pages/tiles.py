"""Tiles: a figure of the range, against the range before, with its course."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Tile, sparkline
from weighbridge.dashboard.pages.change import change_of, change_text
from weighbridge.dashboard.pages.costs import marked_tile
from weighbridge.dashboard.pages.figures import WAITING, asked
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.result import QueryResult, Row, for_people
from weighbridge.reports.unpriced import COSTS, asking, left_out

# Which way is good news; of the others a change is only told.
_LESS_IS_GOOD: Final = frozenset({"error_rate", "latency_p50", "latency_p95", "wasted_cost"})
_MORE_IS_GOOD: Final = frozenset({"cached_share"})
_NEWS: Final = Decimal("0.02")
_BRIEF: Final = ((10**9, "B"), (10**6, "M"), (10**3, "k"))
_BRIEF_FROM: Final = 10**5


def tiles(desk: Desk, wanted: Sequence[tuple[str, str, str]]) -> tuple[list[Tile], QueryResult]:
    """A tile for each (metric, title, link), and the result over the range.

    Gives: the result has a row per bucket, and its totals are the tiles' figures.
    """
    span, state = desk.span, desk.state
    metrics = tuple(metric for metric, _, _ in wanted)
    question = state.question(
        span, metrics=asking(metrics), granularity=state.bucket(span, desk.now)
    )
    result = asked(desk, question)
    before: Row = {}
    if state.compare and span.before:
        before = asked(desk, state.question(span, metrics=metrics).between(*span.before)).totals
    return tiles_of(wanted, result, before), result


def tiles_of(
    wanted: Sequence[tuple[str, str, str]], result: QueryResult, before: Row
) -> list[Tile]:
    """A tile for each (metric, title, link), of a result by bucket and the totals before."""
    return [_tile_of(one, result, before) for one in wanted]


def _tile_of(wanted: tuple[str, str, str], result: QueryResult, before: Row) -> Tile:
    metric, title, href = wanted
    if metric not in result.totals:
        text = WAITING.text
        return Tile(name=metric, title=title, text=text, value=None, href=href, waiting=True)
    made = tile(metric, title, result.totals[metric], before.get(metric), href)
    return _with_course(marked_tile(made, _left_out(metric, result)), result)


def _left_out(metric: str, result: QueryResult) -> int:
    return left_out(result.totals) if metric in COSTS else 0


def tile(name: str, title: str, value: Any, before: Any, href: str = "") -> Tile:
    """A tile of a metric, without its course."""
    return compared(Tile(name=name, title=title, text="", value=value, href=href), before, name)


def compared(one: Tile, before: Any, metric: str = "cost") -> Tile:
    """A tile with its figure as text and against what it was; against nothing, nothing is said."""
    change = None if before is None else change_of(one.value, before)
    return replace(
        one,
        text=one.text or brief(one.value, METRICS[metric].unit),
        before=before,
        change="" if change is None else change_text(change),
        tone=_tone(metric, change),
    )


def _with_course(one: Tile, result: QueryResult) -> Tile:
    points = sparkline(row.get(one.name) for row in result.rows)
    return replace(one, points=points)


def _tone(metric: str, change: Decimal | None) -> str:
    if change is None or abs(change) < _NEWS or metric not in _LESS_IS_GOOD | _MORE_IS_GOOD:
        return ""
    return "good" if (change < 0) == (metric in _LESS_IS_GOOD) else "bad"


def brief(value: Any, unit: str) -> str:
    """Large counts to three or four digits; the exact figure is in the data.

    Example: 99999 is `99,999`, 116955 is `117 k`, 12_400_000 is `12.4 M`.
    """
    if not isinstance(value, int) or unit in ("µs", "ratio") or value < _BRIEF_FROM:
        return for_people(value, unit)
    size, letter = next((size, letter) for size, letter in _BRIEF if value >= size)
    return f"{value / size:,.{1 if value < 100 * size else 0}f} {letter}"
