"""The guard against label keys with too many values: what it says, how often, what it folds."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from weighbridge.control import label_guard
from weighbridge.control.label_guard import LabelGuard
from weighbridge.errors import LedgerError
from weighbridge.privacy.redaction import FIELDS
from weighbridge.reports.label_keys import LabelKey

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOISE = LabelKey("request", 5000, folded=False)


class Ledger:
    """Keys as a test sets them, and what was asked."""

    def __init__(self, *found: LabelKey) -> None:
        self.found = list(found)
        self.asked: list[tuple[datetime, int]] = []
        self.failing = False
        self.looked = threading.Event()  # by the guard's own round, not by a question

    def __call__(self, since: datetime, threshold: int) -> list[LabelKey]:
        self.asked.append((since, threshold))
        if threading.current_thread() is not threading.main_thread():
            self.looked.set()
        if self.failing:
            raise LedgerError("disk full")
        return self.found


class Clock:
    """An instant that a test moves."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def never_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question looks anew."""
    monkeypatch.setattr(label_guard, "FRESH_S", 0.0)


def test_a_key_over_the_threshold_is_an_alert() -> None:
    """Name, count, since when, and what to do."""
    ledger = Ledger(NOISE)
    (alert,) = LabelGuard(ledger, threshold=1000, fold=False, now=Clock()).all()
    assert (alert.kind, alert.key, alert.values) == ("label_cardinality", "request", 5000)
    assert alert.since == NOON
    assert alert.message.startswith("label 'request' had 5,000 distinct values in 24 hours; ")
    assert "labels.cardinality_warn = 1,000" in alert.message
    assert ledger.asked == [(NOON - timedelta(hours=24), 1000)]


def test_the_ledger_is_not_asked_again_at_once() -> None:
    """Twenty dashboards ask once in a few seconds."""
    ledger = Ledger()
    guard = LabelGuard(ledger, threshold=1000, fold=False)
    assert [guard.all() for _ in range(20)] == [[]] * 20
    assert len(ledger.asked) == 1


def test_no_threshold_is_no_guard() -> None:
    """0 never looks."""
    ledger = Ledger(NOISE)
    guard = LabelGuard(ledger, threshold=0, fold=True)
    assert (guard.all(), guard.folded_keys(), ledger.asked) == ([], [], [])


def test_another_threshold_holds_from_the_next_look() -> None:
    """Which is due at once; without a threshold nothing stands and nothing is folded."""
    ledger = Ledger(NOISE)
    guard = LabelGuard(ledger, threshold=9000, fold=False)
    guard.all()
    guard.watch(threshold=9000, fold=False)
    guard.all()
    assert [limit for _, limit in ledger.asked] == [9000]
    guard.watch(threshold=1000, fold=True)
    assert len(guard.all()) == 1
    assert guard.folded_keys() == ["request"]
    guard.watch(threshold=1000, fold=False)
    assert guard.folded_keys() == []
    guard.watch(threshold=0, fold=True)
    assert (guard.all(), guard.folded_keys()) == ([], [])
    assert [limit for _, limit in ledger.asked] == [9000, 1000]


@pytest.mark.usefixtures("never_fresh")
def test_logged_once_a_day() -> None:
    """On each day that a key is too much there is one line, without its name (P1)."""
    ledger, clock = Ledger(NOISE), Clock()
    guard = LabelGuard(ledger, threshold=1000, fold=False, now=clock)
    with capture_logs() as logs:
        for hours in (0, 1, 11, 12, 13):
            clock.at = NOON + timedelta(hours=hours)
            (alert,) = guard.all()
            assert alert.since == NOON
    assert [(entry["log_level"], entry["count"], entry["limit"]) for entry in logs] == [
        ("warning", 5000, 1000)
    ] * 2
    assert "'request'" not in str(logs)
    assert all(set(entry) - {"event", "log_level"} <= FIELDS for entry in logs)
    assert guard.noisy == 1


@pytest.mark.usefixtures("never_fresh")
def test_an_alert_ends_with_its_cause() -> None:
    """A key that is quiet again is no alert; one that comes back begins anew."""
    ledger, clock = Ledger(NOISE), Clock()
    guard = LabelGuard(ledger, threshold=1000, fold=False, now=clock)
    assert len(guard.all()) == 1
    ledger.found = []
    assert guard.all() == []
    ledger.found = [NOISE]
    clock.at += timedelta(hours=3)
    assert guard.all()[0].since == clock.at


@pytest.mark.usefixtures("never_fresh")
def test_a_ledger_that_fails_changes_nothing() -> None:
    """What was known stands, and the log says why it is not newer."""
    ledger = Ledger(NOISE)
    guard = LabelGuard(ledger, threshold=1000, fold=True, now=Clock())
    assert guard.folded_keys() == ["request"]
    ledger.failing = True
    with capture_logs() as logs:
        assert len(guard.all()) == 1
    assert logs[0]["error"] == "disk full"
    assert guard.folded_keys() == ["request"]


def test_folding_is_asked_for() -> None:
    """Without `labels.fold` nothing is folded; with it, the alert says so."""
    assert LabelGuard(Ledger(NOISE), threshold=9, fold=False).folded_keys() == []
    guard = LabelGuard(Ledger(NOISE), threshold=9, fold=True)
    assert guard.folded_keys() == ["request"]
    assert "booked as (many)" in guard.all()[0].message


@pytest.mark.usefixtures("never_fresh")
async def test_workers_are_told_of_what_is_folded() -> None:
    """A key that a question finds is published at once, not minutes later."""
    ledger = Ledger()
    guard = LabelGuard(ledger, threshold=9, fold=True)
    published: asyncio.Queue[list[str]] = asyncio.Queue()

    async def publish() -> None:
        await published.put(guard.folded_keys())

    assert guard.folded_keys() == []
    task = asyncio.create_task(guard.run(publish))
    await asyncio.to_thread(ledger.looked.wait, 10)
    ledger.found = [NOISE]
    await asyncio.to_thread(guard.all)
    assert await asyncio.wait_for(published.get(), 10) == ["request"]
    ledger.found = []
    await asyncio.to_thread(guard.all)
    assert await asyncio.wait_for(published.get(), 10) == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
