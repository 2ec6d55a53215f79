"""Charts of a page's own questions, in the theme that the reader's browser asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Chart, Choice
from weighbridge.dashboard.pages.titles import NAMES, TITLES
from weighbridge.reports.charts import MAX_SERIES, Look, chart_spec
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.palette import DARK, LIGHT

MEASURES: Final = ("cost", "exchanges", "tokens", "errors", "latency_p95", "error_rate")
_METRIC_TITLES: Final = {
    **TITLES,
    "error_rate": "Error rate",
    "latency_p50": "Median latency",
    "latency_p95": "p95 latency",
    "latency_p99": "p99 latency",
    "ttfb_p50": "Median first byte",
    "ttfb_p95": "p95 first byte",
    "ttfb_p99": "p99 first byte",
    "cost_per_exchange": "Cost per call",
    "cost_per_1k_tokens": "Cost per 1k tokens",
    "cached_share": "Cached share of input",
    "wasted_cost": "Wasted cost",
}


def over_time(  # noqa: PLR0913 - what a chart may show
    desk: Desk,
    dimensions: tuple[str, ...],
    metric: str,
    name: str = "time",
    *,
    only: Mapping[str, tuple[str, ...]] | None = None,
    beside: bool = False,
) -> Chart:
    """A metric over the page's range, split by dimensions; asked for only when it is drawn.

    Takes: `only`, filters that hold besides the page's; `beside`, whether the period before is
    drawn too, where one figure can stand for it.
    """
    span, state = desk.span, desk.state
    bucket = state.bucket(span, desk.now)
    beside = beside and span.before is not None and (METRICS[metric].additive or not dimensions)

    def spec(theme: str, fills: bool) -> dict[str, Any]:
        filters = state.narrowed(only or {})
        question = state.question(span, metrics=(metric,), granularity=bucket, filters=filters)
        grouped = replace(question, group_by=dimensions, limit=MAX_SERIES if dimensions else None)
        before = None
        if beside and span.before is not None:
            before = desk.ask_alone(question.between(*span.before))
        look = look_of(theme, fills=fills)
        drawn = _untitled(chart_spec(desk.ask(grouped), metric, look, before))
        return _zoomable(drawn) if fills else drawn

    by = f" by {', '.join(NAMES.get(one, one).lower() for one in dimensions)}" if dimensions else ""
    note = "Dashed: the period before" if beside else ""
    return Chart(name, f"{title_of(metric)}{by} per {bucket}", spec, note)


def title_of(metric: str) -> str:
    """A metric's name for people."""
    return _METRIC_TITLES.get(metric, metric.replace("_", " ").capitalize())


def look_of(theme: str, *, fills: bool) -> Look:
    """The look of a chart on a page: its width is the page's, its ink the theme's."""
    ink = DARK if theme == "dark" else LIGHT
    return Look(width=900, height=280, ink=ink, fills_container=fills)


def measure_choice(desk: Desk, current: str, measures: tuple[str, ...] = MEASURES) -> Choice:
    """What a chart shows, as links."""
    return _choice(desk, "Show", ((one, title_of(one)) for one in measures), current)


def any_measure_choice(desk: Desk, current: str) -> Choice:
    """The same of every metric that can be drawn."""
    shown = tuple(dict.fromkeys((*MEASURES, current)))
    rest = [name for name, one in METRICS.items() if name not in shown and one.unit != "time"]
    more = _choice(desk, "", ((one, title_of(one)) for one in sorted(rest)), current).options
    return replace(measure_choice(desk, current, shown), more=more)


def _choice(desk: Desk, title: str, named: Iterable[tuple[str, str]], current: str) -> Choice:
    options = ((text, desk.state.query_string(metric=one), one == current) for one, text in named)
    return Choice(title, tuple(options))


def split_choice(desk: Desk, current: tuple[str, ...], dimensions: tuple[str, ...]) -> Choice:
    """What a chart is split by, as links."""
    return Choice(
        "Split by",
        tuple(
            (NAMES.get(one, one), desk.state.query_string(by=(one,)), (one,) == current)
            for one in dimensions
        ),
    )


def _zoomable(spec: dict[str, Any]) -> dict[str, Any]:
    """The same with a brush, by which a reader chooses a range of time."""
    brush = {"name": "brush", "select": {"type": "interval", "encodings": ["x"]}}
    part = spec["layer"][0] if "layer" in spec else spec
    if "from" in str(part.get("encoding", {}).get("x", {}).get("field")):
        part["params"] = [brush]
    return spec


def _untitled(spec: dict[str, Any]) -> dict[str, Any]:
    """The same without its title: on a page the heading says it."""
    return {**{key: value for key, value in spec.items() if key != "title"}, "padding": 4}
