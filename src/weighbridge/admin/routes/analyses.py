"""`/api/v1/compare`, `/waste`, `/forecast`, `/loops`, `/charges`, `/label-coverage`: analyses.

Counterpart: `reports/{compare,waste,forecast,loops,charge_lines,label_coverage}` do the work; a
page shows the same figures.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request

from weighbridge.admin.auth import Seen, Viewer
from weighbridge.admin.documents_of_analyses import (
    ChargeList,
    ComparisonDocument,
    CoverageDocument,
    ForecastDocument,
    LoopList,
    WasteList,
)
from weighbridge.admin.ports import Reports
from weighbridge.admin.problems import RESPONSES
from weighbridge.admin.questions import questions_of
from weighbridge.reports.charge_lines import find_charges
from weighbridge.reports.compare import DEFAULT_MOVERS, compare
from weighbridge.reports.cost_query import CostQuery, QueryError
from weighbridge.reports.forecast import forecast_month
from weighbridge.reports.label_coverage import find_coverage
from weighbridge.reports.loops import find_loops
from weighbridge.reports.query import parse_query
from weighbridge.reports.waste import find_waste

router = APIRouter(prefix="/api/v1", tags=["analyses"], responses=RESPONSES)
_COMPARED = {"since": "this-month", "group_by": ["agent"], "step": "month", "movers": 5}
_RANGE = {"since": "7d", "filters": {"department": ["care"]}}
_MONTH = {"timezone": "Europe/Berlin", "filters": {"department": ["care"]}}
_MOST_MOVERS = 1_000


@router.post("/compare", response_model=ComparisonDocument, summary="Compare two periods")
async def compare_periods(
    request: Request,
    _caller: Viewer,
    services: Seen,
    question: Annotated[dict[str, Any], Body(examples=[_COMPARED])],
) -> dict[str, Any]:
    """A query with `since` and without granularity, beside the period before it.

    `step` (`auto`, `day`, `week`, `month`, `year`) says how far back, `movers` how many.
    """
    now = datetime.now(UTC)
    query, rest = _split(question, now, ("step", "movers"))
    step, movers = rest.get("step") or "auto", rest.get("movers", DEFAULT_MOVERS)
    if type(movers) is not int or not 0 <= movers <= _MOST_MOVERS:
        raise QueryError({"movers": f"movers is {movers!r}: give 0 to {_MOST_MOVERS}"})

    def work(reports: Reports) -> dict[str, Any]:
        made = compare(query, lambda one: reports.run(one, now), now, step=step, movers=movers)
        return made.as_json()

    return await questions_of(request).answer(request, services.reports, work)


@router.post("/waste", response_model=WasteList, summary="Sort errors and waste by kind")
async def waste(
    request: Request,
    _caller: Viewer,
    services: Seen,
    question: Annotated[dict[str, Any], Body(examples=[_RANGE])],
) -> dict[str, Any]:
    """Range and filters of a query; every exchange is of exactly one kind."""
    now = datetime.now(UTC)
    query, _ = _split(question, now)

    def work(reports: Reports) -> dict[str, Any]:
        return find_waste(query, lambda one: reports.run(one, now)).as_json()

    return await questions_of(request).answer(request, services.reports, work)


@router.post("/forecast", response_model=ForecastDocument, summary="Forecast this month's end")
async def forecast(
    request: Request,
    _caller: Viewer,
    services: Seen,
    question: Annotated[dict[str, Any], Body(examples=[_MONTH])],
) -> dict[str, Any]:
    """Filters and time zone of a query; the month is the one that is now in that zone."""
    now = datetime.now(UTC)
    query, _ = _split(question, now)

    def work(reports: Reports) -> dict[str, Any]:
        return forecast_month(query, lambda one: reports.run(one, now), now).as_json()

    return await questions_of(request).answer(request, services.reports, work)


@router.post("/loops", response_model=LoopList, summary="Find agents that look like loops")
async def loops(
    request: Request,
    _caller: Viewer,
    services: Seen,
    question: Annotated[dict[str, Any], Body(examples=[_RANGE])],
) -> dict[str, Any]:
    """Range, filters and grouping of a query; agents where it has no grouping."""
    now = datetime.now(UTC)
    query, _ = _split(question, now)
    query = replace(query, group_by=query.group_by or ("agent",))

    def work(reports: Reports) -> dict[str, Any]:
        return {"groups": [one.as_json(query) for one in find_loops(query, reports.select)]}

    return await questions_of(request).answer(request, services.reports, work)


@router.post("/charges", response_model=ChargeList, summary="Sum charges by unit")
async def charges(
    request: Request,
    _caller: Viewer,
    services: Seen,
    question: Annotated[dict[str, Any], Body(examples=[_RANGE])],
) -> dict[str, Any]:
    """Range, filters and grouping of a query; what the money was for."""
    now = datetime.now(UTC)
    query, _ = _split(question, now)

    def work(reports: Reports) -> dict[str, Any]:
        return find_charges(query, lambda one: reports.run(one, now), reports.select).as_json()

    return await questions_of(request).answer(request, services.reports, work)


@router.post("/label-coverage", response_model=CoverageDocument, summary="Cover spend by labels")
async def label_coverage(
    request: Request,
    _caller: Viewer,
    services: Seen,
    question: Annotated[dict[str, Any], Body(examples=[_RANGE])],
) -> dict[str, Any]:
    """Range and filters of a query; how much of the spend carries which label key."""
    query, _ = _split(question, datetime.now(UTC))

    def work(reports: Reports) -> dict[str, Any]:
        return find_coverage(query, reports.select).as_json()

    return await questions_of(request).answer(request, services.reports, work)


def _split(
    question: Mapping[str, Any], now: datetime, own: tuple[str, ...] = ()
) -> tuple[CostQuery, dict[str, Any]]:
    """The query of a document, and the fields that are the analysis's own."""
    rest = {name: question[name] for name in own if name in question}
    asked = {name: value for name, value in question.items() if name not in own}
    return parse_query(asked, now), rest
