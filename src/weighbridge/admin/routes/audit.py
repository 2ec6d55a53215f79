"""`/api/v1/audit`: who changed what, and when."""

from typing import Annotated

from fastapi import APIRouter, Query

from weighbridge.admin.auth import Administrator, ServicesOf
from weighbridge.admin.people import AuditDocument, AuditList
from weighbridge.admin.problems import RESPONSES

router = APIRouter(prefix="/api/v1", tags=["people"], responses=RESPONSES)
_LARGEST_ID = 2**63 - 1


@router.get("/audit", summary="List changes")
def list_audit(
    _caller: Administrator,
    services: ServicesOf,
    *,
    limit: Annotated[int, Query(ge=1, le=1000, description="Entries of a page.")] = 100,
    cursor: Annotated[
        int | None, Query(ge=1, le=_LARGEST_ID, description="`next_cursor` of the page before.")
    ] = None,
    subject: Annotated[str | None, Query(description="Only changes of what has this id.")] = None,
    actor: Annotated[
        str | None, Query(description="Only changes by who has this id or name, or is this kind.")
    ] = None,
) -> AuditList:
    """Newest first; the fields that changed before and after, never a secret."""
    found = services.audit.page(limit=limit + 1, before_id=cursor, subject=subject, actor=actor)
    entries = [AuditDocument.of(entry) for entry in found[:limit]]
    following = str(entries[-1].id) if len(found) > limit else None
    return AuditList(entries=entries, next_cursor=following)
