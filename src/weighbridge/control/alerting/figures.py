"""Gathers the figures that the rules judge, through the one query model.

One method per rule, each a `find` of the watch. Rules for future edits: a question is bounded in
time and in groups; what has no value (`(none)`) or is a rest (`(other)`) has no pattern of its
own to be off; a budget counts what `budget_states.asked_of` asks, here as everywhere.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from weighbridge.budgets.alerts.thresholds import (
    Account,
    Outlook,
    exhausted_alert,
    forecast_alert,
    refuses,
    threshold_alerts,
)
from weighbridge.budgets.alerts.traffic import (
    anomaly_alert,
    burst_alert,
    lag_alert,
    unpriced_alert,
)
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.windows import Window, window_at
from weighbridge.config.model import AlertSettings
from weighbridge.control.alerting.near import Near, windows_of
from weighbridge.control.alerting.watch import Rule
from weighbridge.control.budget_states import Elsewhere, asked_of, nowhere
from weighbridge.control.refusals import Refusals
from weighbridge.core.alert import Occurrence
from weighbridge.core.clock import to_unix_us
from weighbridge.core.money import decimal_to_pico
from weighbridge.core.outcome import Outcome, PricingStatus
from weighbridge.core.usual_day import HISTORY_DAYS
from weighbridge.ledger.segments import JournalFolders, begun_unix_ms, sealed_segments
from weighbridge.reports import window_spend
from weighbridge.reports.cost_query import TIME, CostQuery
from weighbridge.reports.dimensions import NONE, OTHER
from weighbridge.reports.result import QueryResult, Row

MOST_VALUES: Final = 200
_MODEL: Final = ("model", "surface")
_SOON: Final[Any] = {"follows_rows": True, "rest_s": 3.0}
_OUTCOMES: Final = tuple(each.value for each in Outcome if each is not Outcome.REFUSED)

Ask = Callable[[CostQuery, datetime], QueryResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Where figures come from: the ledger, the budgets, the journal, the settings."""

    ask: Ask
    budgets: Callable[[], Iterable[Budget]]
    journal: Path
    failure: Callable[[], str | None]
    node: str
    settings: AlertSettings
    near: Near
    elsewhere: Callable[[str], Elsewhere] = nowhere
    refusals: Refusals = field(default_factory=Refusals)

    def quick_rules(self) -> list[Rule]:
        """What is told within seconds, as far as it is not turned off."""
        found = [
            Rule(name="budgets", every_s=60, find=self.thresholds, follows_rows=True),
            Rule(name="refusals", every_s=60, find=self.exhausted, follows_rows=True),
        ]
        if self.settings.journal_lag_s:
            found.append(Rule(name="journal", every_s=5, find=self.lag))
        return found

    def slow_rules(self) -> list[Rule]:
        """What can wait for longer questions, as far as it is not turned off."""
        settings = self.settings
        found = [Rule(name="forecasts", every_s=600, find=self.forecasts)]
        if settings.unpriced:
            found.append(Rule(name="unpriced", every_s=60, find=self.unpriced, **_SOON))
        if settings.error_share_percent:
            found.append(Rule(name="errors", every_s=30, find=self.bursts, **_SOON))
        if settings.anomaly_dimensions:
            found.append(Rule(name="anomalies", every_s=300, find=self.anomalies))
        return found

    def thresholds(self, now: datetime) -> Iterator[Occurrence]:
        """Thresholds that spend has reached."""
        for budget, window in self.near.choose(self._told_of(), now):
            spent = self._spent(budget, window, now)
            accounts = [
                account_of(budget, window, value, pico, now) for value, pico in spent.items()
            ]
            for account in accounts:
                yield from threshold_alerts(account)
            self.near.note(budget, window, accounts, now)

    def exhausted(self, now: datetime) -> Iterator[Occurrence]:
        """Budgets of which too little is left for calls."""
        budgets = {budget.id: budget for budget in self._told_of()}
        for (budget_id, start_us), refused in self.refusals.by_window().items():
            budget = budgets.get(budget_id)
            if budget is None:
                continue
            window = window_at(budget.period, budget.timezone, start_us)
            if window.start_us != start_us:
                continue  # it counts otherwise by now
            limit = budget.ceiling_at(to_unix_us(now))
            split = budget.per is not None
            of_now = [
                (of, one)
                for of, one in refused
                if one.limit == limit and (of.value is not None) == split
            ]
            if not of_now:
                continue
            spent = self._spent(budget, window, now, values=[str(of.value) for of, _ in of_now])
            for of, one in of_now:
                account = account_of(budget, window, of.value, spent.get(of.value, 0), now)
                if refuses(account, one):
                    yield from _some(exhausted_alert(account, one))
                    self.refusals.settle(of, one)

    def forecasts(self, now: datetime) -> Iterator[Occurrence]:
        """Budgets that are likely to be exceeded."""
        for budget in self._told_of():
            *_, window = windows_of(budget, now)
            spent = self._spent(budget, window, now, MOST_VALUES)
            asked = asked_of(budget, window)
            ahead = window_spend.outlooks(asked, spent, lambda each: self.ask(each, now), now)
            for value, outlook in ahead.items():
                account = account_of(budget, window, value, spent.get(value, 0), now)
                low, expected, high = outlook.interval(account.spent_pico)
                if low is not None and expected is not None and high is not None:
                    known = Outlook(expected_pico=expected, low_pico=low, high_pico=high)
                    yield from _some(forecast_alert(account, known))

    def anomalies(self, now: datetime) -> Iterator[Occurrence]:
        """Values whose spend of today is off their pattern."""
        least_pico = decimal_to_pico(self.settings.anomaly_least_usd)
        for dimension in self.settings.anomaly_dimensions:
            for value, days in self._days(dimension, now).items():
                *history, today_pico = days
                of = (dimension, value)
                yield from _some(anomaly_alert(of, history, today_pico, least_pico, now))

    def unpriced(self, now: datetime) -> Iterator[Occurrence]:
        """Models that were called today and have no price."""
        query = CostQuery(
            since=_midnight(now),
            until=now,
            group_by=_MODEL,
            metrics=("exchanges",),
            filters={"pricing_status": (PricingStatus.UNPRICED.value,)},
            limit=MOST_VALUES,
        )
        for row in self._rows(query, now):
            yield from _some(unpriced_alert(_model(row), row["exchanges"], now))

    def bursts(self, now: datetime) -> Iterator[Occurrence]:
        """Models most of whose latest calls failed."""
        settings = self.settings
        limits = (settings.error_least, settings.error_share_percent, settings.error_minutes)
        query = CostQuery(
            since=now - timedelta(minutes=settings.error_minutes),
            until=now,
            group_by=_MODEL,
            metrics=("errors", "exchanges"),
            filters={"outcome": _OUTCOMES},
            limit=MOST_VALUES,
        )
        for row in self._rows(query, now):
            counts = (row["errors"], row["exchanges"])
            yield from _some(burst_alert(_model(row), counts, limits, now))

    def lag(self, now: datetime) -> Iterator[Occurrence]:
        """Rows that wait for the ledger too long."""
        waiting = sealed_segments(JournalFolders(self.journal))
        begun_ms = min((begun_unix_ms(path) for path in waiting), default=None)
        lag_s = 0 if begun_ms is None else (to_unix_us(now) // 1000 - begun_ms) // 1000
        limit_s = self.settings.journal_lag_s
        yield from _some(lag_alert(self.node, lag_s, limit_s, self.failure(), now))

    def _told_of(self) -> list[Budget]:
        return [budget for budget in self.budgets() if budget.enabled]

    def _spent(
        self,
        budget: Budget,
        window: Window,
        now: datetime,
        most: int | None = None,
        values: Iterable[str] | None = None,
    ) -> dict[str | None, int]:
        """Takes: where it is split, how many values are wanted at most, or which."""
        asked = asked_of(budget, window)
        if values is not None and budget.per is not None:
            asked = asked.only(values)
        limit = most if budget.per else None
        found = window_spend.spent_in(asked, lambda each: self.ask(each, now), limit)
        for (value, start_us), (spent, _) in self.elsewhere(budget.id).items():
            if start_us == window.start_us:
                found[value] = found.get(value, 0) + spent
        return found

    def _days(self, dimension: str, now: datetime) -> dict[str, list[int]]:
        """What each whole day and today cost by value, oldest first, from its first day on."""
        today = now.astimezone(UTC).date()
        query = CostQuery(
            since=_midnight(now) - timedelta(days=HISTORY_DAYS),
            until=now,
            granularity="day",
            group_by=(dimension,),
            metrics=("cost",),
            limit=MOST_VALUES,
        )
        found: dict[str, dict[date, int]] = {}
        for row in self._rows(query, now):
            if row[dimension] not in {NONE, OTHER}:
                day = datetime.fromisoformat(row[TIME]).date()
                cost_pico = decimal_to_pico(row["cost"] or Decimal(0))
                found.setdefault(row[dimension], {})[day] = cost_pico
        return {value: _filled(days, today) for value, days in found.items()}

    def _rows(self, query: CostQuery, now: datetime) -> Sequence[Row]:
        return self.ask(query, now).rows


def cost_since(ask: Ask) -> Callable[[datetime, datetime], int]:
    """What all exchanges that began since an instant have cost, for `Near`."""

    def cost(since: datetime, now: datetime) -> int:
        total = ask(CostQuery(since=since, metrics=("cost",)), now).totals["cost"]
        return decimal_to_pico(total or Decimal(0))

    return cost


def account_of(
    budget: Budget, window: Window, value: str | None, spent_pico: int, now: datetime
) -> Account:
    """What the rules need of a budget in a window."""
    now_us = to_unix_us(now)
    return Account(
        budget_id=budget.id,
        name=budget.name,
        per=budget.per,
        value=value,
        period=budget.period,
        window_start_us=window.start_us,
        window_end_us=window.end_us,
        limit_pico=budget.limit_at(now_us),
        ceiling_pico=budget.ceiling_at(now_us),
        spent_pico=spent_pico,
        thresholds=budget.thresholds,
        channels=budget.channels,
        blocks=budget.blocks,
    )


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _filled(days: dict[date, int], today: date) -> list[int]:
    first = min(days)
    return [days.get(first + timedelta(days=n), 0) for n in range((today - first).days + 1)]


def _model(row: Row) -> tuple[str, str]:
    return str(row["model"]), str(row["surface"])


def _some(found: Any) -> Iterator[Occurrence]:
    if found is not None:
        yield found
