"""What the admin API needs of the rest, as protocols; `compose` puts the real ones in.

Rules for future edits: a port has the methods that a router calls and no others; blocking
methods are called from threads, so a port must allow calls from several at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol, Self

from weighbridge.budgets.audit import AccountAudit
from weighbridge.budgets.budget import Budget, NewBudget
from weighbridge.budgets.rate_limit import NewRateLimit, RateLimit
from weighbridge.budgets.record import BudgetRecord, RaiseRecord, RateLimitRecord
from weighbridge.budgets.status import BudgetStatus
from weighbridge.core.alert import Alert, Channel, Delivery, NewChannel
from weighbridge.core.credential import AdminKey, NewToken, Role, TrackingToken
from weighbridge.core.policy_setting import PolicySetting
from weighbridge.core.principal import OPERATOR, Principal, Scope
from weighbridge.core.stop import Stop
from weighbridge.core.system_health import SystemHealth
from weighbridge.core.user import AuditEntry, NewUser, OneTimeLink, User
from weighbridge.ledger.stores.base import Page, PageRequest, Row
from weighbridge.pricing.changes import DatedChange
from weighbridge.pricing.compiler import PriceLine
from weighbridge.pricing.overrides import PriceOverride
from weighbridge.reports.compare import Run
from weighbridge.reports.query import CostQuery
from weighbridge.reports.result import QueryResult
from weighbridge.reports.service import Write
from weighbridge.reports.what_if import Book


class Tokens(Protocol):
    """Tracking tokens."""

    def create(self, new: NewToken, by: Principal = OPERATOR) -> tuple[TrackingToken, str]:
        """A token and its secret."""
        ...

    def all(self) -> list[TrackingToken]:
        """Every token, newest first."""
        ...

    def get(self, token_id: str) -> TrackingToken:
        """One token."""
        ...

    def update(
        self, token_id: str, changes: Mapping[str, Any], by: Principal = OPERATOR
    ) -> TrackingToken:
        """A token with new values of some fields of `NewToken`."""
        ...

    def revoke(self, token_id: str, by: Principal = OPERATOR) -> TrackingToken:
        """Take a token out of force."""
        ...


class Keys(Protocol):
    """Admin keys."""

    def create(self, name: str, role: Role, by: Principal = OPERATOR) -> tuple[AdminKey, str]:
        """A key and its secret."""
        ...

    def all(self) -> list[AdminKey]:
        """Every key, newest first."""
        ...

    def revoke(self, key_id: str, by: Principal = OPERATOR) -> AdminKey:
        """Take a key out of force."""
        ...

    def find(self, secret: str) -> AdminKey | None:
        """The key in force that a secret belongs to."""
        ...


class Sessions(Protocol):
    """Signed-in browsers."""

    def begin(self, user_id: str, user_agent: str, former: str | None = None) -> str:
        """A new session's secret; the browser's former one ends."""
        ...

    def find(self, secret: str) -> Principal | None:
        """Whose session in force a secret is."""
        ...

    def end(self, secret: str) -> None:
        """Sign a browser out."""
        ...


class Users(Protocol):
    """People."""

    def create(self, new: NewUser, by: Principal = OPERATOR) -> User:
        """A person who has no password yet."""
        ...

    def all(self) -> list[User]:
        """Everybody, newest first."""
        ...

    def get(self, user_id: str) -> User:
        """One person."""
        ...

    def update(self, user_id: str, changes: Mapping[str, Any], by: Principal = OPERATOR) -> User:
        """A person with new values of some fields of `NewUser`, or `disabled`."""
        ...

    def check(self, name: str, password: str) -> User | None:
        """Who signs in by these."""
        ...


class Links(Protocol):
    """One-time links that set a password."""

    def make(self, user_id: str, by: Principal = OPERATOR) -> tuple[OneTimeLink, str]:
        """A link for a person, and its secret."""
        ...

    def make_first(self) -> tuple[OneTimeLink, str] | None:
        """The first administrator's link; None where somebody or a key is there."""
        ...

    def find(self, secret: str) -> OneTimeLink | None:
        """The link of a secret, while it can be used."""
        ...

    def accept(self, secret: str, password: str, name: str | None = None) -> User:
        """Use a link up."""
        ...


class Audit(Protocol):
    """The log of changes."""

    def page(
        self, *, limit: int, before_id: int | None = None, subject: str | None = None
    ) -> list[AuditEntry]:
        """Entries, newest first."""
        ...


class Oidc(Protocol):
    """Signing in by an OpenID Connect provider; a flow has `url` and `state`."""

    name: str

    async def begin(self, redirect_uri: str) -> Any:
        """A new flow."""
        ...

    async def finish(self, flow: Any, callback_url: str) -> User:
        """Whom the provider names."""
        ...


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

    def start(self, file: Path) -> Any:
        """Begin to import a file; gives the job, with the fields of `documents.ImportJob`."""
        ...

    def get(self, job_id: str) -> Any:
        """How far a job is, or None where there is no such job."""
        ...


class Alerts(Protocol):
    """What wants a look."""

    def all(self) -> Sequence[Any]:
        """Alerts that stand, values with the fields of `documents.Alert`."""
        ...


class AlertLog(Protocol):
    """What was told."""

    def page(
        self, *, limit: int, before_id: str | None = None, budget_id: str | None = None
    ) -> list[Alert]:
        """Alerts with their deliveries, newest first."""
        ...


class Channels(Protocol):
    """Where alerts go."""

    def create(self, new: NewChannel, by: Principal = OPERATOR) -> Channel:
        """A channel."""
        ...

    def all(self) -> list[Channel]:
        """Every channel, newest first."""
        ...

    def get(self, wanted: str) -> Channel:
        """One channel, by id or name."""
        ...

    def update(self, wanted: str, changes: Mapping[str, Any], by: Principal = OPERATOR) -> Channel:
        """A channel with new values of some fields of `NewChannel`."""
        ...

    def remove(self, wanted: str, by: Principal = OPERATOR) -> Channel:
        """Forget a channel."""
        ...


class AlertSender(Protocol):
    """Who sends."""

    def wake(self) -> None:
        """There is something new to send, or through."""
        ...

    def test(self, wanted: str, by: Principal = OPERATOR) -> Delivery:
        """How a message through a channel, sent now, fared."""
        ...


class Budgets(Protocol):
    """Budgets."""

    def create(self, wanted: NewBudget, by: Principal = OPERATOR) -> BudgetRecord:
        """A budget."""
        ...

    def all(self) -> list[BudgetRecord]:
        """Every budget, newest first."""
        ...

    def get(self, budget_id: str) -> BudgetRecord:
        """One budget."""
        ...

    def update(
        self, budget_id: str, revise: Callable[[Budget], NewBudget], by: Principal = OPERATOR
    ) -> BudgetRecord:
        """A budget with the definition that `revise` makes of it."""
        ...

    def remove(self, budget_id: str, by: Principal = OPERATOR) -> BudgetRecord:
        """Take a budget away."""
        ...

    def give_raise(
        self, budget_id: str, wanted: tuple[int, int, str | None], by: Principal = OPERATOR
    ) -> RaiseRecord:
        """More room: amount, until when, why."""
        ...

    def withdraw_raise(
        self, budget_id: str, raise_id: str, by: Principal = OPERATOR
    ) -> RaiseRecord:
        """End a raise."""
        ...


class BudgetStates(Protocol):
    """How budgets stand."""

    def of(
        self, budget: Budget, run: Run, now: datetime, values: Iterable[str] | None = None
    ) -> list[BudgetStatus]:
        """Each account of a budget, the most used first; at least one."""
        ...


class BudgetAudit(Protocol):
    """Budgets looked at from the ledger and from the lender."""

    def of(self, budget: Budget, run: Run, now: datetime) -> list[AccountAudit]:
        """Each account of a budget."""
        ...


class RateLimits(Protocol):
    """Rate limits."""

    def create(self, wanted: NewRateLimit, by: Principal = OPERATOR) -> RateLimitRecord:
        """A rate limit."""
        ...

    def all(self) -> list[RateLimitRecord]:
        """Every rate limit, newest first."""
        ...

    def get(self, limit_id: str) -> RateLimitRecord:
        """One rate limit."""
        ...

    def update(
        self,
        limit_id: str,
        revise: Callable[[RateLimit], NewRateLimit],
        by: Principal = OPERATOR,
    ) -> RateLimitRecord:
        """A rate limit with the definition that `revise` makes of it."""
        ...

    def remove(self, limit_id: str, by: Principal = OPERATOR) -> RateLimitRecord:
        """Take a rate limit away."""
        ...


class Permits(Protocol):
    """How full the buckets of rate limits are."""

    def permits_left(self, limit_id: str) -> Mapping[tuple[str | None, int], int]:
        """Whole permits left by value and kind, of buckets that are not full."""
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
    vitals: Vitals
    metrics_require_key: bool = False
    public_url: str | None = None
    session_max_s: int = 7 * 86_400
    oidc: Oidc | None = None
