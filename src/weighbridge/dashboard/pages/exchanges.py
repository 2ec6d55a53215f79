"""Exchanges: the newest first, found by words or filters, and what is still under way.

Rules for future edits: never content, only what the ledger holds; a search is part of the address
like everything else, so a link to what was found stays one. A word `agent=triage` or
`label:env=prod` of a search means exactly that value, any other word a part of any name or code.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Content, Table, figure, word
from weighbridge.ledger.stores.base import Row
from weighbridge.reports.cost_query import QueryError
from weighbridge.reports.dimensions import COLUMN_OF, NONE, is_dimension, value_problem

_PAGE: Final = 50
_MOST_UNDER_WAY: Final = 20
_COLUMNS: Final = (
    ("started_at", "Started", False),
    ("agent", "Agent", False),
    ("model", "Model", False),
    ("outcome", "Outcome", False),
    ("status", "Status", True),
    ("input_tokens", "Input", True),
    ("output_tokens", "Output", True),
    ("latency_us", "Latency", True),
    ("list_cost", "Cost", True),
    ("project", "Project", False),
    ("department", "Department", False),
    ("operation", "Operation", False),
    ("exchange_id", "Id", False),
)
# Told in other cells' words, where a reader looks for them.
_NOT_DRAWN: Final = frozenset({"status", "project", "department", "operation", "exchange_id"})
_UNDER_WAY: Final = (
    ("started_at", "Began"),
    ("agent", "Agent"),
    ("model", "Model"),
    ("operation", "Operation"),
    ("project", "Project"),
    ("department", "Department"),
)
_BAD: Final = frozenset({"client_error", "upstream_error", "upstream_failed", "interrupted"})
_WARN: Final = frozenset({"refused", "client_closed"})


def exchanges(desk: Desk) -> Content:
    """A page of calls; the newest follow as they end."""
    state = desk.state
    table = exchange_table(desk, _PAGE, "Newest first")
    tables = [table]
    if not state.cursor and not state.search and (under_way := _under_way_table(desk)).rows:
        tables.insert(0, under_way)
    empty = not (table.rows or state.filters or state.cursor or state.search)
    return Content(title="Exchanges", tables=tables, never_called=empty and len(tables) == 1)


def exchange_table(desk: Desk, limit: int, title: str) -> Table:
    """The newest exchanges of the page's range, filters and search."""
    words, only = _words(desk.state.search)
    page = desk.exchanges(limit, cursor=desk.state.cursor, search=words, only=only)
    links = []
    if desk.state.cursor:
        links.append(("first", "Newest", desk.state.query_string(cursor="")))
    if page.next_cursor:
        older = "/exchanges" + desk.state.query_string(cursor=page.next_cursor)
        links.append(("next", "Older", older))
    return Table(
        name="exchanges",
        title=title,
        columns=_columns(),
        rows=[_row(desk, row) for row in page.exchanges],
        searchable=True,
        pages=tuple(links),
        empty="No call matches.",
    )


def costliest_table(desk: Desk, limit: int) -> Table:
    """The exchanges of the page's range and filters that cost most."""
    page = desk.exchanges(limit, costliest=True)
    return Table(
        name="costliest",
        title="Most expensive calls",
        columns=_columns(),
        rows=[_row(desk, row) for row in page.exchanges],
        empty="No call in this range has a known cost.",
    )


def local_time(instant: datetime | str, zone: str) -> str:
    """An instant on the clocks of a zone, to the second."""
    known = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    aware = known if known.tzinfo else known.replace(tzinfo=UTC)
    return f"{aware.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def _words(search: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The plain words of a search, and the values that the others name.

    Errors: `QueryError` for a value that no row can have.
    """
    plain: list[str] = []
    named: dict[str, tuple[str, ...]] = {}
    for word_of_it in search.split():
        name, is_named, value = word_of_it.partition("=")
        if not is_named or not is_dimension(name):
            plain.append(word_of_it)
            continue
        if problem := value_problem(name, value):
            raise QueryError({"search": problem})
        named[name] = (*named.get(name, ()), value)
    return " ".join(plain), named


def _columns() -> tuple[Column, ...]:
    return tuple(
        Column(name, title, figures, drawn=name not in _NOT_DRAWN)
        for name, title, figures in _COLUMNS
    )


def _row(desk: Desk, row: Row) -> list[Cell]:
    return [_cell(desk, row, name) for name, _, _ in _COLUMNS]


def _cell(desk: Desk, row: Row, name: str) -> Cell:
    value = row.get(name)
    match name:
        case "started_at":
            href = f"/exchanges/{row['exchange_id']}" + desk.state.query_string(cursor="")
            return Cell(local_time(row[name], desk.state.zone), row[name], href)
        case "list_cost" if value is None:
            return Cell(str(row.get("pricing_status")), None, tone="quiet")
        case "list_cost":
            return figure(value, "USD")
        case "exchange_id":
            return Cell(f"…{str(value)[-8:]}", str(value), tone="quiet")
        case "latency_us":
            return figure(value, "µs")
        case "outcome":
            tone = "bad" if value in _BAD else "warn" if value in _WARN else ""
            why = str(row.get("error_type") or row.get("block_reason") or "")
            status = row.get("status") or "no answer"
            return Cell(f"{value} · {status}", _ending(row), tone=tone, sub=why)
        case "agent":
            tone = "quiet" if value is None else ""
            return replace(word(value, tone=tone), sub=_of(row, "department", "project"))
        case "model":
            return replace(word(value), sub=_of(row, "operation"))
        case "input_tokens" | "output_tokens":
            return figure(value, "tokens")
        case _:
            return word(value, tone="quiet" if value is None else "")


def _of(row: Mapping[str, Any], *names: str) -> str:
    return " › ".join(str(row[name]) for name in names if row.get(name) is not None)


def _ending(row: Row) -> str:
    """The outcome, and why, where it says."""
    why = row.get("error_type") or row.get("block_reason")
    return f"{row.get('outcome')}: {why}" if why else str(row.get("outcome"))


def _under_way_table(desk: Desk) -> Table:
    marks = [mark for mark in desk.sources.under_way.all() if _is_wanted(mark, desk)]
    rows = [
        [_mark_cell(mark, name, desk) for name, _ in _UNDER_WAY] for mark in marks[:_MOST_UNDER_WAY]
    ]
    left = len(marks) - len(rows)
    return Table(
        name="under_way",
        title=f"Under way: {len(marks):,}",
        columns=tuple(Column(*column) for column in _UNDER_WAY),
        rows=rows,
        note=f"The longest; {left:,} more began later." if left > 0 else "",
    )


def _mark_cell(mark: Mapping[str, Any], name: str, desk: Desk) -> Cell:
    value = mark.get(name)
    if name == "started_at":
        return Cell(local_time(mark[name], desk.state.zone), value)
    return word(value, tone="quiet" if value is None else "")


def _is_wanted(mark: Mapping[str, Any], desk: Desk) -> bool:
    labels = mark.get("labels") or {}
    for name, values in desk.state.filters.items():
        _, is_label, key = name.partition("label:")
        value = labels.get(key) if is_label else mark.get(COLUMN_OF.get(name, name))
        if (NONE if value is None else str(value)) not in values:
            return False
    return True
