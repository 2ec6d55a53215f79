"""Alerts, put together: channels, what was told, sending, and the rules over ledger and budgets.

The control process runs `watches` and `dispatcher`; where nothing serves, the command line has the
same parts and runs neither.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from weighbridge.compose.node import node_name
from weighbridge.config import Settings
from weighbridge.control.alerting.alert_log import AlertLog
from weighbridge.control.alerting.apprise_sender import AppriseSender
from weighbridge.control.alerting.channels import ChannelService
from weighbridge.control.alerting.dispatch import Claims, Dispatcher
from weighbridge.control.alerting.figures import Figures, cost_since
from weighbridge.control.alerting.near import Near
from weighbridge.control.alerting.pictures import Pictures
from weighbridge.control.alerting.sealing import KEY_NAME, Seal
from weighbridge.control.alerting.watch import AlertWatch
from weighbridge.control.budget_states import Elsewhere
from weighbridge.control.budgets import BudgetService
from weighbridge.control.database import Database
from weighbridge.control.folder import DataFolder
from weighbridge.control.ledger_keeper import LedgerKeeper
from weighbridge.control.refusals import Refusals
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.result import QueryResult
from weighbridge.reports.service import ReportService

_RULE_TIMEOUT_MS: Final = 30_000
_PICTURE_TIMEOUT_MS: Final = 2_000


class Desk(Protocol):
    """Who knows what other nodes spend of the same budgets."""

    grown: int
    on_growth: Callable[[], object]

    @property
    def claims(self) -> Claims:
        """Who knows what they tell."""
        ...

    def elsewhere(self, budget: str) -> Elsewhere:
        """What they have spent, and hold."""
        ...


class Others:
    """What other nodes spend, as soon as there is somebody to ask."""

    def __init__(self) -> None:
        self.desk: Desk | None = None

    def __repr__(self) -> str:
        return f"<Others by {self.desk!r}>"

    def elsewhere(self, budget: str) -> Elsewhere:
        """What they have spent of a budget, and hold."""
        return {} if self.desk is None else self.desk.elsewhere(budget)

    def grown_pico(self) -> int:
        """By how much that was seen to grow, over all budgets."""
        return 0 if self.desk is None else self.desk.grown


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """What stands for alerts on one data folder."""

    channels: ChannelService
    log: AlertLog
    dispatcher: Dispatcher
    watches: tuple[AlertWatch, ...]
    near: Near
    others: Others
    refusals: Refusals

    def share(self, desk: Desk | None) -> None:
        """Thresholds are of what all nodes spend, where there are others, and one of them tells."""
        self.others.desk = desk
        if desk is not None:
            desk.on_growth = self.rows_came
            self.dispatcher.share(desk.claims)

    def rows_came(self) -> None:
        """There are new rows in the ledger."""
        for watch in self.watches:
            watch.rows_came()

    def look_anew(self) -> None:
        """There are new rows of any age."""
        self.near.forget()
        for watch in self.watches:
            watch.look_anew()

    def metrics(self) -> Mapping[str, int]:
        """Counters and gauges by name."""
        total: Counter[str] = Counter()
        for watch in self.watches:
            total.update(watch.metrics())
        return {**total, **self.dispatcher.metrics()}


def open_channels(
    folder: DataFolder, settings: Settings, database: Database
) -> tuple[ChannelService, AppriseSender]:
    """The channels, and who sends through them."""
    key_file = settings.alerts.key_file
    seal = Seal(key_file or folder.root / KEY_NAME, may_make=key_file is None)
    sender = AppriseSender()
    return ChannelService(database, seal, sender), sender


def open_alerting(
    folder: DataFolder,
    settings: Settings,
    opened: tuple[Database, ReportService, LedgerKeeper, BudgetService],
    ways: tuple[ChannelService, AppriseSender],
) -> Alerting:
    """The parts of alerts over what is open already, `open_channels` among it."""
    database, reports, keeper, budgets = opened
    channels, sender = ways
    log = AlertLog(database)
    in_force = budgets.policy
    ask = _within(reports, _RULE_TIMEOUT_MS)
    others = Others()
    cost = cost_since(ask)
    refusals = Refusals()
    near = Near(lambda since, now: cost(since, now) + others.grown_pico())
    figures = Figures(
        ask=ask,
        budgets=in_force,
        journal=folder.journal,
        failure=lambda: keeper.failure,
        node=node_name(settings),
        settings=settings.alerts,
        near=near,
        elsewhere=others.elsewhere,
        refusals=refusals,
    )
    pictures = Pictures(_within(reports, _PICTURE_TIMEOUT_MS), in_force)

    def prepare() -> None:
        sender.prepare()
        pictures.prepare()

    dispatcher = Dispatcher(
        log,
        channels,
        sender,
        picture=pictures.draw,
        prepare=prepare,
        public_url=settings.admin.public_url,
    )
    # Whoever asks long questions must not hold up what is to be told within seconds.
    quick, slow = figures.quick_rules(), figures.slow_rules()
    watches = tuple(AlertWatch(rules, log, dispatcher.wake) for rules in (quick, slow))
    refusals.on_news = watches[0].rows_came
    return Alerting(
        channels=channels,
        log=log,
        dispatcher=dispatcher,
        watches=watches,
        near=near,
        others=others,
        refusals=refusals,
    )


def _within(
    reports: ReportService, timeout_ms: int
) -> Callable[[CostQuery, datetime], QueryResult]:
    def ask(query: CostQuery, now: datetime) -> QueryResult:
        return reports.run(query, now, timeout_ms=timeout_ms)

    return ask
