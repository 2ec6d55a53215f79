"""Reads a `CostQuery` from words that strangers send: JSON bodies, query strings, flags.

Hides the forms that are accepted. Rules for future edits: never stop at the first problem;
every message says what, the value seen, and what to do; nothing here reaches SQL but through
`CostQuery`.
Counterpart: `cost_query`, whose constructor only checks that code speaks correctly.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from weighbridge.core.zone_names import is_zone
from weighbridge.reports.cost_query import (
    DEFAULT_METRICS,
    MAX_DIMENSIONS,
    MAX_FILTER_VALUES,
    MAX_GROUPS,
    TIME,
    CostQuery,
    QueryError,
)
from weighbridge.reports.dimensions import (
    COLUMN_OF,
    LABEL_PREFIX,
    NONE,
    is_dimension,
    nearest,
    value_problem,
)
from weighbridge.reports.instants import FORMS, parse_instant
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.zones import GRANULARITIES

__all__ = ["FIELDS", "CostQuery", "QueryError", "filters_from_flags", "parse_query"]

# A scope is the asker's, never the question's.
FIELDS: Final = tuple(name for name in CostQuery.__dataclass_fields__ if name != "scope")
_KNOWN_DIMENSIONS: Final = (*COLUMN_OF, f"{LABEL_PREFIX}KEY")
_SHOWN: Final = 80  # characters of a value that a message repeats


def parse_query(mapping: Mapping[str, Any], now: datetime | None = None) -> CostQuery:
    """The query that a JSON object or a set of flags means.

    Takes: the fields of `CostQuery`, all optional, null for the default; lists also as text
    with commas, filter values also single, numbers and booleans also bare. Times as
    `instants.parse_instant` reads them, the relative ones only where `now` is given.
    Errors: `QueryError` with every problem at once.
    """
    return _Reader(mapping, now).read()


def filters_from_flags(flags: Iterable[str]) -> dict[str, list[str]]:
    """`dim=value` flags as the `filters` of a query; a repeated dimension adds a value.

    Errors: `QueryError` naming every flag without `=`.
    """
    filters: dict[str, list[str]] = {}
    problems = []
    for flag in flags:
        name, equals, value = flag.partition("=")
        if not equals:
            problems.append(("filters", f"filter {_show(flag)} has no '=': write dim=value"))
        filters.setdefault(name.strip(), []).append(value)
    if problems:
        raise QueryError(problems)
    return filters


class _Reader:
    """One reading of a mapping, gathering problems as it goes."""

    def __init__(self, mapping: Mapping[str, Any], now: datetime | None) -> None:
        self._given = {name: value for name, value in mapping.items() if value is not None}
        self._now = now
        self._problems: list[tuple[str, str]] = []

    def __repr__(self) -> str:
        return f"<_Reader of {sorted(self._given)}, {len(self._problems)} problems>"

    def read(self) -> CostQuery:
        for name in self._given:
            if name not in FIELDS:
                self._add(
                    str(name), f"field {_show(name)} is unknown: {nearest(str(name), FIELDS)}"
                )
        timezone = self._timezone()
        zone = ZoneInfo(timezone)
        since, until = self._instant("since", zone), self._instant("until", zone)
        if since and until and since > until:
            self._add("since", f"since {since.isoformat()} is after until {until.isoformat()}")
        granularity = self._granularity()
        group_by = self._dimensions()
        metrics = self._metrics()
        filters = self._filters()
        order_by = self._order_by(granularity, group_by)
        limit = self._limit()
        if self._problems:
            raise QueryError(self._problems)
        return CostQuery(
            since=since,
            until=until,
            timezone=timezone,
            granularity=granularity,
            group_by=group_by,
            metrics=metrics,
            filters=filters,
            order_by=order_by,
            limit=limit,
        )

    def _add(self, field: str, problem: str) -> None:
        self._problems.append((field, problem))

    def _text(self, field: str, default: str) -> str:
        value = self._given.get(field, default)
        if isinstance(value, str):
            return value.strip() or default
        self._add(field, f"{field} {_show(value)} is no text")
        return default

    def _texts(self, field: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._given.get(field, default)
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            self._add(field, f"{field} {_show(value)} is no list of names")
            return default
        names = []
        for item in items:
            if not isinstance(item, str):
                self._add(field, f"{field} holds {_show(item)}, which is no name")
            elif item.strip() and item.strip() not in names:
                names.append(item.strip())
        return tuple(names)

    def _timezone(self) -> str:
        name = self._text("timezone", "UTC")
        if not is_zone(name):
            advice = nearest(name, available_timezones()) if len(name) < 64 else ""
            # All six hundred names are no advice.
            advice = advice if advice.startswith("did") else "give one such as 'Europe/Berlin'"
            self._add("timezone", f"timezone {_show(name)} is unknown: {advice}")
            return "UTC"
        return name

    def _instant(self, field: str, zone: ZoneInfo) -> datetime | None:
        value = self._given.get(field)
        if isinstance(value, datetime):
            value = value.isoformat()
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if not isinstance(value, str):
            self._add(field, f"{field} {_show(value)} is no time: give {FORMS}")
            return None
        try:
            return parse_instant(value[:_SHOWN], self._now, zone)
        except ValueError as problem:
            self._add(field, f"{field} {problem}")
            return None

    def _granularity(self) -> str:
        name = self._text("granularity", "none")
        if name not in GRANULARITIES:
            advice = nearest(name, GRANULARITIES)
            self._add("granularity", f"granularity {_show(name)} is unknown: {advice}")
        return name

    def _dimensions(self) -> tuple[str, ...]:
        names = self._texts("group_by", ())
        for name in names:
            self._check_dimension("group_by", name)
        if len(names) > MAX_DIMENSIONS:
            self._add(
                "group_by",
                f"group_by has {len(names)} dimensions: give at most {MAX_DIMENSIONS}",
            )
        return names

    def _metrics(self) -> tuple[str, ...]:
        names = self._texts("metrics", DEFAULT_METRICS)
        for name in names:
            if name not in METRICS:
                self._add("metrics", f"metric {_show(name)} is unknown: {nearest(name, METRICS)}")
        return names or DEFAULT_METRICS

    def _check_dimension(self, field: str, name: str) -> None:
        if not is_dimension(name):
            advice = nearest(name, _KNOWN_DIMENSIONS)
            self._add(field, f"dimension {_show(name)} is unknown: {advice}")

    def _filters(self) -> dict[str, tuple[str, ...]]:
        given = self._given.get("filters", {})
        if not isinstance(given, Mapping):
            self._add("filters", f"filters {_show(given)} is no object of dimension to values")
            return {}
        return {str(name): self._filter_values(str(name), value) for name, value in given.items()}

    def _filter_values(self, name: str, given: Any) -> tuple[str, ...]:
        self._check_dimension("filters", name)
        items = given if isinstance(given, list | tuple) else [] if given is None else [given]
        if not items:
            self._add("filters", f"filter {_show(name)} has no values: give one, or leave it out")
        if len(items) > MAX_FILTER_VALUES:
            self._add(
                "filters",
                f"filter {_show(name)} has {len(items)} values: give at most {MAX_FILTER_VALUES}",
            )
        values = []
        for item in items[:MAX_FILTER_VALUES]:
            value = _filter_text(item)
            if value is None:
                self._add("filters", f"filter {_show(name)} has the value {_show(item)}: give text")
            elif problem := value_problem(name, value):
                self._add("filters", f"filter {problem}")
            else:
                values.append(value)
        return tuple(dict.fromkeys(values))

    def _order_by(self, granularity: str, group_by: tuple[str, ...]) -> str | None:
        order = self._text("order_by", "")
        name = order.removeprefix("-")
        known = [*METRICS, *group_by, *([TIME] if granularity != "none" else [])]
        if name and name not in known:
            hint = (
                "needs a granularity"
                if name == TIME
                else "is not in group_by"
                if is_dimension(name)
                else f"is unknown: {nearest(name, known)}"
            )
            self._add("order_by", f"order_by {_show(order)} {hint}")
        return order or None

    def _limit(self) -> int | None:
        value = self._given.get("limit")
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
            value = int(value.strip()[:10])
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_GROUPS:
            self._add(
                "limit", f"limit {_show(value)} is no whole number of groups: 1 to {MAX_GROUPS}"
            )
            return None
        return value


def _filter_text(item: Any) -> str | None:
    """A filter's value as its dimension shows it; null is what was not given."""
    if item is None:
        return NONE
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int):
        return str(item)
    return item if isinstance(item, str) else None


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
