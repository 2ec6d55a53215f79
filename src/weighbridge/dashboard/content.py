"""What a page shows, as values: tiles, tables, charts, facts.

Hides how the same figures become HTML, JSON and CSV. Rules for future edits: a cell has its
text and the exact value behind it, JSON and CSV write the values, so what is exported is what
is seen and no more is rounded than the eye needs; money is never a float.
Counterpart: `pages` build these, `templates` draw them.
"""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from weighbridge.core.clock import InstantFormatter, to_unix_us
from weighbridge.dashboard.forms import Form, Notice
from weighbridge.errors import NotFoundError
from weighbridge.reports.result import QueryResult, for_people

# So many rows fit a phone's screen with all their figures.
_FEW = 4
# What makes a spreadsheet take a text for a formula.
# Source: OWASP, "CSV Injection", from memory.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure or name: what is read, what is meant, where it leads.

    `share` draws a bar of that part of the cell, which begins at `start`, `points` a line;
    `tone` is `good`, `bad`, `warn`, `quiet` or empty; `hint` is told where a pointer rests, `sub`
    stands in small below: what data has as columns of its own; what is `waiting` follows in a
    second request.
    """

    text: str
    value: Any = None
    href: str = ""
    tone: str = ""
    share: float | None = None
    swatch: str = ""
    start: float = 0.0
    points: str = ""
    hint: str = ""
    waiting: bool = False
    sub: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name in data, its heading, whether it holds figures, and how to sort by it.

    `wide` takes what room there is, for its bars to be compared. One that is not `drawn` is told
    in other cells' words and hints: data has it as a column of its own. Where there is room for
    a few figures of a row, the `lead` stands beside its name and those that are `brief` below.
    """

    name: str
    title: str
    figures: bool = False
    sort_href: str = ""
    sorted: str = ""
    wide: bool = False
    drawn: bool = True
    lead: bool = False
    brief: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells under columns; `totals` is a row too, or empty.

    `half` takes half the width, `tall` scrolls in a frame of its own.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    totals: list[Cell] = field(default_factory=list)
    note: str = ""
    searchable: bool = False
    pages: tuple[tuple[str, str, str], ...] = ()
    empty: str = "Nothing in this range."
    half: bool = False
    tall: bool = False

    @property
    def shortens(self) -> bool:
        """Whether narrow screens show a few figures of its rows, and the others where asked to."""
        figures = [column for column in self.columns[1:] if column.drawn]
        kept = [column for column in figures if column.lead or column.brief]
        return len(self.rows) > _FEW and any(one.lead for one in kept) and kept != figures

    def as_json(self) -> dict[str, Any]:
        """Columns, rows by column name, and totals."""
        names = [column.name for column in self.columns]
        return {
            "columns": names,
            "rows": [_named(names, row) for row in self.rows],
            "totals": _named(names, self.totals) if self.totals else None,
        }

    def as_csv(self) -> str:
        """RFC 4180, the same texts as in JSON; nothing is an empty field.

        People open it in a spreadsheet: a name that would be a formula there has a `'` before it.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([column.name for column in self.columns])
        for row in self.rows:
            writer.writerow([_in_one_field(cell.value) for cell in row])
        return out.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure in large type, against what it was, with its course; a `lead` one stands first."""

    name: str
    title: str
    text: str
    value: Any
    href: str = ""
    before: Any = None
    change: str = ""
    tone: str = ""
    note: str = ""
    points: str = ""
    hint: str = ""
    lead: bool = False
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture: `spec` gives the Vega-Lite specification in a theme (`light` or `dark`)."""

    name: str
    title: str
    spec: Callable[[str, bool], dict[str, Any]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of links of which one is current: what to draw, what to split by.

    `more` are those that a menu holds.
    """

    title: str
    options: tuple[tuple[str, str, bool], ...]
    more: tuple[tuple[str, str, bool], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A question of a page's own, answered in its address: which day, which model.

    `kind` is an input's type; `options` are offered; `adds` keeps what was given before.
    """

    name: str
    label: str
    button: str
    value: str = ""
    kind: str = "text"
    placeholder: str = ""
    options: tuple[str, ...] = ()
    adds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCall:
    """What is said where there is no call to show.

    `older` says that there are calls, before the range; `command` sends one; `makes_token` offers
    a token for it, `waiting` is said where one was just made.
    """

    older: bool = False
    command: str = ""
    makes_token: bool = False
    waiting: bool = False


@dataclass(slots=True, kw_only=True)
class Content:
    """All that one page shows."""

    title: str
    subtitle: str = ""
    parents: tuple[tuple[str, str], ...] = ()
    tiles: list[Tile] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    facts: list[tuple[str, Cell]] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    notice: Notice | None = None
    completeness: dict[str, int] = field(default_factory=dict)
    never_called: bool = False
    first_call: FirstCall | None = None

    @property
    def unfinished(self) -> bool:
        """Whether figures are left for a second request."""
        cells = [cell for table in self.tables for row in table.rows for cell in row]
        return any(one.waiting for one in self.tiles) or any(one.waiting for one in cells)

    def as_json(self) -> dict[str, Any]:
        """Everything shown, exact values for figures."""
        return {
            "title": self.title,
            "tiles": [
                {"name": one.name, "value": _plain(one.value), "before": _plain(one.before)}
                for one in self.tiles
            ],
            "facts": {name: _plain(cell.value) for name, cell in self.facts},
            "tables": {table.name: table.as_json() for table in self.tables},
            "completeness": self.completeness,
        }

    def as_csv(self, name: str = "") -> str:
        """The named table, by default the last: on each page that is the most detailed one.

        Errors: `NotFoundError` where there is no such table, never another one's rows.
        """
        if not name:
            return self.tables[-1].as_csv() if self.tables else ""
        for table in self.tables:
            if table.name == name:
                return table.as_csv()
        known = ", ".join(table.name for table in self.tables) or "none"
        raise NotFoundError(f"this page has no table {name[:60]!r}; it has {known}")


def figure(value: Any, unit: str, **more: Any) -> Cell:
    """A cell for a figure in its unit."""
    return Cell(for_people(value, unit), value, **more)


def signed(value: Any, unit: str, **more: Any) -> Cell:
    """A cell for a difference, which says its direction."""
    sign = "+" if value > 0 else "\u2212" if value < 0 else ""
    return Cell(sign + for_people(abs(value), unit), value, **more)


def word(text: Any, **more: Any) -> Cell:
    """A cell for a name."""
    return Cell("-" if text is None else str(text), text, **more)


def add_completeness(content: Content, result: QueryResult) -> None:
    """Say how complete the figures of a result are."""
    content.completeness = dict(result.completeness)


def sparkline(values: Iterable[Any], width: int = 120, height: int = 28) -> str:
    """The points of a polyline through values, for SVG; empty where fewer than two are known."""
    known = [(place, float(value)) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    largest = max(value for _, value in known) or 1.0
    step = width / max(known[-1][0], 1)
    return " ".join(
        f"{place * step:.1f},{height - 2 - (height - 4) * value / largest:.1f}"
        for place, value in known
    )


def _named(names: list[str], row: list[Cell]) -> dict[str, Any]:
    return {name: _plain(cell.value) for name, cell in zip(names, row, strict=True)}


def _in_one_field(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    plain = _plain(value)
    return " ".join(map(str, plain)) if isinstance(plain, list) else plain


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return InstantFormatter()(to_unix_us(aware))
    return value
