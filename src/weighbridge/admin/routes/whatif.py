"""`/api/v1/whatif`: what a workload would have cost on other models.

POST takes a query with `models`; GET takes the same as parameters, so that a link can hold it.
Counterpart: `reports/what_if` does the work.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request

from weighbridge.admin.asking import Asking
from weighbridge.admin.auth import Seen
from weighbridge.admin.documents_of_analyses import WhatIfDocument
from weighbridge.admin.filters import DIMENSION_PARAMETERS, filters_of
from weighbridge.admin.ports import Services
from weighbridge.admin.problems import RESPONSES
from weighbridge.errors import ClientError, Problem
from weighbridge.reports.cost_query import QueryError
from weighbridge.reports.dimensions import NONE
from weighbridge.reports.what_if import what_if

router = APIRouter(prefix="/api/v1", tags=["analyses"], responses=RESPONSES)
_OWN_PARAMETERS = ("models", "since", "until", "timezone", "group_by")
_EXAMPLE = {"models": ["gemini-2.5-flash"], "since": "30d", "filters": {"agent": ["triage"]}}


@router.post("/whatif", response_model=WhatIfDocument, summary="Price a workload on other models")
async def post_what_if(
    asking: Asking,
    services: Seen,
    question: Annotated[dict[str, Any], Body(examples=[_EXAMPLE])],
) -> dict[str, Any]:
    """Range, filters and grouping of a query, and `models` by name."""
    return await _answer(asking, services, question)


@router.get(
    "/whatif",
    response_model=WhatIfDocument,
    summary="Price a workload on other models, by link",
    openapi_extra={"parameters": DIMENSION_PARAMETERS},
)
async def get_what_if(  # noqa: PLR0913 - each is a query parameter
    request: Request,
    asking: Asking,
    services: Seen,
    *,
    models: Annotated[str, Query(description="Names, with commas.")],
    since: Annotated[str | None, Query(description="As in a query.")] = None,
    until: Annotated[str | None, Query(description="As in a query.")] = None,
    timezone: Annotated[str | None, Query(description="As in a query.")] = None,
    group_by: Annotated[str | None, Query(description="Dimensions, with commas.")] = None,
) -> dict[str, Any]:
    """Any dimension may be a parameter."""
    problems: list[Problem] = []
    filters = filters_of(request, _OWN_PARAMETERS, problems)
    if problems:
        raise ClientError("the workload cannot be priced as asked", problems=tuple(problems))
    question = {
        "models": models,
        "since": since,
        "until": until,
        "timezone": timezone,
        "group_by": group_by,
        "filters": {
            name: [NONE if value is None else value for value in values]
            for name, values in filters.items()
        },
    }
    return await _answer(asking, services, question)


async def _answer(
    asking: Asking, services: Services, question: Mapping[str, Any]
) -> dict[str, Any]:
    models = _names(question.get("models"))
    asked = {name: value for name, value in question.items() if name != "models"}
    return await asking.answer(
        asked,
        lambda it: what_if(it.query, models, it.run, it.select, services.models).as_json(),
    )


def _names(given: Any) -> list[str]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise QueryError({"models": f"models is {str(given)[:80]!r}: give a list of names"})
    return [name.strip() for name in names if name.strip()]
