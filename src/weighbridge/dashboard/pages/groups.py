"""A table of one dimension's values with their figures, which adds up.

Hides sorting, searching, paging and comparing of groups. Rules for future edits: what a search
or a page leaves out is told in the note, and the totals are of everything in the range; rows
come from one query, their change from one more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Table, figure, sparkline, word
from weighbridge.dashboard.pages.change import change_of, change_text
from weighbridge.dashboard.pages.costs import marked
from weighbridge.dashboard.pages.figures import WAITING, asked, asked_apart, parted
from weighbridge.dashboard.pages.titles import NAMES, TITLES
from weighbridge.dashboard.state import State
from weighbridge.reports.cost_query import MAX_GROUPS, TIME, CostQuery
from weighbridge.reports.dimensions import NONE, OTHER
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.palette import colours
from weighbridge.reports.result import QueryResult, Row
from weighbridge.reports.unpriced import COSTS, WITHOUT_PRICE

PAGE_ROWS: Final = 50
_CHANGE: Final = "change"
_SHARE: Final = "share"
_TREND: Final = "trend"
_TOKEN: Final = ("token", "token_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which groups a table has, in which figures, where their names lead.

    `brief` are the figures that a narrow screen shows below a name; in another order than `order`,
    that one in the place of the first.
    """

    dimension: str
    metrics: tuple[str, ...]
    title: str
    to: str
    name: str = "groups"
    unallocated: str = ""
    most: int | None = None
    order: str = "cost"
    searchable: bool = True
    trend: bool = False
    before: bool = False
    brief: tuple[str, ...] = (_SHARE, _CHANGE, "exchanges", _TREND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What a table of groups and the figures above it are made of, all of the same rows."""

    by_group: QueryResult
    by_time: QueryResult
    before: QueryResult | None
    totals_before: Row


def group_table(desk: Desk, wanted: Wanted) -> tuple[Table, QueryResult]:
    """The table and the result that it was made of."""
    span = desk.span
    desk = _ready_to_sort(desk, wanted)
    result = asked(desk, _question(desk, wanted))
    before = None
    if span.before and desk.state.compare:
        before = desk.ask_alone(_question_before(desk, wanted, ("cost",), span.before))
    return table_of(desk, wanted, result, before), result


def ask_together(
    desk: Desk, wanted: Wanted, above: tuple[str, ...], *, spreads_by_time: bool = True
) -> Together:
    """The groups of a table and the metrics `above` it by bucket, in as few passes as can be.

    Takes: `spreads_by_time` as `asked_apart` does.
    """
    span, state = desk.span, desk.state
    desk = _ready_to_sort(desk, wanted)
    of_groups = (*wanted.metrics, *_beside(wanted))
    question = replace(
        _question(desk, wanted),
        metrics=tuple(dict.fromkeys((*of_groups, *above))),
        granularity=state.bucket(span, desk.now),
    )
    by_group, by_time = asked_apart(desk, question, of_groups, spreads_by_time=spreads_by_time)
    before, totals = None, {}
    if span.before and state.compare:
        sums, spreads = parted(above)
        before = desk.ask_alone(_question_before(desk, wanted, sums, span.before))
        totals = dict(before.totals)
        if spreads and not desk.sums_only:
            whole = state.question(span, metrics=spreads).between(*span.before)
            totals |= desk.ask_alone(whole).totals
    return Together(by_group=by_group, by_time=by_time, before=before, totals_before=totals)


def table_of(desk: Desk, wanted: Wanted, result: QueryResult, was: QueryResult | None) -> Table:
    """The table of a result by group, beside what the same groups cost in the period before."""
    state = desk.state
    comparing = was is not None
    before = _costs(was, wanted) if was else {}
    gone = _gone(result, wanted, before) if wanted.before else []
    everything = _ordered([*result.rows, *gone], wanted, state, before)
    rows = everything
    if state.search:
        rows = [row for row in rows if state.search.lower() in str(row[wanted.dimension]).lower()]
    first = (state.page - 1) * PAGE_ROWS
    shown = rows[first : first + PAGE_ROWS]
    courses = _courses(desk, wanted, shown) if wanted.trend else {}
    beside = _Beside(before=before, comparing=comparing, courses=courses)
    names = desk.token_names() if wanted.dimension in _TOKEN else {}
    cells = _Cells(wanted, state, result, beside, names)
    return Table(
        name=wanted.name,
        title=wanted.title,
        columns=_columns(wanted, state, comparing=comparing),
        rows=[cells.row(row) for row in shown],
        totals=cells.totals(sum(before.values(), Decimal(0))),
        note=_note(len(everything), len(rows), first, len(shown)),
        searchable=wanted.searchable and wanted.most is None,
        pages=_pages(state, len(rows)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What stands beside the figures: costs of the period before, costs over time."""

    before: dict[str, Decimal]
    comparing: bool
    courses: dict[str, tuple[Decimal, ...]]


class _Cells:
    """Turns rows of a result into rows of cells."""

    def __init__(
        self,
        wanted: Wanted,
        state: State,
        result: QueryResult,
        beside: "_Beside",
        names: Mapping[str, str],
    ) -> None:
        self._names = names
        self._wanted = wanted
        self._state = state
        self._result = result
        self._before = beside.before
        self._comparing = beside.comparing
        self._courses = beside.courses
        self._cost = result.totals.get("cost")
        self._colours = colours([str(row[wanted.dimension]) for row in result.rows[:10]])

    def __repr__(self) -> str:
        return f"<_Cells by {self._wanted.dimension}>"

    def row(self, row: Row) -> list[Cell]:
        name = str(row[self._wanted.dimension])
        href = ""
        if name != OTHER:
            filters = self._state.only(**{self._wanted.dimension: name})
            changes = {"filters": filters, "search": "", "sort": "", "by": ()}
            href = self._wanted.to + self._state.query_string(**changes)
        called = self._names.get(name, name)
        text = self._wanted.unallocated if name == NONE and self._wanted.unallocated else called
        first = Cell(
            text or "(empty)",
            name,
            href,
            tone="quiet" if name in (NONE, OTHER) else "",
            swatch=self._colours.get(name, ""),
        )
        course = self._courses.get(name)
        trend = Cell("", course, points=sparkline(course or ()))
        return [first, *self._figures(row, self._before.get(name), trend)]

    def totals(self, before: Decimal) -> list[Cell]:
        return [word("Total"), *self._figures(self._result.totals, before, Cell("", None))]

    def _figures(self, row: Row, before: Decimal | None, trend: Cell) -> list[Cell]:
        cells = []
        for metric in self._wanted.metrics:
            if metric not in row:
                cells.append(WAITING)
                continue
            value = row[metric]
            bad = metric == "error_rate" and value is not None and value >= 0.05
            cell = figure(value, METRICS[metric].unit, tone="bad" if bad else "")
            cells.append(marked(cell, row) if metric in COSTS else cell)
            if metric == "cost":
                share = _part(value, self._cost)
                text = "-" if share is None else f"{share * 100:.1f} %"
                cells.append(Cell(text, share, share=None if share is None else float(share)))
                if self._comparing and self._wanted.before:
                    cells.append(figure(before or Decimal(0), "USD", tone="quiet"))
                if self._comparing:
                    change = change_of(value, before)
                    quiet = "quiet" if change is None else ""
                    text = change_text(change) if value or change is not None else "-"
                    cells.append(Cell(text, change, tone=quiet))
                if self._wanted.trend:
                    cells.append(trend)
        return [*cells, *(figure(row[name], "exchanges") for name in _beside(self._wanted))]


def _beside(wanted: Wanted) -> tuple[str, ...]:
    """What data has beside a cost that is drawn: how many calls it leaves out."""
    if "cost" not in wanted.metrics:
        return ()
    return tuple(name for name in WITHOUT_PRICE if name not in wanted.metrics)


def _part(value: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return None if value is None or not whole else round(value / whole, 6)


def _columns(wanted: Wanted, state: State, *, comparing: bool) -> tuple[Column, ...]:
    sorting = state.sort.removeprefix("-")
    lead = sorting if sorting in wanted.metrics else wanted.order
    brief = wanted.brief if lead == wanted.order else (wanted.order, *wanted.brief[1:])

    def column(name: str, title: str, *, figures: bool = True, sorts: bool = True) -> Column:
        href, direction = _sorting(wanted, state, name, figures=figures) if sorts else ("", "")
        shown = {"lead": name == lead, "brief": name != lead and name in brief}
        return Column(name, title, figures, href, direction, **shown)

    columns = [
        column(wanted.dimension, NAMES.get(wanted.dimension, wanted.dimension), figures=False)
    ]
    for metric in wanted.metrics:
        columns.append(column(metric, TITLES.get(metric, metric.replace("_", " "))))
        if metric == "cost":
            columns.append(column(_SHARE, "Share", sorts=False))
            if comparing and wanted.before:
                columns.append(column("before", "Before", sorts=False))
            if comparing:
                columns.append(column(_CHANGE, "Change"))
            if wanted.trend:
                columns.append(column(_TREND, "Trend", sorts=False))
    hidden = (Column(name, name, figures=True, drawn=False) for name in _beside(wanted))
    return (*columns, *hidden)


def _sorting(wanted: Wanted, state: State, name: str, *, figures: bool) -> tuple[str, str]:
    """Where a column's heading leads, and in which order the table is by it."""
    current = state.sort.removeprefix("-") == name or (not state.sort and name == wanted.order)
    descending = current and (state.sort.startswith("-") or not state.sort)
    # Figures begin with the largest, names with A.
    following = name if descending or not figures else f"-{name}"
    if current and not descending:
        following = f"-{name}"
    direction = ("descending" if descending else "ascending") if current else ""
    return state.query_string(sort=following), direction


def _gone(result: QueryResult, wanted: Wanted, before: dict[str, Decimal]) -> list[Row]:
    """Groups that cost something before and are not there now, with nothing in their figures.

    They stand in the table so that what rows cost before adds up to what everything did. Where
    small groups are one `(other)`, nobody can tell which of them are gone.
    """
    there = {str(row[wanted.dimension]) for row in result.rows}
    if OTHER in there:
        return []
    nothing: Row = {
        name: (Decimal(0) if METRICS[name].unit == "USD" else 0) if METRICS[name].additive else None
        for name in (*wanted.metrics, *WITHOUT_PRICE)
    }
    return [
        {**nothing, wanted.dimension: name}
        for name, cost in before.items()
        if cost and name not in there
    ]


def _courses(desk: Desk, wanted: Wanted, rows: list[Row]) -> dict[str, tuple[Decimal, ...]]:
    """What the groups that are shown cost in each bucket of the range; nothing is 0."""
    names = [str(row[wanted.dimension]) for row in rows if row[wanted.dimension] != OTHER]
    question = desk.state.question(
        desk.span,
        group_by=(wanted.dimension,),
        metrics=("cost",),
        granularity=desk.state.bucket(desk.span, desk.now),
        filters=desk.state.narrowed({wanted.dimension: tuple(names)}),
    )
    found = desk.ask_alone(question).rows
    times = sorted({row[TIME] for row in found})
    costs = {(row[wanted.dimension], row[TIME]): row["cost"] or Decimal(0) for row in found}
    return {name: tuple(costs.get((name, time), Decimal(0)) for time in times) for name in names}


def _question(desk: Desk, wanted: Wanted) -> CostQuery:
    return desk.state.question(
        desk.span,
        group_by=(wanted.dimension,),
        metrics=(*wanted.metrics, *_beside(wanted)),
        limit=wanted.most or MAX_GROUPS,
    )


def _question_before(
    desk: Desk, wanted: Wanted, metrics: tuple[str, ...], before: tuple[datetime, datetime]
) -> CostQuery:
    return desk.state.question(
        desk.span, group_by=(wanted.dimension,), metrics=metrics, limit=MAX_GROUPS
    ).between(*before)


def _ready_to_sort(desk: Desk, wanted: Wanted) -> Desk:
    """The desk, which asks for percentiles at once where the table is sorted by one."""
    name = desk.state.sort.removeprefix("-")
    by_spread = name in wanted.metrics and METRICS[name].percentile is not None
    return replace(desk, sums_only=False) if by_spread else desk


def _costs(result: QueryResult, wanted: Wanted) -> dict[str, Decimal]:
    return {str(row[wanted.dimension]): row["cost"] or Decimal(0) for row in result.rows}


def _ordered(
    rows: list[Row], wanted: Wanted, state: State, before: dict[str, Decimal]
) -> list[Row]:
    name, descending = state.sort.removeprefix("-"), state.sort.startswith("-")
    if not name:
        name, descending = wanted.order, True

    def key(row: Row) -> Any:
        if name == wanted.dimension:
            return str(row[name]).lower()
        if name == _CHANGE:
            return change_of(row.get("cost"), before.get(str(row[wanted.dimension])))
        return row.get(name)

    rest = [row for row in rows if row[wanted.dimension] == OTHER]
    known = [row for row in rows if row not in rest and key(row) is not None]
    unknown = [row for row in rows if row not in rest and key(row) is None]
    return [*sorted(known, key=key, reverse=descending), *unknown, *rest]


def _pages(state: State, rows: int) -> tuple[tuple[str, str, str], ...]:
    last = -(-rows // PAGE_ROWS)
    links = []
    if state.page > 1:
        links.append(("prev", "Previous", state.query_string(page=state.page - 1)))
    if state.page < last:
        links.append(("next", "Next", state.query_string(page=state.page + 1)))
    return tuple(links)


def _note(everything: int, found: int, first: int, shown: int) -> str:
    parts = []
    if found != everything:
        parts.append(f"{found:,} of {everything:,} match; the total is of all {everything:,}.")
    if shown < found:
        parts.append(f"Rows {first + 1:,} to {first + shown:,} of {found:,}.")
    return " ".join(parts)
