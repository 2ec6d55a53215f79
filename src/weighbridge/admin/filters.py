"""Dimensions as query parameters of a list: which there are, and what a request asks for.

Counterpart: `reports/dimensions` knows the names; every list of exchanges takes them.
"""

from typing import Any, Final

from fastapi import Request

from weighbridge.errors import Problem
from weighbridge.reports.dimensions import (
    COLUMN_OF,
    NONE,
    is_dimension,
    nearest,
    stored_values,
    value_problem,
)

DIMENSION_PARAMETERS: Final[list[dict[str, Any]]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": f"Only this {name}; may be given several times. `{NONE}` = not given.",
        "schema": {"type": "array", "items": {"type": "string"}},
    }
    for name in (*COLUMN_OF, "label:KEY")
]


def filters_of(
    request: Request, others: tuple[str, ...], problems: list[Problem]
) -> dict[str, list[str | None]]:
    """Wanted values by column (`label:KEY` for labels); None stands for not given.

    Takes: parameters that are no dimensions; a list for what is wrong.
    """
    filters: dict[str, list[str | None]] = {}
    for name, value in request.query_params.multi_items():
        if name in others:
            continue
        if not is_dimension(name):
            advice = nearest(name, (*COLUMN_OF, *others))
            problems.append(Problem(name[:60], f"no such parameter or dimension; {advice}"))
        elif wrong := value_problem(name, value):
            problems.append(Problem(name, wrong))
        else:
            column = COLUMN_OF.get(name, name)
            filters.setdefault(column, []).extend(stored_values((value,)))
    return filters
