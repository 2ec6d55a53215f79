"""Lets the ledger load in the gaps that calls leave, as long as its rows are fresh enough.

Hides the scheduler. A thread of usual priority that wakes up waits for one that is computing
until its slice is over, some 3 ms on a recent Linux, whatever their nice values; only one of
`SCHED_IDLE` gives way at once. A load is such bursts, several times a second, and whoever
carries a call on the same core (a worker, its client, its upstream) would wait for them. But
what is idle may starve on a busy machine, so a load is quiet only until its oldest row is
`PATIENCE_S` old, and after one that starved loads keep their priority for a while.

Rules for future edits: quiet is only the work of the store and of the file system. A starving
thread that holds the interpreter's lock holds up all of the control process, the one that would
hurry it included, which is why it must not starve twice. Python's other threads stay as they
are; the store's, which the interpreter doesn't know, are slowed with the loader.
Counterpart: `ledger/loader` calls it; docs/decisions/0010-quiet-loading.md has the figures.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from weighbridge.ledger.segments import begun_unix_ms

# Rows are to be seen a second after their call ended. A segment is handed over at a quarter of
# that, and a load that hurries takes less than another.
PATIENCE_S: Final = 0.6
_LEAST_QUIET_S: Final = 0.02
# A load has starved where it was hurried so late: whoever hurries it needs the interpreter's
# lock, and the load was stopped while it held that. For so long, then for twice as long and so
# on, the next ones don't try.
STARVED_S: Final = 0.1
REST_FIRST_S: Final = 5.0
REST_MOST_S: Final = 600.0
_TASKS: Final = Path("/proc/self/task")


def quiet_for_s(oldest_age_s: float) -> float:
    """How long a load may be quiet, given the age of its oldest row; 0 = not at all.

    Example: rows of 0.25 s leave 0.35 s; at 0.59 s it is not worth the change any more. A clock
    that was set back gives no more than all of the patience.
    """
    left = PATIENCE_S - max(oldest_age_s, 0.0)
    return left if left >= _LEAST_QUIET_S else 0.0


def rest_s(late_s: float, rested_s: float) -> float:
    """How long to load at the usual priority after a quiet load.

    Takes: how late it was hurried, 0 where it was in time or had no need, and the rest before it;
    0 = there was none.
    Example: one that was hurried 0.2 s late gives 5; the first after that, the same again, 10.
    """
    if late_s < STARVED_S:
        return 0.0
    return min(max(2 * rested_s, REST_FIRST_S), REST_MOST_S)


def may_come_back() -> bool:
    """Whether the system lets a thread be idle and then usual again.

    Linux asks for `CAP_SYS_NICE`, or a limit of nice values that allows its own (`LimitNICE=`).
    """
    answers = []

    def ask() -> None:
        with contextlib.suppress(OSError):
            _set_idle(0, idle=True)
            _set_idle(0, idle=False)
            answers.append(True)

    if sys.platform == "linux":
        thread = threading.Thread(target=ask, name="ask-for-idle")
        thread.start()  # its own, for there may be no way back
        thread.join()
    return bool(answers)


class QuietLoading:
    """The pace of a `Loader`: a context in which it may load a batch."""

    def __init__(
        self,
        *,
        allowed: bool,
        now_s: Callable[[], float] = time.time,
        set_idle: "Callable[[int, bool], None] | None" = None,
    ) -> None:
        self._allowed = allowed
        self._now_s = now_s
        self._set_idle = set_idle or (lambda thread, idle: _set_idle(thread, idle=idle))
        self._rest_s = 0.0
        self._usual_until_s = 0.0

    def __repr__(self) -> str:
        return f"<QuietLoading {'allowed' if self._allowed else 'not allowed'}>"

    @contextlib.contextmanager
    def loading(self, batch: Sequence[Path]) -> Iterator[None]:
        """Be quiet while this batch, oldest first, is loaded, for as long as it may wait."""
        quiet_s = 0.0
        now_s = self._now_s()
        if self._allowed and batch and not 0 < self._usual_until_s - now_s <= self._rest_s:
            quiet_s = quiet_for_s(now_s - begun_unix_ms(batch[0]) / 1000)
        if not quiet_s:
            yield
            return
        threads = [*threads_of_the_store(), threading.get_native_id()]
        hurried_s: list[float] = []

        def hurry() -> None:
            self._set(threads, False)
            hurried_s.append(self._now_s())

        timer = threading.Timer(quiet_s, hurry)
        timer.daemon = True
        timer.start()  # before this thread is idle, which the new one would inherit
        self._set(threads, True)
        try:
            yield
        finally:
            timer.cancel()
            self._set(threads, False)
            ended_s = hurried_s[0] if hurried_s else self._now_s()
            self._rest_s = rest_s(ended_s - now_s - quiet_s, self._rest_s)
            self._usual_until_s = self._now_s() + self._rest_s

    def _set(self, threads: Sequence[int], idle: bool) -> None:
        for thread in threads:
            with contextlib.suppress(OSError):  # it is gone
                self._set_idle(thread, idle)


def threads_of_the_store() -> list[int]:
    """Threads that are not Python's: those on which DuckDB spreads its work."""
    ours = {thread.native_id for thread in threading.enumerate()}
    try:
        found = [int(task.name) for task in _TASKS.iterdir()]
    except OSError:
        return []
    return [thread for thread in found if thread not in ours]


def _set_idle(thread: int, *, idle: bool) -> None:
    """Linux takes a thread's id where POSIX has a process; the nice value stays."""
    if sys.platform == "linux":
        policy = os.SCHED_IDLE if idle else os.SCHED_OTHER
        os.sched_setscheduler(thread, policy, os.sched_param(0))
