"""Questions to the ledger, bounded: how many at once, how long, and only while somebody waits.

Hides threads. A question waits for its turn, runs in a thread of a kind of its own, which may step
back for others of the machine, and is interrupted inside the store when its asker leaves or its
time is up, so twenty dashboards that are reloaded cost no more than the answers that are still
wanted. Memory is bounded by the store's own limit.

Rules for future edits: every route and page whose work grows with the ledger asks through here.
Counterpart: `core/stop` carries the wish, `ledger/stores` heeds it.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Final, TypeVar

from fastapi import Request

from weighbridge.admin.ports import Reports
from weighbridge.core.stop import Stop
from weighbridge.errors import BusyError

MOST_AT_ONCE: Final = 4
LONGEST_MS: Final = 30_000
LONGEST_WAIT_S: Final = 10.0
_WISH_AGAIN_S: Final = 0.05  # a wish between two statements is lost to the store

_Answer = TypeVar("_Answer")


class Questions:
    """The questions of one app."""

    def __init__(
        self,
        most: int = MOST_AT_ONCE,
        longest_wait_s: float = LONGEST_WAIT_S,
        *,
        thread_begins: Callable[[], object] | None = None,
    ) -> None:
        self._threads = ThreadPoolExecutor(max(most, 1), "question", thread_begins)
        self._turns = asyncio.Semaphore(most)
        self._longest_wait_s = longest_wait_s
        self._most = most

    def __repr__(self) -> str:
        return f"<Questions, {self._most} at once{', busy' if self._turns.locked() else ''}>"

    async def answer(
        self, request: Request, reports: Reports, work: Callable[[Reports], _Answer]
    ) -> _Answer:
        """What `work` gives of the reports, for as long as the request's client is there.

        Errors: `BusyError` where its turn does not come, those of `work`, and the store's own
        where it was stopped.
        """
        left = asyncio.ensure_future(_left(request))
        try:
            await self._turn(left)
            try:
                return await _run(self._threads, work, reports, left)
            finally:
                self._turns.release()
        finally:
            left.cancel()

    async def _turn(self, left: "asyncio.Future[None]") -> None:
        turn = asyncio.ensure_future(self._turns.acquire())
        either: set[asyncio.Future[Any]] = {turn, left}
        try:
            await asyncio.wait(
                either, timeout=self._longest_wait_s, return_when=asyncio.FIRST_COMPLETED
            )
        except asyncio.CancelledError:
            if turn.done():
                self._turns.release()
            turn.cancel()
            raise
        if not turn.done():
            turn.cancel()
            raise BusyError(
                f"{self._most} questions to the ledger run already and none ended in "
                f"{self._longest_wait_s:g} s; ask again"
            )


def questions_of(request: Request) -> Questions:
    """The questions of the app that serves a request."""
    questions = request.app.state.questions
    assert isinstance(questions, Questions)
    return questions


async def _run(
    threads: Executor,
    work: Callable[[Reports], _Answer],
    reports: Reports,
    left: "asyncio.Future[None]",
) -> _Answer:
    stop = Stop()
    bounded = reports.stoppable(stop, timeout_ms=LONGEST_MS)
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    answer = loop.run_in_executor(threads, context.run, work, bounded)
    answer.add_done_callback(_look_at)
    either: set[asyncio.Future[Any]] = {answer, left}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        while not answer.done():
            stop.wish()
            await asyncio.wait({answer}, timeout=_WISH_AGAIN_S)
        return answer.result()
    finally:
        stop.wish()


def _look_at(answer: "asyncio.Future[Any]") -> None:
    """An error that nobody waits for any more is no news."""
    if not answer.cancelled():
        answer.exception()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
