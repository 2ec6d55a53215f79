"""The watch: which rule is asked when, and what becomes of what it finds."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alerts import occurrence

from weighbridge.budgets.budget import Budget
from weighbridge.control.alerting.alert_log import AlertLog
from weighbridge.control.alerting.standing import StandingAlerts
from weighbridge.control.alerting.watch import AlertWatch, Rule
from weighbridge.control.label_guard import LabelGuard
from weighbridge.core.alert import Occurrence, Severity
from weighbridge.errors import LedgerError
from weighbridge.reports.label_keys import LabelKey

PATIENCE_S = 60.0
BUDGET = Budget(id="bud_1", name="Care", limit_pico_usd=1)


class Finding:
    """A rule that finds what a test lays down."""

    def __init__(self) -> None:
        self.asked = 0
        self.finds: list[Occurrence] = []
        self.fails = False

    def find(self, _: datetime) -> Iterable[Occurrence]:
        self.asked += 1
        if self.fails:
            raise LedgerError("the ledger is away")
        yield from self.finds


@pytest.fixture
def finding() -> Finding:
    return Finding()


def test_what_is_found_is_told_and_sent(alerts: AlertLog, finding: Finding) -> None:
    """Once: the sender is woken for what is new."""
    woken: list[bool] = []
    rule = Rule(name="budgets", every_s=0, find=finding.find)
    watch = AlertWatch([rule], alerts, lambda: woken.append(True))
    finding.finds = [occurrence()]
    watch.round()
    watch.round()
    assert (finding.asked, len(woken)) == (2, 1)
    assert watch.metrics() == {"alerts_told_total": 1, "alert_rules_failing": 0}
    assert len(alerts.page(limit=9)) == 1


def test_a_rule_is_asked_when_it_is_time(alerts: AlertLog, finding: Finding) -> None:
    """New rows bring it forward only where it follows them, and it rests a while in between."""
    other = Finding()
    rules = [
        Rule(name="budgets", every_s=3600, find=finding.find, follows_rows=True),
        Rule(name="other", every_s=3600, find=other.find),
    ]
    watch = AlertWatch(rules, alerts, lambda: None)
    watch.round()
    watch.rows_came()
    watch.round()
    assert (finding.asked, other.asked) == (1, 1)
    watch._rested_s["budgets"] = 0.0
    watch.round()
    assert (finding.asked, other.asked) == (2, 1)
    watch._rested_s["budgets"] = 0.0
    watch.round()
    assert finding.asked == 2


def test_after_an_import_every_rule_is_asked(alerts: AlertLog, finding: Finding) -> None:
    """As soon as it has rested."""
    watch = AlertWatch([Rule(name="slow", every_s=3600, find=finding.find)], alerts, lambda: None)
    watch.round()
    watch.look_anew()
    watch.round()
    assert finding.asked == 1
    watch._rested_s["slow"] = 0.0
    watch.round()
    assert finding.asked == 2


def test_a_rule_that_fails_stops_no_other(alerts: AlertLog, finding: Finding) -> None:
    """It is counted while it fails, and what it found before stays told."""
    well = Finding()
    well.finds = [occurrence()]
    finding.fails = True
    rules = [
        Rule(name="ill", every_s=0, find=finding.find),
        Rule(name="well", every_s=0, find=well.find),
    ]
    watch = AlertWatch(rules, alerts, lambda: None)
    watch.round()
    assert watch.metrics() == {"alerts_told_total": 1, "alert_rules_failing": 1}
    finding.fails = False
    watch.round()
    assert watch.metrics()["alert_rules_failing"] == 0


async def test_rows_wake_it(alerts: AlertLog, finding: Finding) -> None:
    """From the ledger's thread; the question comes after the rows."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def find(now: datetime) -> Iterable[Occurrence]:
        loop.call_soon_threadsafe(asked.set)
        return finding.find(now)

    rule = Rule(name="budgets", every_s=3600, find=find, follows_rows=True)
    watch = AlertWatch([rule], alerts, lambda: None)
    task = asyncio.create_task(watch.run())
    for _ in range(2):
        await asyncio.wait_for(asked.wait(), PATIENCE_S)
        asked.clear()
        await asyncio.to_thread(watch.rows_came)
    await asyncio.wait_for(asked.wait(), PATIENCE_S)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_what_stands_is_told_alerts_and_labels(alerts: AlertLog, tmp_path: Path) -> None:
    """Both have a line for people."""
    alerts.tell([occurrence("a", severity=Severity.CRITICAL, budget_id="bud_1")])
    labels = LabelGuard(
        lambda *_: [LabelKey("run", 5000, folded=False)],
        threshold=1000,
        fold=False,
        now=lambda: datetime(2026, 11, 22, tzinfo=UTC),
    )
    told, noisy = StandingAlerts(labels, alerts, lambda: [BUDGET]).all()
    assert (told.kind, told.key, told.budget_id) == ("budget_threshold", "“Care”", "bud_1")
    assert (noisy.kind, noisy.key, noisy.values) == ("label_cardinality", "run", 5000)
    assert noisy.severity == "warning"
    assert StandingAlerts(labels, alerts, list).all() == [noisy]  # the budget is no more
