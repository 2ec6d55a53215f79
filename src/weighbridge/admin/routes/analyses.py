"""`/api/v1/compare`, `/waste`, `/forecast`, `/loops`, `/charges`, `/label-coverage`: analyses.

Counterpart: `reports/{compare,waste,forecast,loops,charge_lines,label_coverage}` do the work; a
page shows the same figures.
"""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Body

from weighbridge.admin.asking import Asked, Asking
from weighbridge.admin.documents_of_analyses import (
    ChargeList,
    ComparisonDocument,
    CoverageDocument,
    ForecastDocument,
    LoopList,
    WasteList,
)
from weighbridge.admin.problems import RESPONSES
from weighbridge.reports.charge_lines import find_charges
from weighbridge.reports.compare import DEFAULT_MOVERS, compare
from weighbridge.reports.cost_query import QueryError
from weighbridge.reports.forecast import forecast_month
from weighbridge.reports.label_coverage import find_coverage
from weighbridge.reports.loops import find_loops
from weighbridge.reports.waste import find_waste

router = APIRouter(prefix="/api/v1", tags=["analyses"], responses=RESPONSES)
_COMPARED = {"since": "this-month", "group_by": ["agent"], "step": "month", "movers": 5}
_RANGE = {"since": "7d", "filters": {"department": ["care"]}}
_MONTH = {"timezone": "Europe/Berlin", "filters": {"department": ["care"]}}
_MOST_MOVERS = 1_000


@router.post("/compare", response_model=ComparisonDocument, summary="Compare two periods")
async def compare_periods(
    asking: Asking,
    question: Annotated[dict[str, Any], Body(examples=[_COMPARED])],
) -> dict[str, Any]:
    """A query with `since` and without granularity, beside the period before it.

    `step` (`auto`, `day`, `week`, `month`, `year`) says how far back, `movers` how many.
    """
    asked = {name: value for name, value in question.items() if name not in ("step", "movers")}
    step, movers = question.get("step") or "auto", question.get("movers", DEFAULT_MOVERS)
    if type(movers) is not int or not 0 <= movers <= _MOST_MOVERS:
        raise QueryError({"movers": f"movers is {movers!r}: give 0 to {_MOST_MOVERS}"})
    return await asking.answer(
        asked, lambda it: compare(it.query, it.run, it.now, step=step, movers=movers).as_json()
    )


@router.post("/waste", response_model=WasteList, summary="Sort errors and waste by kind")
async def waste(
    asking: Asking,
    question: Annotated[dict[str, Any], Body(examples=[_RANGE])],
) -> dict[str, Any]:
    """Range and filters of a query; every exchange is of exactly one kind."""
    return await asking.answer(question, lambda it: find_waste(it.query, it.run).as_json())


@router.post("/forecast", response_model=ForecastDocument, summary="Forecast this month's end")
async def forecast(
    asking: Asking,
    question: Annotated[dict[str, Any], Body(examples=[_MONTH])],
) -> dict[str, Any]:
    """Filters and time zone of a query; the month is the one that is now in that zone."""
    return await asking.answer(
        question, lambda it: forecast_month(it.query, it.run, it.now).as_json()
    )


@router.post("/loops", response_model=LoopList, summary="Find agents that look like loops")
async def loops(
    asking: Asking,
    question: Annotated[dict[str, Any], Body(examples=[_RANGE])],
) -> dict[str, Any]:
    """Range, filters and grouping of a query; agents where it has no grouping."""

    def work(it: Asked) -> dict[str, Any]:
        query = replace(it.query, group_by=it.query.group_by or ("agent",))
        return {"groups": [one.as_json(query) for one in find_loops(query, it.select)]}

    return await asking.answer(question, work)


@router.post("/charges", response_model=ChargeList, summary="Sum charges by unit")
async def charges(
    asking: Asking,
    question: Annotated[dict[str, Any], Body(examples=[_RANGE])],
) -> dict[str, Any]:
    """Range, filters and grouping of a query; what the money was for."""
    return await asking.answer(
        question, lambda it: find_charges(it.query, it.run, it.select).as_json()
    )


@router.post("/label-coverage", response_model=CoverageDocument, summary="Cover spend by labels")
async def label_coverage(
    asking: Asking,
    question: Annotated[dict[str, Any], Body(examples=[_RANGE])],
) -> dict[str, Any]:
    """Range and filters of a query; how much of the spend carries which label key."""
    return await asking.answer(question, lambda it: find_coverage(it.query, it.select).as_json())
