"""Loading gives way to calls while its rows are fresh, and no longer."""

import os
import threading
from pathlib import Path

import pytest

from weighbridge.control.quiet_loading import (
    PATIENCE_S,
    QuietLoading,
    may_come_back,
    quiet_for_s,
)
from weighbridge.errors import LedgerError

_NOW_S = 1_800_000_000.0
_needs_leave = pytest.mark.skipif(not may_come_back(), reason="the system forbids coming back")


@pytest.mark.parametrize(
    ("oldest_age_s", "quiet_s"),
    [
        pytest.param(0.0, PATIENCE_S, id="new"),
        pytest.param(0.25, PATIENCE_S - 0.25, id="as a segment is sealed"),
        pytest.param(PATIENCE_S - 0.01, 0.0, id="hardly worth it"),
        pytest.param(PATIENCE_S + 30, 0.0, id="a backlog"),
        pytest.param(-3600.0, PATIENCE_S, id="a clock set back"),
    ],
)
def test_a_load_is_quiet_until_its_oldest_row_has_waited_enough(
    oldest_age_s: float, quiet_s: float
) -> None:
    """Rows are to be seen within a second, busy machine or not."""
    assert quiet_for_s(oldest_age_s) == pytest.approx(quiet_s)


class _Scheduler:
    """Remembers what each thread was told, and when somebody was told to hurry."""

    def __init__(self) -> None:
        self.told: list[tuple[int, bool]] = []
        self.hurried = threading.Event()

    def __call__(self, thread: int, idle: bool) -> None:
        self.told.append((thread, idle))
        if not idle:
            self.hurried.set()


def _segment(age_s: float) -> Path:
    return Path(f"gw-0-{round((_NOW_S - age_s) * 1000)}-000001.ndjson")


def _pace(scheduler: _Scheduler, *, allowed: bool = True) -> QuietLoading:
    return QuietLoading(allowed=allowed, now_s=lambda: _NOW_S, set_idle=scheduler)


def test_the_loader_is_quiet_for_the_batch_and_usual_again_after_it() -> None:
    """Even where loading failed."""
    scheduler = _Scheduler()
    me = threading.get_native_id()
    pace = _pace(scheduler).loading([_segment(0.3), _segment(0.1)])
    with pytest.raises(LedgerError), pace:
        raise LedgerError("full")
    assert [idle for thread, idle in scheduler.told if thread == me] == [True, False]


def test_a_load_that_starves_is_hurried_on() -> None:
    """A busy machine may keep an idle thread waiting for ever."""
    scheduler = _Scheduler()
    with _pace(scheduler).loading([_segment(PATIENCE_S - 0.03)]):
        assert scheduler.hurried.wait(10)


@pytest.mark.parametrize(
    ("allowed", "batch"),
    [
        pytest.param(True, [_segment(5)], id="a backlog"),
        pytest.param(True, [Path("strange.ndjson")], id="of unknown age"),
        pytest.param(False, [_segment(0)], id="no way back"),
    ],
)
def test_priorities_stay_as_they_are(allowed: bool, batch: list[Path]) -> None:
    """Where rows have waited long enough, or the system would not let a thread come back."""
    scheduler = _Scheduler()
    with _pace(scheduler, allowed=allowed).loading(batch):
        pass
    assert scheduler.told == []


@_needs_leave
def test_the_scheduler_is_really_told() -> None:
    """And no other thread of Python's is slowed."""
    with QuietLoading(allowed=True, now_s=lambda: _NOW_S).loading([_segment(0)]):
        seen = os.sched_getscheduler(threading.get_native_id())
        others = [
            os.sched_getscheduler(thread.native_id or 0)
            for thread in threading.enumerate()
            if thread is not threading.current_thread()
        ]
    assert seen == os.SCHED_IDLE
    assert os.SCHED_IDLE not in others
    assert os.sched_getscheduler(threading.get_native_id()) == os.SCHED_OTHER
