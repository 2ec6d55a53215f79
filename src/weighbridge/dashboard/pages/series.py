"""Time series: any metric, split by up to two dimensions, in any buckets."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Chart, Choice, Column, Content, Table, figure, word
from weighbridge.dashboard.pages.costs import metric_cell
from weighbridge.dashboard.pages.pictures import any_measure_choice, over_time, title_of
from weighbridge.dashboard.pages.titles import NAMES
from weighbridge.reports.charts import MAX_SERIES
from weighbridge.reports.cost_query import TIME
from weighbridge.reports.dimensions import COLUMN_OF
from weighbridge.reports.result import Row
from weighbridge.reports.unpriced import asking
from weighbridge.reports.zones import GRANULARITIES

_SPLITS: Final = ("department", "project", "agent", "model", "surface", "operation", "outcome")
_MOST_ROWS: Final = 400
_DIMENSIONS: Final = 2


def series(desk: Desk) -> Content:
    """One chart and the rows that it draws."""
    span, state = desk.span, desk.state
    metric, by = state.metric or "cost", state.by[:_DIMENSIONS]
    bucket = state.bucket(span, desk.now)
    result = desk.ask(
        state.question(
            span,
            group_by=by,
            metrics=asking([metric]),
            granularity=bucket,
            limit=MAX_SERIES if by else None,
            order_by=f"-{metric}" if by else TIME,
        )
    )
    beside = [name for name in asking([metric]) if name != metric]

    def figures(row: Row) -> list[Cell]:
        return [metric_cell(metric, row), *(figure(row[name], "exchanges") for name in beside)]

    rows = [
        [_when(row[TIME], bucket), *(word(row[name]) for name in by), *figures(row)]
        for row in _newest_first(result.rows)[:_MOST_ROWS]
    ]
    columns = [Column(TIME, bucket.capitalize())]
    columns += [Column(name, NAMES.get(name, name)) for name in by]
    columns.append(Column(metric, title_of(metric), figures=True))
    columns += [Column(name, title_of(name), figures=True, drawn=False) for name in beside]
    cut = len(result.rows) > _MOST_ROWS
    table = Table(
        name="series",
        title="Figures",
        columns=tuple(columns),
        rows=rows,
        totals=[word("Total"), *(Cell("") for _ in by), *figures(result.totals)],
        note=f"The latest {_MOST_ROWS} of {len(result.rows):,} rows." if cut else "",
        tall=True,
    )
    return Content(
        title="Time series",
        choices=_choices(desk, metric, bucket),
        tables=[table],
        completeness=dict(result.completeness),
        never_called=not result.completeness["exchanges"] and not state.filters,
    )


def charts(desk: Desk) -> tuple[Chart, ...]:
    """The chart of the same rows, and the period before."""
    by, metric = desk.state.by[:_DIMENSIONS], desk.state.metric or "cost"
    return (over_time(desk, by, metric, beside=desk.state.compare),)


def _choices(desk: Desk, metric: str, bucket: str) -> list[Choice]:
    state = desk.state
    first, second = (*state.by[:_DIMENSIONS], "", "")[:_DIMENSIONS]
    choices = [any_measure_choice(desk, metric), _split(desk, "Split by", first, (second,))]
    if first:
        choices.append(_split(desk, "and by", second, (first,), before=(first,)))
    granularities = [name for name in GRANULARITIES if name != "none"]
    per = ((name, state.query_string(granularity=name), name == bucket) for name in granularities)
    compare = (
        ("period before", state.query_string(compare=True), state.compare),
        ("nothing", state.query_string(compare=False), not state.compare),
    )
    return [*choices, Choice("Per", tuple(per)), Choice("Beside", compare)]


def _split(
    desk: Desk,
    title: str,
    current: str,
    taken: tuple[str, ...],
    before: tuple[str, ...] = (),
) -> Choice:
    """Dimensions as links: the usual ones, the others in a menu; or none."""

    def option(name: str) -> tuple[str, str, bool]:
        by = (*before, name) if name else before
        return NAMES.get(name, name), desk.state.query_string(by=by), name == current

    usual = [name for name in dict.fromkeys((*_SPLITS, current)) if name and name not in taken]
    more = [name for name in sorted(COLUMN_OF) if name not in usual and name not in taken]
    nothing = ("nothing", *option("")[1:])
    chosen = Choice(title, (nothing, *map(option, usual)))
    return replace(chosen, more=tuple(map(option, more)))


def _newest_first(rows: list[Row]) -> list[Row]:
    """By instant, for the hour that a clock change repeats; groups keep their order in each."""
    return sorted(rows, key=lambda row: datetime.fromisoformat(row[TIME]), reverse=True)


def _when(text: str, bucket: str) -> Cell:
    day, hour = text[:10], text[11:16]
    return Cell(f"{day} {hour}" if bucket in ("minute", "hour") else day, text)
