"""Whether a worker of a certain life is dead: a locked file that only its process can hold.

A worker whose connection is gone may still finish calls, and spend what it holds of budgets. Only
the kernel knows for sure: a lock goes with the process, however that ends. No pid is asked, for
pids come again. Rules for future edits: the lock is taken before the name is visible.
Counterpart: `dead_holders` asks, each worker has its `LifeSign`.
"""

import fcntl
import os
import resource
from pathlib import Path
from typing import Final

from weighbridge.budgets.lease import Holder

# The kernel's table has a slot for every number below: a few kilobytes, not many megabytes.
_MOST_DESCRIPTORS: Final = 65_536
_ROOM_ABOVE: Final = 64
_PATTERN: Final = "worker-{}-{}.life"


class LifeSign:
    """A worker's own sign, there as long as its process is."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd

    def __repr__(self) -> str:
        return f"<LifeSign {self.path.name}>"

    @classmethod
    def create(cls, run: Path, holder: Holder) -> "LifeSign":
        """The sign of this process, in the run folder."""
        path = run / _PATTERN.format(*holder)
        hidden = path.with_name(f".{path.name}")
        fd = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hidden.rename(path)
            return cls(path, fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _highest(fd)))
        finally:
            os.close(fd)

    def close(self) -> None:
        """The worker's life is over; the file is left to whoever asks."""
        os.close(self._fd)


def _highest(fd: int) -> int:
    """A descriptor above all others.

    A dying process gives up its locks one by one; Linux closes its files in the order of their
    numbers (`close_files` in kernel/file.c). So who finds this lock free finds the journal's free.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(fd, min(soft, _MOST_DESCRIPTORS) - _ROOM_ABOVE)


def is_dead(run: Path, holder: Holder) -> bool:
    """Whether that worker's process is surely gone."""
    try:
        fd = os.open(run / _PATTERN.format(*holder), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def forget(run: Path, holder: Holder) -> None:
    """Remove a dead worker's sign."""
    (run / _PATTERN.format(*holder)).unlink(missing_ok=True)
