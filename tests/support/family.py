"""A served gateway's processes: the supervisor's children by name, and killing them.

Nothing is found or killed by a process's name alone: children are those of one supervisor.
"""

import contextlib
import os
import signal
from pathlib import Path


def children(pid: int) -> dict[str, int]:
    """Process ids of a supervisor's children, by `control` and `worker I`."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            if "weighbridge.compose.control" in words:
                found["control"] = int(child)
            elif "weighbridge.compose.worker" in words:
                (index,) = [word for word in words if word.startswith("--index=")]
                found[f"worker {index.removeprefix('--index=')}"] = int(child)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    """`kill -9`."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
