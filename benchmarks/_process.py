"""Processes under test: started, pinned to a core, weighed from /proc, stopped by pid.

Linux only: CPU seconds and memory are the kernel's own figures of each process, so they hold
also where the load generator, and not the proxy, is what limits the rate.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HOST = "127.0.0.1"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def fail(message: str) -> NoReturn:
    """Ends the script: one line on what is wrong and what to do."""
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(2)


def need(command: str, debian_package: str) -> str:
    """Path of a system command, or the end of the script with the package that brings it."""
    path = shutil.which(command, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        fail(
            f"`{command}` is not installed; on Debian or Ubuntu: apt-get install {debian_package}",
        )
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def raise_open_files() -> int:
    """Lets this process and its children open as many files as the hard limit allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds that processes have used since they began."""

    user_s: float = 0.0
    system_s: float = 0.0

    @property
    def total_s(self) -> float:
        return self.user_s + self.system_s

    def __add__(self, other: Cpu) -> Cpu:
        return Cpu(self.user_s + other.user_s, self.system_s + other.system_s)

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(self.user_s - other.user_s, self.system_s - other.system_s)


def cpu_of(pids: Iterable[int]) -> Cpu:
    """Sum over all threads of the processes, dead threads too (proc(5), fields 14 and 15)."""
    total = Cpu()
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            # The command name may hold spaces and brackets: count fields after its last one.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += Cpu(int(fields[11]) / _TICKS_PER_S, int(fields[12]) / _TICKS_PER_S)
    return total


def wait_until_idle(pids: Iterable[int], timeout_s: float = 20.0) -> None:
    """Returns when the processes have used less than a tenth of a core for half a second."""
    watched = list(pids)
    deadline = time.monotonic() + timeout_s
    while watched and time.monotonic() < deadline:
        before = cpu_of(watched)
        time.sleep(0.5)
        if (cpu_of(watched) - before).total_s < 0.05:
            return


def rss_bytes(pid: int) -> int:
    return _status_bytes(pid, "VmRSS")


def peak_rss_bytes(pid: int) -> int:
    """Highest resident size since the start or the last `reset_peak_rss`."""
    return _status_bytes(pid, "VmHWM")


def reset_peak_rss(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status_bytes(pid: int, name: str) -> int:
    found = re.search(
        rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE
    )
    return int(found[1]) * 1024 if found else 0


def pin(pids: Iterable[int], core: int) -> None:
    """Moves the processes, every thread of each, to one core."""
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), {core})


def descendants(pid: int) -> dict[int, str]:
    """Children of a process, and theirs: pid → command line."""
    found: dict[int, str] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ")
            found[int(child)] = command.decode(errors="replace")
            found |= descendants(int(child))
    return found


class Process:
    """A child of this script that writes to a log file and is stopped by its pid."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._popen = popen

    def __repr__(self) -> str:
        return f"<Process {self.name} pid={self.pid} exit={self._popen.poll()}>"

    @property
    def pid(self) -> int:
        return self._popen.pid

    def wait_for_port(self, port: int, timeout_s: float = 20.0) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self._check_alive()
            with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                return
            time.sleep(0.02)
        fail(f"{self.name} does not listen on port {port} after {timeout_s:.0f} s; see {self.log}")

    def wait_for_line(self, pattern: str, timeout_s: float = 30.0) -> re.Match[str]:
        """First line of its output that the pattern is found in."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = re.search(pattern, self.log.read_text(errors="replace"), re.MULTILINE)
            if found:
                return found
            self._check_alive()
            time.sleep(0.05)
        fail(f"{self.name} did not print `{pattern}` in {timeout_s:.0f} s; see {self.log}")

    def stop(self, timeout_s: float = 15.0) -> None:
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(timeout_s)
                return
            self._popen.kill()
            self._popen.wait()

    def _check_alive(self) -> None:
        if self._popen.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            fail(f"{self.name} ended with status {self._popen.returncode}:\n{tail}")


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    folder: Path,
    core: int,
    env: Mapping[str, str] | None = None,
) -> Process:
    """Starts a command on one core; all it prints goes to FOLDER/NAME.log."""
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        popen = subprocess.Popen(
            ["taskset", "-c", str(core), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
    return Process(name, popen, log)
