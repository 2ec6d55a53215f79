"""Pictures of results: which kind, the same colours everywhere, nothing fetched."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from weighbridge.reports.chart_files import to_png, to_svg
from weighbridge.reports.charts import DARK_LOOK, MAX_SERIES, chart_spec
from weighbridge.reports.palette import COLOURS, DARK, LIGHT, colours
from weighbridge.reports.query import CostQuery, QueryError
from weighbridge.reports.result import Column, QueryResult

NOW = datetime(2026, 10, 27, tzinfo=UTC)


def result_of(query: CostQuery, rows: list[dict[str, Any]]) -> QueryResult:
    names = ("time", *query.group_by, *query.metrics)
    totals = {name: rows[0][name] if rows else None for name in query.metrics}
    counts = {"exchanges": len(rows), "unpriced": 1, "unmetered": 0, "partial": 0}
    columns = tuple(Column(name, "text") for name in names)
    return QueryResult(query, columns, rows, totals, counts, NOW)


def daily(metric: str, value: Any, agents: int = 2, days: tuple[int, ...] = (24, 25, 26)) -> Any:
    query = CostQuery(
        timezone="Europe/Berlin", granularity="day", group_by=("agent",), metrics=(metric,)
    )
    rows = [
        {"time": f"2026-10-{day}T00:00:00+0{1 if day > 25 else 2}:00", "agent": f"a{n}"}
        | {metric: value * (n + 1)}
        for day in days
        for n in range(agents)
    ]
    return result_of(query, rows)


def values(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The data of a specification, wherever Altair put it."""
    found: list[dict[str, Any]] = (
        spec["data"].get("values") or spec["datasets"][spec["data"]["name"]]
    )
    return found


def test_money_over_time_is_stacked() -> None:
    """The pieces of a bucket lie end to end, largest lowest, and reach the sum."""
    spec = chart_spec(daily("cost", Decimal("1.5")))
    day = [point for point in values(spec) if point["from"] == "2026-10-25T00:00:00Z"]
    assert spec["mark"]["type"] == "rect"
    assert sorted((p["series"], p["bottom"], p["top"]) for p in day) == [
        ("a0", 3.0, 4.5),
        ("a1", 0.0, 3.0),
    ]


def test_a_day_is_a_day_wide() -> None:
    """The 25-hour day ends where the next begins, on the wall clock."""
    points = values(chart_spec(daily("cost", Decimal(1), agents=1)))
    assert [point["to"] for point in points[:-1]] == [point["from"] for point in points[1:]]


def test_latency_over_time_is_lines_with_gaps() -> None:
    """Percentiles are never stacked, and a day without calls breaks the line."""
    spec = chart_spec(daily("latency_p95", 2_000_000, agents=1, days=(22, 25, 26)))
    assert spec["mark"]["type"] == "line"
    assert [(p["from"][8:10], p["value"]) for p in values(spec)] == [
        ("22", 2.0),
        ("23", None),
        ("25", 2.0),
        ("26", 2.0),
    ]


def test_repeated_hour_is_drawn_beside_itself() -> None:
    """Hours keep one offset through a clock change, so none is drawn over another."""
    query = CostQuery(timezone="Europe/Berlin", granularity="hour", metrics=("exchanges",))
    times = ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]
    spec = chart_spec(result_of(query, [{"time": time, "exchanges": 1} for time in times]))
    assert len({point["from"] for point in values(spec)}) == 2


def test_many_series_are_folded() -> None:
    """Beyond ten series the smallest join `(other)`, and the sum stays."""
    spec = chart_spec(daily("cost", Decimal(1), agents=14, days=(24,)))
    points = values(spec)
    assert len(points) == MAX_SERIES + 1
    assert max(point["top"] for point in points) == sum(range(1, 15))


def test_ranking_without_time() -> None:
    """Groups without time are bars, and an `(other)` that dwarfs them is only named."""
    query = CostQuery(group_by=("agent",), metrics=("cost",), limit=1)
    rows = [{"agent": "a", "cost": Decimal(2)}, {"agent": "(other)", "cost": Decimal(90)}]
    spec = chart_spec(result_of(query, rows))
    assert [(bar["series"], bar["value"], bar["text"]) for bar in values(spec)] == [
        ("a", 2.0, "$2.00"),
        ("(other)", 0.0, "$90.00 (not drawn)"),
    ]


def test_what_has_no_cost_folds_too() -> None:
    """Series without a price join `(other)` and leave its sum what it is."""
    priced = daily("cost", Decimal(1), agents=14, days=(24,))
    for row in priced.rows[:2]:
        row["cost"] = None
    assert max(point["top"] for point in values(chart_spec(priced))) == sum(range(3, 15))


def test_nothing_to_draw_says_so() -> None:
    """An empty result is a sentence, not an empty frame; so is one that knows no figure."""
    query = CostQuery(granularity="day", metrics=("cost",))
    assert "No exchanges in this range" in to_svg(chart_spec(result_of(query, [])))
    unpriced = daily("cost", Decimal(1), agents=14)
    for row in unpriced.rows:
        row["cost"] = None
    assert "Nothing is known of this" in to_svg(chart_spec(unpriced))


def test_an_instant_is_no_figure() -> None:
    """`first_seen` has no axis."""
    with pytest.raises(QueryError, match="is an instant"):
        chart_spec(result_of(CostQuery(metrics=("first_seen",)), []))


def test_files() -> None:
    """SVG and PNG come out, in both inks, with the hostile name as text."""
    result = daily("cost", Decimal(1))
    result.rows[0]["agent"] = "<script>alert(1)</script>"
    svg = to_svg(chart_spec(result))
    assert svg.startswith("<svg")
    assert "<script" not in svg
    assert to_png(chart_spec(result, look=DARK_LOOK), scale=1).startswith(b"\x89PNG")


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\ufffe", "\uffff"])
def test_what_no_picture_can_show_is_replaced(character: str) -> None:
    """The drawing library would take the whole process with it."""
    result = daily("cost", Decimal(1))
    result.rows[0]["agent"] = f"a{character}b"
    assert "a\ufffdb" in to_svg(chart_spec(result))


def test_nothing_is_fetched() -> None:
    """A specification that named an address would fail, not reach out."""
    spec = chart_spec(daily("cost", Decimal(1)))
    spec["data"] = {"url": "http://127.0.0.1:9/never.json"}
    with pytest.raises(ValueError, match=r"(?i)not allowed|denied|access"):
        to_svg(spec)


def test_a_value_keeps_its_colour() -> None:
    """A colour follows from the name: other values beside it change it only in a clash."""
    alone = {name: colours([name])[name] for name in ("sales", "research", "support")}
    together = colours(alone)
    assert len(set(together.values())) == 3
    assert together["research"] == alone["research"]
    assert colours(["sales", "(other)", "(none)"])["sales"] == alone["sales"]


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ink", [LIGHT, DARK])
@pytest.mark.parametrize("colour", COLOURS)
def test_colours_stand_out(ink: Any, colour: str) -> None:
    """Each colour can be told from both pages (WCAG contrast of at least 1.9)."""
    darker, lighter = sorted([luminance(colour), luminance(ink.background)])
    assert (lighter + 0.05) / (darker + 0.05) >= 1.9


def _of_days(since: str, until: str, costs: dict[str, int], granularity: str = "day") -> Any:
    query = CostQuery(
        since=datetime.fromisoformat(since).replace(tzinfo=UTC),
        until=datetime.fromisoformat(until).replace(tzinfo=UTC),
        granularity=granularity,
        metrics=("cost",),
    )
    rows = [{"time": f"{day}T00:00:00+00:00", "cost": Decimal(cost)} for day, cost in costs.items()]
    return result_of(query, rows)


@pytest.mark.parametrize(
    ("granularity", "now", "before", "places"),
    [
        (
            "day",
            ("2026-11-01", "2026-12-01", {"2026-11-02": 5}),
            ("2026-10-01", "2026-10-02", {"2026-10-01": 7, "2026-10-02": 8}),
            {"2026-11-01T00:00:00Z": 7.0, "2026-11-02T00:00:00Z": 8.0},
        ),
        (
            "month",
            ("2026-01-01", "2027-01-01", {"2026-03-01": 5}),
            ("2025-01-01", "2026-01-01", {"2025-02-01": 7, "2025-12-01": 8}),
            {"2026-02-01T00:00:00Z": 7.0, "2026-12-01T00:00:00Z": 8.0},
        ),
    ],
)
def test_the_period_before_lies_under_its_counterpart(
    granularity: str, now: Any, before: Any, places: dict[str, float]
) -> None:
    """Bucket by bucket at the same distance from the start, dashed, with its own date told."""
    spec = chart_spec(_of_days(*now, granularity), before=_of_days(*before, granularity))
    _, dashes = spec["layer"]
    points = spec["datasets"][dashes["data"]["name"]]
    assert {point["from"]: point["value"] for point in points} == places
    assert dashes["mark"]["strokeDash"]
    assert "2025" in points[0]["when"] or "Oct 2026" in points[0]["when"]


def test_nothing_before_is_not_drawn() -> None:
    """Without an earlier row there is one picture, and no empty one over it."""
    now = _of_days("2026-11-01", "2026-12-01", {"2026-11-02": 5})
    assert "layer" not in chart_spec(now, before=_of_days("2026-10-01", "2026-11-01", {}))
