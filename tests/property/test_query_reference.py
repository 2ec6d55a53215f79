"""What SQL answers is what plain Python answers, over random ledgers and random questions.

The reference below reads rows as dictionaries and knows nothing of SQL, of cells that are
folded, or of offset segments: it asks `zoneinfo` about every single row.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_ledger import INTEGERS, MemoryLedger

from weighbridge.core.exchange import COLUMNS, TEXT_DIMENSIONS
from weighbridge.reports.metrics import COMPONENTS, METRICS
from weighbridge.reports.query import CostQuery
from weighbridge.reports.service import ReportService

NOW = datetime(2026, 12, 31, 12, tzinfo=UTC)
ZONES = (
    "UTC",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/St_Johns",
)
# Around the clock changes of Berlin and St John's, a year's end, and an ordinary day.
MOMENTS = [
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 7, 1, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2025, 12, 31, tzinfo=UTC),
]
HOSTILE = [
    "",
    "(none)",
    "(other)",
    "O'Brien",
    "'; DROP TABLE exchanges; --",
    '" OR 1=1',
    "$1",
    "e\u0301",
    "é",
    "日本\U0001f6d2",
    "a\nb\\",
    "research",
    "sales",
]
LABEL_KEYS = ["team", "env'); --", "日本", '"']
CLOSED = {
    "outcome": ["ok", "ok", "client_error", "refused", "client_closed", "interrupted"],
    "usage_source": ["final", "final", "partial", "none"],
    "pricing_status": ["priced", "priced", "free", "unpriced", "incomplete", "unmetered"],
}


@pytest.fixture(scope="module")
def ledger() -> MemoryLedger:
    return MemoryLedger()


# The reference.


def bucket(granularity: str, zone: ZoneInfo, instant: datetime) -> str:
    """Local start of the bucket, by the clock on the wall."""
    local = instant.astimezone(zone)
    if granularity in ("minute", "hour"):
        whole = {"minute": 0} if granularity == "hour" else {}
        return local.replace(second=0, microsecond=0, **whole).isoformat()
    day = datetime(local.year, local.month, local.day, tzinfo=zone)
    if granularity == "week":
        day -= timedelta(days=day.weekday())
    return (day.replace(day=1) if granularity == "month" else day).isoformat()


def value_of(row: dict, dimension: str) -> str | None:
    if dimension.startswith("label:"):
        return row["labels"].get(dimension.removeprefix("label:"))
    value = row["token_id" if dimension == "token" else dimension]
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def shown(row: dict, dimension: str) -> str:
    value = value_of(row, dimension)
    return "(none)" if value is None else value


def is_error(row: dict) -> bool:
    return row["outcome"] not in ("ok", "client_closed")


def is_waste(row: dict) -> bool:
    return row["outcome"] != "ok" or row["block_reason"] is not None


def tokens_of(row: dict) -> int:
    if row["total_tokens"] is not None:
        return row["total_tokens"]
    parts = ("input_tokens", "tool_use_input_tokens", "output_tokens", "thinking_tokens")
    return sum(row[name] or 0 for name in parts)


def nearest_rank(rows: list[dict], column: str, rank: str) -> int | None:
    values = sorted(row[column] for row in rows if row[column] is not None)
    position = -(-len(values) * Fraction(rank) // 1)
    return values[int(position) - 1] if values else None


def total(rows: list[dict], column: str) -> Any:
    return sum((row[column] or 0 for row in rows), start=Decimal(0))


def ratio(top: Any, bottom: Any) -> float | None:
    return float(round(Decimal(top) / Decimal(bottom), 6)) if bottom else None


def dollars(value: Decimal) -> str:
    places = Decimal(1).scaleb(-12)
    return format(Decimal(value).quantize(places, ROUND_HALF_EVEN), "f")


def measure(rows: list[dict], name: str) -> Any:
    """A metric as JSON has it, from its definition in words."""
    cost = total(rows, "list_cost")
    if name.startswith("cost") and rows and all(row["list_cost"] is None for row in rows):
        return None
    tokens = sum(map(tokens_of, rows))
    seen = [row["started_at"] for row in rows]
    counts = {
        "exchanges": lambda row: True,
        "errors": is_error,
        "blocked": lambda row: row["block_reason"] is not None,
        "client_closed": lambda row: row["outcome"] == "client_closed",
        "unpriced": lambda row: row["pricing_status"] == "unpriced",
        "unmetered": lambda row: row["pricing_status"] == "unmetered",
        "incomplete": lambda row: row["pricing_status"] == "incomplete",
        "partial": lambda row: row["usage_source"] == "partial",
    }
    if name in counts:
        return sum(1 for row in rows if counts[name](row))
    if name[-4:] in ("_p50", "_p95", "_p99"):
        kind, _, rank = name.partition("_p")
        column = kind if kind.endswith("_tokens") else f"{kind}_us"
        return nearest_rank(rows, column, f"0.{rank}")
    special = {
        "cost": lambda: dollars(cost),
        "wasted_cost": lambda: dollars(total([r for r in rows if is_waste(r)], "list_cost")),
        "cost_per_exchange": lambda: dollars(cost / len(rows)) if rows else None,
        "cost_per_1k_tokens": lambda: dollars(cost * 1000 / tokens) if tokens else None,
        "tokens": lambda: tokens,
        "error_rate": lambda: ratio(sum(map(is_error, rows)), len(rows)),
        "cached_share": lambda: ratio(
            total(rows, "cached_input_tokens"), total(rows, "input_tokens")
        ),
        "first_seen": lambda: instant_text(min(seen)) if seen else None,
        "last_seen": lambda: instant_text(max(seen)) if seen else None,
        "video_seconds": lambda: format(total(rows, name).quantize(Decimal("0.000001")), "f"),
    }
    return special[name]() if name in special else int(total(rows, name))


def instant_text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def order_figure(rows: list[dict], name: str) -> Any:
    """What rows are ordered by: the metric, unrounded where it is a ratio."""
    parts = {
        "error_rate": (sum(map(is_error, rows)), len(rows)),
        "cached_share": (int(total(rows, "cached_input_tokens")), int(total(rows, "input_tokens"))),
    }
    if name in parts:
        top, bottom = parts[name]
        return top / bottom if bottom else None
    value = measure(rows, name)
    return Decimal(value) if isinstance(value, str) and name not in TIMES else value


TIMES = ("first_seen", "last_seen")


def ranked(groups: dict, name: str, group_by: tuple, descending: bool) -> list:
    """Group keys by a metric or dimension, nothing last, ties by their values."""
    ordered = sorted(groups)
    if name in METRICS:
        figures = {key: order_figure(groups[key], name) for key in groups}
        known = [key for key in ordered if figures[key] is not None]
        known.sort(key=lambda key: figures[key], reverse=descending)
        return known + [key for key in ordered if figures[key] is None]
    if name in group_by:
        position = group_by.index(name)
        ordered.sort(key=lambda key: key[position], reverse=descending)
    return ordered


def grouped(rows: list[dict], key: Callable[[dict], Any]) -> dict:
    groups: dict = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def reference(rows: list[dict], query: CostQuery) -> dict:
    zone = query.zone
    chosen = [
        row
        for row in rows
        if (query.since is None or row["started_at"] >= query.since)
        and (query.until is None or row["started_at"] < query.until)
        and all(
            any(shown(row, name) == value for value in values)
            for name, values in query.filters.items()
        )
    ]
    figures = {name: measure(chosen, name) for name in query.metrics}
    name, descending = query.order
    by_dimensions = grouped(chosen, lambda row: tuple(shown(row, d) for d in query.group_by))
    kept = set(by_dimensions)
    if query.limit is not None and query.group_by:
        rank = (query.metrics[0], True) if name == "time" else query.order
        kept = set(ranked(by_dimensions, rank[0], query.group_by, rank[1])[: query.limit])

    has_time = query.granularity != "none"
    buckets = {None: chosen}
    if has_time:
        buckets = grouped(chosen, lambda row: bucket(query.granularity, zone, row["started_at"]))
    out = []
    times = sorted(
        buckets,
        key=lambda time: datetime.fromisoformat(time) if time else 0,
        reverse=has_time and name == "time" and descending,
    )
    if has_time and not query.group_by and name in METRICS:
        times = by_figure(buckets, name, descending=descending)
    for time in times:
        cells = grouped(buckets[time], lambda row: tuple(shown(row, d) for d in query.group_by))
        inside = {key: group for key, group in cells.items() if key in kept}
        rest = [row for key, group in cells.items() if key not in kept for row in group]
        sequence = [(key, inside[key]) for key in ranked(inside, name, query.group_by, descending)]
        if rest:
            sequence.append((("(other)",) * len(query.group_by), rest))
        for key, group in sequence:
            row = {"time": time} if has_time else {}
            row |= dict(zip(query.group_by, key, strict=True))
            out.append(row | {m: measure(group, m) for m in query.metrics})
    if not has_time and not query.group_by:
        out = [figures]
    return {
        "rows": out,
        "totals": figures,
        "completeness": {
            m: measure(chosen, m) for m in ("exchanges", "unpriced", "unmetered", "partial")
        },
    }


def by_figure(buckets: dict, name: str, *, descending: bool) -> list[str]:
    """Buckets ordered by a metric, ties by time (their text is in local time, so not by text)."""
    by_time = sorted(buckets, key=datetime.fromisoformat)
    figures = {time: order_figure(buckets[time], name) for time in by_time}
    known = [time for time in by_time if figures[time] is not None]
    known.sort(key=lambda time: figures[time], reverse=descending)
    return known + [time for time in by_time if figures[time] is None]


# Random ledgers and questions.

instants = st.builds(
    lambda moment, us: moment + timedelta(microseconds=us),
    st.sampled_from(MOMENTS),
    # Whole days too, so that rows begin exactly where ranges and buckets do.
    st.integers(0, 2).map(lambda day: day * 86_400_000_000)
    | st.integers(0, 3 * 86_400_000_000 - 1),
)
maybe_text = st.none() | st.sampled_from(HOSTILE)
small = st.none() | st.integers(0, 5) | st.integers(0, 10**7)


@st.composite
def ledger_rows(draw: st.DrawFn) -> list[dict]:
    count = draw(st.integers(0, 12) | st.integers(8, 16))
    return [draw(ledger_row()) for _ in range(count)]


@st.composite
def ledger_row(draw: st.DrawFn) -> dict:
    row = dict.fromkeys(COLUMNS)
    row["started_at"] = draw(instants)
    for name in ("department", "agent", "token_id"):
        row[name] = draw(maybe_text)
    for name, words in CLOSED.items():
        row[name] = draw(st.sampled_from(words))
    row["block_reason"] = draw(st.sampled_from([None, None, "SAFETY"]))
    row["model"] = draw(st.sampled_from(["gemini-2.5-pro", "gemini-2.5-flash", None]))
    row["status"] = draw(st.sampled_from([200, 200, 429, 0, None]))
    row["streamed"] = draw(st.sampled_from([True, False, None]))
    row["labels"] = draw(
        st.dictionaries(st.sampled_from(LABEL_KEYS), st.sampled_from(HOSTILE), max_size=3)
    )
    picos = draw(st.none() | st.integers(0, 10**15) | st.sampled_from([0, 10**12]))
    row["list_cost"] = None if picos is None else Decimal(picos).scaleb(-12)
    row["video_seconds"] = draw(st.none() | st.just(Decimal("1.250000")))
    for name in draw(st.lists(st.sampled_from(INTEGERS), unique=True)):
        row[name] = draw(small)
    row["latency_us"] = draw(small)
    return row


DIMENSIONS = [*TEXT_DIMENSIONS, "status", "streamed", "token"]
LIKELY = ["department", "agent", "model", "outcome", "status", "streamed", "token"]
LIKELY += [f"label:{key}" for key in LABEL_KEYS]
# Costs divided by counts are ordered as binary fractions, whose ties are not those of decimals.
ORDERING = [m for m in METRICS if m not in ("cost_per_exchange", "cost_per_1k_tokens")]


@st.composite
def queries(draw: st.DrawFn) -> CostQuery:
    group_by = tuple(draw(st.lists(st.sampled_from(LIKELY + DIMENSIONS), unique=True, max_size=3)))
    granularity = draw(st.sampled_from(["none", "minute", "hour", "day", "week", "month"]))
    is_fine = granularity == "minute"  # a year of minutes is refused
    orders = [*ORDERING, *group_by, *(["time"] if granularity != "none" else [])]
    ends = sorted(draw(st.lists(instants, min_size=2, max_size=2)))
    filters = st.dictionaries(
        st.sampled_from(["department", "agent", "label:team", "model"]),
        st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=6, unique=True).map(tuple),
        max_size=1,
    )
    status = st.sampled_from(
        [{}, {}, {}, {}, {"status": ("200", "(none)")}, {"streamed": ("true",)}]
    )
    # Where time is the order, the first one says which groups a limit keeps.
    metrics = st.lists(st.sampled_from(list(METRICS)), unique=True, min_size=8)
    since = draw(st.sampled_from([None, None, ends[0]]))
    until = draw(st.sampled_from([None, None, ends[1]]))
    return CostQuery(
        since=ends[1] - timedelta(days=60) if is_fine else since,
        until=ends[1] if is_fine else until,
        timezone=draw(st.sampled_from(ZONES)),
        granularity=granularity,
        group_by=group_by,
        metrics=tuple(sorted(draw(metrics), key=lambda name: name not in ORDERING)),
        filters=draw(st.just({}) | st.just({}) | filters) | draw(status),
        order_by=draw(
            st.none()
            | st.builds("{}{}".format, st.sampled_from(["", "-"]), st.sampled_from(orders))
        ),
        limit=draw(st.sampled_from([None, 1, 2, 3])),
    )


@settings(max_examples=300, deadline=None)
@given(rows=ledger_rows(), query=queries())
def test_sql_equals_the_reference(ledger: MemoryLedger, rows: list[dict], query: CostQuery) -> None:
    """Rows, their order, totals and completeness are the reference's, to the last digit."""
    ledger.fill(rows)
    answer = ReportService(ledger).run(query, NOW).as_json()
    answer.pop("as_of")
    answer.pop("columns")
    assert answer == reference(rows, query)


@pytest.mark.parametrize("dimension", [*DIMENSIONS, "label:team"])
def test_every_dimension_groups(ledger: MemoryLedger, dimension: str) -> None:
    """Each dimension of the contract can be asked for, by itself, in a filled ledger."""
    words = {"status": 429, "streamed": True, "started_at": MOMENTS[0]}
    row = {name: words.get(name, "x") for name in COLUMNS}
    row |= dict.fromkeys(INTEGERS, 1) | {"labels": {"team": "x"}}
    row |= {"list_cost": Decimal(1), "video_seconds": Decimal(1), "ended_at": None}
    ledger.fill([row])
    query = CostQuery(group_by=(dimension,), metrics=("cost",))
    answer = ReportService(ledger).run(query, NOW).as_json()
    expected = {"status": "429", "streamed": "true"}.get(dimension, "x")
    assert [{dimension: expected, "cost": "1.000000000000"}] == answer["rows"]


def test_every_component_is_reached_by_a_metric() -> None:
    """No component is summed for nothing."""
    used = {name for metric in METRICS.values() for name in metric.components}
    assert set(COMPONENTS) == used
