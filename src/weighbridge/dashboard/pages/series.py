"""Time series: any metric, split by up to two dimensions, in any buckets."""

from typing import Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Chart, Choice, Column, Content, Table, figure, word
from weighbridge.dashboard.pages.groups import NAMES, TITLES
from weighbridge.dashboard.pages.pictures import MEASURES, over_time, split_choice
from weighbridge.reports.charts import MAX_SERIES
from weighbridge.reports.cost_query import TIME
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.zones import GRANULARITIES

_MORE: Final = ("wasted_cost", "latency_p50", "ttfb_p95", "cached_share", "cost_per_exchange")
_SPLITS: Final = ("department", "project", "agent", "model", "surface", "operation", "outcome")
_MOST_ROWS: Final = 400


def series(desk: Desk) -> Content:
    """One chart and the rows that it draws."""
    span, state = desk.span, desk.state
    metric, by = state.metric or "cost", state.by[:2]
    bucket = state.bucket(span, desk.now)
    result = desk.ask(
        state.question(
            span,
            group_by=by,
            metrics=(metric,),
            granularity=bucket,
            limit=MAX_SERIES if by else None,
            order_by=TIME,
        )
    )
    unit = METRICS[metric].unit
    rows = [
        [_when(row[TIME]), *(word(row[name]) for name in by), figure(row[metric], unit)]
        for row in reversed(result.rows[-_MOST_ROWS:])
    ]
    columns = [Column(TIME, bucket.capitalize())]
    columns += [Column(name, NAMES.get(name, name)) for name in by]
    columns.append(Column(metric, TITLES.get(metric, metric.replace("_", " ")), figures=True))
    whole = [word("Total"), *(Cell("", None) for _ in by), figure(result.totals[metric], unit)]
    cut = len(result.rows) > _MOST_ROWS
    note = f"The latest {_MOST_ROWS} of {len(result.rows):,} rows." if cut else ""
    return Content(
        title="Time series",
        choices=[
            _choice(desk, metric),
            split_choice(desk, by, _SPLITS),
            Choice(
                "Per",
                tuple(
                    (name, state.query_string(granularity=name), name == bucket)
                    for name in GRANULARITIES
                    if name != "none"
                ),
            ),
        ],
        tables=[
            Table(
                name="series",
                title="Figures",
                columns=tuple(columns),
                rows=rows,
                totals=whole,
                note=note,
            )
        ],
        completeness=dict(result.completeness),
        never_called=not result.completeness["exchanges"] and not state.filters,
    )


def charts(desk: Desk) -> tuple[Chart, ...]:
    """The chart of the same rows."""
    return (over_time(desk, desk.state.by[:2], desk.state.metric or "cost"),)


def _choice(desk: Desk, metric: str) -> Choice:
    shown = tuple(dict.fromkeys((*MEASURES, *_MORE, metric)))
    titles = {**TITLES, "latency_p95": "p95 latency", "error_rate": "Error rate"}
    titles |= {"latency_p50": "Median latency", "cost_per_exchange": "Cost per call"}
    titles |= {"ttfb_p95": "p95 first byte"}
    return Choice(
        "Show",
        tuple(
            (titles.get(name, name), desk.state.query_string(metric=name), name == metric)
            for name in shown
        ),
    )


def _when(text: str) -> Cell:
    return Cell(text[:16].replace("T", " ").removesuffix(" 00:00"), text)
