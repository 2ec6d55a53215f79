"""What is left of an amount over its window: as it went, and as it is expected to go.

Hides buckets and the drawing. What is left falls from the amount towards nothing; a grey line
falls evenly, so that whoever lies below it spends too fast. Rules for future edits: instants are
drawn on the wall clock of the window's zone, like every chart; money is a float only where a
pixel is meant.
Counterpart: `window_spend` and `outlook` give the figures; pages and alerts show the picture.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import altair as alt

from weighbridge.core.money import PICO_USD_PER_USD, decimal_to_pico, pico_to_decimal
from weighbridge.reports.chart_theme import themed
from weighbridge.reports.charts import TIME_FORMATS, Look, checked_once
from weighbridge.reports.compare import Run
from weighbridge.reports.cost_query import TIME
from weighbridge.reports.outlook import Outlook
from weighbridge.reports.palette import COLOURS, DARK
from weighbridge.reports.result import for_people
from weighbridge.reports.window_spend import Window
from weighbridge.reports.zones import REAL_TIME_US, midnight

_STEPS: Final = (  # the longest window that a granularity is chosen for
    (timedelta(hours=2), "minute"),
    (timedelta(days=8), "hour"),
)
_DANGER: Final = COLOURS[5]
_HUNDRED: Final = 100
Path = list[tuple[datetime, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnDown:
    """Instants with what was spent by then, and what is expected to be; pico-dollars.

    `spent` ends at the present. `expected` goes on from there to the window's end, `margin` is
    how far off it may be there; both are empty where nothing is known.
    """

    since: datetime
    until: datetime
    zone: ZoneInfo
    limit: int
    thresholds: tuple[int, ...]
    spent: Path
    expected: Path
    margin: int | None


def burn_down(  # noqa: PLR0913 - the figures of one account
    window: Window,
    run: Run,
    now: datetime,
    *,
    limit: int,
    thresholds: tuple[int, ...],
    outlook: Outlook | None,
) -> BurnDown:
    """How the amount of a window has gone, by the days, hours or minutes of it.

    Takes: a window without a split (or narrowed to one value), the limit that holds now.
    """
    query = replace(window.query(), group_by=(), granularity=_granularity(window))
    spent: Path = []
    total = 0
    for row in run(query).rows:
        start = datetime.fromisoformat(row[TIME])
        if not spent or spent[-1][0] < start:
            spent.append((start, total))
        total += decimal_to_pico(row["cost"] or Decimal(0))
        spent.append((min(_following(start, query.granularity, query.zone), now), total))
    since = window.since or (spent[0][0] if spent else now)
    path = [(since, 0), *(point for point in spent if since < point[0] < now), (now, total)]
    return BurnDown(
        since=since,
        until=window.until or now,
        zone=query.zone,
        limit=limit,
        thresholds=thresholds,
        spent=path,
        expected=_expected(outlook, (now, total), window.until, query.zone),
        margin=outlook.margin_pico if outlook and window.until else None,
    )


@checked_once
def burn_down_spec(drawn: BurnDown, look: Look) -> dict[str, Any]:
    """The Vega-Lite specification of the picture."""
    ink = look.ink
    colour = COLOURS[4] if ink is DARK else COLOURS[0]
    x = alt.X("at:T", title=None).axis(format=TIME_FORMATS, grid=False, tickCount=8)
    x = x.scale(type="utc", domain=[_wall(drawn.since, drawn), _wall(drawn.until, drawn)])
    y = alt.Y("left:Q", title=None, stack=None).axis(
        format="$,.0f" if drawn.limit >= 10 * PICO_USD_PER_USD else "$,.2~f",
        tickCount=5,
        domain=False,
        ticks=False,
    )
    y = y.scale(domain=[_lowest(drawn), _dollars(drawn.limit)], nice=True)
    tip = [alt.Tooltip("when:N", title="time"), alt.Tooltip("text:N", title="left")]
    went = alt.Chart(alt.InlineData(values=_rows(drawn, drawn.spent)))
    layers = [
        _levels(drawn, look),
        _pace(drawn).mark_line(color=ink.faint_text, opacity=0.55, strokeWidth=1).encode(x=x, y=y),
        went.mark_area(color=colour, opacity=0.14, clip=True).encode(x=x, y=y),
        went.mark_line(color=colour, strokeWidth=2, clip=True).encode(x=x, y=y, tooltip=tip),
    ]
    if drawn.expected:
        ahead = alt.Chart(alt.InlineData(values=_rows(drawn, drawn.expected)))
        if drawn.margin is not None:
            band = ahead.mark_area(color=colour, opacity=0.16, clip=True)
            layers.append(band.encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q"))
        dashed = ahead.mark_line(color=colour, strokeDash=[5, 4], strokeWidth=2, clip=True)
        layers.append(dashed.encode(x=x, y=y, tooltip=tip))
    here = alt.Chart(alt.InlineData(values=_rows(drawn, drawn.spent)[-1:]))
    layers.append(
        here.mark_circle(color=colour, size=60, opacity=1, clip=True).encode(x=x, y=y, tooltip=tip)
    )
    nothing = alt.Chart(alt.InlineData(values=[{"left": 0}]))
    layers.append(nothing.mark_rule(color=_DANGER, strokeWidth=1.5).encode(y="left:Q"))
    width = "container" if look.fills_container else look.width
    chart = alt.layer(*layers).properties(
        width=width, height=look.height, background=ink.background
    )
    spec: dict[str, Any] = themed(chart, ink).to_dict()
    return spec


def _lowest(drawn: BurnDown) -> float:
    """The foot of the picture: what is far beyond the amount would flatten all the rest."""
    most = max(spent for _, spent in (*drawn.spent, *drawn.expected)) + (drawn.margin or 0)
    return _dollars(max(drawn.limit - most, -drawn.limit // 3)) if most > drawn.limit else 0.0


def _granularity(window: Window) -> str:
    if window.since is None or window.until is None:
        return "day"
    length = window.until - window.since
    return next((name for longest, name in _STEPS if length <= longest), "day")


def _following(start: datetime, granularity: str, zone: ZoneInfo) -> datetime:
    if size := REAL_TIME_US.get(granularity):
        return start.astimezone(UTC) + timedelta(microseconds=size)
    return midnight(start.date() + timedelta(days=1), zone)


def _expected(
    outlook: Outlook | None, here: tuple[datetime, int], until: datetime | None, zone: ZoneInfo
) -> Path:
    if outlook is None or until is None or outlook.expected_pico is None:
        return []
    path, total = [here], here[1]
    for day, pico in outlook.days:
        total += pico
        path.append((min(midnight(day + timedelta(days=1), zone), until), total))
    return path


def _rows(drawn: BurnDown, path: Path) -> list[dict[str, Any]]:
    """Points for the drawing: what is left at each instant, and between what it may lie."""
    whole = path[-1][1] - path[0][1]
    rows = []
    for at, spent in path:
        left = drawn.limit - spent
        # The interval opens with what is still to come, and is as wide as it is known at the end.
        off = (drawn.margin or 0) * (spent - path[0][1]) // whole if whole else 0
        rows.append(
            {
                "at": _wall(at, drawn),
                "when": f"{at.astimezone(drawn.zone):%a %d %b %Y %H:%M}",
                "left": _dollars(left),
                "low": _dollars(left - off),
                "high": _dollars(min(left + off, drawn.limit - path[0][1])),
                "text": for_people(pico_to_decimal(left), "USD"),
            }
        )
    return rows


def _pace(drawn: BurnDown) -> Any:
    ends = [(drawn.since, 0), (drawn.until, drawn.limit)]
    return alt.Chart(alt.InlineData(values=_rows(drawn, ends)))


def _levels(drawn: BurnDown, look: Look) -> Any:
    """Faint lines at what is left when each threshold is reached, named by it."""
    values = [
        {
            "left": _dollars(drawn.limit - drawn.limit * percent // _HUNDRED),
            "name": f"{percent} %",
        }
        for percent in drawn.thresholds
        if percent < _HUNDRED
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(y="left:Q")
    rule = base.mark_rule(color=look.ink.faint_text, strokeDash=[2, 4], opacity=0.7)
    words = base.mark_text(
        align="right", baseline="bottom", dx=-4, dy=-2, fontSize=11, color=look.ink.faint_text
    ).encode(x=alt.value("width"), text="name:N")
    return alt.layer(rule, words)


def _wall(instant: datetime, drawn: BurnDown) -> str:
    """Local time as if it were UTC, which is what the axis is told to show."""
    return instant.astimezone(drawn.zone).strftime("%Y-%m-%dT%H:%M:%SZ")


def _dollars(pico_usd: int) -> float:
    return pico_usd / PICO_USD_PER_USD
