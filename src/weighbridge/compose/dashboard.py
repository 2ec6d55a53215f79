"""Gives the dashboard's pages what they may see: the admin's services, narrowed to the caller.

Hides the admin package from the dashboard's. Rules for future edits: reports reach a page only
through the admin's bounds on questions, and every port through `services_seen`.
"""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request

from weighbridge.admin.auth import ServicesOf, csrf_token_of, requires
from weighbridge.admin.expiry import parse_expiry
from weighbridge.admin.own_password import change_own_password
from weighbridge.admin.ports import Reports, Services
from weighbridge.admin.questions import questions_of
from weighbridge.admin.seen import services_seen
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder
from weighbridge.core.credential import Role
from weighbridge.core.principal import Principal
from weighbridge.dashboard.administration import Administration
from weighbridge.dashboard.asking import Sources, Visit
from weighbridge.dashboard.assets import Assets
from weighbridge.dashboard.router import dashboard_router

_Answer = TypeVar("_Answer")


def _now() -> datetime:
    return datetime.now(UTC)


def dashboard(
    folder: DataFolder, settings: Settings, clock: Callable[[], datetime] = _now
) -> APIRouter:
    """The dashboard's routes."""

    def gateway() -> str:
        public = settings.gateway.public_url
        return str(public or folder.told_address() or f"http://{settings.gateway.listen}")

    return dashboard_router(_visitor(gateway), Assets(folder.cache), clock)


def _visitor(
    gateway: Callable[[], str],
) -> Callable[[Role], Callable[..., Coroutine[Any, Any, Visit]]]:
    def of_role(role: Role) -> Callable[..., Coroutine[Any, Any, Visit]]:
        async def visit(
            request: Request,
            services: ServicesOf,
            principal: Annotated[Principal, Depends(requires(role))],
        ) -> Visit:
            return _visit(request, services_seen(services, principal.scope), principal, gateway())

        return visit

    return of_role


def _visit(request: Request, seen: Services, principal: Principal, gateway: str) -> Visit:
    async def answer(work: Callable[[Reports], _Answer]) -> _Answer:
        return await questions_of(request).answer(request, seen.reports, work)

    return Visit(
        principal=principal,
        csrf=csrf_token_of(request) or "",
        sources=Sources(
            exchanges=seen.exchanges,
            under_way=seen.under_way,
            models=seen.models,
            budgets=seen.budgets,
            budget_states=seen.budget_states,
            rate_limits=seen.rate_limits,
            permits=seen.permits,
            administration=_administration(request, seen),
            alerts=seen.alerts,
            alert_log=seen.alert_log,
            channels=seen.channels,
            gateway=gateway,
        ),
        answer=answer,
        publish=seen.policy.publish,
    )


def _administration(request: Request, seen: Services) -> Administration:
    def change_password(caller: Principal, current: str, wanted: str) -> None:
        change_own_password(request, seen, caller, (current, wanted))

    return Administration(
        tokens=seen.tokens,
        keys=seen.keys,
        users=seen.users,
        links=seen.links,
        audit=seen.audit,
        policy_settings=seen.policy_settings,
        price_overrides=seen.price_overrides,
        system=seen.system,
        budgets=seen.budgets,
        rate_limits=seen.rate_limits,
        channels=seen.channels,
        alert_sender=seen.alert_sender,
        expiry=parse_expiry,
        change_password=change_password,
        origin=seen.public_url or str(request.base_url).rstrip("/"),
    )
