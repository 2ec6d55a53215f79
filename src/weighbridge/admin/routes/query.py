"""`POST /api/v1/query`: any question to the ledger, in the one query model."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from weighbridge.admin.asking import Asking
from weighbridge.admin.problems import RESPONSES

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
    asking: Asking,
    question: Annotated[dict[str, Any], Body(examples=[_EXAMPLE])],
) -> dict[str, Any]:
    """Every field of the question is optional; decimals in the answer are strings."""
    return await asking.answer(question, lambda it: it.run(it.query).as_json())
