"""`kill -9` of any process, at any moment, under load: what the ledger must still say.

The kills come at seeded random moments while calls, unary and streamed, pass. Afterwards three
accounts are compared: what the clients saw, what the upstream was asked, and the ledger's rows.
Set `WEIGHBRIDGE_TEST_SEED` to try other moments.
"""

import os
import random
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import httpx
import pytest
from family import children, kill
from ledger_pages import rows_by_id
from load import LABEL, Call, Load
from processes import PATIENCE_S, Bridge, Process, run_json, wait_until

SEED = int(os.environ.get("WEIGHBRIDGE_TEST_SEED", "20261121"))
ROUNDS = 5 * ["worker"] + 4 * ["control"] + 2 * ["both workers"] + 3 * ["everything"]
# The contract's "less than a journal group before": 3 ms gathering and a write, on a machine
# that also runs the load, the upstream and a restart.
GROUP_S = 0.25
_PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
_BODY = {"contents": [{"parts": [{"text": "hello"}]}]}


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A simulated upstream that remembers every request, and answers thirty times too fast."""
    folder = tmp_path_factory.mktemp("recorder")
    options = ("--listen", "127.0.0.1:0", "--pace", "0.03", "--record")
    command = [sys.executable, "-m", "weighbridge.simulator", *options]
    with Process(command, log=folder / "simulator.log", cwd=folder) as simulator:
        yield simulator.fields["http"].rstrip("/")


@dataclass
class Yard:
    """A gateway that is killed and started again on its folder and ports."""

    folder: Path
    upstream: str
    bridge: Bridge
    losing: list[float] = field(default_factory=list)  # moments at which a worker was killed

    @property
    def port(self) -> int:
        """The gateway's port, which never changes."""
        port = urlsplit(self.bridge.url).port
        assert port is not None
        return port

    def strike(self, what: str, dice: random.Random) -> None:
        """Kill a part, or everything, and start what nobody else would."""
        if what == "everything":
            self.losing.append(time.monotonic())
            self._kill_everything()
            self._start_again()
            return
        family = children(self.bridge.process.pid)  # a child that is just away is not hit
        if what == "control":
            struck = [pid for name, pid in family.items() if name == "control"]
        else:
            struck = [pid for name, pid in sorted(family.items()) if name != "control"]
            self.losing.append(time.monotonic())
        if what == "worker" and struck:
            struck = [dice.choice(struck)]
        for pid in struck:
            kill(pid)

    def _kill_everything(self) -> None:
        supervisor = self.bridge.process
        supervisor.send(signal.SIGSTOP)  # so that it starts no child while its children are listed
        for pid in [supervisor.pid, *children(supervisor.pid).values()]:
            kill(pid)
        supervisor.wait()

    def _start_again(self) -> None:
        self.bridge.__exit__()
        for url in (self.bridge.url, self.bridge.admin_url):
            wait_until(partial(_is_free, url), PATIENCE_S, f"what was killed still has {url}")
        listen = ("--listen", f"127.0.0.1:{self.port}")
        admin = ("--admin-listen", self.bridge.admin_url.removeprefix("http://"))
        self.bridge = Bridge(self.folder, self.upstream, "--workers", "2", *listen, *admin)


def _is_free(url: str) -> bool:
    """Whether a port can be bound: a killed process keeps its own until its last thread is gone."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", urlsplit(url).port or 0))
        except OSError:
            return False
        return True


@pytest.fixture
def yard(recorder: str, tmp_path: Path) -> Iterator[Yard]:
    """A gateway with two workers in front of the remembering upstream."""
    yard = Yard(tmp_path, recorder, Bridge(tmp_path, recorder, "--workers", "2"))
    try:
        yield yard
    finally:
        yard.bridge.__exit__()


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_and_doubles_nothing(yard: Yard, recorder: str) -> None:
    """B7, D1: every exchange that began has exactly one row, and a finished one its figures."""
    dice = random.Random(SEED)
    rounds = dice.sample(ROUNDS, len(ROUNDS))
    token = yard.bridge.token("load")["token"]
    with Load(yard.port, token, seed=SEED) as load:
        for what in rounds:
            threading.Event().wait(dice.uniform(0.1, 1.2))
            yard.strike(what, dice)
        finished = load.finished
        wait_until(lambda: load.finished > finished + 50, PATIENCE_S, "calls do not pass again")
    rows = rows_by_id(yard.bridge, [call.exchange_id for call in load.calls if call.exchange_id])
    asked = _asked(recorder)
    sys.stdout.write(f"seed {SEED}: {_figures(load.calls, rows, asked)}\n")
    _every_client_is_right(load, rows, yard.losing)
    _every_request_has_one_row(load.calls, rows, asked)
    yard.bridge.process.send(signal.SIGTERM)
    assert yard.bridge.process.wait() == 0
    _the_folder_agrees(yard.bridge.data, rows)


def _asked(recorder: str) -> Counter[str]:
    """How often each body reached the upstream."""
    received = httpx.get(f"{recorder}/-/simulator/received", timeout=60).json()["received"]
    return Counter(each["body_sha256"] for each in received if each["method"] == "POST")


def _figures(calls: list[Call], rows: dict[str, Any], asked: Counter[str]) -> str:
    outcomes = Counter(row["outcome"] for row in rows.values())
    whole = sum(1 for call in calls if call.whole)
    return f"{len(calls)} calls, {whole} whole, {asked.total()} asked, rows {dict(outcomes)}"


def _every_client_is_right(load: Load, rows: dict[str, Any], losing: list[float]) -> None:
    """What a client saw is what the ledger says."""
    for call in load.calls:
        if not call.exchange_id:
            continue
        row = rows[call.exchange_id]
        assert row["labels"] == ({LABEL: str(call.number)} if call.labelled else {})
        if not call.whole:
            continue
        assert call.status == row["status"] or row["outcome"] == "interrupted"
        if row["outcome"] == "interrupted":
            late = min(abs(call.ended_at - moment) for moment in losing)
            most = GROUP_S + load.late_s(call.ended_at)
            assert late < most, f"lost {late:.3f} s from the nearest kill, at most {most:.3f}"
        elif call.status == 200:
            assert row["outcome"] == "ok"
            assert row["usage_source"] == "final"
            assert row["total_tokens"] > 0
            assert row["list_cost"] is not None


def _every_request_has_one_row(
    calls: list[Call], rows: dict[str, Any], asked: Counter[str]
) -> None:
    """What the upstream was asked is what the ledger says; nothing was asked twice."""
    mine = {call.body_sha256 for call in calls}
    assert max(count for sha256, count in asked.items() if sha256 in mine) == 1
    of_call = Counter(
        row["labels"].get(LABEL) for row in rows.values() if row["operation"] != "models.list"
    )
    plain = of_call.pop(None, 0)
    assert not of_call or max(of_call.values()) == 1
    for call in calls:
        if call.labelled and asked[call.body_sha256]:
            assert of_call[str(call.number)] == 1, f"call {call.number} reached the upstream"
    reached = sum(1 for call in calls if not call.labelled and asked[call.body_sha256])
    assert reached <= plain <= sum(1 for call in calls if not call.labelled)


def _the_folder_agrees(data: Path, rows: dict[str, Any]) -> None:
    """On disk: one row an id, nothing left in the journal or marked in flight."""
    with duckdb.connect(str(data / "ledger.duckdb"), read_only=True) as ledger:
        counted = ledger.execute("SELECT count(*), count(DISTINCT exchange_id) FROM exchanges")
        total, distinct = counted.fetchone() or (0, 0)
    assert total == distinct
    assert total >= len(rows)
    assert [p.name for p in (data / "journal").rglob("*") if p.is_file()] == []
    assert [p.name for p in (data / "run").glob("in-flight-*")] == []
    assert run_json("report", "--data", str(data), "--json")["totals"]["exchanges"] == total


def test_a_worker_restarts_under_the_last_policy_while_control_is_away(
    serve: Callable[..., Bridge],
) -> None:
    """B7, P5: tokens hold and strangers are refused with no control process; rows come later."""
    bridge = serve("--workers", "2")
    token = bridge.command("token", "create", "--name", "n", "--department", "d")["token"]
    family = children(bridge.process.pid)
    os.kill(family["control"], signal.SIGSTOP)
    try:
        for name in ("worker 0", "worker 1"):
            kill(family[name])
        for _ in range(6):
            assert _call(bridge, token).status_code == 200
            assert _call(bridge, "trk_test" + "0" * 28).status_code == 401
    finally:
        kill(family["control"])
    rows = bridge_rows(bridge, 12)
    assert Counter(row["outcome"] for row in rows) == {"ok": 6, "refused": 6}
    assert {row["department"] for row in rows if row["outcome"] == "ok"} == {"d"}


def bridge_rows(bridge: Bridge, count: int) -> list[dict[str, Any]]:
    """Rows, once the admin API is back."""

    def back() -> bool:
        try:
            return httpx.get(f"{bridge.admin_url}/healthz", timeout=1).is_success
        except httpx.HTTPError:
            return False

    wait_until(back, PATIENCE_S, "the admin API is not back")
    return bridge.wait_for_rows(count)


def _call(bridge: Bridge, token: str) -> httpx.Response:
    headers = {"X-Weighbridge-Key": token, "x-goog-api-key": "AIzaSyTESTcrash"}
    return httpx.post(f"{bridge.url}{_PATH}", json=_BODY, headers=headers, timeout=30)
