"""`/api/v1/price-overrides`: negotiated rates, over those of the price book."""

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from weighbridge.admin.auth import Administrator, ServicesOf, Viewer
from weighbridge.admin.price_overrides import (
    PriceChanges,
    PriceOverrideChange,
    PriceOverrideDocument,
    PriceOverrideInForce,
    PriceOverrideList,
    PriceOverridePreview,
    PriceOverrideRequest,
)
from weighbridge.admin.problems import RESPONSES

router = APIRouter(prefix="/api/v1", tags=["prices"], responses=RESPONSES)


@router.get("/price-overrides", summary="List own rates")
def list_price_overrides(_caller: Viewer, services: ServicesOf) -> PriceOverrideList:
    """Those that the gateway keeps; a file that the configuration names is not among them."""
    found = [PriceOverrideDocument.of(one) for one in services.price_overrides.all()]
    return PriceOverrideList(price_overrides=found, next_cursor=None)


@router.post("/price-overrides", status_code=201, summary="Put own rates in force")
async def create_price_override(
    caller: Administrator, services: ServicesOf, wanted: PriceOverrideRequest
) -> PriceOverrideInForce:
    """Calls that end from now on cost that; rows that are booked keep their cost."""
    own = services.price_overrides
    made, changes = await run_in_threadpool(own.create, wanted.model_dump(), caller)
    await services.policy.publish()
    return PriceOverrideInForce.of(made, changes=PriceChanges.listed(changes))


@router.post("/price-overrides/preview", summary="Show what own rates would change")
def preview_price_override(
    _caller: Administrator, services: ServicesOf, wanted: PriceOverridePreview
) -> PriceChanges:
    """Nothing is stored."""
    statement = wanted.model_dump()
    changes = services.price_overrides.preview(statement, statement.pop("replaces"))
    return PriceChanges(changes=PriceChanges.listed(changes))


@router.patch("/price-overrides/{override_id}", summary="Change own rates")
async def change_price_override(
    caller: Administrator, services: ServicesOf, override_id: str, wanted: PriceOverrideChange
) -> PriceOverrideInForce:
    """Only what is given changes."""
    own, fields = services.price_overrides, wanted.model_dump(exclude_unset=True)
    changed, changes = await run_in_threadpool(own.update, override_id, fields, caller)
    await services.policy.publish()
    return PriceOverrideInForce.of(changed, changes=PriceChanges.listed(changes))


@router.delete("/price-overrides/{override_id}", summary="Take own rates back")
async def remove_price_override(
    caller: Administrator, services: ServicesOf, override_id: str
) -> PriceOverrideInForce:
    """The book's own prices hold again, for calls that end from now on."""
    own = services.price_overrides
    gone, changes = await run_in_threadpool(own.remove, override_id, caller)
    await services.policy.publish()
    return PriceOverrideInForce.of(gone, changes=PriceChanges.listed(changes))
