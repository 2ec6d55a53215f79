"""A question asked of two periods, and what changed between them, group by group.

Hides how the answers are joined. Both periods are asked by the same query, so each agrees with
every other view of it; a group that only one of them has is 0 in the other where the metric
adds up, and not known where it is a ratio or a percentile.

Rules for future edits: differences of money are `Decimal`, of counts whole numbers; a change
from nothing has no percentage; movers and their rest add up to the change of the total.
Counterpart: `periods` says which period is the one before.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from weighbridge.reports.cost_query import MAX_GROUPS, CostQuery, QueryError
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.periods import STEPS, previous_range
from weighbridge.reports.result import QueryResult, Row, figure_as_json

Run = Callable[[CostQuery], QueryResult]
DEFAULT_MOVERS: Final = 10
_RATIO_PLACES: Final = Decimal(1).scaleb(-6)


@dataclass(frozen=True, slots=True)
class Change:
    """One figure now and before; `relative` is null where there was nothing before."""

    current: Any
    previous: Any
    difference: Any
    relative: float | None

    def as_json(self) -> dict[str, Any]:
        """Decimals as text."""
        return {
            "current": figure_as_json(self.current),
            "previous": figure_as_json(self.previous),
            "difference": figure_as_json(self.difference),
            "relative": self.relative,
        }


@dataclass(frozen=True, slots=True)
class GroupChange:
    """The changes of one group, by metric; `keys` are its dimensions' values, none for all."""

    keys: tuple[str, ...]
    changes: dict[str, Change]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two answers and their differences: `groups` by the query's order, `movers` by size."""

    current: QueryResult
    previous: QueryResult
    groups: list[GroupChange]
    totals: GroupChange
    movers: list[GroupChange]
    movers_rest: Change | None

    def as_json(self) -> dict[str, Any]:
        """The API's document."""
        query = self.current.query
        return {
            "current": _range_json(query),
            "previous": _range_json(self.previous.query),
            "group_by": list(query.group_by),
            "metrics": [{"name": name, "unit": METRICS[name].unit} for name in query.metrics],
            "groups": [_group_json(group, query) for group in self.groups],
            "totals": _group_json(self.totals, query)["changes"],
            "movers": [_group_json(group, query) for group in self.movers],
            "movers_rest": self.movers_rest.as_json() if self.movers_rest else None,
            "completeness": {
                "current": self.current.completeness,
                "previous": self.previous.completeness,
            },
            "as_of": self.current.as_json()["as_of"],
        }


def compare(
    query: CostQuery, run: Run, now: datetime, *, step: str = "auto", movers: int = DEFAULT_MOVERS
) -> Comparison:
    """The query's period beside the one before it.

    Takes: a query without granularity and with a `since`; `step` as `periods.previous_range`.
    Gives: all groups that either period has; `limit` shortens `groups`, nothing else.
    Errors: `QueryError` for a query that has no period before it.
    """
    since, until = _period(query, now, step)
    whole = replace(query, limit=MAX_GROUPS if query.group_by else None)
    current = run(whole.between(since, until))
    previous = run(whole.between(*previous_range(since, until, query.zone, step)))
    groups = changes_of(current, previous)
    metric = _moved_metric(query)
    moved = sorted(groups, key=lambda group: (-_size(group.changes[metric]), group.keys))
    kept = [group for group in moved if _size(group.changes[metric])][:movers]
    totals = GroupChange((), _changes(query.metrics, current.totals, previous.totals))
    return Comparison(
        current=current,
        previous=previous,
        groups=groups[: query.limit],
        totals=totals,
        movers=kept if query.group_by else [],
        movers_rest=_rest(metric, totals, kept) if query.group_by else None,
    )


def changes_of(current: QueryResult, previous: QueryResult) -> list[GroupChange]:
    """Groups of both answers with their changes: the current ones first, in their order."""
    query = current.query
    if not query.group_by:
        return []
    before = {_keys(query, row): row for row in previous.rows}
    after = {_keys(query, row): row for row in current.rows}
    gone = [keys for keys in before if keys not in after]
    return [
        GroupChange(keys, _changes(query.metrics, after.get(keys), before.get(keys)))
        for keys in (*after, *gone)
    ]


def _period(query: CostQuery, now: datetime, step: str) -> tuple[datetime, datetime]:
    problems = {}
    if query.since is None:
        problems["since"] = "a comparison needs since: a range without a beginning has none before"
    if query.granularity != "none":
        problems["granularity"] = (
            f"granularity {query.granularity!r} cannot be compared; leave it out"
        )
    if step not in STEPS:
        problems["step"] = f"step {step!r} is unknown: give one of {', '.join(STEPS)}"
    if problems or query.since is None:
        raise QueryError(problems)
    return query.since, query.until or max(now, query.since)


def _moved_metric(query: CostQuery) -> str:
    """What movers are ranked by: the query's order where it adds up, else the first that does."""
    additive = [name for name in query.metrics if METRICS[name].additive]
    ordered = query.order[0]
    if ordered in additive:
        return ordered
    return additive[0] if additive else query.metrics[0]


def _keys(query: CostQuery, row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in query.group_by)


def _changes(names: Sequence[str], now: Row | None, before: Row | None) -> dict[str, Change]:
    return {name: _change(name, _figure(name, now), _figure(name, before)) for name in names}


def _figure(name: str, row: Row | None) -> Any:
    if row is not None:
        return row[name]
    metric = METRICS[name]
    if not metric.additive or metric.unit == "time":
        return None
    return Decimal(0) if metric.unit in ("USD", "seconds") else 0


def _change(name: str, now: Any, before: Any) -> Change:
    if now is None or before is None or METRICS[name].unit == "time":
        return Change(now, before, None, None)
    difference = now - before
    if isinstance(difference, float):
        difference = float(Decimal(str(now)) - Decimal(str(before)))
    relative = None
    if before:
        exact = Decimal(str(difference)) / Decimal(str(before))
        relative = float(exact.quantize(_RATIO_PLACES, ROUND_HALF_EVEN))
    return Change(now, before, difference, relative)


def _size(change: Change) -> Decimal:
    return abs(Decimal(str(change.difference or 0)))


def _rest(metric: str, totals: GroupChange, kept: Iterable[GroupChange]) -> Change | None:
    """The change of all groups that are no movers: what is left of the total."""
    whole = totals.changes[metric]
    if not METRICS[metric].additive or whole.difference is None:
        return None
    now, before = whole.current, whole.previous
    for group in kept:
        now -= group.changes[metric].current or 0
        before -= group.changes[metric].previous or 0
    return _change(metric, now, before)


def _group_json(group: GroupChange, query: CostQuery) -> dict[str, Any]:
    return {
        "group": dict(zip(query.group_by, group.keys, strict=False)),
        "changes": {name: change.as_json() for name, change in group.changes.items()},
    }


def _range_json(query: CostQuery) -> dict[str, Any]:
    written = query.as_mapping()
    return {"since": written["since"], "until": written["until"], "timezone": query.timezone}
