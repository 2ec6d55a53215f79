"""`/api/v1/alerts`: what wants a look, now."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from weighbridge.admin.auth import Seen, Viewer
from weighbridge.admin.documents import AlertList
from weighbridge.admin.problems import RESPONSES

router = APIRouter(prefix="/api/v1", tags=["alerts"], responses=RESPONSES)


@router.get("/alerts", response_model=AlertList, summary="List alerts")
def list_alerts(_caller: Viewer, services: Seen) -> dict[str, Any]:
    """Warnings that stand: label keys with too many distinct values in the last 24 hours."""
    return {"alerts": [asdict(alert) for alert in services.alerts.all()], "next_cursor": None}
