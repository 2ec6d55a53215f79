"""D1 with real disks: no room for the journal, no room for anything, and room again.

Two mechanisms. A limit on the size of a worker's files makes its writes fail, at a moment and
for as long as a test wants, with no privilege. A small file system of its own fills up for every
process alike; where none may be mounted, that test is skipped.
"""

import asyncio
import resource
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from family import alive, children, kill
from ledger_pages import rows_by_id
from processes import PATIENCE_S, Bridge, run_json, wait_until, weighbridge
from raw_exchange import RawAnswer, exchange, post

from weighbridge.ledger.in_flight import InFlight

_PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
_BODY = b'{"contents":[{"parts":[{"text":"hello"}]}]}'
_AT_ONCE = 24
_FILE_SYSTEM = "24m"


@pytest.fixture
def full_disk_bridge(serve: Callable[..., Bridge], tmp_path: Path) -> Callable[..., Bridge]:
    """A gateway with a policy for failing journals and the least memory for rows."""

    def start(policy: str) -> Bridge:
        (tmp_path / "w.toml").write_text(
            f'[gateway]\non_journal_failure = "{policy}"\n[journal]\nmax_pending_bytes = 1048576\n'
        )
        return serve("--config", str(tmp_path / "w.toml"))

    return start


@contextmanager
def _no_room(pid: int) -> Iterator[None]:
    """A process's files cannot grow."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        if alive(pid):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def _calls(bridge: Bridge, token: str, count: int) -> list[RawAnswer]:
    """So many calls, several at once."""
    port = urlsplit(bridge.url).port or 0
    request = post(_PATH, _BODY, f"X-Weighbridge-Key: {token}")
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one() -> RawAnswer:
        async with gate:
            return await exchange(port, request)

    async def run() -> list[RawAnswer]:
        return list(await asyncio.gather(*(one() for _ in range(count))))

    return asyncio.run(run())


def _id(answer: RawAnswer) -> str:
    return (answer.header(b"x-weighbridge-id") or b"").decode()


def _metric(bridge: Bridge, name: str) -> float:
    for line in httpx.get(f"{bridge.admin_url}/metrics", timeout=10).text.splitlines():
        if line.startswith(f"weighbridge_{name} "):
            return float(line.split()[1])
    return -1


def test_a_journal_without_room_refuses_and_loses_nothing(
    full_disk_bridge: Callable[..., Bridge],
) -> None:
    """D1: `refuse`: 429 `OVERLOADED` while it cannot book; every row is there afterwards."""
    bridge = full_disk_bridge("refuse")
    token = bridge.command("token", "create", "--name", "n")["token"]
    answers = _calls(bridge, token, 5)
    worker = children(bridge.process.pid)["worker 0"]
    with _no_room(worker):

        def refused() -> bool:
            answers.extend(_calls(bridge, token, 1))
            return answers[-1].status == 429

        wait_until(refused, PATIENCE_S, "calls are still taken")
        answers += (late := _calls(bridge, token, 30))
        assert {answer.status for answer in late} == {429}
        assert {answer.header(b"x-weighbridge-error") for answer in late} == {b"OVERLOADED"}
        assert b"journal" in late[0].body
        assert httpx.get(f"{bridge.url}/-/healthz").status_code == 200
        wait_until(
            lambda: _metric(bridge, "journal_failing") == 1, PATIENCE_S, "no alarm in the metrics"
        )
        assert children(bridge.process.pid)["worker 0"] == worker

    def taken() -> bool:
        answers.extend(_calls(bridge, token, 1))
        return answers[-1].status == 200

    wait_until(taken, PATIENCE_S, "calls are refused for good")
    rows = rows_by_id(bridge, map(_id, answers))
    assert len(rows) == len(answers)
    for answer in answers:
        expected = "ok" if answer.status == 200 else "refused"
        assert rows[_id(answer)]["outcome"] == expected
    wait_until(lambda: _metric(bridge, "journal_failing") == 0, PATIENCE_S, "the alarm stays")
    assert _metric(bridge, "journal_rows_dropped_total") == 0


@pytest.mark.slow
def test_a_journal_without_room_forwards_and_owns_up(
    full_disk_bridge: Callable[..., Bridge],
) -> None:
    """D1: `forward`: all calls pass in bounded memory; what did not fit becomes `interrupted`."""
    bridge = full_disk_bridge("forward")
    token = bridge.command("token", "create", "--name", "n", "--department", "d")["token"]
    worker = children(bridge.process.pid)["worker 0"]
    with _no_room(worker):
        answers = _calls(bridge, token, 2500)
        assert {answer.status for answer in answers} == {200}
        wait_until(
            lambda: _metric(bridge, "journal_rows_dropped_total") > 0, PATIENCE_S, "all fitted"
        )
        assert 0 < _metric(bridge, "journal_pending_bytes") <= 1048576
    rows = rows_by_id(bridge, map(_id, answers))
    assert len(rows) == len(answers)
    outcomes = Counter(row["outcome"] for row in rows.values())
    assert set(outcomes) == {"ok", "interrupted"}
    assert outcomes["ok"] > 500
    assert {row["department"] for row in rows.values()} == {"d"}
    assert {_calls(bridge, token, 1)[0].status} == {200}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The data folder as a small file system of its own."""
    data = tmp_path / "data"
    data.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={_FILE_SYSTEM}", "none", str(data))
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield data
    finally:
        subprocess.run(("umount", "--lazy", str(data)), check=True)


def _fill(disk: Path) -> Path:
    """Take every last byte."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return ballast


@pytest.mark.slow
def test_a_full_file_system_is_outlived_by_all_processes(
    small_disk: Path, serve: Callable[..., Bridge]
) -> None:
    """D1, B7: ledger, control database, journal: nothing starts anew, nothing is lost."""
    bridge = serve()
    made = bridge.command("token", "create", "--name", "n", "--department", "d")
    answers = _calls(bridge, made["token"], 20)
    family = children(bridge.process.pid)
    ballast = _fill(small_disk)

    def refused() -> bool:
        answers.extend(_calls(bridge, made["token"], 5))
        return answers[-1].status == 429

    wait_until(refused, PATIENCE_S, "calls are still taken")
    command = weighbridge("token", "create", "--name", "m", "--data", str(bridge.data))
    failed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
    assert "Traceback" not in failed.stderr
    assert children(bridge.process.pid) == family
    assert _total(bridge) >= 0  # the ledger can be asked all the while
    ballast.unlink()

    def taken() -> bool:
        answers.extend(_calls(bridge, made["token"], 1))
        return answers[-1].status == 200

    wait_until(taken, PATIENCE_S, "calls are refused for good")
    rows = rows_by_id(bridge, map(_id, answers))
    assert len(rows) == len(answers)
    assert Counter(row["outcome"] for row in rows.values()) == Counter(
        "ok" if answer.status == 200 else "refused" for answer in answers
    )
    assert bridge.command("token", "create", "--name", "m")["token"].startswith("trk_")
    assert children(bridge.process.pid) == family


@pytest.mark.slow
def test_a_worker_killed_on_a_full_file_system_is_accounted_for(
    small_disk: Path, serve: Callable[..., Bridge]
) -> None:
    """D1, B7: it comes back when there is room; what it had in flight has its row."""
    bridge = serve()
    token = bridge.command("token", "create", "--name", "n")["token"]
    answers = _calls(bridge, token, 10)
    rows_by_id(bridge, map(_id, answers))  # none of these is marked any more
    port = urlsplit(bridge.url).port or 0
    worker = children(bridge.process.pid)["worker 0"]
    held = post(_PATH, _BODY, f"X-Weighbridge-Key: {token}", "x-simulator-scenario: hang")

    async def die_in_flight() -> None:
        waiting = asyncio.create_task(exchange(port, held))
        (marked,) = (bridge.data / "run").glob("in-flight-0.slots*")
        while not InFlight.read(marked).payloads:  # noqa: ASYNC110 -- another process's file
            await asyncio.sleep(0.01)
        _fill(small_disk)
        kill(worker)
        assert (await waiting).status == 0

    asyncio.run(die_in_flight())
    assert bridge.process.exit_status is None
    (small_disk / "ballast").unlink()
    answers += _calls(bridge, token, 1)
    assert answers[-1].status == 200
    wait_until(lambda: _total(bridge) == len(answers) + 1, PATIENCE_S, "the killed call has no row")
    rows = rows_by_id(bridge, map(_id, answers))
    assert Counter(row["outcome"] for row in rows.values()) == {"ok": 11, "interrupted": 1}


def _total(bridge: Bridge) -> int:
    document: dict[str, Any] = run_json("report", "--data", str(bridge.data), "--json")
    return int(document["totals"]["exchanges"])
