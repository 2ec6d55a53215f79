"""The supervisor of `serve`: N workers and one control process, each restarted on its own.

Hides processes: spawning with inherited sockets, readiness, back-off, the order of stopping.
It forwards and decides nothing else, so that it has no reason to fail. Stopping: every worker
is told to drain and waited for, then the control process, which loads what they sealed.
Rules for future edits: a child learns of the end by the end of its standard input (see
`child`), never only by a signal; a second request to stop changes nothing.
"""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from weighbridge.control.child import READY, STOPPING
from weighbridge.errors import StartError

FIRST_BACKOFF_S: Final = 0.05
LONGEST_BACKOFF_S: Final = 5.0
STEADY_AFTER_S: Final = 10.0
START_ATTEMPTS: Final = 3
CONFIGURATION_STATUS: Final = 2
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """How to run one child.

    `command` comes after the interpreter, `settings` is the first line of its standard input,
    `sockets` are descriptors that it inherits under the same numbers. `rank` orders the stop:
    the lower first, and the next rank only when it is gone. `stop_timeout_s` bounds its drain.
    """

    name: str
    command: tuple[str, ...]
    settings: bytes
    sockets: tuple[int, ...]
    rank: int
    stop_timeout_s: float


class _Child:
    """One child across its restarts."""

    def __init__(self, plan: ChildPlan) -> None:
        self.plan = plan
        self.process: Process | None = None
        self._told_to_stop = asyncio.Event()
        self._service_stopping = False
        self.was_ready = asyncio.Event()
        self.failures = 0
        self.restarts = 0

    def __repr__(self) -> str:
        pid = self.process.pid if self.process else None
        return f"<_Child {self.plan.name} pid={pid} restarts={self.restarts}>"

    @property
    def stopping(self) -> bool:
        """Whether the child's next end is its last."""
        return self._told_to_stop.is_set()

    async def keep_running(self) -> None:
        """Run the child, again and again, until it is told to stop.

        Errors: `StartError` where it never became ready.
        """
        backoff = FIRST_BACKOFF_S
        while not self.stopping:
            began = time.monotonic()
            status = await self._run_once()
            if self.stopping:
                return
            if not self.was_ready.is_set():
                self._count_failed_start(status)
            if time.monotonic() - began > STEADY_AFTER_S:
                backoff = FIRST_BACKOFF_S
            _log.warning("child ended; restarting", child=self.plan.name, status=status)
            self.restarts += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_stop.wait(), backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_S)

    async def _run_once(self) -> int:
        process = self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.plan.command,
            stdin=PIPE,
            stdout=PIPE,
            pass_fds=self.plan.sockets,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(ConnectionError):
            process.stdin.write(self.plan.settings + b"\n")
            if self._service_stopping:
                process.stdin.write(STOPPING)
        if self.stopping:
            process.stdin.close()
        while line := await process.stdout.readline():
            if line == READY:
                self.was_ready.set()
                _log.info("child ready", child=self.plan.name, pid=process.pid)
        return await process.wait()

    def _count_failed_start(self, status: int) -> None:
        self.failures += 1
        if status == CONFIGURATION_STATUS or self.failures >= START_ATTEMPTS:
            raise StartError(
                f"{self.plan.name} ended with status {status} before it was ready; "
                "the log above says why"
            )

    def announce_stop(self) -> None:
        """Let the child know that the service stops, so that it stops calling itself ready."""
        self._service_stopping = True
        process = self.process
        if process is not None and process.returncode is None:
            assert process.stdin is not None
            with suppress(ConnectionError):
                process.stdin.write(STOPPING)

    async def stop(self) -> None:
        """Let the child drain; kill it when its time is over."""
        self._told_to_stop.set()
        process = self.process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(self.plan.stop_timeout_s):
                await process.wait()
        except TimeoutError:
            _log.error("child did not stop in time; killed", child=self.plan.name)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Supervisor:
    """Runs the children of a plan until it is told to stop."""

    def __init__(self, plans: Sequence[ChildPlan]) -> None:
        self._children = [_Child(plan) for plan in plans]
        self._stop = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Supervisor {self._children!r}>"

    def request_stop(self) -> None:
        """Begin to stop; asking again changes nothing."""
        self._stop.set()

    def watch_signals(self) -> None:
        """Let SIGTERM and SIGINT request the stop."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.request_stop)

    async def run(self, on_ready: Callable[[], None], on_stopping: Callable[[], None]) -> None:
        """Start everything, call `on_ready` once all children serve, run until the stop.

        Takes: `on_stopping`, called once before the first child is told.

        Errors: `StartError` where a child cannot be brought up; the others are stopped first.
        """
        running = [asyncio.create_task(child.keep_running()) for child in self._children]
        announcing = asyncio.create_task(self._announce(on_ready))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            done, _ = await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
        finally:
            announcing.cancel()
            stopping.cancel()
            on_stopping()
            await self._stop_all()
            await asyncio.gather(*running, return_exceptions=True)
        for task in done:
            if task is not stopping:
                task.result()

    async def _announce(self, on_ready: Callable[[], None]) -> None:
        for child in self._children:
            await child.was_ready.wait()
        on_ready()

    async def _stop_all(self) -> None:
        for child in self._children:
            child.announce_stop()
        for rank in sorted({child.plan.rank for child in self._children}):
            await asyncio.gather(
                *(child.stop() for child in self._children if child.plan.rank == rank)
            )
