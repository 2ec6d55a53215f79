"""`/api/v1/models`: the price book at any date."""

from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Query

from weighbridge.admin.auth import ServicesOf, Viewer
from weighbridge.admin.documents import ModelList
from weighbridge.admin.problems import RESPONSES
from weighbridge.errors import ClientError, Problem
from weighbridge.reports.instants import parse_instant

router = APIRouter(prefix="/api/v1", tags=["models"], responses=RESPONSES)


@router.get("/models", response_model=ModelList, summary="List models and prices")
def list_models(
    _caller: Viewer,
    services: ServicesOf,
    provider: Annotated[str | None, Query(description="Only models of this maker.")] = None,
    surface: Annotated[str | None, Query(description="Only prices of this surface.")] = None,
    at: Annotated[str | None, Query(description="Prices in force then; now by default.")] = None,
) -> dict[str, Any]:
    """Every model with the prices in force, each with its source."""
    instant = _instant(at)
    lines = services.models.listing(instant, provider, surface)
    models = [
        {"provider": maker, "model": name, "prices": [msgspec.to_builtins(line) for line in own]}
        for (maker, name), own in groupby(lines, key=lambda line: (line.provider, line.model))
    ]
    return {"models": models, "as_of": instant}


def _instant(text: str | None) -> datetime:
    now = datetime.now(UTC)
    if text is None:
        return now
    try:
        return parse_instant(text, now, ZoneInfo("UTC"))
    except ValueError as error:
        raise ClientError(str(error), problems=(Problem("at", str(error)),)) from None
