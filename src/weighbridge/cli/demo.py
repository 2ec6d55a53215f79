"""`weighbridge demo`: a gateway with a simulated upstream, history and live traffic.

Counterpart: `simulator/demo` has the parts; this serves, makes tokens and imports for it.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from weighbridge.cli.client import Client, connect
from weighbridge.cli.first_link import first_link
from weighbridge.cli.options import (
    AdminListen,
    Config,
    Data,
    Listen,
    Workers,
    command_app,
    configuration,
    serving_flags,
)
from weighbridge.cli.serve import print_ready
from weighbridge.compose.prices import price_book
from weighbridge.compose.serve import Addresses, serve
from weighbridge.config import Settings
from weighbridge.errors import LedgerError
from weighbridge.privacy import log
from weighbridge.simulator.company import TokenWish
from weighbridge.simulator.demo import BackgroundSimulator, DemoSettings, DemoToken, run_demo

app = command_app()
_FOLDER = Path("weighbridge-demo")
_POLL_S = 0.1


@app.command()
def run(  # noqa: PLR0913, PLR0917 - each is a flag
    config: Config = None,
    data: Data = None,
    listen: Listen = None,
    admin_listen: AdminListen = None,
    workers: Workers = None,
    rows: Annotated[
        int, typer.Option("--rows", min=0, max=5_000_000, help="Exchanges of history; 0 for none.")
    ] = 200_000,
    rate: Annotated[
        float, typer.Option("--rate", min=0.1, max=200, help="Calls per second.")
    ] = 1.0,
) -> None:
    """Serve with a simulated upstream, sixty days of history and live traffic.

    Nothing leaves this machine and no key is needed. Data goes to ./weighbridge-demo.
    """
    with BackgroundSimulator() as upstream:
        flags: dict[str, tuple[str, Any]] = {
            **serving_flags(listen, admin_listen, workers),
            "gateway.upstreams.gemini": ("demo", upstream.url),
            "gateway.upstreams.vertex": ("demo", upstream.url),
        }
        settings = configuration(data or _FOLDER, config, flags).settings
        log.configure(settings.log.level, settings.log.format)
        show = _Show(settings, rows, rate)
        serve(settings, show.begin, show.end)


class _Show:
    """The demo's tokens, history and traffic, on a thread beside the gateway's supervisor."""

    def __init__(self, settings: Settings, rows: int, rate: float) -> None:
        self._settings = settings
        self._rows = rows
        self._rate = rate
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="demo", daemon=True)
        self._addresses: Addresses | None = None

    def begin(self, addresses: Addresses) -> None:
        """Start, now that the gateway serves."""
        self._addresses = addresses
        print_ready(addresses)
        link = first_link(self._settings, addresses)
        what = "demo data and live traffic"
        if link:
            what = "open this once, within a day, to see " + what
        sys.stdout.write(f"{what}: {link or addresses.admin + '/'}\n")
        sys.stdout.flush()
        self._thread.start()

    def end(self) -> None:
        """Stop the traffic, so that the gateway can drain."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._play())

    async def _play(self) -> None:
        assert self._addresses is not None
        with connect(self._settings) as client, _Bars() as bars:
            known = client.get("/api/v1/exchanges", {"limit": 1})["exchanges"]
            wanted = DemoSettings(
                until=datetime.now(UTC),
                rows=0 if known else self._rows,
                calls_per_second=self._rate,
            )
            await run_demo(
                self._addresses.gateway,
                _Served(client),
                book=price_book(self._settings),
                folder=self._settings.data.absolute(),
                settings=wanted,
                progress=bars.show,
                stop=self._stop,
            )


class _Served:
    """The gateway that this process supervises, as the demo sees it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def create_token(self, wish: TokenWish) -> DemoToken:
        """A token with the wish's defaults, in the place of an earlier demo's of that name."""
        return await asyncio.to_thread(self._create, wish)

    async def create_budget(self, wish: Mapping[str, object]) -> None:
        """A budget, where an earlier demo made none of that name."""
        await asyncio.to_thread(self._create_budget, wish)

    async def import_rows(self, path: Path, progress: Callable[[int, int], None]) -> None:
        """The rows of a file into the ledger."""
        await asyncio.to_thread(self._import, path, progress)

    def _create(self, wish: TokenWish) -> DemoToken:
        for token in self._client.get("/api/v1/tokens")["tokens"]:
            if token["name"] == wish.name and token["revoked_at"] is None:
                self._client.delete(f"/api/v1/tokens/{token['id']}")
        made = self._client.post(
            "/api/v1/tokens",
            {
                "name": wish.name,
                "department": wish.department,
                "project": wish.project,
                "agent": wish.agent,
                "labels": dict(wish.labels),
            },
        )
        return DemoToken(id=made["id"], token=made["token"])

    def _create_budget(self, wish: Mapping[str, object]) -> None:
        known = self._client.get("/api/v1/budgets")["budgets"]
        if wish["name"] not in {each["name"] for each in known}:
            self._client.post("/api/v1/budgets", dict(wish))

    def _import(self, path: Path, progress: Callable[[int, int], None]) -> None:
        job = self._client.post("/api/v1/imports", {"file": str(path)})
        while job["state"] == "running":
            time.sleep(_POLL_S)
            job = self._client.get(f"/api/v1/imports/{job['id']}")
            progress(job["done_bytes"], job["total_bytes"])
        if job["state"] == "failed":
            raise LedgerError(f"the demo's history was not imported: {job['error']}")


class _Bars:
    """One progress bar per step, on stderr; nothing where that is no terminal."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, step: str, done: int, total: int) -> None:
        """How far a step is."""
        if step not in self._bars:
            self._bars[step] = self._progress.add_task(step, total=total or None)
        bar = self._bars[step]
        self._progress.update(bar, completed=done, total=total or None)
        if total and done >= total:
            self._progress.remove_task(bar)
            del self._bars[step]
