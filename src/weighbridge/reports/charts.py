"""Draws a result: a Vega-Lite specification for browsers, SVG and PNG for everything else.

Hides which picture fits which question: stacked bars over time where figures add up, lines
over time where they don't (latency, rates), horizontal bars without time. Rules for future
edits: the specification holds its data and names no address, so drawing fetches nothing; one
theme for all (`palette`); at most `MAX_SERIES` series, the rest is folded where it may be.
Counterpart: `result.QueryResult`; the browser gets the same specification as the files.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import altair as alt
import vl_convert
from altair.utils.schemapi import debug_mode

from weighbridge.reports.cost_query import TIME, CostQuery, QueryError
from weighbridge.reports.dimensions import OTHER
from weighbridge.reports.metrics import METRICS, Metric
from weighbridge.reports.palette import COLOURS, DARK, LIGHT, Ink, colours
from weighbridge.reports.result import QueryResult, Row, for_people, is_rest
from weighbridge.reports.zones import REAL_TIME_US

MAX_SERIES: Final = 10
MAX_BARS: Final = 25
_FONT: Final = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_VEGA_LITE: Final = "6.4"
# The drawing library aborts the whole process on a character that XML cannot hold.
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Makes Altair check a specification once, when it is whole, not also each part as it is made, which
# takes two thirds of the time. The switch is one for the process: where two threads draw at once,
# parts may be checked or not, and nothing else changes.
checked_once: Final = debug_mode(False)
_ALL: Final = "all"  # the one series of a result without groups
TIME_FORMATS: Final = {
    "year": "%Y",
    "quarter": "%b %Y",
    "month": "%-d %b",
    "week": "%-d %b",
    "date": "%-d %b",
    "hours": "%H:%M",
    "minutes": "%H:%M",
    "seconds": "%H:%M:%S",
}
_TITLES: Final = {"p50": "median", "p95": "95th percentile", "p99": "99th percentile"}


@dataclass(frozen=True, slots=True)
class Look:
    """What a chart looks like: size in pixels, ink, and whether a browser fits the width."""

    width: int = 860
    height: int = 340
    ink: Ink = LIGHT
    fills_container: bool = False


DARK_LOOK: Final = Look(ink=DARK)


@checked_once
def chart_spec(
    result: QueryResult,
    metric: str | None = None,
    look: Look | None = None,
    before: QueryResult | None = None,
) -> Row:
    """The Vega-Lite specification of one metric (the first by default) of a result.

    Takes: as `before`, the same question without groups of an earlier range; a picture over time
    then has its figures as dashed lines at the same distance from the range's start.
    Errors: `QueryError` for a metric that is an instant.
    """
    chosen = METRICS[metric or result.query.metrics[0]]
    if chosen.unit == "time":
        raise QueryError({"metrics": f"metric {chosen.name!r} is an instant: draw another"})
    return _Chart(result, chosen, look or Look(), before).spec()


def to_svg(spec: Row) -> str:
    """The picture as SVG text."""
    drawn = _drawable(spec)
    return str(vl_convert.vegalite_to_svg(drawn, vl_version=_VEGA_LITE, allowed_base_urls=[]))


def to_png(spec: Row, scale: float = 2) -> bytes:
    """The picture as PNG, `scale` pixels to the point."""
    drawn = _drawable(spec)
    return bytes(
        vl_convert.vegalite_to_png(drawn, vl_version=_VEGA_LITE, scale=scale, allowed_base_urls=[])
    )


def _drawable(value: Any) -> Any:
    """The same with U+FFFD for what no picture can show."""
    match value:
        case str():
            return _NOT_XML.sub("\ufffd", value)
        case dict():
            return {_drawable(name): _drawable(inner) for name, inner in value.items()}
        case list():
            return [_drawable(inner) for inner in value]
        case _:
            return value


class _Chart:
    """One drawing in the making: result, metric, look."""

    def __init__(
        self, result: QueryResult, metric: Metric, look: Look, before: QueryResult | None = None
    ) -> None:
        self._result = result
        self._query: CostQuery = result.query
        self._metric = metric
        self._look = look
        self._before = before
        self._scale = _axis_scale(metric, [row[metric.name] for row in result.rows])

    def __repr__(self) -> str:
        return f"<_Chart of {self._metric.name} by {self._query.group_by}>"

    def spec(self) -> Row:
        has_time = self._query.granularity != "none" and self._result.rows
        if not self._result.rows:
            chart = self._empty()
        elif not has_time:
            chart = self._ranking()
        elif self._metric.additive:
            chart = self._stack()
        else:
            chart = self._lines()
        earlier = self._earlier(self._before) if has_time and self._before else []
        if earlier:
            chart = alt.layer(chart, self._dashes(earlier)).properties(height=self._look.height)
        ink = self._look.ink
        width = "container" if self._look.fills_container else self._look.width
        chart = chart.properties(width=width, title=self._title(), background=ink.background)
        spec: Row = themed(chart, ink).to_dict()
        return spec

    # Pictures.

    def _stack(self) -> Any:
        points = self._points()
        names = _by_size(points)
        _pile_up(points, names)
        few = len({point["from"] for point in points}) <= 100
        gap: dict[str, Any] = {"stroke": self._look.ink.background, "strokeWidth": 1} if few else {}
        # Rectangles with both ends given: a bar as wide as its bucket cannot be stacked by Vega.
        chart = alt.Chart(alt.InlineData(values=points)).mark_rect(**gap)
        return chart.encode(
            x=self._time_axis(points),
            x2="to:T",
            y=alt.Y("bottom:Q", **self._value_axis()),
            y2="top:Q",
            color=self._colour(names),
            tooltip=self._tooltip("when"),
        ).properties(height=self._look.height)

    def _lines(self) -> Any:
        points = self._points()
        names = _by_size(points)
        few = len({point["from"] for point in points}) <= 45
        chart = alt.Chart(alt.InlineData(values=_with_gaps(points))).mark_line(
            strokeWidth=2,
            interpolate="monotone",
            invalid="break-paths-show-domains",
            point=alt.OverlayMarkDef(size=26, filled=True) if few else False,
        )
        return chart.encode(
            x=self._time_axis(points),
            y=alt.Y("value:Q", **self._value_axis()),
            color=self._colour(names),
            tooltip=self._tooltip("when"),
        ).properties(height=self._look.height)

    def _dashes(self, earlier: list[Row]) -> Any:
        drawn = alt.Chart(alt.InlineData(values=earlier))
        look: dict[str, Any] = {"strokeDash": [5, 3], "strokeWidth": 1.5}
        ink, tooltip = self._look.ink.text, self._tooltip("when")
        if not self._metric.additive:
            line = drawn.mark_line(interpolate="monotone", color=ink, **look)
            return line.encode(x="from:T", y="value:Q", tooltip=tooltip)
        rule = drawn.mark_rule(color=ink, **look)
        return rule.encode(x="from:T", x2="to:T", y="value:Q", tooltip=tooltip)

    def _earlier(self, before: QueryResult) -> list[Row]:
        """What each bucket's counterpart in an earlier range came to."""
        points = []
        for row in before.rows:
            start = datetime.fromisoformat(row[TIME])
            here = _moved(start, before.query, self._query)
            if row[self._metric.name] is None or here is None:
                continue
            points.append(
                {
                    "from": self._wall(here),
                    "to": self._wall(self._following(here)),
                    "when": _when(start),
                    "series": "before",
                    "value": self._scaled(row),
                    "text": for_people(row[self._metric.name], self._metric.unit),
                }
            )
        return points

    def _ranking(self) -> Any:
        bars = self._bars()
        names = [bar["series"] for bar in bars]
        base = alt.Chart(alt.InlineData(values=bars)).encode(
            y=alt.Y("series:N", sort=names, title=None).axis(
                labelLimit=260, ticks=False, domain=False, labelPadding=8, labelFontSize=12
            ),
            x=alt.X("value:Q", **self._value_axis()),
            tooltip=self._tooltip(None),
        )
        drawn = base.mark_bar(cornerRadiusEnd=2, height={"band": 0.72}, color=COLOURS[0])
        if len(names) <= MAX_SERIES + 1:
            drawn = drawn.encode(color=self._colour(names, legend=False))
        text = base.mark_text(align="left", dx=5, fontSize=12, color=self._look.ink.text)
        layers = alt.layer(drawn, text.encode(text="text:N"))
        return layers.properties(height=alt.Step(28))

    def _bars(self) -> list[Row]:
        rows = self._result.rows[:MAX_BARS]
        if len(self._result.rows) > MAX_BARS and is_rest(self._query, self._result.rows[-1]):
            rows.append(self._result.rows[-1])
        bars = []
        largest = max((self._scaled(row) or 0.0 for row in rows if not self._rest(row)), default=0)
        for row in rows:
            value, text = self._scaled(row), for_people(row[self._metric.name], self._metric.unit)
            if self._rest(row) and largest and (value or 0.0) > 3 * largest:
                # Drawn to scale, hundreds of small groups would flatten all the others.
                value, text = 0.0, f"{text} (not drawn)"
            bars.append({"series": self._series(row), "value": value or 0.0, "text": text})
        return bars

    def _rest(self, row: Row) -> bool:
        return is_rest(self._query, row)

    def _empty(self) -> Any:
        said = alt.InlineData(values=[{"text": "No exchanges in this range"}])
        text = alt.Chart(said).mark_text(fontSize=15, color=self._look.ink.faint_text)
        return text.encode(text="text:N").properties(height=self._look.height)

    # Data.

    def _series(self, row: Row) -> str:
        names = [row[name] or "(empty)" for name in self._query.group_by]
        return OTHER if set(names) == {OTHER} else " · ".join(names) or _ALL

    def _scaled(self, row: Row) -> float | None:
        value = row[self._metric.name]
        return None if value is None else float(value) / self._scale.divisor

    def _points(self) -> list[Row]:
        """One mark per bucket and series, on the wall clock of the query's zone."""
        kept = self._kept_series()
        cells: dict[tuple[str, str], Any] = {}
        for row in self._result.rows:
            series = self._series(row)
            if series in kept or self._metric.additive:
                cell = (row[TIME], series if series in kept else OTHER)
                value = row[self._metric.name]
                cells[cell] = value if cell not in cells else cells[cell] + value
        points = []
        for (time, series), value in cells.items():
            start = datetime.fromisoformat(time)
            points.append(
                {
                    "from": self._wall(start),
                    "to": self._wall(self._following(start)),
                    "when": _when(start),
                    "series": series,
                    "value": None if value is None else float(value) / self._scale.divisor,
                    "text": for_people(value, self._metric.unit),
                }
            )
        return points

    def _kept_series(self) -> set[str]:
        sizes: dict[str, Decimal] = {}
        for row in self._result.rows:
            series = self._series(row)
            value = Decimal(row[self._metric.name] or 0)
            sizes[series] = sizes.get(series, Decimal(0)) + value
        largest = sorted(sizes, key=lambda series: (series == OTHER, -sizes[series], series))
        return set(largest[:MAX_SERIES])

    def _domain(self, points: list[Row]) -> tuple[str, str]:
        """The asked-for range, or more where a bucket at its ends reaches beyond it."""
        since, until = self._query.since, self._query.until
        starts = [point["from"] for point in points] + ([self._wall(since)] if since else [])
        ends = [point["to"] for point in points] + ([self._wall(until)] if until else [])
        return min(starts), max(ends)

    def _following(self, start: datetime) -> datetime:
        size = REAL_TIME_US.get(self._query.granularity)
        if size:
            return start + timedelta(microseconds=size)
        days = {"day": 1, "week": 7, "month": 31}[self._query.granularity]
        # On the wall clock, so a day is one day wide whatever its hours.
        following = start.replace(tzinfo=None) + timedelta(days=days)
        return following.replace(day=1) if days == 31 else following

    def _wall(self, instant: datetime) -> str:
        """Local time as if it were UTC, which is what the axis is told to show.

        Hours and minutes keep the offset of the range's start throughout: else the two hours
        that a clock change gives the same name would be drawn on top of each other.
        """
        if self._query.granularity in REAL_TIME_US and instant.tzinfo:
            first = datetime.fromisoformat(self._result.rows[0][TIME])
            instant = instant.astimezone(first.tzinfo)
        elif instant.tzinfo:
            instant = instant.astimezone(self._query.zone)
        return instant.strftime("%Y-%m-%dT%H:%M:%SZ")

    # Encodings.

    def _time_axis(self, points: list[Row]) -> Any:
        first, last = self._domain(points)
        # Each end on its own, for a `domain` of a mark with two ends warns of a conflict with
        # itself; as expressions of numbers, for Vega's interpreter takes `datetime(text)` as NaN.
        ends = {"domainMin": _instant(first), "domainMax": _instant(last)}
        scale = alt.Scale(type="utc", nice=False, **ends)
        months = {"month": "%b %Y"} if self._query.granularity == "month" else {}
        weekly = self._query.granularity == "week"  # Vega's own weeks start on Sunday
        axis = alt.Axis(
            format=TIME_FORMATS | months,
            values=_some_instants(points) if weekly else alt.Undefined,
            labelFlush=True,
            labelOverlap=True,
            grid=False,
            tickCount=8,
        )
        return alt.X("from:T", title=None, scale=scale, axis=axis)

    def _value_axis(self) -> dict[str, Any]:
        axis = alt.Axis(
            format=self._scale.format,
            labelExpr="datum.value == 0 ? '0' : datum.label",  # not "0k"
            tickCount=5,
            domain=False,
            ticks=False,
        )
        scale = alt.Scale(zero=True, nice=True)
        return {"title": self._scale.title or None, "axis": axis, "scale": scale}

    def _colour(self, names: list[str], *, legend: bool = True) -> Any:
        by_name = colours(names) if self._query.group_by else {_ALL: COLOURS[0]}
        scale = alt.Scale(domain=names, range=[by_name[name] for name in names])
        shown = legend and len(names) > 1
        return alt.Color("series:N", scale=scale, legend=alt.Legend(title=None) if shown else None)

    def _tooltip(self, when: str | None) -> list[Any]:
        group = " · ".join(self._query.group_by) or "series"
        time = [alt.Tooltip(f"{when}:N", title="time")] if when else []
        return [
            *time,
            alt.Tooltip("series:N", title=group),
            alt.Tooltip("text:N", title=_title_of(self._metric)),
        ]

    def _title(self) -> Any:
        query, parts = self._query, []
        title = _title_of(self._metric).capitalize()
        if query.group_by:
            title += f" by {', '.join(query.group_by)}"
        if query.granularity != "none":
            title += f" per {query.granularity}"
        total = self._result.totals[self._metric.name]
        parts.append(f"{_span(query)}, {query.timezone}")
        whole = "total" if self._metric.additive else "overall"
        parts.append(f"{whole} {for_people(total, self._metric.unit)}")
        parts += _unknown(self._result) if self._metric.unit == "USD" else []
        return alt.Title(title, subtitle=" · ".join(parts))


@dataclass(frozen=True, slots=True)
class _AxisScale:
    """What values are divided by for the axis, its number format and its title."""

    divisor: float
    format: str
    title: str = ""


def _axis_scale(metric: Metric, values: list[Any]) -> _AxisScale:
    largest = max((abs(float(value)) for value in values if value is not None), default=0.0)
    if metric.unit == "USD":
        cents = "$,.2f" if largest >= 0.05 else "$~g"
        return _AxisScale(1, "$,.0f" if largest >= 10 else cents)
    if metric.unit == "µs":
        in_seconds = largest >= 2_000_000
        return _AxisScale(1e6 if in_seconds else 1e3, "~s", "seconds" if in_seconds else "ms")
    return _AxisScale(1, ".0~%") if metric.unit == "ratio" else _AxisScale(1, "~s", metric.unit)


def _some_instants(points: list[Row]) -> list[float]:
    """Up to a dozen evenly spread bucket starts, in milliseconds as Vega counts them."""
    starts = sorted({point["from"] for point in points})
    every = -(-len(starts) // 12)
    return [datetime.fromisoformat(start).timestamp() * 1000 for start in starts[::every]]


def _with_gaps(points: list[Row]) -> list[Row]:
    """Points of nothing where a series has no bucket, so that its line breaks there."""
    ordered = sorted(points, key=lambda point: (point["series"], point["from"]))
    gaps = [
        {**here, "from": here["to"], "value": None, "text": "-"}
        for here, following in pairwise(ordered)
        if here["series"] == following["series"] and here["to"] < following["from"]
    ]
    return sorted([*ordered, *gaps], key=lambda point: (point["series"], point["from"]))


def _pile_up(points: list[Row], names: list[str]) -> None:
    """Gives each point its `bottom` and `top`, the largest series lowest in every bucket."""
    place = {name: position for position, name in enumerate(names)}
    heights: dict[str, float] = {}
    for point in sorted(points, key=lambda point: place[point["series"]]):
        point["bottom"] = heights.get(point["from"], 0.0)
        point["top"] = heights[point["from"]] = point["bottom"] + (point["value"] or 0.0)


def _when(start: datetime) -> str:
    return f"{start:%a %d %b %Y %H:%M}".removesuffix(" 00:00")


def _moved(start: datetime, earlier: CostQuery, query: CostQuery) -> datetime | None:
    """Where a bucket of an earlier range lies in a later one, on the zone's clock."""
    if earlier.since is None or query.since is None:
        return None
    zone = query.zone
    was, is_now = (
        one.astimezone(zone).replace(tzinfo=None) for one in (earlier.since, query.since)
    )
    here = start.astimezone(zone).replace(tzinfo=None)
    if query.granularity == "month":
        months = 12 * (is_now.year - was.year) + is_now.month - was.month
        number = 12 * here.year + here.month - 1 + months
        return datetime(number // 12, number % 12 + 1, 1, tzinfo=zone)
    return (here + (is_now - was)).replace(tzinfo=zone)


def _instant(wall: str) -> dict[str, str]:
    return {"expr": str(int(datetime.fromisoformat(wall).timestamp() * 1000))}


def _by_size(points: list[Row]) -> list[str]:
    """Series, largest first, `(other)` last: the order of legend and stack."""
    sizes: dict[str, float] = {}
    for point in points:
        sizes[point["series"]] = sizes.get(point["series"], 0.0) + (point["value"] or 0.0)
    return sorted(sizes, key=lambda name: (name == OTHER, -sizes[name], name))


def _title_of(metric: Metric) -> str:
    kind, _, last = metric.name.rpartition("_")
    words = f"{kind} {_TITLES[last]}" if last in _TITLES else metric.name
    return words.replace("_", " ").replace("ttfb", "time to first byte")


def _span(query: CostQuery) -> str:
    def day(instant: datetime) -> str:
        local = instant.astimezone(query.zone)
        at = f" {local:%H:%M}" if local.hour + local.minute else ""
        return f"{local.day} {local:%b %Y}{at}"

    since = day(query.since) if query.since else "first exchange"
    return f"{since} to {day(query.until) if query.until else 'now'}"


def _unknown(result: QueryResult) -> list[str]:
    counts = result.completeness
    return [f"{counts[name]:,} {name}" for name in ("unpriced", "unmetered") if counts[name]]


def themed(chart: Any, ink: Ink) -> Any:
    """A chart with the lines and letters that all have in common."""
    return (
        chart.configure(font=_FONT, padding=16, autosize=alt.AutoSizeParams(type="fit-x"))
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=ink.grid,
            domainColor=ink.grid,
            tickColor=ink.grid,
            labelColor=ink.faint_text,
            labelFontSize=11,
            labelPadding=6,
            titleColor=ink.faint_text,
            titleFontSize=11,
            titleFontWeight=400,
        )
        .configure_legend(
            labelColor=ink.text, labelFontSize=12, labelLimit=240, symbolType="circle"
        )
        .configure_title(
            anchor="start",
            color=ink.text,
            fontSize=17,
            fontWeight=600,
            subtitleColor=ink.faint_text,
            subtitleFontSize=12,
            subtitlePadding=6,
            offset=14,
        )
    )
