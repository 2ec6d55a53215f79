"""What a page may ask while it is built: the ledger, the price book, the time, who is asking.

Rules for future edits: whatever gives figures comes narrowed to the reader's scope by `compose`,
so no page can widen what its reader may see; what grows with the ledger is asked inside
`Visit.answer`, which bounds it and ends it when the reader leaves.
Counterpart: `compose/dashboard` makes a visit of each request, `router` a desk of each visit.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, Self, TypeVar

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.record import BudgetRecord, RateLimitRecord
from weighbridge.budgets.status import BudgetStatus
from weighbridge.core.alert import Alert, Channel
from weighbridge.core.principal import Principal
from weighbridge.dashboard.administration import Administration
from weighbridge.dashboard.errands import Outcome
from weighbridge.dashboard.ranges import Span
from weighbridge.dashboard.state import State
from weighbridge.ledger.stores.base import Page, PageRequest, Row
from weighbridge.pricing.compiler import PriceLine
from weighbridge.reports.compare import Run
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.dimensions import COLUMN_OF, stored_values
from weighbridge.reports.result import QueryResult
from weighbridge.reports.service import Write
from weighbridge.reports.what_if import Book

_Answer = TypeVar("_Answer")


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


class Exchanges(Protocol):
    """The ledger's rows, one by one."""

    def page(self, request: PageRequest) -> Page:
        """Rows newest first."""
        ...

    def exchange(self, exchange_id: str) -> Row | None:
        """One row, or None."""
        ...


class Models(Book, Protocol):
    """The price book."""

    def listing(
        self, at: datetime | date, provider: str | None = None, surface: str | None = None
    ) -> list[PriceLine]:
        """Every line in force at an instant or on a UTC day."""
        ...


class UnderWay(Protocol):
    """Exchanges that have begun and not ended."""

    def all(self) -> list[Mapping[str, Any]]:
        """Columns of a row as far as they are known, the longest under way first."""
        ...


class Budgets(Protocol):
    """Budgets, to look at."""

    def all(self) -> list[BudgetRecord]:
        """Every budget, newest first."""
        ...

    def get(self, budget_id: str) -> BudgetRecord:
        """One budget."""
        ...


class RateLimits(Protocol):
    """Rate limits."""

    def all(self) -> list[RateLimitRecord]:
        """Every rate limit that the reader may see, newest first."""
        ...

    def get(self, limit_id: str) -> RateLimitRecord:
        """One rate limit."""
        ...


class Permits(Protocol):
    """How full the buckets of rate limits are."""

    def permits_left(self, limit_id: str) -> Mapping[tuple[str | None, int], int]:
        """Whole permits left by value and kind, of buckets that are not full."""
        ...


class BudgetStates(Protocol):
    """How budgets stand."""

    def of(
        self, budget: Budget, run: Run, now: datetime, values: Iterable[str] | None = None
    ) -> list[BudgetStatus]:
        """Each account of a budget, the most used first; at least one."""
        ...


class StandingAlerts(Protocol):
    """What wants a look."""

    def all(self) -> Sequence[Any]:
        """Values with the fields of the API's alerts."""
        ...


class AlertLog(Protocol):
    """What was told."""

    def page(
        self, *, limit: int, before_id: str | None = None, budget_id: str | None = None
    ) -> list[Alert]:
        """Alerts with their deliveries, newest first."""
        ...


class Channels(Protocol):
    """Where alerts go, to look at."""

    def all(self) -> list[Channel]:
        """Every channel, newest first."""
        ...

    def get(self, wanted: str) -> Channel:
        """One channel, by id or name."""
        ...


class Answering(Protocol):
    """Runs a question within its bounds."""

    def __call__(self, work: Callable[[Reports], _Answer], /) -> Awaitable[_Answer]:
        """What `work` gives of the reports."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where pages get everything but reports from, as the reader may see it."""

    exchanges: Exchanges
    under_way: UnderWay
    models: Models
    budgets: Budgets
    budget_states: BudgetStates
    rate_limits: RateLimits
    permits: Permits
    administration: Administration
    alerts: StandingAlerts
    alert_log: AlertLog
    channels: Channels
    gateway: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request: who asks, the token that their forms repeat, and what they may see."""

    principal: Principal
    csrf: str
    sources: Sources
    answer: Answering
    publish: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a page is built from; `name` is the variable part of its address, where it has one.

    `outcome` is what a form that was sent to it came to. `sums_only` asks for what is there at
    once, and leaves percentiles for a second request.
    """

    reports: Reports
    sources: Sources
    principal: Principal
    state: State
    now: datetime
    name: str = ""
    outcome: Outcome = field(default_factory=Outcome)
    sums_only: bool = False

    @property
    def span(self) -> Span:
        """The range that the page is about."""
        return self.state.span(self.now)

    @property
    def is_bound(self) -> bool:
        """Whether the reader sees a part only: what they see none of may be there all the same."""
        return bool(self.principal.scope)

    def token_names(self) -> Mapping[str, str]:
        """What people call the tokens that they may see, by id: ids are for machines."""
        return {one.id: one.name for one in self.sources.administration.tokens.all()}

    def ask(self, query: CostQuery) -> QueryResult:
        """The answer to a query."""
        return self.reports.run(query, self.now)

    def ask_alone(self, query: CostQuery) -> QueryResult:
        """The answer without its completeness, where another answer on the page tells that."""
        return self.reports.run_alone(query, self.now)

    def exchanges(
        self,
        limit: int,
        *,
        cursor: str = "",
        search: str = "",
        only: Mapping[str, tuple[str, ...]] | None = None,
        costliest: bool = False,
    ) -> Page:
        """Exchanges of the page's range and filters, newest first, or those that cost most.

        Takes: `only`, filters that hold besides the page's.
        """
        span, filters = self.span, self.state.narrowed(only or {})
        wanted = PageRequest(
            since=span.since,
            until=span.until,
            filters={
                COLUMN_OF.get(name, name): stored_values(values) for name, values in filters.items()
            },
            limit=limit,
            cursor=cursor or None,
            search=search,
            costliest=costliest,
        )
        return self.sources.exchanges.page(wanted)
