"""What the admin API needs of the rest, as protocols; `compose` puts the real ones in.

Rules for future edits: a port has the methods that a router calls and no others; blocking
methods are called from threads, so a port must allow calls from several at once. Ports of one
subject stand together: `ports_of_people`, `ports_of_budgets`, `ports_of_alerts`; here are the
others, and `Services`, which has them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol, Self

from weighbridge.admin.ports_of_alerts import (
    AlertLog,
    Alerts,
    AlertSender,
    Channels,
)
from weighbridge.admin.ports_of_budgets import (
    BudgetAudit,
    Budgets,
    BudgetStates,
    Nodes,
    Permits,
    RateLimits,
)
from weighbridge.admin.ports_of_people import (
    Audit,
    Keys,
    Links,
    Oidc,
    Sessions,
    Tokens,
    Users,
)
from weighbridge.core.policy_setting import PolicySetting
from weighbridge.core.principal import OPERATOR, Principal, Scope
from weighbridge.core.stop import Stop
from weighbridge.core.system_health import SystemHealth
from weighbridge.ledger.stores.base import Page, PageRequest, Row
from weighbridge.pricing.changes import DatedChange
from weighbridge.pricing.compiler import PriceLine
from weighbridge.pricing.overrides import PriceOverride
from weighbridge.reports.query import CostQuery
from weighbridge.reports.result import QueryResult
from weighbridge.reports.service import Write
from weighbridge.reports.what_if import Book


class System(Protocol):
    """How the gateway is, in figures."""

    def look(self) -> SystemHealth:
        """All of it, now."""
        ...


class PriceOverrides(Protocol):
    """The operator's own rates."""

    def all(self) -> list[PriceOverride]:
        """Every statement, the earliest made first."""
        ...

    def preview(
        self, statement: Mapping[str, Any], override_id: str | None = None
    ) -> list[DatedChange]:
        """What a statement would change, also in place of another."""
        ...

    def create(
        self, statement: Mapping[str, Any], by: Principal = OPERATOR
    ) -> tuple[PriceOverride, list[DatedChange]]:
        """A statement in force, and what it changed."""
        ...

    def update(
        self, override_id: str, changes: Mapping[str, Any], by: Principal = OPERATOR
    ) -> tuple[PriceOverride, list[DatedChange]]:
        """A statement with new values of some fields, and what that changed."""
        ...

    def remove(
        self, override_id: str, by: Principal = OPERATOR
    ) -> tuple[PriceOverride, list[DatedChange]]:
        """A statement that holds no more, and what that changed."""
        ...


class PolicySettings(Protocol):
    """What can be changed of the policy while the gateway runs."""

    def all(self) -> list[PolicySetting]:
        """Every setting with its origin."""
        ...

    def update(self, changes: Mapping[str, Any], by: Principal = OPERATOR) -> list[PolicySetting]:
        """Every setting, once some have new values; None takes away."""
        ...


class Policy(Protocol):
    """The way of a change to the workers."""

    async def publish(self) -> None:
        """Bring the policy as it is stored into force."""
        ...


class Reports(Protocol):
    """Answers to cost queries."""

    def run(self, query: CostQuery, now: datetime) -> QueryResult:
        """The result over what the ledger holds now."""
        ...

    def run_alone(self, query: CostQuery, now: datetime) -> QueryResult:
        """The result without its completeness, which is told elsewhere."""
        ...

    def run_apart(
        self, query: CostQuery, now: datetime, *, alone: bool = False
    ) -> tuple[QueryResult, QueryResult]:
        """The results by group and by bucket, of one pass; `alone` without completeness."""
        ...

    def recalling(self) -> Self:
        """The same answers as were given for the same instant, whatever came since."""
        ...

    def select(self, query: CostQuery, write: Write) -> list[tuple[Any, ...]]:
        """Rows of a statement that `write` makes of the query."""
        ...

    def stoppable(self, stop: Stop, *, timeout_ms: int) -> Self:
        """The same answers, each within `timeout_ms` and only until it is wished to stop."""
        ...

    def within(self, scope: Scope) -> Self:
        """The same answers over what lies in a scope alone."""
        ...


class Exchanges(Protocol):
    """The ledger's rows, one by one."""

    def page(self, request: PageRequest) -> Page:
        """Rows newest first, and the cursor of the next page where there is one."""
        ...

    def exchange(self, exchange_id: str) -> Row | None:
        """One row, or None."""
        ...


class UnderWay(Protocol):
    """Exchanges that have begun and not ended."""

    def all(self) -> list[Mapping[str, Any]]:
        """Columns of a row as far as they are known, the longest under way first."""
        ...


class Models(Book, Protocol):
    """The price book."""

    def listing(
        self, at: datetime | date, provider: str | None = None, surface: str | None = None
    ) -> list[PriceLine]:
        """Every line in force at an instant or on a UTC day, by model."""
        ...


class Imports(Protocol):
    """Rows from files of this machine."""

    def start(self, file: Path, by: Principal = OPERATOR) -> Any:
        """Begin to import a file; gives the job, with the fields of `documents.ImportJob`."""
        ...

    def get(self, job_id: str) -> Any:
        """How far a job is, or None where there is no such job."""
        ...


class Vitals(Protocol):
    """How the gateway is."""

    def metrics(self) -> Mapping[str, int | float]:
        """Counters and gauges by name (`NAME` or `NAME;label=value;…`)."""
        ...

    def problems(self) -> list[str]:
        """Why the service is not ready; empty where it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the routers use."""

    tokens: Tokens
    keys: Keys
    sessions: Sessions
    users: Users
    links: Links
    audit: Audit
    policy: Policy
    policy_settings: PolicySettings
    price_overrides: PriceOverrides
    system: System
    reports: Reports
    exchanges: Exchanges
    under_way: UnderWay
    models: Models
    imports: Imports
    alerts: Alerts
    alert_log: AlertLog
    alert_sender: AlertSender
    channels: Channels
    budgets: Budgets
    budget_states: BudgetStates
    budget_audit: BudgetAudit
    rate_limits: RateLimits
    permits: Permits
    nodes: Nodes
    vitals: Vitals
    metrics_require_key: bool = False
    public_url: str | None = None
    session_max_s: int = 7 * 86_400
    oidc: Oidc | None = None
