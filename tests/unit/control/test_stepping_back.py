"""Threads that step back have a small share; nobody else's is touched."""

import os
import sys
import threading
from pathlib import Path

import pytest

from weighbridge.control.stepping_back import NICENESS, SLICE_NS, all_step_back, step_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows a thread's share")
_SLICE = "se.slice"


def share() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def slice_ns() -> int | None:
    """The slice of this thread, where the kernel tells it."""
    told = Path(f"/proc/self/task/{threading.get_native_id()}/sched")
    lines = told.read_text().splitlines() if told.exists() else []
    found = [line.rpartition(":")[2] for line in lines if line.startswith(_SLICE)]
    return int(found[0]) if found else None


def in_a_thread_of_its_own() -> tuple[int, int | None]:
    seen: list[tuple[int, int | None]] = []

    def work() -> None:
        step_back()
        seen.append((share(), slice_ns()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return seen[0]


def test_a_thread_steps_back_alone() -> None:
    """The small share is the thread's own; who started it keeps theirs."""
    before = share()
    assert in_a_thread_of_its_own()[0] == NICENESS
    assert share() == before


def test_slices_are_short_where_the_kernel_takes_them() -> None:
    """A call that wakes up waits for no more than a tenth of a millisecond."""
    kernel = tuple(int(part) for part in os.uname().release.split(".")[:2])
    told = in_a_thread_of_its_own()[1]
    if kernel < (6, 12) or told is None:
        pytest.skip("this kernel takes no slices, or tells none")
    assert told == SLICE_NS


def test_a_thread_that_is_gone_is_passed_over() -> None:
    """The store's threads may end at any moment."""
    gone = threading.Thread(target=lambda: None)
    gone.start()
    gone.join()
    assert gone.native_id is not None
    all_step_back([gone.native_id])
