"""Charts of a page's own questions, in the theme that the reader's browser asks for."""

from collections.abc import Mapping
from typing import Any

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Chart, Choice
from weighbridge.dashboard.pages.groups import NAMES, TITLES
from weighbridge.reports.charts import MAX_SERIES, Look, chart_spec
from weighbridge.reports.palette import DARK, LIGHT

MEASURES = ("cost", "exchanges", "total_tokens", "errors", "latency_p95", "error_rate")


def over_time(
    desk: Desk,
    dimensions: tuple[str, ...],
    metric: str,
    name: str = "time",
    *,
    only: Mapping[str, tuple[str, ...]] | None = None,
) -> Chart:
    """A metric over the page's range, split by dimensions; asked for only when it is drawn.

    Takes: `only`, filters that hold besides the page's.
    """

    def spec(theme: str, fills: bool) -> dict[str, Any]:
        span, state = desk.span, desk.state
        question = state.question(
            span,
            group_by=dimensions,
            metrics=(metric,),
            granularity=state.bucket(span, desk.now),
            limit=MAX_SERIES if dimensions else None,
            filters=state.narrowed(only or {}),
        )
        drawn = chart_spec(desk.ask(question), metric, look_of(theme, fills=fills))
        return _untitled(drawn)

    by = f" by {', '.join(NAMES.get(one, one).lower() for one in dimensions)}" if dimensions else ""
    return Chart(name, f"{TITLES.get(metric, metric.replace('_', ' '))}{by}", spec)


def look_of(theme: str, *, fills: bool) -> Look:
    """The look of a chart on a page: its width is the page's, its ink the theme's."""
    ink = DARK if theme == "dark" else LIGHT
    return Look(width=900, height=280, ink=ink, fills_container=fills)


def measure_choice(desk: Desk, current: str, measures: tuple[str, ...] = MEASURES) -> Choice:
    """What a chart shows, as links."""
    titles = {**TITLES, "latency_p95": "p95 latency", "error_rate": "Error rate"}
    return Choice(
        "Show",
        tuple(
            (titles.get(one, one), desk.state.query_string(metric=one), one == current)
            for one in measures
        ),
    )


def split_choice(desk: Desk, current: tuple[str, ...], dimensions: tuple[str, ...]) -> Choice:
    """What a chart is split by, as links."""
    return Choice(
        "Split by",
        tuple(
            (NAMES.get(one, one), desk.state.query_string(by=(one,)), (one,) == current)
            for one in dimensions
        ),
    )


def _untitled(spec: dict[str, Any]) -> dict[str, Any]:
    """The same without its title: on a page the heading says it."""
    return {**{key: value for key, value in spec.items() if key != "title"}, "padding": 4}
