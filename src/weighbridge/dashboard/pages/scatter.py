"""Cost per call against median latency, a circle per model, as large as its spend."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

import altair as alt

from weighbridge.reports.charts import Look, checked_once, nothing_to_draw
from weighbridge.reports.palette import colours
from weighbridge.reports.result import QueryResult, for_people

_LETTER_PX: Final = 6.3
_LINE_PX: Final = 13
_CIRCLE_PX: Final = 9
_GAP_PX: Final = 12
_ROOM_FOR_NAMES: Final = 2.2
# What a phone leaves of the width; there the browser takes the names that fit this (`narrow`).
_NARROW_PX: Final = 220


@checked_once
def scatter_spec(result: QueryResult, look: Look) -> dict[str, Any]:
    """The Vega-Lite specification; models without cost or latency are left out."""
    points = [
        {
            "model": row["model"],
            "latency": row["latency_p50"] / 1e6,
            "each": float(row["cost_per_exchange"]),
            "cost": float(row["cost"]),
            "latency text": for_people(row["latency_p50"], "µs"),
            "each text": for_people(row["cost_per_exchange"], "USD"),
            "cost text": for_people(row["cost"], "USD"),
        }
        for row in result.rows
        if row["latency_p50"] and row["cost_per_exchange"]
    ]
    if not points:
        return _nothing(look)
    names = [point["model"] for point in points]
    across = _Extent.of((point["latency"] for point in points), _ROOM_FOR_NAMES)
    up = _Extent.of((point["each"] for point in points), 1.8)
    for field, wide in (("label", look.width), ("narrow", _NARROW_PX)):
        readable = _readable(points, across, up, (wide, look.height))
        for point, shown in zip(points, readable, strict=True):
            point[field] = point["model"] if shown else ""
    by_name = colours(names)
    ink = look.ink
    base = alt.Chart(alt.InlineData(values=points)).encode(
        x=alt.X("latency:Q", title="median latency, seconds")
        .scale(type="log", domain=across.domain, nice=False)
        .axis(format="~g", tickCount=6, grid=False),
        y=alt.Y("each:Q", title="cost per call")
        .scale(type="log", domain=up.domain, nice=False)
        .axis(format="$~g", values=up.powers, domain=False, ticks=False),
    )
    circles = base.mark_circle(opacity=0.85).encode(
        size=alt.Size("cost:Q", legend=None).scale(range=[60, 1400]),
        color=alt.Color("model:N", legend=None).scale(
            domain=names, range=[by_name[name] for name in names]
        ),
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("each text:N", title="per call"),
            alt.Tooltip("latency text:N", title="median latency"),
            alt.Tooltip("cost text:N", title="spend"),
        ],
    )
    words = base.mark_text(align="left", dx=12, fontSize=11, color=ink.text, limit=180)
    width = "container" if look.fills_container else look.width
    drawn = (
        alt.layer(circles, words.encode(text="label:N").properties(name="names"))
        .properties(width=width, height=look.height, background=ink.background, padding=4)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=ink.grid,
            domainColor=ink.grid,
            tickColor=ink.grid,
            labelColor=ink.faint_text,
            titleColor=ink.faint_text,
            titleFontWeight=400,
        )
    )
    spec: dict[str, Any] = drawn.to_dict()
    return spec


def _nothing(look: Look) -> dict[str, Any]:
    width = "container" if look.fills_container else look.width
    said = nothing_to_draw("No model here has both a cost and a latency", look)
    spec: dict[str, Any] = (
        said.properties(width=width, background=look.ink.background)
        .configure_view(stroke=None)
        .to_dict()
    )
    return spec


@dataclass(frozen=True, slots=True)
class _Extent:
    """Both ends of a logarithmic axis, a little beyond the figures so that circles have room."""

    low: float
    high: float

    @classmethod
    def of(cls, figures: Iterable[float], above: float) -> Self:
        known = list(figures) or [1.0]
        return cls(min(known) * 0.6, max(known) * above)

    def part(self, figure: float) -> float:
        """How far along the axis a figure lies, 0 to 1."""
        whole = math.log(self.high) - math.log(self.low)
        return (math.log(figure) - math.log(self.low)) / whole

    @property
    def powers(self) -> list[float]:
        """The powers of ten within, where lines are drawn."""
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        return [float(f"1e{power}") for power in range(first, last + 1)]

    @property
    def domain(self) -> list[float]:
        """Both ends, as Vega-Lite takes them."""
        return [self.low, self.high]


def _readable(
    points: list[dict[str, Any]], across: _Extent, up: _Extent, size: tuple[int, int]
) -> list[bool]:
    """Which names can stand beside their circle without covering another; the largest go first."""
    places = [
        (across.part(one["latency"]) * size[0], up.part(one["each"]) * size[1]) for one in points
    ]
    taken: list[tuple[float, float, float]] = []
    shown = []
    for point, (left, top) in zip(points, places, strict=True):
        right = left + _GAP_PX + len(point["model"]) * _LETTER_PX
        covers_name = any(
            right > other_left and left < other_right and abs(top - other_top) < _LINE_PX
            for other_left, other_right, other_top in taken
        )
        covers_circle = any(
            left + _GAP_PX < x < right and abs(top - y) < _CIRCLE_PX for x, y in places
        )
        shown.append(not covers_name and not covers_circle)
        if shown[-1]:
            taken.append((left, right, top))
    return shown
