"""`/api/v1/policy`: what calls must say and what is done with labels, while the gateway runs."""

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from weighbridge.admin.auth import Administrator, Editor, ServicesOf
from weighbridge.admin.policy import PolicyChange, PolicyDocument, PolicySettingDocument
from weighbridge.admin.problems import RESPONSES
from weighbridge.core.policy_setting import PolicySetting

router = APIRouter(prefix="/api/v1", tags=["policy"], responses=RESPONSES)


@router.get("/policy", summary="Show the policy")
def get_policy(_caller: Editor, services: ServicesOf) -> PolicyDocument:
    """Every setting with its value and where that comes from."""
    return _document(services.policy_settings.all())


@router.patch("/policy", summary="Change the policy")
async def change_policy(
    caller: Administrator, services: ServicesOf, wanted: PolicyChange
) -> PolicyDocument:
    """Only what is given changes, and it is in force when the answer comes.

    What the configuration gives cannot be changed here: 409 names it.
    """
    changes = wanted.model_dump(exclude_unset=True)
    settings = await run_in_threadpool(services.policy_settings.update, changes, caller)
    await services.policy.publish()
    return _document(settings)


def _document(settings: Sequence[PolicySetting]) -> PolicyDocument:
    return PolicyDocument(settings=[PolicySettingDocument.of(one) for one in settings])
