"""Options that make a query of the ledger, and what is wrong with it in their names.

Counterparts: `reports/query` reads it; `report` and `whatif` ask, `tail` filters.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from weighbridge.errors import Problem, UsageError
from weighbridge.reports.cost_query import CostQuery, QueryError
from weighbridge.reports.query import filters_from_flags, parse_query

By = Annotated[str | None, typer.Option("--by", metavar="DIM,...", help="Group by these.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="T", help="24h, 7d, this-month, a date.")
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="T", help="As --since; not included.")
]
Filters = Annotated[
    list[str] | None,
    typer.Option("--filter", metavar="DIM=V", help="Only these; may be repeated."),
]
_FLAGS: Final = {"group_by": "--by", "filters": "--filter", "order_by": "--order-by"}


def query_of(given: Mapping[str, Any], filters: Iterable[str], *, refused: str) -> CostQuery:
    """The query that options make.

    Takes: fields of a query; the filters as flags; what cannot be done where that is none.
    Errors: `UsageError` with every problem, by flag.
    """
    try:
        return parse_query({**given, "filters": filters_from_flags(filters)}, datetime.now(UTC))
    except QueryError as error:
        told = zip(error.fields, error.problems, strict=True)
        problems = tuple(Problem(_FLAGS.get(where, f"--{where}"), text) for where, text in told)
        raise UsageError(refused, problems=problems) from None
