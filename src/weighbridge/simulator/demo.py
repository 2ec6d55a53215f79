"""The parts of `weighbridge demo`: an upstream, weeks of history, live traffic.

Hides their order and what runs beside what. The command provides what it alone can: serving
the gateway, creating tokens, importing a file; this module never sees how.

The command's order: `with BackgroundSimulator() as upstream` → serve with
`--upstream gemini=URL --upstream vertex=URL` → `await run_demo(...)`.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import msgspec
import uvloop

from weighbridge.simulator import moments
from weighbridge.simulator.backfill import History, Rates, write_history
from weighbridge.simulator.company import BUDGETS, TOKENS, TokenWish
from weighbridge.simulator.server import Simulator
from weighbridge.simulator.traffic import Traffic

Progress = Callable[[str, int, int], None]
_START_TIMEOUT_S = 10


class DemoToken(msgspec.Struct, frozen=True):
    """A tracking token that was created for the demo."""

    id: str
    token: str


class DemoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything; no rows means no history."""

    until: datetime
    rows: int = 200_000
    days: int = 60
    seed: int = 0
    calls_per_second: float = 1.0


class Gateway(Protocol):
    """What the demo needs of the served gateway."""

    async def create_token(self, wish: TokenWish) -> DemoToken:
        """A tracking token with these defaults."""
        ...

    async def create_budget(self, wish: Mapping[str, object]) -> None:
        """A budget as the API takes it; nothing where one of that name is there."""
        ...

    async def import_rows(self, path: Path, progress: Callable[[int, int], None]) -> None:
        """Adds the rows of an NDJSON file; says rows done and rows in all."""
        ...


class BackgroundSimulator:
    """The simulator on a loop and thread of its own, beside whatever the command runs.

    Errors: what kept the simulator from listening is raised on entry.
    """

    def __init__(self, *, pace: float = 1.0, seed: int = 0, scenario: str = "ok") -> None:
        self._simulator = Simulator(scenario=scenario, seed=seed, pace=pace, clock=moments.real)
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)

    def __repr__(self) -> str:
        return f"<BackgroundSimulator {self._simulator!r}>"

    @property
    def url(self) -> str:
        """Base URL to give as upstream."""
        return self._simulator.url

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(_START_TIMEOUT_S):
            raise TimeoutError(f"the simulator did not listen within {_START_TIMEOUT_S} s")
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_TIMEOUT_S)

    def _run(self) -> None:
        try:
            uvloop.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 -- handed to the thread that entered
            self._failure = failure
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self._simulator.start()
        self._started.set()
        await self._stop.wait()
        await self._simulator.close()


async def run_demo(  # noqa: PLR0913 -- each is a thing the command alone has
    gateway_url: str,
    gateway: Gateway,
    *,
    book: Rates,
    folder: Path,
    settings: DemoSettings,
    progress: Progress,
    stop: asyncio.Event,
) -> Traffic:
    """Creates the company's tokens and budgets, starts its traffic, fills in its history.

    Traffic runs while the history loads, so that something moves from the first second on.
    Gives the traffic with its counts, once `stop` is set.
    """
    tokens: dict[str, DemoToken] = {}
    for number, wish in enumerate(TOKENS, 1):
        tokens[wish.name] = await gateway.create_token(wish)
        progress("tokens", number, len(TOKENS))
    for budget in BUDGETS:
        await gateway.create_budget(budget)
    secrets = {name: each.token for name, each in tokens.items()}
    traffic = Traffic(gateway_url, secrets, rate=settings.calls_per_second, seed=settings.seed)
    async with asyncio.TaskGroup() as group:
        group.create_task(traffic.run(stop))
        if settings.rows > 0:
            ids = {name: each.id for name, each in tokens.items()}
            await fill_history(
                gateway,
                book=book,
                folder=folder,
                settings=settings,
                token_ids=ids,
                progress=progress,
            )
    return traffic


async def fill_history(  # noqa: PLR0913 -- as run_demo
    gateway: Gateway,
    *,
    book: Rates,
    folder: Path,
    settings: DemoSettings,
    token_ids: dict[str, str],
    progress: Progress,
) -> int:
    """Writes the history to a file, imports it, removes the file. Gives the rows written."""
    history = History(
        until=settings.until,
        days=settings.days,
        rows=settings.rows,
        seed=settings.seed,
        token_ids=token_ids,
    )
    path = folder / "demo-history.ndjson"
    try:
        written = await asyncio.to_thread(
            write_history, path, history, book, lambda done, all_: progress("history", done, all_)
        )
        await gateway.import_rows(path, lambda done, all_: progress("import", done, all_))
    finally:
        path.unlink(missing_ok=True)
    return written
