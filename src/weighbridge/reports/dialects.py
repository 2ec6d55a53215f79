"""What differs between the databases that a query can be compiled for.

Hides one engine's functions, parameter marks and bound types. Rules for future edits: a
second engine is a second class here with the same methods and an entry in `DIALECTS`;
`compile` stays free of engine names.
"""

from datetime import UTC, datetime
from typing import Any, Final, Protocol

from sqlglot import exp


class Dialect(Protocol):
    """The engine-specific parts of a statement."""

    name: str

    def parameter(self, number: int) -> exp.Expr:
        """The mark of the `number`-th bound value, from 1; may stand more than once."""
        ...

    def bound_instant(self, instant: datetime) -> Any:
        """An instant as the driver binds it against `started_at`."""
        ...

    def unix_us(self, column: exp.Expr) -> exp.Expr:
        """Microseconds since the epoch of a timestamp, as an integer."""
        ...

    def label(self, key: exp.Expr) -> exp.Expr:
        """The value of a label, null where the row does not carry it."""
        ...

    def label_items(self) -> tuple[exp.Expr, exp.Expr]:
        """Keys and values of a row's labels, each label a row of its own."""
        ...

    def hashed(self, value: exp.Expr) -> exp.Expr:
        """64 bits that stand for a text where distinct ones are counted."""
        ...

    def percentiles(self, column: exp.Expr, ranks: tuple[str, ...]) -> exp.Expr:
        """The list of a column's nearest-rank quantiles, null over no values."""
        ...

    def month_of_day(self, day: exp.Expr) -> exp.Expr:
        """Months since 1970-01 of a day counted from 1970-01-01."""
        ...


class DuckDb:
    """DuckDB: numbered parameters, `labels` a map that is null where a key is missing."""

    name = "duckdb"

    def parameter(self, number: int) -> exp.Expr:
        """`$1`."""
        return exp.Parameter(this=exp.Literal.number(number))

    def bound_instant(self, instant: datetime) -> datetime:
        """UTC without a zone, as `started_at` is a plain TIMESTAMP.

        An aware value would be compared in the session's zone.
        """
        return instant.astimezone(UTC).replace(tzinfo=None)

    def unix_us(self, column: exp.Expr) -> exp.Expr:
        """`EPOCH_US(started_at)`."""
        return exp.func("EPOCH_US", column)

    def label(self, key: exp.Expr) -> exp.Expr:
        """`MAP_EXTRACT_VALUE(labels, $1)`."""
        return exp.func("MAP_EXTRACT_VALUE", exp.column("labels"), key)

    def label_items(self) -> tuple[exp.Expr, exp.Expr]:
        """`UNNEST(MAP_KEYS(labels))`, `UNNEST(MAP_VALUES(labels))`, which go in step."""
        return (
            exp.Anonymous(this="UNNEST", expressions=[_call("MAP_KEYS", exp.column("labels"))]),
            exp.Anonymous(this="UNNEST", expressions=[_call("MAP_VALUES", exp.column("labels"))]),
        )

    def hashed(self, value: exp.Expr) -> exp.Expr:
        """`HASH(value)`."""
        return _call("HASH", value)

    def percentiles(self, column: exp.Expr, ranks: tuple[str, ...]) -> exp.Expr:
        """`QUANTILE_DISC(latency_us, [0.50, 0.95])`, one pass for all ranks.

        DuckDB takes `ceil(n * rank)` in integers where the rank is a decimal literal, so the
        result is exactly the nearest rank.
        """
        literals = [exp.Literal.number(rank) for rank in ranks]
        return exp.func("QUANTILE_DISC", column, exp.Array(expressions=literals))

    def month_of_day(self, day: exp.Expr) -> exp.Expr:
        """Whole months between the epoch and the day."""
        epoch = exp.cast(exp.Literal.string("1970-01-01"), "date")
        date = exp.Add(this=epoch, expression=exp.cast(day, "int"))
        part = exp.Literal.string("month")
        return exp.Anonymous(this="DATE_DIFF", expressions=[part, epoch.copy(), date])


def _call(name: str, value: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[value])


DIALECTS: Final[dict[str, Dialect]] = {"duckdb": DuckDb()}
