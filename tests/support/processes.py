"""Starts the project's own processes for end-to-end tests, and waits without sleeping blindly.

Hides how a process says that it is ready (one line on stdout), how it is stopped (SIGTERM,
then SIGKILL, by its own id), and how long anything may take. Rules for future edits: every
wait has a deadline and ends as soon as its condition holds; nothing is killed by name.
"""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
POLL_S = 0.02
# How long a condition is waited for that no promise bounds: a busy machine may take its time.
PATIENCE_S = 120.0
T = TypeVar("T")
_FIELD = re.compile(r"(\w+)=(\S+)")


def wait_until(probe: Callable[[], T | None], within_s: float, what: str | Callable[[], str]) -> T:
    """First true value of `probe`; `AssertionError` naming `what` once the time is over."""
    deadline = time.monotonic() + within_s
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise AssertionError(f"after {within_s:g} s: {what() if callable(what) else what}")
        threading.Event().wait(POLL_S)


class Process:
    """A child that prints `ready name=value …` once it serves; the values are `fields`."""

    def __init__(self, arguments: Sequence[str], *, log: Path, cwd: Path) -> None:
        self.log = log
        self._log_file = log.open("ab")
        self._child = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log_file,
            cwd=cwd,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.fields = self._until_ready()
        except BaseException:
            self.stop()
            raise

    def __repr__(self) -> str:
        return f"<Process {self.pid} {self.fields}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def exit_status(self) -> int | None:
        """The child's exit status, or None while it runs."""
        return self._child.poll()

    def send(self, signal_number: int) -> None:
        """Send the child a signal."""
        self._child.send_signal(signal_number)

    def wait(self, within_s: float = STOP_WITHIN_S) -> int:
        """Exit status, once the child has ended."""
        return self._child.wait(within_s)

    def stop(self) -> None:
        """End the child: politely, then not."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait(STOP_WITHIN_S)
        self._log_file.close()

    def _read(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as stream, self.log.open("ab") as log:
            for line in stream:
                log.write(line)
                log.flush()
                self._lines.put(line.decode(errors="replace").strip())
        self._lines.put(None)

    def _until_ready(self) -> dict[str, str]:
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                said = self.log.read_text(errors="replace")[-4000:]
                raise AssertionError(f"no ready line from {self._child.args!r}:\n{said}")
            if line.startswith("ready "):
                return dict(_FIELD.findall(line))


def weighbridge(*arguments: str) -> list[str]:
    """Command line of the `weighbridge` that is installed beside this interpreter."""
    return [str(Path(sys.executable).with_name("weighbridge")), *arguments]


def run_json(*arguments: str, within_s: float = 60.0) -> Any:
    """What a `weighbridge … --json` command prints."""
    return json.loads(run(*arguments, within_s=within_s))


def run(*arguments: str, within_s: float = 60.0) -> str:
    """What a `weighbridge …` command writes to stdout."""
    done = subprocess.run(
        weighbridge(*arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.stderr or done.stdout}"
    return done.stdout


class Bridge:
    """A served gateway in a folder of its own, with an admin client that asks its ledger."""

    def __init__(self, folder: Path, upstream: str, *options: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.upstream = upstream
        self.process = Process(
            weighbridge(
                "serve",
                *("--data", str(self.data)),
                *("--listen", "127.0.0.1:0"),
                *("--admin-listen", "127.0.0.1:0"),
                *("--workers", "1"),
                *("--upstream", f"gemini={upstream}"),
                *options,
            ),
            log=folder / "serve.log",
            cwd=folder,
        )
        self.url = self.process.fields["gateway"]
        self.admin_url = self.process.fields["admin"]
        key = self.command("key", "create", "--name", "tests", "--role", "admin")["key"]
        self.admin = httpx.Client(
            base_url=self.admin_url, headers={"Authorization": f"Bearer {key}"}, timeout=30
        )

    def __repr__(self) -> str:
        return f"<Bridge {self.url} admin {self.admin_url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.admin.close()
        self.process.stop()

    def command(self, *arguments: str) -> Any:
        """Answer of a command that talks to this gateway, as JSON."""
        return run_json(*arguments, "--data", str(self.data), "--json")

    def token(self, name: str, *options: str) -> dict[str, Any]:
        """A new tracking token that is in force (`id`, `token`, …)."""
        made = self.command("token", "create", "--name", name, *options)
        headers = {"X-Weighbridge-Key": made["token"], "x-goog-api-key": "AIzaSyTESTprobe"}

        def in_force() -> bool:
            probe = httpx.get(f"{self.url}/v1beta/models", headers=headers, timeout=10)
            return probe.status_code != 401

        wait_until(in_force, PATIENCE_S, f"token {made['id']} is still refused")
        return dict(made)

    def rows(self, **filters: str) -> list[dict[str, Any]]:
        """Exchanges in the ledger now, oldest first."""
        answer = self.admin.get("/api/v1/exchanges", params={"limit": "500", **filters})
        assert answer.status_code == 200, answer.text
        return list(reversed(answer.json()["exchanges"]))

    def wait_for_rows(
        self, count: int, within_s: float = PATIENCE_S, **filters: str
    ) -> list[dict[str, Any]]:
        """Exchanges, once there are `count` of them; more than that fails as well."""
        rows = wait_until(
            lambda: found if len(found := self.rows(**filters)) >= count else None,
            within_s,
            lambda: f"{len(self.rows(**filters))} rows instead of {count} for {filters}",
        )
        assert len(rows) == count, [row.get("operation") for row in rows]
        return rows
