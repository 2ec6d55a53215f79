"""The supervisor over real processes: small programs that stand for workers and control."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from weighbridge.control.supervisor import ChildPlan, Supervisor
from weighbridge.errors import StartError

PATIENCE_S = 60.0

# Writes down what happens to it; ends when its leash says so.
_PROGRAM = """
import asyncio, os, sys
from weighbridge.control.child import Leash, read_settings
log, status = sys.argv[1], int(sys.argv[2])
def note(what):
    with open(log, "a") as file:
        file.write(what + "\\n")
async def main():
    settings = read_settings().decode().strip()
    if status:
        sys.exit(status)
    leash = Leash.attach()
    note(f"started {settings} {os.getpid()}")
    leash.ready()
    await leash.stop.wait()
    note(f"stopped {settings}")
asyncio.run(main())
"""

# Says when it learns that the service stops, and lasts until its own end.
_KNOWING = _PROGRAM.replace(
    "    await leash.stop.wait()",
    """    while not leash.service_stopping:
        await asyncio.sleep(0.01)
    note(f"{settings} knows")
    await leash.stop.wait()""",
)

# Drains for as long as nobody else has written that it knows.
_DRAINING = _PROGRAM.replace(
    "    await leash.stop.wait()",
    """    await leash.stop.wait()
    while "control knows" not in open(log).read():
        await asyncio.sleep(0.01)""",
)


# Becomes ready when nobody waits for it any more.
_LATE = _PROGRAM.replace(
    "    leash.ready()",
    """    await leash.stop.wait()
    leash.ready()""",
)

# Says how much is never looked at again, and how much is.
_KEEPING = _PROGRAM.replace(
    "    await leash.stop.wait()",
    """    import gc
    note(f"kept {gc.get_freeze_count() > 10 * len(gc.get_objects())}")
    await leash.stop.wait()""",
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_text("")
    return path


def _plan(
    log: Path, name: str, *, rank: int = 0, status: int = 0, program: str = _PROGRAM
) -> ChildPlan:
    return ChildPlan(
        name=name,
        command=("-c", program, str(log), str(status)),
        settings=name.encode(),
        sockets=(),
        rank=rank,
        stop_timeout_s=10,
    )


def _text(log: Path) -> str:
    return log.read_text()


def _pid(log: Path, name: str) -> int:
    lines = [line.split() for line in _text(log).splitlines()]
    return int([line[2] for line in lines if line[:2] == ["started", name]][-1])


async def _until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not fact():  # noqa: ASYNC110 - what other processes do sets no event here
            await asyncio.sleep(0.01)


@asynccontextmanager
async def _running(supervisor: Supervisor) -> AsyncIterator["asyncio.Task[None]"]:
    ready = asyncio.Event()
    task = asyncio.create_task(supervisor.run(ready.set, lambda: None))
    async with asyncio.timeout(PATIENCE_S):
        await ready.wait()
    yield task
    supervisor.request_stop()
    async with asyncio.timeout(PATIENCE_S):
        await task


async def test_children_start_get_their_settings_and_stop_in_order(log: Path) -> None:
    """S9: the control process ends after every worker has."""
    supervisor = Supervisor([_plan(log, "control", rank=1), _plan(log, "w0"), _plan(log, "w1")])
    async with _running(supervisor):
        started = {line.split()[1] for line in _text(log).splitlines()}
        assert started == {"control", "w0", "w1"}
    ends = [line for line in _text(log).splitlines() if line.startswith("stopped")]
    assert sorted(ends[:2]) == ["stopped w0", "stopped w1"]
    assert ends[2] == "stopped control"


async def test_who_stops_later_knows_at_once(log: Path) -> None:
    """S9: the control process says that it is not ready while workers still drain."""
    control = _plan(log, "control", rank=1, program=_KNOWING)
    supervisor = Supervisor([control, _plan(log, "w0", program=_DRAINING)])
    async with _running(supervisor):
        pass
    ends = [line for line in _text(log).splitlines() if not line.startswith("started")]
    assert ends == ["control knows", "stopped w0", "stopped control"]


async def test_what_a_child_was_built_of_is_never_collected(log: Path) -> None:
    """Looking at all of it again and again would hold up whatever the child does."""
    async with _running(Supervisor([_plan(log, "w0", program=_KEEPING)])):
        await _until(lambda: "kept" in _text(log))
        assert "kept True" in _text(log)


async def test_a_killed_child_is_restarted_and_no_other_is_touched(log: Path) -> None:
    """Each restarts on its own."""
    async with _running(Supervisor([_plan(log, "w0"), _plan(log, "w1")])):
        first, other = _pid(log, "w0"), _pid(log, "w1")
        os.kill(first, signal.SIGKILL)
        await _until(lambda: _pid(log, "w0") != first)
        assert _pid(log, "w1") == other


async def test_a_child_told_to_end_by_signal_is_restarted_too(log: Path) -> None:
    """An operator may restart one worker with SIGTERM."""
    async with _running(Supervisor([_plan(log, "w0")])):
        first = _pid(log, "w0")
        os.kill(first, signal.SIGTERM)
        await _until(lambda: _pid(log, "w0") != first)
        assert "stopped w0" in _text(log)


async def test_asking_twice_to_stop_changes_nothing(log: Path) -> None:
    """A second SIGTERM does not cut the drain short."""
    supervisor = Supervisor([_plan(log, "w0")])
    async with _running(supervisor):
        supervisor.request_stop()
        supervisor.request_stop()
    assert _text(log).count("stopped w0") == 1


@pytest.mark.parametrize("status", [1, 2])
async def test_a_child_that_never_becomes_ready_ends_the_start(log: Path, status: int) -> None:
    """A start that cannot work is told, and what had started is stopped."""
    supervisor = Supervisor([_plan(log, "w0"), _plan(log, "broken", status=status)])
    with pytest.raises(StartError, match=f"broken ended with status {status}"):
        async with asyncio.timeout(PATIENCE_S):
            await supervisor.run(lambda: None, lambda: None)
    assert _text(log).count("started w0") == _text(log).count("stopped w0")


@pytest.mark.parametrize("each", [_PROGRAM, _LATE], ids=["ready", "not ready yet"])
async def test_children_end_when_their_supervisor_is_killed(log: Path, each: str) -> None:
    """`kill -9` of the supervisor leaves no orphan: its pipes end, and children drain."""
    program = f"""
import asyncio
from weighbridge.control.supervisor import ChildPlan, Supervisor
plan = ChildPlan("w0", ("-c", {each!r}, {str(log)!r}, "0"), b"w0", (), 0, 10)
asyncio.run(Supervisor([plan]).run(lambda: None, lambda: None))
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    await _until(lambda: "started w0" in _text(log))
    child = _pid(log, "w0")
    process.kill()
    await process.wait()
    await _until(lambda: "stopped w0" in _text(log))
    await _until(lambda: not _alive(child))


def _alive(pid: int) -> bool:
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False
