"""`/api/v1/in-flight`: exchanges under way, the longest first."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from weighbridge.admin.auth import Seen, Viewer
from weighbridge.admin.documents import InFlightList
from weighbridge.admin.filters import DIMENSION_PARAMETERS, filters_of
from weighbridge.admin.problems import RESPONSES
from weighbridge.errors import ClientError, Problem

router = APIRouter(prefix="/api/v1", tags=["exchanges"], responses=RESPONSES)


@router.get(
    "/in-flight",
    response_model=InFlightList,
    summary="List exchanges under way",
    openapi_extra={"parameters": DIMENSION_PARAMETERS},
)
def list_in_flight(
    request: Request,
    _caller: Viewer,
    services: Seen,
    *,
    limit: Annotated[int, Query(ge=1, le=10_000, description="At most so many.")] = 1000,
) -> dict[str, Any]:
    """What has begun and not ended; a Live session tells what it has come to after each turn."""
    problems: list[Problem] = []
    wanted = filters_of(request, ("limit",), problems)
    if problems:
        raise ClientError("the exchanges cannot be listed as asked", problems=tuple(problems))
    marks = [mark for mark in services.under_way.all() if _is_wanted(mark, wanted)]
    return {"exchanges": [_document(mark) for mark in marks[:limit]], "total": len(marks)}


def _is_wanted(mark: Mapping[str, Any], wanted: Mapping[str, list[str | None]]) -> bool:
    labels = mark.get("labels") or {}
    for column, values in wanted.items():
        _, is_label, key = column.partition("label:")
        if (labels.get(key) if is_label else mark.get(column)) not in values:
            return False
    return True


def _document(mark: Mapping[str, Any]) -> dict[str, Any]:
    return {**mark, "told_at": mark.get("ended_at") or mark["started_at"]}
