"""Draws a result: a Vega-Lite specification for browsers, SVG and PNG for everything else.

Hides which picture fits which question: stacked bars over time where figures add up, lines
over time where they don't (latency, rates), horizontal bars without time. Rules for future
edits: the specification holds its data and names no address, so drawing fetches nothing; one
theme for all (`palette`); at most `MAX_SERIES` series, the rest is folded where it may be.
Counterpart: `result.QueryResult`; the browser gets the same specification as the files.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import altair as alt
from altair.utils.schemapi import debug_mode

from weighbridge.reports.chart_points import by_size, moved, pile_up, plus, some_instants, with_gaps
from weighbridge.reports.chart_theme import themed
from weighbridge.reports.chart_words import axis_scale, span_of, title_of, unknown_of
from weighbridge.reports.cost_query import TIME, CostQuery, QueryError
from weighbridge.reports.dimensions import OTHER
from weighbridge.reports.metrics import METRICS, Metric
from weighbridge.reports.palette import COLOURS, DARK, LIGHT, Ink, colours
from weighbridge.reports.result import QueryResult, Row, for_people, is_rest
from weighbridge.reports.zones import REAL_TIME_US

MAX_SERIES: Final = 10
MAX_BARS: Final = 25
# Makes Altair check a specification once, when it is whole, not also each part as it is made, which
# takes two thirds of the time. The switch is one for the process: where two threads draw at once,
# parts may be checked or not, and nothing else changes.
checked_once: Final = debug_mode(False)
_NOTHING: Final = "No exchanges in this range"
_NOTHING_KNOWN: Final = "Nothing is known of this for the exchanges here"
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
        self._scale = axis_scale(metric, [row[metric.name] for row in result.rows])

    def __repr__(self) -> str:
        return f"<_Chart of {self._metric.name} by {self._query.group_by}>"

    def spec(self) -> Row:
        known = [row for row in self._result.rows if row[self._metric.name] is not None]
        has_time = self._query.granularity != "none" and known
        if not known:
            words = _NOTHING_KNOWN if self._result.rows else _NOTHING
            chart = nothing_to_draw(words, self._look)
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
        names = by_size(points)
        pile_up(points, names)
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
        names = by_size(points)
        few = len({point["from"] for point in points}) <= 45
        chart = alt.Chart(alt.InlineData(values=with_gaps(points))).mark_line(
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
            here = moved(start, before.query, self._query)
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
                cells[cell] = plus(cells.get(cell), value)
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
            values=some_instants(points) if weekly else alt.Undefined,
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
            alt.Tooltip("text:N", title=title_of(self._metric)),
        ]

    def _title(self) -> Any:
        query, parts = self._query, []
        title = title_of(self._metric).capitalize()
        if query.group_by:
            title += f" by {', '.join(query.group_by)}"
        if query.granularity != "none":
            title += f" per {query.granularity}"
        total = self._result.totals[self._metric.name]
        parts.append(f"{span_of(query)}, {query.timezone}")
        whole = "total" if self._metric.additive else "overall"
        parts.append(f"{whole} {for_people(total, self._metric.unit)}")
        parts += unknown_of(self._result) if self._metric.unit == "USD" else []
        return alt.Title(title, subtitle=" · ".join(parts))


def nothing_to_draw(words: str, look: Look) -> Any:
    """A picture that says why there is none: an axis of nothing would only look broken."""
    said = alt.InlineData(values=[{"text": words}])
    text = alt.Chart(said).mark_text(fontSize=15, color=look.ink.faint_text)
    return text.encode(text="text:N").properties(height=look.height)


def _when(start: datetime) -> str:
    return f"{start:%a %d %b %Y %H:%M}".removesuffix(" 00:00")


def _instant(wall: str) -> dict[str, str]:
    return {"expr": str(int(datetime.fromisoformat(wall).timestamp() * 1000))}
