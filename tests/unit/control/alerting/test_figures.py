"""What the rules are given, out of a small ledger, and what they find in it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from memory_ledger import MemoryLedger

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Account, Holder, Holding, Refused, Report
from weighbridge.config.model import AlertSettings
from weighbridge.control.alerting.figures import Figures, cost_since
from weighbridge.control.alerting.near import Near
from weighbridge.control.alerting.pictures import Pictures
from weighbridge.control.refusals import Refusals
from weighbridge.core.alert import Alert, AlertKind, Occurrence
from weighbridge.core.clock import to_unix_us
from weighbridge.core.money import PICO_USD_PER_USD as USD
from weighbridge.ledger.segments import JournalFolders, segment_name
from weighbridge.reports.service import ReportService

CENT = USD // 100
NOW = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
LATELY = NOW - MINUTE
BUDGET = Budget(id="bud_1", name="Care", limit_pico_usd=10 * USD, channels=("ops",))


def row(at: datetime, cost: str | None = "1", **columns: Any) -> dict[str, Any]:
    return {
        "started_at": at,
        "labels": {},
        "model": "m-1",
        "surface": "gemini",
        "outcome": "ok",
        "list_cost": None if cost is None else Decimal(cost),
        "pricing_status": "unpriced" if cost is None else "priced",
        **columns,
    }


class Given:
    """A ledger and budgets that a test fills."""

    def __init__(self, folder: Path) -> None:
        self.ledger = MemoryLedger()
        self.budgets: list[Budget] = []
        self.folder = folder
        self.failure: str | None = None
        self.refusals = Refusals()
        JournalFolders(folder).make()

    def figures(self, **settings: Any) -> Figures:
        ask = ReportService(self.ledger).run
        return Figures(
            ask=ask,
            near=Near(cost_since(ask)),
            budgets=lambda: self.budgets,
            journal=self.folder,
            failure=lambda: self.failure,
            node="node-1",
            settings=AlertSettings(**settings),
            refusals=self.refusals,
        )

    def refuse(self, account: Account, cents: int, limit_cents: int = 1000) -> None:
        """A worker refuses a call of so much, at that limit."""
        refused = Refused(limit_cents * CENT, cents * CENT)
        holding = Holding(account=account, refused=refused)
        self.refusals.heard(Report(holder=Holder(0, 1), sequence=1, holdings=(holding,)))


@pytest.fixture
def given(tmp_path: Path) -> Given:
    return Given(tmp_path)


def found(rule: Callable[[datetime], Any], now: datetime = NOW) -> list[tuple[str, str | None]]:
    return [(each.title, each.value) for each in rule(now)]


def test_a_budget_is_told_by_what_the_ledger_sums(given: Given) -> None:
    """Over its window and scope, to the cent; calls without a cost count nothing."""
    given.budgets = [
        BUDGET,
        Budget(id="bud_2", name="Else", limit_pico_usd=USD, scope={"department": ("b",)}),
        Budget(id="bud_3", name="Off", limit_pico_usd=USD, enabled=False),
    ]
    given.ledger.fill(
        [
            row(LATELY, "5", department="a"),
            row(LATELY - 30 * DAY, "500", department="a"),
            row(LATELY, None, department="b"),
        ]
    )
    assert found(given.figures().thresholds) == [("Budget “Care” has reached 50 %", None)]


def test_thresholds_count_what_other_nodes_spent(given: Given) -> None:
    """In the same window, also where nothing was spent here."""
    given.budgets = [BUDGET]
    start_us = to_unix_us(NOW.replace(day=1, hour=0, minute=0))
    figures = replace(given.figures(), elsewhere=lambda _: {(None, start_us): (8 * USD, 0)})
    assert found(figures.thresholds)[-1] == ("Budget “Care” has reached 80 %", None)
    figures = replace(given.figures(), elsewhere=lambda _: {(None, 0): (8 * USD, 0)})
    assert found(figures.thresholds) == []


def test_each_value_is_told_on_its_own(given: Given) -> None:
    """Also calls that name none."""
    given.budgets = [Budget(id="bud_1", name="Each", limit_pico_usd=USD, per="agent")]
    given.ledger.fill(
        [row(LATELY, "1", agent="a"), row(LATELY, "0.5", agent=None), row(LATELY, "0.4", agent="c")]
    )
    values = [value for _, value in found(given.figures().thresholds)]
    assert sorted(map(str, values)) == ["(none)", "a", "a", "a"]


def test_a_window_is_looked_at_a_while_after_its_end(given: Given) -> None:
    """The call that crosses just before midnight is loaded just after it."""
    given.budgets = [Budget(id="bud_1", name="Day", limit_pico_usd=USD, period="day")]
    midnight = NOW.replace(hour=0, minute=0)
    given.ledger.fill([row(midnight - MINUTE, "0.5")])
    figures = given.figures()
    assert len(found(figures.thresholds, midnight + MINUTE)) == 1
    assert found(figures.thresholds, midnight + 16 * MINUTE) == []


def test_a_raise_moves_the_amounts(given: Given) -> None:
    """Thresholds are shares of the limit that holds now."""
    given.ledger.fill([row(LATELY, "5")])
    given.budgets = [BUDGET]
    assert len(found(given.figures().thresholds)) == 1
    given.budgets = [Budget(id="bud_1", name="Care", limit_pico_usd=11 * USD)]
    assert found(given.figures().thresholds) == []


BLOCKS = Budget(id="bud_1", name="Care", limit_pico_usd=10 * USD, action="block")
MONTH_US = to_unix_us(NOW.replace(day=1, hour=0, minute=0))


def test_a_budget_that_refuses_is_told_once(given: Given) -> None:
    """While it is so; what is told at a limit is not asked about again."""
    given.budgets = [BLOCKS]
    given.ledger.fill([row(LATELY, "9.80")])
    figures = given.figures()
    of = Account("bud_1", None, MONTH_US)
    given.refuse(of, 21, limit_cents=999)
    assert found(figures.exhausted) == []  # the limit is another one
    given.refuse(of, 20)
    given.refuse(of, 21, limit_cents=999)
    assert found(figures.exhausted) == []  # it would pass now
    given.ledger.fill([row(LATELY, "9.81")])
    assert found(figures.exhausted) == [("Budget “Care” refuses calls", None)]
    assert [one.limit for _, one in given.refusals.untold()] == [999 * CENT]
    assert found(figures.exhausted) == []


def test_values_are_told_apart_where_they_refuse(given: Given) -> None:
    """One that has as much left as it needs is not told, nor one of a budget that is no more."""
    given.budgets = [Budget(id="bud_1", name="Each", limit_pico_usd=USD, per="agent")]
    given.budgets = [msgspec.structs.replace(given.budgets[0], action="block")]
    given.ledger.fill([row(LATELY, "0.9", agent="a"), row(LATELY, "0.5", agent="b")])
    for budget, value in (("bud_1", "a"), ("bud_1", "b"), ("bud_2", "a")):
        given.refuse(Account(budget, value, MONTH_US), 20, limit_cents=100)
    assert found(given.figures().exhausted) == [("Budget “Each” of agent a refuses calls", "a")]
    assert [of for of, _ in given.refusals.untold()] == [
        Account("bud_1", "b", MONTH_US),
        Account("bud_2", "a", MONTH_US),
    ]


def test_what_refused_under_another_definition_is_not_told(given: Given) -> None:
    """A window or a split that the budget does not have any more."""
    given.budgets = [BLOCKS]
    given.ledger.fill([row(LATELY, "10")])
    given.refuse(Account("bud_1", None, MONTH_US + 1), 20)
    given.refuse(Account("bud_1", "a", MONTH_US), 20)
    assert found(given.figures().exhausted) == []


def test_a_threshold_at_the_limit_needs_no_second_word(given: Given) -> None:
    """All is spent: 100 % is told, and the refusal is settled by that."""
    given.budgets = [BLOCKS]
    given.ledger.fill([row(LATELY, "10")])
    given.refuse(Account("bud_1", None, MONTH_US), 20)
    assert found(given.figures().exhausted) == []
    assert given.refusals.untold() == []


def test_a_budget_that_will_be_exceeded_is_told(given: Given) -> None:
    """By its days so far: 22 dollars in as many days exceed 25 before the month is over."""
    given.ledger.fill([row(LATELY - n * DAY, "1") for n in range(22)])
    given.budgets = [
        Budget(id="bud_1", name="Tight", limit_pico_usd=25 * USD),
        Budget(id="bud_2", name="Wide", limit_pico_usd=50 * USD),
        Budget(id="bud_3", name="Endless", limit_pico_usd=25 * USD, period="total"),
    ]
    (only,) = given.figures().forecasts(NOW)
    assert only.kind is AlertKind.BUDGET_FORECAST
    assert only.budget_id == "bud_1"


def test_a_forecast_needs_days_to_go_by(given: Given) -> None:
    """Three days have no interval, and nothing is told without one."""
    given.ledger.fill([row(LATELY - n * DAY, "5") for n in range(3)])
    given.budgets = [Budget(id="bud_1", name="New", limit_pico_usd=25 * USD)]
    assert list(given.figures().forecasts(NOW)) == []


def test_a_value_off_its_pattern_is_told(given: Given) -> None:
    """By the dimensions that are watched; days without calls count as nothing spent."""
    rows = [row(LATELY - n * DAY, "10", department="a", agent="x") for n in range(1, 15)]
    rows += [row(LATELY - n * DAY, "10", department="b", agent="y") for n in range(15)]
    rows += [row(LATELY, "31", department="a", agent="x"), row(LATELY, "99", department=None)]
    given.ledger.fill(rows)
    assert found(given.figures().anomalies) == [
        ("Unusual spend: department a", "a"),
        ("Unusual spend: agent x", "x"),
    ]
    only = given.figures(anomaly_dimensions=["agent"], anomaly_least_usd=Decimal(32))
    assert found(only.anomalies) == []


def test_models_without_a_price_are_told(given: Given) -> None:
    """Those of today."""
    given.ledger.fill(
        [row(LATELY, None, model="new"), row(LATELY - DAY, None, model="old"), row(LATELY, "1")]
    )
    assert found(given.figures().unpriced) == [("No price for new on gemini", "new")]


def test_bursts_are_of_the_upstream_and_of_now(given: Given) -> None:
    """What the gateway refused itself is none, nor what is long ago."""
    bad = {"outcome": "upstream_error", "model": "bad"}
    rows = [row(LATELY, None, **bad) for _ in range(20)]
    rows += [row(NOW - 9 * MINUTE, None, outcome="client_error") for _ in range(50)]
    rows += [row(LATELY, None, outcome="refused") for _ in range(50)]
    given.ledger.fill(rows)
    assert found(given.figures().bursts) == [("Errors: bad on gemini", "bad")]


def test_the_journal_s_oldest_segment_is_its_lag(given: Given) -> None:
    """With why the ledger takes none; an empty journal lags by nothing."""
    figures = given.figures()
    assert list(figures.lag(NOW)) == []
    begun_ms = to_unix_us(NOW - 2 * MINUTE) // 1000
    sealed = JournalFolders(given.folder).sealed
    (sealed / segment_name("node-1-0", begun_ms, 1)).touch()
    given.failure = "the disk is full"
    (lag,) = figures.lag(NOW)
    assert lag.facts == {"node": "node-1", "lag_s": 120}
    assert "the disk is full" in lag.message


def test_rules_are_turned_off_by_the_settings(given: Given) -> None:
    """Budgets are always watched."""
    off = given.figures(
        journal_lag_s=0, unpriced=False, error_share_percent=0, anomaly_dimensions=[]
    )
    assert [rule.name for rule in off.quick_rules()] == ["budgets", "refusals"]
    assert [rule.name for rule in off.slow_rules()] == ["forecasts"]
    every = [*given.figures().quick_rules(), *given.figures().slow_rules()]
    assert len(every) == 7


def picture(given: Given, alert: Occurrence) -> bytes | None:
    pictures = Pictures(ReportService(given.ledger).run, lambda: given.budgets)
    return pictures.draw(Alert(id="alr_1", at_us=to_unix_us(NOW), occurrence=alert))


def test_alerts_of_spend_have_a_picture(given: Given) -> None:
    """A PNG of the budget's window, of the value's days; none where nothing is to be seen."""
    given.budgets = [BUDGET]
    rows = [row(LATELY - n * DAY, "10", agent="x") for n in range(1, 15)]
    given.ledger.fill([*rows, row(LATELY, "31", agent="x"), row(LATELY, None, model="new")])
    figures = given.figures(anomaly_dimensions=["agent"])
    (first, *_), (odd,), (new,) = (
        list(rule(NOW)) for rule in (figures.thresholds, figures.anomalies, figures.unpriced)
    )
    for alert in (first, odd):
        assert (picture(given, alert) or b"").startswith(b"\x89PNG")
    assert picture(given, new) is None
    given.budgets = []
    assert picture(given, first) is None
