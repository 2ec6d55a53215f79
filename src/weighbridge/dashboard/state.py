"""What a page shows, as a value that is its query string and nothing else.

Hides how words of a URL become ranges and filters. Rules for future edits: a field is written
by `params` and read by `parse_state` together (a property test turns one into the other);
an unknown parameter is an error, for a filter that is mistyped must not widen a page.
Counterpart: `pages` ask their questions of a state, templates link to changed ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode
from zoneinfo import ZoneInfo, available_timezones

from weighbridge.dashboard.ranges import DEFAULT_RANGE, PRESETS, Span, preset_span
from weighbridge.reports.cost_query import MAX_DIMENSIONS, CostQuery, QueryError
from weighbridge.reports.dimensions import COLUMN_OF, is_dimension, nearest, value_problem
from weighbridge.reports.instants import parse_instant
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.zones import GRANULARITIES

_OWN: Final = (
    *("range", "since", "until", "zone", "granularity", "by", "metric", "sort"),
    *("search", "compare", "page", "cursor", "at", "models"),
)
_ADDED: Final = ("filter_by", "filter_is")
_MOST_PAGES: Final = 10_000
_MOST_LETTERS: Final = 200
_STEPS: Final = (  # the longest range that a granularity is chosen for
    (timedelta(hours=4), "minute"),
    (timedelta(days=4), "hour"),
    (timedelta(days=100), "day"),
    (timedelta(days=500), "week"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Range, zone, split, filters, order: all that a page's address says.

    `since` and `until` are the words that were given; where there are any, `range` is empty.
    """

    range: str = DEFAULT_RANGE
    since: str = ""
    until: str = ""
    zone: str = "UTC"
    granularity: str = ""
    by: tuple[str, ...] = ()
    metric: str = ""
    sort: str = ""
    search: str = ""
    compare: bool = True
    page: int = 1
    cursor: str = ""
    at: str = ""
    models: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def params(self) -> list[tuple[str, str]]:
        """The query string's pairs; what is as by default is left out."""
        pairs = [
            ("range", self.range if self.range != DEFAULT_RANGE else ""),
            ("since", self.since),
            ("until", self.until),
            ("zone", self.zone if self.zone != "UTC" else ""),
            ("granularity", self.granularity),
            ("by", ",".join(quote(name, safe=":") for name in self.by)),
            ("metric", self.metric),
            ("sort", self.sort),
            ("search", self.search),
            ("compare", "" if self.compare else "off"),
            ("page", str(self.page) if self.page > 1 else ""),
            ("cursor", self.cursor),
            ("at", self.at),
        ]
        pairs += [("models", name) for name in self.models]
        shown = [(name, value) for name, value in pairs if value]
        return shown + [(name, value) for name in self.filters for value in self.filters[name]]

    def query_string(self, **changes: Any) -> str:
        """The query string of this state with changes, with its `?`; empty for the default.

        A change of anything but the page begins at the first page again.
        """
        if changes and not {"page", "cursor"} & set(changes):
            changes = {"page": 1, "cursor": "", **changes}
        text = urlencode(replace(self, **changes).params())
        return f"?{text}" if text else ""

    def only(self, **dimensions: str) -> Mapping[str, tuple[str, ...]]:
        """The filters, narrowed to one value of each of these dimensions."""
        return {**self.filters, **{name: (value,) for name, value in dimensions.items()}}

    def narrowed(self, more: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """The filters and more of them: of a dimension that both name, what they share."""
        both = {**self.filters, **more}
        for name in self.filters.keys() & more.keys():
            both[name] = tuple(value for value in more[name] if value in self.filters[name])
        return both

    def without(self, dimension: str, value: str) -> Mapping[str, tuple[str, ...]]:
        """The filters less one value."""
        left = {
            name: tuple(v for v in values if (name, v) != (dimension, value))
            for name, values in self.filters.items()
        }
        return {name: values for name, values in left.items() if values}

    def span(self, now: datetime) -> Span:
        """The range and the one before it.

        Errors: `QueryError` where a word is no time.
        """
        zone = ZoneInfo(self.zone)
        if not self.since and not self.until:
            return preset_span(self.range, now, zone)
        ends: dict[str, datetime | None] = {}
        problems = []
        for name, word in (("since", self.since), ("until", self.until)):
            try:
                ends[name] = parse_instant(word, now, zone) if word else None
            except ValueError as problem:
                problems.append((name, str(problem)))
        since, until = ends.get("since"), ends.get("until")
        if since and until and since > until:
            problems.append(("since", f"since {self.since!r} is after until {self.until!r}"))
        if problems:
            raise QueryError(problems)
        return Span.of(since, until, now, zone)

    def bucket(self, span: Span, now: datetime) -> str:
        """The granularity that was chosen, or one that suits the range."""
        if self.granularity:
            return self.granularity
        if span.since is None:
            return "day"
        length = (span.until or now) - span.since
        return next((name for longest, name in _STEPS if length <= longest), "month")

    def question(self, span: Span, **changes: Any) -> CostQuery:
        """A query about this range, in this zone, under these filters."""
        asked: dict[str, Any] = {
            "since": span.since,
            "until": span.until,
            "timezone": self.zone,
            "filters": self.filters,
        }
        return CostQuery(**{**asked, **changes})


def parse_state(pairs: Iterable[tuple[str, str]]) -> State:
    """The state that a query string's pairs mean.

    Errors: `QueryError` with every problem at once.
    """
    given: dict[str, str] = {}
    filters: dict[str, list[str]] = {}
    models: list[str] = []
    problems: list[tuple[str, str]] = []
    for name, value in _with_added(pairs):
        if name == "models":
            models += [one.strip()[:_MOST_LETTERS] for one in value.split(",")]
        elif name in _OWN:
            given[name] = value[:_MOST_LETTERS].strip()
        elif not is_dimension(name):
            advice = nearest(name[:60], (*_OWN, *COLUMN_OF))
            problems.append((name[:60], f"no page takes a parameter {name[:60]!r}; {advice}"))
        elif wrong := value_problem(name, value):
            problems.append((name, wrong))
        elif value not in filters.setdefault(name, []):
            filters[name].append(value)
    words = {name: value for name, value in given.items() if value}
    own_range = "since" in words or "until" in words
    state = State(
        range="" if own_range else words.get("range", DEFAULT_RANGE),
        since=words.get("since", ""),
        until=words.get("until", ""),
        zone=words.get("zone", "UTC"),
        granularity=words.get("granularity", ""),
        by=tuple(dict.fromkeys(name for name in _names(words.get("by", "")) if name)),
        metric=words.get("metric", ""),
        sort=words.get("sort", ""),
        search=words.get("search", ""),
        compare=words.get("compare", "on") != "off",
        page=_page(words.get("page", "1"), problems),
        cursor=words.get("cursor", ""),
        at=words.get("at", ""),
        models=tuple(dict.fromkeys(name for name in models if name)),
        filters={name: tuple(values) for name, values in filters.items()},
    )
    problems += _problems(state)
    if problems:
        raise QueryError(problems)
    return state


def _with_added(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs, where a form's `filter_by` and `filter_is` become a filter as all others."""
    given = list(pairs)
    added = {name: value.strip() for name, value in given if name in _ADDED}
    plain = [(name, value) for name, value in given if name not in _ADDED]
    name, value = (added.get(field, "") for field in _ADDED)
    return [*plain, (name, value)] if name and value else plain


def _names(text: str) -> list[str]:
    return [unquote(name).strip() for name in text.split(",")]


def _page(text: str, problems: list[tuple[str, str]]) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MOST_PAGES:
        return int(text[:9])
    problems.append(("page", f"page {text[:40]!r} is no number of a page: 1 to {_MOST_PAGES}"))
    return 1


def _problems(state: State) -> list[tuple[str, str]]:
    found = []
    checks = [
        ("range", state.range, PRESETS),
        ("granularity", state.granularity, GRANULARITIES),
        ("metric", state.metric, METRICS),
    ]
    for name, value, known in checks:
        if value and value not in known:
            found.append((name, f"{name} {value[:60]!r} is unknown; {nearest(value[:60], known)}"))
    try:
        ZoneInfo(state.zone)
    except (ValueError, OSError, KeyError):
        advice = nearest(state.zone[:60], available_timezones())
        advice = advice if advice.startswith("did") else "give one such as 'Europe/Berlin'"
        found.append(("zone", f"zone {state.zone[:60]!r} is unknown; {advice}"))
    for name in state.by:
        if not is_dimension(name):
            advice = nearest(name[:60], COLUMN_OF)
            found.append(("by", f"dimension {name[:60]!r} is unknown; {advice}"))
    if len(state.by) > MAX_DIMENSIONS:
        found.append(("by", f"by has {len(state.by)} dimensions: give at most {MAX_DIMENSIONS}"))
    return found
