"""`POST /api/v1/query`: any question to the ledger, in the one query model."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, Field

from weighbridge.admin.auth import Seen, Viewer
from weighbridge.admin.ports import Reports
from weighbridge.admin.problems import RESPONSES
from weighbridge.admin.questions import questions_of
from weighbridge.reports.query import parse_query

router = APIRouter(prefix="/api/v1", tags=["query"], responses=RESPONSES)
_EXAMPLE = {
    "since": "30d",
    "granularity": "day",
    "group_by": ["department"],
    "metrics": ["cost", "exchanges"],
    "filters": {"surface": ["gemini"]},
    "order_by": "-cost",
    "limit": 10,
}


class Column(BaseModel):
    """A column of a result."""

    name: str = Field(description="A dimension, `time`, or a metric.")
    unit: str | None = Field(description="Unit of a metric; null for dimensions.")


class QueryResult(BaseModel):
    """The answer: rows that add up to the totals, and how complete they are."""

    columns: list[Column] = Field(description="In the order of a row's values.")
    rows: list[Any] = Field(description="One per group and bucket; decimals are strings.")
    totals: dict[str, Any] = Field(description="Each metric over everything that was asked for.")
    completeness: dict[str, int] = Field(
        description="Exchanges in all, and those whose cost is not known, and why."
    )
    as_of: str = Field(description="The ledger's state that was read, UTC.")


@router.post("/query", response_model=QueryResult, summary="Ask the ledger")
async def query(
    request: Request,
    _caller: Viewer,
    services: Seen,
    question: Annotated[dict[str, Any], Body(examples=[_EXAMPLE])],
) -> dict[str, Any]:
    """Every field of the question is optional; decimals in the answer are strings."""
    now = datetime.now(UTC)
    asked = parse_query(question, now)

    def work(reports: Reports) -> dict[str, Any]:
        return reports.run(asked, now).as_json()

    return await questions_of(request).answer(request, services.reports, work)
