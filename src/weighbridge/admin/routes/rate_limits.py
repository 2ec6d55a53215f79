"""`/api/v1/rate-limits`: calls and tokens a minute, and how full the buckets are."""

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from weighbridge.admin.auth import Editor, Seen, ServicesOf, Viewer
from weighbridge.admin.documents_of_rate_limits import (
    RateLimitChange,
    RateLimitDocument,
    RateLimitList,
    RateLimitRequest,
    RateLimitStatus,
    RateLimitStatusList,
)
from weighbridge.admin.problems import RESPONSES
from weighbridge.budgets.rate_limit import NewRateLimit, RateLimit
from weighbridge.budgets.reading import read_rate_limit, revise_rate_limit

router = APIRouter(prefix="/api/v1", tags=["rate limits"], responses=RESPONSES)


@router.post("/rate-limits", status_code=201, summary="Make a rate limit")
async def create_rate_limit(
    caller: Editor, services: ServicesOf, wanted: RateLimitRequest
) -> RateLimitDocument:
    """In force when the answer comes."""
    new = read_rate_limit(wanted.given())
    record = await run_in_threadpool(services.rate_limits.create, new, caller)
    await services.policy.publish()
    return RateLimitDocument.of(record)


@router.get("/rate-limits", summary="List rate limits")
def list_rate_limits(_caller: Viewer, services: Seen) -> RateLimitList:
    """Newest first; a viewer who is bound sees those that lie within what they see."""
    listed = [RateLimitDocument.of(record) for record in services.rate_limits.all()]
    return RateLimitList(rate_limits=listed, next_cursor=None)


@router.get("/rate-limits/status", summary="Show how full all buckets are")
def list_rate_limit_statuses(_caller: Viewer, services: Seen) -> RateLimitStatusList:
    """What may be used at once of each limit."""
    found = [
        RateLimitStatus.of(record, services.permits.permits_left(record.limit.id))
        for record in services.rate_limits.all()
    ]
    return RateLimitStatusList(statuses=found, next_cursor=None)


@router.get("/rate-limits/{limit_id}", summary="Show a rate limit")
def get_rate_limit(_caller: Viewer, services: Seen, limit_id: str) -> RateLimitDocument:
    """Its definition."""
    return RateLimitDocument.of(services.rate_limits.get(limit_id))


@router.patch("/rate-limits/{limit_id}", summary="Change a rate limit")
async def change_rate_limit(
    caller: Editor, services: ServicesOf, limit_id: str, wanted: RateLimitChange
) -> RateLimitDocument:
    """Only what is given changes, and it is in force when the answer comes."""

    def revise(limit: RateLimit) -> NewRateLimit:
        return revise_rate_limit(limit, wanted.given())

    record = await run_in_threadpool(services.rate_limits.update, limit_id, revise, caller)
    await services.policy.publish()
    return RateLimitDocument.of(record)


@router.delete("/rate-limits/{limit_id}", summary="Remove a rate limit")
async def remove_rate_limit(
    caller: Editor, services: ServicesOf, limit_id: str
) -> RateLimitDocument:
    """It binds no call from now on; gives what it was."""
    record = await run_in_threadpool(services.rate_limits.remove, limit_id, caller)
    await services.policy.publish()
    return RateLimitDocument.of(record)


@router.get("/rate-limits/{limit_id}/status", summary="Show how full a limit's buckets are")
def get_rate_limit_status(_caller: Viewer, services: Seen, limit_id: str) -> RateLimitStatus:
    """What may be used at once."""
    record = services.rate_limits.get(limit_id)
    return RateLimitStatus.of(record, services.permits.permits_left(limit_id))
