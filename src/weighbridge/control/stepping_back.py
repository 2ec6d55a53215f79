"""Lets threads that answer questions step back for those that carry calls.

Hides the scheduler. A page over millions of rows computes for tenths of a second on every core,
and on a recent Linux whoever wakes up waits until the slice of the one that computes is over, some
3 ms, whatever their nice values. So these threads ask for slices as short as the system gives, and
for a small share of a busy core: a call waits for a tenth of a millisecond, a page for its turn.

They are not idle, as loading is: a thread here may hold the interpreter's lock, which leases need.
With a share of its own it runs every few milliseconds even where every core is busy, and gives the
lock up; an idle one would not. For the same reason there is no way back to come too late.

Rules for future edits: best effort; where the system forbids or does not know it, all works as
before. Counterparts: `quiet_loading` for the ledger's loads, `admin/questions` runs such threads;
docs/decisions/0020-questions-step-back.md has the figures.
"""

import contextlib
import ctypes
import os
import platform
import sys
from collections.abc import Iterable
from typing import Final

# A tenth of what a worker takes of a core that both want; with 19, pages starved.
NICENESS: Final = 10
SLICE_NS: Final = 100_000
# Source: sched_setattr(2) and the kernel's syscall tables, read 2026-11-22.
_SET_ATTRIBUTES: Final = {"x86_64": 314, "aarch64": 274}


class _Attributes(ctypes.Structure):
    """`struct sched_attr`; what is left out is 0: the usual policy, no flags."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime_ns", ctypes.c_uint64),
        ("deadline_ns", ctypes.c_uint64),
        ("period_ns", ctypes.c_uint64),
    )


def step_back(thread: int = 0) -> None:
    """Give a thread of this process, by default the caller's, a small share and short slices.

    Takes: the system's id of the thread.
    """
    if sys.platform != "linux":
        return
    # First by the way that every kernel knows, for the other may be refused.
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, thread, NICENESS)
    number = _SET_ATTRIBUTES.get(platform.machine())
    if number is None:
        return
    wanted = _Attributes(size=ctypes.sizeof(_Attributes), nice=NICENESS, runtime_ns=SLICE_NS)
    ctypes.CDLL(None).syscall(number, thread, ctypes.byref(wanted), 0)


def all_step_back(threads: Iterable[int]) -> None:
    """Each of these threads; one that is gone is passed over."""
    for thread in threads:
        step_back(thread)
