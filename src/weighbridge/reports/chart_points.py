"""The points of a chart: in which order, how high, where they break, where earlier ones lie.

Points are rows as the browser gets them: `series`, `from` and `to` (texts of wall-clock time),
`value`. Pure; counterpart: `charts` draws them.
"""

from datetime import datetime
from itertools import pairwise
from typing import Any

from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.dimensions import OTHER
from weighbridge.reports.result import Row


def some_instants(points: list[Row]) -> list[float]:
    """Up to a dozen evenly spread bucket starts, in milliseconds as Vega counts them."""
    starts = sorted({point["from"] for point in points})
    every = -(-len(starts) // 12)
    return [datetime.fromisoformat(start).timestamp() * 1000 for start in starts[::every]]


def with_gaps(points: list[Row]) -> list[Row]:
    """Points of nothing where a series has no bucket, so that its line breaks there."""
    ordered = sorted(points, key=lambda point: (point["series"], point["from"]))
    gaps = [
        {**here, "from": here["to"], "value": None, "text": "-"}
        for here, following in pairwise(ordered)
        if here["series"] == following["series"] and here["to"] < following["from"]
    ]
    return sorted([*ordered, *gaps], key=lambda point: (point["series"], point["from"]))


def pile_up(points: list[Row], names: list[str]) -> None:
    """Gives each point its `bottom` and `top`, the largest series lowest in every bucket."""
    place = {name: position for position, name in enumerate(names)}
    heights: dict[str, float] = {}
    for point in sorted(points, key=lambda point: place[point["series"]]):
        point["bottom"] = heights.get(point["from"], 0.0)
        point["top"] = heights[point["from"]] = point["bottom"] + (point["value"] or 0.0)


def moved(start: datetime, earlier: CostQuery, query: CostQuery) -> datetime | None:
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


def plus(one: Any, other: Any) -> Any:
    """A sum of what is known: None where neither is."""
    return other if one is None else one if other is None else one + other


def by_size(points: list[Row]) -> list[str]:
    """Series, largest first, `(other)` last: the order of legend and stack."""
    sizes: dict[str, float] = {}
    for point in points:
        sizes[point["series"]] = sizes.get(point["series"], 0.0) + (point["value"] or 0.0)
    return sorted(sizes, key=lambda name: (name == OTHER, -sizes[name], name))
