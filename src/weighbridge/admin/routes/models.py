"""`/api/v1/models`: the price book at any date."""

from datetime import UTC, date, datetime
from itertools import groupby
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Query

from weighbridge.admin.auth import ServicesOf, Viewer
from weighbridge.admin.documents import ModelList, PriceStepList
from weighbridge.admin.problems import RESPONSES
from weighbridge.errors import ClientError, Problem
from weighbridge.pricing.compiler import PriceLine
from weighbridge.pricing.steps import price_steps
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
    instant = _instant("at", at)
    lines = services.models.listing(instant, provider, surface)
    models = [
        {"provider": maker, "model": name, "prices": [msgspec.to_builtins(line) for line in own]}
        for (maker, name), own in groupby(lines, key=lambda line: (line.provider, line.model))
    ]
    return {"models": models, "as_of": instant}


@router.get(
    "/models/changes", response_model=PriceStepList, summary="List changes of prices by date"
)
def list_price_changes(
    _caller: Viewer,
    services: ServicesOf,
    *,
    provider: Annotated[str | None, Query(description="Only models of this maker.")] = None,
    surface: Annotated[str | None, Query(description="Only prices of this surface.")] = None,
    since: Annotated[str | None, Query(description="After this day; now by default.")] = None,
    until: Annotated[str | None, Query(description="Before this day; open by default.")] = None,
) -> dict[str, Any]:
    """Every price that begins, ends or is another one on a day to come, or between two days."""
    first = _instant("since", since).date()
    last = _instant("until", until).date() if until else date.max

    def listing(day: date) -> list[PriceLine]:
        return services.models.listing(day, provider, surface)

    days = [day for day in services.models.change_days() if first < day < last]
    return {"changes": [msgspec.to_builtins(step) for step in price_steps(listing, days)]}


def _instant(name: str, text: str | None) -> datetime:
    now = datetime.now(UTC)
    if text is None:
        return now
    try:
        return parse_instant(text, now, ZoneInfo("UTC"))
    except ValueError as error:
        raise ClientError(str(error), problems=(Problem(name, str(error)),)) from None
