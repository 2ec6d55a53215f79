"""`/api/v1/alerts`: what wants a look now, and what was told before."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from weighbridge.admin.auth import Seen, Viewer
from weighbridge.admin.documents import AlertList
from weighbridge.admin.documents_of_alerts import ToldAlert, ToldAlertList
from weighbridge.admin.problems import RESPONSES

router = APIRouter(prefix="/api/v1", tags=["alerts"], responses=RESPONSES)


@router.get("/alerts", response_model=AlertList, summary="List alerts")
def list_alerts(_caller: Viewer, services: Seen) -> dict[str, Any]:
    """What wants a look now; a bound viewer sees none.

    Alerts of at least a warning whose window is not over, and label keys with too many distinct
    values in the last 24 hours.
    """
    return {"alerts": [asdict(alert) for alert in services.alerts.all()], "next_cursor": None}


@router.get("/alerts/history", summary="List alerts that were told")
def list_told_alerts(
    _caller: Viewer,
    services: Seen,
    *,
    limit: Annotated[int, Query(ge=1, le=1000, description="Alerts of a page.")] = 100,
    cursor: Annotated[
        str | None, Query(max_length=60, description="`next_cursor` of the page before.")
    ] = None,
    budget_id: Annotated[
        str | None, Query(max_length=60, description="Only alerts about this budget.")
    ] = None,
) -> ToldAlertList:
    """Newest first, each with what became of its messages. A bound viewer sees none."""
    found = services.alert_log.page(limit=limit + 1, before_id=cursor, budget_id=budget_id)
    alerts = [ToldAlert.of(alert) for alert in found[:limit]]
    following = alerts[-1].id if len(found) > limit else None
    return ToldAlertList(alerts=alerts, next_cursor=following)
