"""`/api/v1/exchanges`: the ledger's rows, newest first."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request

from weighbridge.admin.auth import Seen, Viewer
from weighbridge.admin.documents import ExchangeList, ExchangeRow
from weighbridge.admin.filters import DIMENSION_PARAMETERS, filters_of
from weighbridge.admin.problems import RESPONSES
from weighbridge.admin.rows import row_document
from weighbridge.errors import ClientError, NotFoundError, Problem
from weighbridge.ledger.stores.base import PageRequest
from weighbridge.reports.instants import parse_instant

router = APIRouter(prefix="/api/v1", tags=["exchanges"], responses=RESPONSES)
_OWN_PARAMETERS = ("since", "until", "limit", "cursor", "search", "order_by")
Order = Literal["-started_at", "-cost"]


@router.get(
    "/exchanges",
    response_model=ExchangeList,
    summary="List exchanges",
    openapi_extra={"parameters": DIMENSION_PARAMETERS},
)
def list_exchanges(  # noqa: PLR0913 - each is a query parameter
    request: Request,
    _caller: Viewer,
    services: Seen,
    *,
    since: Annotated[str | None, Query(description="From this instant, date or age on.")] = None,
    until: Annotated[str | None, Query(description="Before this instant, date or age.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Rows of a page.")] = 100,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    search: Annotated[str, Query(max_length=200, description="Words of names and codes.")] = "",
    order_by: Annotated[
        Order, Query(description="Newest first, or those that cost most: these have one page.")
    ] = "-started_at",
) -> dict[str, Any]:
    """Newest first; any dimension may be a parameter, and each word of a search must be found."""
    problems: list[Problem] = []
    wanted = PageRequest(
        since=_instant("since", since, problems),
        until=_instant("until", until, problems),
        filters=filters_of(request, _OWN_PARAMETERS, problems),
        limit=limit,
        cursor=cursor,
        search=search,
        costliest=order_by == "-cost",
    )
    if cursor and wanted.costliest:
        problems.append(Problem("cursor", f"order_by {order_by!r} has one page: leave cursor out"))
    if problems:
        raise ClientError("the exchanges cannot be listed as asked", problems=tuple(problems))
    page = services.exchanges.page(wanted)
    rows = [row_document(row) for row in page.exchanges]
    return {"exchanges": rows, "next_cursor": page.next_cursor}


@router.get("/exchanges/{exchange_id}", response_model=ExchangeRow, summary="Show an exchange")
def get_exchange(_caller: Viewer, services: Seen, exchange_id: str) -> dict[str, Any]:
    """One exchange with the charges that make its cost."""
    row = services.exchanges.exchange(exchange_id)
    if row is None:
        raise NotFoundError(f"no exchange has the id {exchange_id[:60]!r}")
    return row_document(row)


def _instant(name: str, text: str | None, problems: list[Problem]) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_instant(text, datetime.now(UTC), ZoneInfo("UTC"))
    except ValueError as error:
        problems.append(Problem(name, str(error)))
        return None
