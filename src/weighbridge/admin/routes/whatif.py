"""`/api/v1/whatif`: what a workload would have cost on other models.

POST takes a query with `models`; GET takes the same as parameters, so that a link can hold it.
Counterpart: `reports/what_if` does the work.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request

from weighbridge.admin.auth import Seen, Viewer
from weighbridge.admin.documents_of_analyses import WhatIfDocument
from weighbridge.admin.filters import DIMENSION_PARAMETERS, filters_of
from weighbridge.admin.ports import Reports, Services
from weighbridge.admin.problems import RESPONSES
from weighbridge.admin.questions import questions_of
from weighbridge.errors import ClientError, Problem
from weighbridge.reports.cost_query import QueryError
from weighbridge.reports.dimensions import NONE
from weighbridge.reports.query import parse_query
from weighbridge.reports.what_if import what_if

router = APIRouter(prefix="/api/v1", tags=["analyses"], responses=RESPONSES)
_OWN_PARAMETERS = ("models", "since", "until", "timezone", "group_by")
_EXAMPLE = {"models": ["gemini-2.5-flash"], "since": "30d", "filters": {"agent": ["triage"]}}


@router.post("/whatif", response_model=WhatIfDocument, summary="Price a workload on other models")
async def post_what_if(
    request: Request,
    _caller: Viewer,
    services: Seen,
    question: Annotated[dict[str, Any], Body(examples=[_EXAMPLE])],
) -> dict[str, Any]:
    """Range, filters and grouping of a query, and `models` by name."""
    return await _answer(request, services, question)


@router.get(
    "/whatif",
    response_model=WhatIfDocument,
    summary="Price a workload on other models, by link",
    openapi_extra={"parameters": DIMENSION_PARAMETERS},
)
async def get_what_if(  # noqa: PLR0913 - each is a query parameter
    request: Request,
    _caller: Viewer,
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
    return await _answer(request, services, question)


async def _answer(
    request: Request, services: Services, question: Mapping[str, Any]
) -> dict[str, Any]:
    now = datetime.now(UTC)
    query = parse_query({name: question[name] for name in question if name != "models"}, now)
    models = _names(question.get("models"))

    def work(reports: Reports) -> dict[str, Any]:
        book = services.models
        found = what_if(query, models, lambda one: reports.run(one, now), reports.select, book)
        return found.as_json()

    return await questions_of(request).answer(request, services.reports, work)


def _names(given: Any) -> list[str]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise QueryError({"models": f"models is {str(given)[:80]!r}: give a list of names"})
    return [name.strip() for name in names if name.strip()]
