"""A compiled query: its SQL, and what each column of its rows is.

Rules for future edits: whoever reads rows goes by this, never by the text of the SQL.
Counterparts: `compile` makes it, `result` reads rows by it.
"""

from dataclasses import dataclass
from typing import Any, Final

# What a row of a question asked apart is of: GROUPING of bucket and first dimension, a bit each.
BY_TIME: Final = 1
BY_GROUP: Final = 2
OVER_ALL: Final = 3


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL, its parameters, and the order of the columns it gives.

    Columns: `is_total`, then `bucket` where the query has a granularity, `rest` where it has a
    limit, one per dimension, one per component, one list per spread column. Where it is asked
    apart, `is_total` is one of `BY_TIME`, `BY_GROUP` and `OVER_ALL`.
    """

    sql: str
    params: list[Any]
    has_bucket: bool
    has_rest: bool
    dimensions: tuple[str, ...]
    components: tuple[str, ...]
    spreads: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """How a query is put.

    `apart`: groups and buckets are told apart instead of crossed, where it has both.
    `alone`: figures without completeness.
    """

    apart: bool = False
    alone: bool = False


WHOLE: Final = Form()
