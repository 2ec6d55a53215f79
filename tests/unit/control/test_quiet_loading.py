"""Loading gives way to calls while its rows are fresh, and no longer."""

import os
import threading
from pathlib import Path

import pytest

from weighbridge.control.quiet_loading import (
    PATIENCE_S,
    REST_FIRST_S,
    REST_MOST_S,
    STARVED_S,
    QuietLoading,
    may_come_back,
    quiet_for_s,
    rest_s,
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


@pytest.mark.parametrize(
    ("late_s", "rested_s", "expected"),
    [
        pytest.param(-0.3, 0.0, 0.0, id="done before its time"),
        pytest.param(0.01, 0.0, 0.0, id="hurried in time"),
        pytest.param(STARVED_S, 0.0, REST_FIRST_S, id="starved"),
        pytest.param(2.0, REST_FIRST_S, 2 * REST_FIRST_S, id="starved again"),
        pytest.param(2.0, REST_MOST_S, REST_MOST_S, id="on and on"),
        pytest.param(0.01, REST_MOST_S, 0.0, id="well again"),
    ],
)
def test_loads_that_starve_are_tried_ever_more_seldom(
    late_s: float, rested_s: float, expected: float
) -> None:
    """One late load among hundreds, on a machine that is always busy."""
    assert rest_s(late_s, rested_s) == expected


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


def test_after_a_load_that_starved_the_next_ones_keep_their_priority() -> None:
    """And then it is tried again."""
    scheduler, clock = _Scheduler(), [_NOW_S]
    pace = QuietLoading(allowed=True, now_s=lambda: clock[0], set_idle=scheduler)
    quiet = []
    for after_s in (0.0, REST_FIRST_S - 1, 1.5):
        clock[0] += after_s
        scheduler.told.clear()
        with pace.loading([_segment(_NOW_S - clock[0])]):
            quiet.append(bool(scheduler.told))
            clock[0] += 5 if len(quiet) == 1 else 0
    assert quiet == [True, False, True]


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
