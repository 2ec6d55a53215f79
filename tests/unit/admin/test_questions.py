"""Questions are bounded: in number, and by the patience of whoever asks."""

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from structlog.testing import capture_logs

from weighbridge.admin.questions import Questions, questions_of
from weighbridge.admin.server import AdminServer
from weighbridge.compose.parts import Parts
from weighbridge.core.stop import Stop
from weighbridge.errors import BusyError
from weighbridge.ledger.stores.base import QueryStoppedError

# Hours of work for the store, without a row in it.
ENDLESS = (
    "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 1"
)


class Stoppable:
    """Reports that hand out the wish they were given."""

    def __init__(self) -> None:
        self.stop = Stop()

    def stoppable(self, stop: Stop, *, timeout_ms: int) -> "Stoppable":
        self.stop = stop
        return self


def asking(*, leaves: asyncio.Event | None = None) -> Request:
    async def receive() -> dict[str, Any]:
        await (leaves or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": []}, receive)


async def test_an_answer_passes() -> None:
    """What the work gives is the answer, and its errors are raised."""
    reports: Any = Stoppable()
    assert await Questions().answer(asking(), reports, lambda _: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await Questions().answer(asking(), reports, lambda _: 1 // 0)


async def test_questions_have_threads_of_their_own() -> None:
    """Each begins as it is told to, so that it may step back; the loop's thread does not."""
    begun: list[int] = []
    reports: Any = Stoppable()
    questions = Questions(thread_begins=lambda: begun.append(threading.get_ident()))
    answered_in = await questions.answer(asking(), reports, lambda _: threading.get_ident())
    assert begun == [answered_in]
    assert threading.get_ident() not in begun


async def test_the_store_stops_when_the_asker_leaves(parts: Parts) -> None:
    """A statement that would run for hours ends, and the next question has its turn."""
    leaves, begun = asyncio.Event(), threading.Event()
    questions = Questions(most=1)
    reports: Any = Stoppable()

    def work(own: Any) -> object:
        begun.set()
        return parts.store.fetch(ENDLESS, stop=own.stop)

    asked = asyncio.create_task(questions.answer(asking(leaves=leaves), reports, work))
    await asyncio.to_thread(begun.wait)
    leaves.set()
    with pytest.raises(QueryStoppedError):
        await asked
    assert await questions.answer(asking(), reports, lambda _: "next") == "next"


async def test_a_client_that_hangs_up_is_noticed(app: FastAPI, tmp_path: Path) -> None:
    """Over a real socket, behind the app's own bounds on bodies: the work is told to stop."""
    begun, ended = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    reports: Any = Stoppable()

    def work(own: Any) -> None:
        with own.stop.calling(ended.set):
            loop.call_soon_threadsafe(begun.set)
            ended.wait()

    @app.post("/slow")
    async def slow(request: Request) -> None:
        await request.body()
        await questions_of(request).answer(request, reports, work)

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        server = AdminServer(app, bound, tmp_path / "admin.sock")
        await server.start()
        _, writer = await asyncio.open_connection(*bound.getsockname())
        writer.write(b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n")
        writer.write(b"content-length: 2\r\n\r\n{}")
        await begun.wait()
        assert not ended.is_set()
        writer.close()
        assert await asyncio.to_thread(ended.wait, 20)
        await server.close()


async def test_who_leaves_is_no_failure(app: FastAPI, local: httpx.AsyncClient) -> None:
    """A closed tab is not written into the log as an error of ours."""

    @app.get("/slow")
    async def slow() -> None:
        raise QueryStoppedError("whoever asked this has left")

    with capture_logs() as logs:
        assert (await local.get("/slow")).status_code == 503
    assert logs == []


async def test_a_turn_that_does_not_come() -> None:
    """Beyond the most at once, a question waits, and then is told to come again."""
    questions = Questions(most=1, longest_wait_s=0.01)
    reports: Any = Stoppable()
    goes_on = threading.Event()
    first = asyncio.create_task(questions.answer(asking(), reports, lambda _: goes_on.wait()))
    await asyncio.sleep(0)
    with pytest.raises(BusyError, match="1 questions to the ledger run already"):
        await questions.answer(asking(), reports, lambda _: None)
    goes_on.set()
    assert await first
    assert await questions.answer(asking(), reports, lambda _: "free") == "free"


def test_a_wish_that_came_first(parts: Parts) -> None:
    """Nothing begins for whoever has left already."""
    stop = Stop()
    stop.wish()
    with pytest.raises(QueryStoppedError):
        parts.store.fetch("SELECT 1", stop=stop)


async def test_busy_is_told_with_when_to_come_again(app: FastAPI, local: httpx.AsyncClient) -> None:
    """429 with `Retry-After`, as a problem document."""
    app.state.questions = Questions(most=0, longest_wait_s=0)
    answer = await local.post("/api/v1/query", json={})
    assert (answer.status_code, answer.json()["code"]) == (429, "BUSY")
    assert answer.headers["retry-after"] == "1"
