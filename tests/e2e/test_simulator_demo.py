"""The demo's parts together: tokens, traffic, history, and the simulator as a process."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from raw_exchange import eventually, exchange, get

from weighbridge.pricing.catalogue import PriceBook
from weighbridge.simulator.company import BUDGETS, TOKENS, TokenWish
from weighbridge.simulator.demo import BackgroundSimulator, DemoSettings, DemoToken, run_demo
from weighbridge.simulator.messages import Request
from weighbridge.simulator.server import Simulator
from weighbridge.simulator.traffic import Traffic

SECRETS = {wish.name: f"trk_test{wish.name}" for wish in TOKENS}


class NotedGateway:
    """Creates tokens and takes imports, as the served gateway would."""

    def __init__(self) -> None:
        self.budgets: list[object] = []
        self.imported = 0
        self.path: Path | None = None

    async def create_token(self, wish: TokenWish) -> DemoToken:
        return DemoToken(f"id-{wish.name}", SECRETS[wish.name])

    async def create_budget(self, wish: Mapping[str, object]) -> None:
        self.budgets.append(wish["name"])

    async def import_rows(self, path: Path, progress: Callable[[int, int], None]) -> None:
        self.path = path
        with path.open("rb") as file:
            self.imported = sum(1 for _ in file)
        progress(self.imported, self.imported)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    made = Simulator(record=True)
    await made.start()
    yield made
    await made.close()


def header(request: Request, name: bytes) -> str:
    return (request.header(name) or b"").decode()


async def test_traffic_is_what_a_companys_programs_would_send(simulator: Simulator) -> None:
    stop = asyncio.Event()
    traffic = Traffic(simulator.url, SECRETS, rate=400, most_open=32)
    running = asyncio.create_task(traffic.run(stop))

    def tokens() -> set[str]:
        return {header(request, b"x-weighbridge-key") for request in simulator.received}

    await eventually(lambda: traffic.sent.total() > 150 and tokens() == set(SECRETS.values()))
    stop.set()
    await running
    assert traffic.sent[200] > 60  # Two in five fail while the upstream has a bad moment.
    assert set(traffic.sent) <= {200, 400, 429, 499, 500, 503}
    agents = {header(request, b"x-agent") for request in simulator.received}
    targets = b" ".join(request.target for request in simulator.received)
    assert {"ticket-triage", "code-assistant", ""} <= agents
    assert b":streamGenerateContent?alt=sse" in targets
    assert b":batchEmbedContents" in targets


async def test_traffic_stops_with_answers_still_under_way() -> None:
    simulator = Simulator(scenario="hang")
    await simulator.start()
    stop = asyncio.Event()
    traffic = Traffic(simulator.url, SECRETS, rate=500, most_open=4)
    running = asyncio.create_task(traffic.run(stop))
    await eventually(lambda: traffic.skipped > 3)
    stop.set()
    async with asyncio.timeout(5):
        await running
    assert "0 open" in repr(traffic)
    await simulator.close()


async def test_a_demo_creates_tokens_moves_traffic_and_fills_in_its_history(
    simulator: Simulator, tmp_path: Path
) -> None:
    gateway, stop = NotedGateway(), asyncio.Event()
    stages: dict[str, tuple[int, int]] = {}

    def progress(stage: str, done: int, whole: int) -> None:
        stages[stage] = (done, whole)
        if stage == "import":
            stop.set()

    traffic = await run_demo(
        simulator.url,
        gateway,
        book=PriceBook.load(),
        folder=tmp_path,
        settings=DemoSettings(
            until=datetime(2026, 11, 21, tzinfo=UTC), rows=500, days=3, calls_per_second=50
        ),
        progress=progress,
        stop=stop,
    )
    assert 400 < gateway.imported < 600
    assert stages["tokens"] == (len(TOKENS), len(TOKENS))
    assert stages["import"] == (gateway.imported, gateway.imported)
    assert gateway.budgets == [budget["name"] for budget in BUDGETS]
    assert gateway.path is not None
    assert not gateway.path.exists()
    assert "0 open" in repr(traffic)


async def test_the_simulator_runs_in_a_thread_of_its_own() -> None:
    with BackgroundSimulator(pace=0) as background:
        port = int(background.url.rpartition(":")[2])
        answer = await exchange(port, get("/v1beta/models/gemini-2.5-flash"))
    assert answer.status == 200


def test_as_a_command_it_says_where_it_listens_and_stops_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "weighbridge.simulator", "--tls-listen", "127.0.0.1:0"]
    command += ["--tls-folder", str(tmp_path), "--pace", "0", "--record"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            word, *fields = child.stdout.readline().split()
            found = dict(field.split("=", 1) for field in fields)
            curl = ["curl", "-s", "-m", "5", "-H", "x-goog-api-key: AIzaSyTEST1"]
            subprocess.run(
                [*curl, "--cacert", found["ca"], f"{found['https']}/v1beta/models"], check=True
            )
            seen = subprocess.run(
                [*curl, f"{found['http']}/-/simulator/received"], check=True, capture_output=True
            )
            assert word == "ready"
            assert b'"target": "/v1beta/models"' in seen.stdout
        finally:
            child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0
