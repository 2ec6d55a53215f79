"""`/api/v1/budgets`: definitions, raises, and how each budget stands."""

import time
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from weighbridge.admin.auth import Editor, Seen, ServicesOf, Viewer
from weighbridge.admin.documents_of_budget_audit import AuditOfBudget
from weighbridge.admin.documents_of_budgets import (
    BudgetChange,
    BudgetDocument,
    BudgetList,
    BudgetRequest,
    RaiseDocument,
    RaiseRequest,
    StatusDocument,
    StatusList,
)
from weighbridge.admin.expiry import parse_expiry
from weighbridge.admin.ports import Reports, Services
from weighbridge.admin.problems import RESPONSES
from weighbridge.admin.questions import questions_of
from weighbridge.budgets.budget import Budget, NewBudget
from weighbridge.budgets.reading import read_budget, read_raise, revise_budget
from weighbridge.errors import ClientError, Problem

router = APIRouter(prefix="/api/v1", tags=["budgets"], responses=RESPONSES)


@router.post("/budgets", status_code=201, summary="Make a budget")
async def create_budget(
    caller: Editor, services: ServicesOf, wanted: BudgetRequest
) -> BudgetDocument:
    """In force when the answer comes; what was spent in its window before counts."""
    new = read_budget(wanted.given())
    record = await run_in_threadpool(services.budgets.create, new, caller)
    await services.policy.publish()
    return BudgetDocument.of(record)


@router.get("/budgets", summary="List budgets")
def list_budgets(_caller: Viewer, services: Seen) -> BudgetList:
    """Newest first; a viewer who is bound sees those that lie within what they see."""
    listed = [BudgetDocument.of(record) for record in services.budgets.all()]
    return BudgetList(budgets=listed, next_cursor=None)


@router.get("/budgets/status", summary="Show how all budgets stand")
async def list_statuses(request: Request, _caller: Viewer, services: Seen) -> StatusList:
    """Spent, held, remaining and forecast of each, in its window of now."""
    now = datetime.now(UTC)
    records = await run_in_threadpool(services.budgets.all)

    def work(reports: Reports) -> list[StatusDocument]:
        return [_status(services, record.budget, reports, now) for record in records]

    statuses = await questions_of(request).answer(request, services.reports, work)
    return StatusList(statuses=statuses, next_cursor=None)


@router.get("/budgets/{budget_id}", summary="Show a budget")
def get_budget(_caller: Viewer, services: Seen, budget_id: str) -> BudgetDocument:
    """Its definition, and every raise that it had."""
    return BudgetDocument.of(services.budgets.get(budget_id))


@router.patch("/budgets/{budget_id}", summary="Change a budget")
async def change_budget(
    caller: Editor, services: ServicesOf, budget_id: str, wanted: BudgetChange
) -> BudgetDocument:
    """Only what is given changes, and it is in force when the answer comes."""

    def revise(budget: Budget) -> NewBudget:
        return revise_budget(budget, wanted.given())

    record = await run_in_threadpool(services.budgets.update, budget_id, revise, caller)
    await services.policy.publish()
    return BudgetDocument.of(record)


@router.delete("/budgets/{budget_id}", summary="Remove a budget")
async def remove_budget(caller: Editor, services: ServicesOf, budget_id: str) -> BudgetDocument:
    """It binds no call from now on; gives what it was. The log of changes keeps it."""
    record = await run_in_threadpool(services.budgets.remove, budget_id, caller)
    await services.policy.publish()
    return BudgetDocument.of(record)


@router.get("/budgets/{budget_id}/status", summary="Show how a budget stands")
async def get_status(
    request: Request,
    _caller: Viewer,
    services: Seen,
    budget_id: str,
    value: Annotated[
        list[str] | None, Query(description="Only these values of `per`, also new ones.")
    ] = None,
) -> StatusDocument:
    """Spent, held, remaining and forecast in its window of now; per value where it is split."""
    now = datetime.now(UTC)
    budget = (await run_in_threadpool(services.budgets.get, budget_id)).budget
    if value and budget.per is None:
        told = f"the budget is one for all, got {value[0][:60]!r}; leave it out"
        raise ClientError(
            "this budget has no values of its own", problems=(Problem("value", told),)
        )

    def work(reports: Reports) -> StatusDocument:
        return _status(services, budget, reports, now, value)

    return await questions_of(request).answer(request, services.reports, work)


@router.get("/budgets/{budget_id}/audit", summary="Audit a budget")
async def audit_budget(
    request: Request, _caller: Editor, services: ServicesOf, budget_id: str
) -> AuditOfBudget:
    """Its spend recomputed from the ledger's rows, beside what enforcement goes by."""
    now = datetime.now(UTC)
    budget = (await run_in_threadpool(services.budgets.get, budget_id)).budget

    def work(reports: Reports) -> AuditOfBudget:
        audits = services.budget_audit.of(budget, lambda query: reports.run(query, now), now)
        return AuditOfBudget.of(budget, audits)

    return await questions_of(request).answer(request, services.reports, work)


@router.post("/budgets/{budget_id}/raises", status_code=201, summary="Raise a budget for a while")
async def give_raise(
    caller: Editor, services: ServicesOf, budget_id: str, wanted: RaiseRequest
) -> RaiseDocument:
    """The limit is higher by that much until then; the raise carries its author's name."""
    now_us = time.time_ns() // 1000
    given = read_raise(wanted.model_dump(), now_us, parse_expiry)
    record = await run_in_threadpool(services.budgets.give_raise, budget_id, given, caller)
    await services.policy.publish()
    return RaiseDocument.of(record)


@router.delete("/budgets/{budget_id}/raises/{raise_id}", summary="Withdraw a raise")
async def withdraw_raise(
    caller: Editor, services: ServicesOf, budget_id: str, raise_id: str
) -> RaiseDocument:
    """It ends now; it stays on record."""
    withdraw = services.budgets.withdraw_raise
    record = await run_in_threadpool(withdraw, budget_id, raise_id, caller)
    await services.policy.publish()
    return RaiseDocument.of(record)


def _status(
    services: Services,
    budget: Budget,
    reports: Reports,
    now: datetime,
    values: list[str] | None = None,
) -> StatusDocument:
    def run(query: Any) -> Any:
        return reports.run(query, now)

    return StatusDocument.of_budget(services.budget_states.of(budget, run, now, values))
