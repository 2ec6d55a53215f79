"""What chooses an exchange: the range, filters and scope of a query, as SQL conditions.

Hides how a value of the query reaches the statement. Rules for future edits: every value and label
key that came with the query is a bound parameter, never part of the text (P6); whatever asks the
ledger takes its conditions from here, so that no statement forgets the scope.
Counterparts: `compile` for cost queries; `loops`, `label_coverage` and `charge_sums` for
statements of other shapes.
"""

from datetime import datetime
from typing import Any

from sqlglot import exp

from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.dialects import Dialect
from weighbridge.reports.dimensions import (
    BOOLEAN_COLUMNS,
    BOOLEAN_WORDS,
    COLUMN_OF,
    INTEGER_COLUMNS,
    LABEL_PREFIX,
    NONE,
)


class Conditions:
    """The conditions of one statement; `params` grows with each value that is bound."""

    def __init__(self, query: CostQuery, dialect: Dialect) -> None:
        self.params: list[Any] = []
        self._query = query
        self._dialect = dialect

    def __repr__(self) -> str:
        return f"<Conditions, {len(self.params)} bound>"

    def where(self) -> list[exp.Expr]:
        """Range, filters and scope."""
        started = exp.column("started_at")
        found: list[exp.Expr] = []
        if self._query.since is not None:
            found.append(started >= self.instant(self._query.since))
        if self._query.until is not None:
            found.append(started < self.instant(self._query.until))
        asked = [*self._query.filters.items(), *self._query.scope.items()]
        return found + [self._filter(*item) for item in asked]

    def text(self, dimension: str) -> exp.Expr:
        """A dimension's value as text, nothing as `(none)`."""
        return as_text(self.dimension(dimension))

    def dimension(self, name: str) -> exp.Expr:
        """A dimension's value as it is stored."""
        if name.startswith(LABEL_PREFIX):
            return self._dialect.label(self.bound(name.removeprefix(LABEL_PREFIX)))
        return exp.column(COLUMN_OF[name])

    def bound(self, value: Any) -> exp.Expr:
        """A value as a parameter."""
        self.params.append(value)
        return self._dialect.parameter(len(self.params))

    def instant(self, moment: datetime) -> exp.Expr:
        """An instant as a parameter to compare `started_at` with."""
        return self.bound(self._dialect.bound_instant(moment))

    def _filter(self, dimension: str, values: tuple[str, ...]) -> exp.Expr:
        if not values:
            return exp.false()
        subject = self.dimension(dimension)
        column = COLUMN_OF.get(dimension, dimension)
        # `(none)` stays among the texts: a client may have sent the word, and it is shown as one.
        is_text = column not in INTEGER_COLUMNS | BOOLEAN_COLUMNS
        bound = [_typed(column, value) for value in values if is_text or value != NONE]
        options: list[exp.Expr] = []
        if bound:
            options.append(subject.isin(*[self.bound(value) for value in bound]))
        if NONE in values:
            options.append(subject.copy().is_(exp.null()))
        return exp.paren(exp.or_(*options)) if len(options) > 1 else (options or [exp.false()])[0]


def as_text(value: exp.Expr) -> exp.Expr:
    """A value as text, nothing as `(none)`."""
    return exp.func("COALESCE", exp.cast(value, "varchar"), exp.Literal.string(NONE))


def _typed(column: str, value: str) -> Any:
    if column in INTEGER_COLUMNS:
        return int(value)
    return BOOLEAN_WORDS[value] if column in BOOLEAN_COLUMNS else value
