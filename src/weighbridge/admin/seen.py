"""The services as a viewer who is bound to departments or projects sees them.

Hides nothing from whoever is not bound. Rules for future edits: every port that gives figures,
rows, names or labels of the ledger is narrowed here, and a port that cannot be narrowed gives
nothing; the price book and the gateway's own health are nobody's in particular.
Counterpart: `auth.Seen` is how routes get these; `core/principal` says what a scope is.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from weighbridge.admin.ports import Exchanges, Services, UnderWay
from weighbridge.admin.ports_of_people import Tokens
from weighbridge.admin.seen_budgets import SeenBudgets, SeenBudgetStates
from weighbridge.admin.seen_rate_limits import SeenPermits, SeenRateLimits
from weighbridge.core.alert import Alert, Channel, NewChannel
from weighbridge.core.credential import NewToken, TrackingToken
from weighbridge.core.principal import OPERATOR, Principal, Scope, narrowed, sees
from weighbridge.errors import NotFoundError
from weighbridge.ledger.stores.base import Page, PageRequest, Row


def services_seen(services: Services, scope: Scope) -> Services:
    """The services within a scope; the same ones where it is empty."""
    if not scope:
        return services
    return dataclasses.replace(
        services,
        tokens=_SeenTokens(services.tokens, scope),
        reports=services.reports.within(scope),
        exchanges=_SeenExchanges(services.exchanges, scope),
        under_way=_SeenUnderWay(services.under_way, scope),
        alerts=_NoAlerts(),
        alert_log=_NoAlertLog(),
        channels=_NoChannels(),
        budgets=SeenBudgets(services.budgets, scope),
        budget_states=SeenBudgetStates(services.budget_states, scope),
        rate_limits=SeenRateLimits(services.rate_limits, scope),
        permits=SeenPermits(services.permits, services.rate_limits, scope),
    )


class _SeenExchanges:
    """Rows within a scope; one outside is not there."""

    def __init__(self, exchanges: Exchanges, scope: Scope) -> None:
        self._exchanges = exchanges
        self._scope = scope

    def __repr__(self) -> str:
        return f"<_SeenExchanges within {self._scope}>"

    def page(self, request: PageRequest) -> Page:
        scope = narrowed(request.scope, self._scope)
        return self._exchanges.page(dataclasses.replace(request, scope=scope))

    def exchange(self, exchange_id: str) -> Row | None:
        row = self._exchanges.exchange(exchange_id)
        return row if row is not None and sees(self._scope, row) else None


class _SeenUnderWay:
    """Exchanges under way within a scope."""

    def __init__(self, under_way: UnderWay, scope: Scope) -> None:
        self._under_way = under_way
        self._scope = scope

    def __repr__(self) -> str:
        return f"<_SeenUnderWay within {self._scope}>"

    def all(self) -> list[Mapping[str, Any]]:
        return [mark for mark in self._under_way.all() if sees(self._scope, mark)]


class _SeenTokens:
    """Tracking tokens that stand for a department or project within a scope, to look at."""

    def __init__(self, tokens: Tokens, scope: Scope) -> None:
        self._tokens = tokens
        self._scope = scope

    def __repr__(self) -> str:
        return f"<_SeenTokens within {self._scope}>"

    def all(self) -> list[TrackingToken]:
        return [token for token in self._tokens.all() if self._sees(token)]

    def get(self, token_id: str) -> TrackingToken:
        token = self._tokens.get(token_id)
        if not self._sees(token):
            raise NotFoundError(f"no tracking token has the id {token_id[:60]!r}")
        return token

    def create(self, new: NewToken, by: Principal = OPERATOR) -> tuple[TrackingToken, str]:
        raise AssertionError(f"{by.id}: only viewers are bound, and they make no {type(new)}")

    def update(
        self, token_id: str, changes: Mapping[str, Any], by: Principal = OPERATOR
    ) -> TrackingToken:
        raise AssertionError(f"{by.id}: viewers do not change {token_id} in {len(changes)} fields")

    def revoke(self, token_id: str, by: Principal = OPERATOR) -> TrackingToken:
        raise AssertionError(f"{by.id}: viewers do not revoke {token_id}")

    def _sees(self, token: TrackingToken) -> bool:
        return sees(self._scope, {"department": token.department, "project": token.project})


class _NoAlerts:
    """Alerts tell of everybody's labels, so who is bound gets none."""

    def __repr__(self) -> str:
        return "<_NoAlerts>"

    def all(self) -> Sequence[Any]:
        return ()


class _NoAlertLog:
    """What was told names everybody's budgets and models, so who is bound gets none."""

    def __repr__(self) -> str:
        return "<_NoAlertLog>"

    def page(
        self,
        *,
        limit: int,  # noqa: ARG002 - the port's
        before_id: str | None = None,  # noqa: ARG002
        budget_id: str | None = None,  # noqa: ARG002
    ) -> list[Alert]:
        return []


class _NoChannels:
    """Who is bound has nobody to tell."""

    def __repr__(self) -> str:
        return "<_NoChannels>"

    def all(self) -> list[Channel]:
        return []

    def get(self, wanted: str) -> Channel:
        raise NotFoundError(f"no channel has the id or name {wanted[:60]!r}")

    def create(self, new: NewChannel, by: Principal = OPERATOR) -> Channel:
        raise AssertionError(f"{by.id}: only viewers are bound, and they make no {type(new)}")

    def update(self, wanted: str, changes: Mapping[str, Any], by: Principal = OPERATOR) -> Channel:
        raise AssertionError(f"{by.id}: viewers do not change {wanted} in {len(changes)} fields")

    def remove(self, wanted: str, by: Principal = OPERATOR) -> Channel:
        raise AssertionError(f"{by.id}: viewers do not remove {wanted}")
