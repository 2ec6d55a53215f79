"""The one question that everything asks the ledger, as a value.

Hides what a query may hold. Rules for future edits: a `CostQuery` is valid once built; a new
field is written in `query.parse_query`, `CostQuery.as_mapping` and
`docs/explanation/queries.md` together.
Counterpart: `query` reads it from outside, `compile` turns it into SQL, `service` runs it,
pages keep it in their URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from weighbridge.core.principal import Scope, narrowed
from weighbridge.reports.dimensions import is_dimension
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.zones import GRANULARITIES

DEFAULT_METRICS: Final = ("cost", "exchanges", "errors", "total_tokens")
TIME: Final = "time"
MAX_GROUPS: Final = 10_000
MAX_DIMENSIONS: Final = 8
MAX_FILTER_VALUES: Final = 1_000


class QueryError(ValueError):
    """A query that cannot be run, with everything that is wrong with it.

    `problems` are sentences (what, value seen, what to do), `fields` the parts of the query
    that they are about, in the same order.
    """

    def __init__(self, problems: Mapping[str, str] | list[tuple[str, str]]) -> None:
        pairs = list(problems.items()) if isinstance(problems, Mapping) else problems
        self.fields = [name for name, _ in pairs]
        self.problems = [problem for _, problem in pairs]
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class CostQuery:
    """Which exchanges (since ≤ start < until, filters), split how, measured in what.

    `since` None is from the first exchange on, `until` None is without end. `filters` maps a
    dimension to the values of which one must be there; `(none)` is "not given", and no values
    at all match nothing. `order_by` is a metric, a dimension of `group_by`, or `time`, with
    `-` for descending; `limit` keeps that many groups, by that order over the whole range, and
    folds the rest into one `(other)`. Without `order_by` the largest come first, by cost where
    it is asked for, else by the first metric; with a granularity, buckets go by time.

    `scope` is what its asker may see: it holds besides the filters, comes from `within` alone,
    and is no part of what is read from outside or kept in a permalink.
    """

    since: datetime | None = None
    until: datetime | None = None
    timezone: str = "UTC"
    granularity: str = "none"
    group_by: tuple[str, ...] = ()
    metrics: tuple[str, ...] = DEFAULT_METRICS
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    order_by: str | None = None
    limit: int | None = None
    scope: Scope = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = [
            *((name, _aware(name, value)) for name, value in self._instants() if value),
            ("granularity", _member("granularity", self.granularity, GRANULARITIES)),
            *(("group_by", _is_dimension(name)) for name in self.group_by),
            *(("metrics", _member("metric", name, METRICS)) for name in self.metrics),
            *(("filters", _is_dimension(name)) for name in self.filters),
            *(("scope", _is_dimension(name)) for name in self.scope),
        ]
        if found := [(name, problem) for name, problem in problems if problem]:
            raise QueryError(found)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone's rules."""
        return ZoneInfo(self.timezone)

    @property
    def order(self) -> tuple[str, bool]:
        """What rows are ordered by, and whether descending, with the default filled in."""
        if self.order_by is not None:
            return self.order_by.removeprefix("-"), self.order_by.startswith("-")
        if self.granularity != "none" and not self.group_by:
            return TIME, False
        metric = "cost" if "cost" in self.metrics or not self.metrics else self.metrics[0]
        return metric, True

    def between(self, since: datetime | None, until: datetime | None) -> "CostQuery":
        """The same question about another range."""
        return replace(self, since=since, until=until)

    def within(self, scope: Scope) -> "CostQuery":
        """The same question about what lies in a scope, and still in any that it has already."""
        return replace(self, scope=narrowed(self.scope, scope))

    def as_mapping(self) -> dict[str, Any]:
        """The JSON that `parse_query` reads back: a permalink's content."""
        return {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "timezone": self.timezone,
            "granularity": self.granularity,
            "group_by": list(self.group_by),
            "metrics": list(self.metrics),
            "filters": {name: list(values) for name, values in self.filters.items()},
            "order_by": self.order_by,
            "limit": self.limit,
        }

    def _instants(self) -> tuple[tuple[str, datetime | None], ...]:
        return ("since", self.since), ("until", self.until)


def _aware(name: str, value: datetime) -> str | None:
    if value.utcoffset() is None:
        return f"{name} {value.isoformat()} names no time zone"
    return None


def _member(kind: str, name: str, known: Any) -> str | None:
    return None if name in known else f"{kind} {name!r} is unknown"


def _is_dimension(name: str) -> str | None:
    return None if is_dimension(name) else f"dimension {name!r} is unknown"
