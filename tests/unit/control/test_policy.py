"""The policy's way from the control process to workers, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from weighbridge.attribution.policy import PolicySnapshot
from weighbridge.control import frames, policy_hub
from weighbridge.control.policy_hub import PolicyHub
from weighbridge.control.policy_link import PolicyLink, read_policy

PATIENCE_S = 60.0


class _Worker:
    """A worker as the link sees it: remembers policies, has counters."""

    def __init__(self, run: Path, index: int = 0) -> None:
        self.versions: list[int] = []
        self.applied = asyncio.Event()
        self.values = {"x_total": 1}
        self.link = PolicyLink(run, (index, 7), apply=self._apply, counters=lambda: self.values)

    def _apply(self, snapshot: PolicySnapshot) -> None:
        self.versions.append(snapshot.version)
        self.applied.set()

    async def next_policy(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            await self.applied.wait()
        self.applied.clear()
        return self.versions[-1]


class _Source:
    """The control database, as far as the hub asks it."""

    def __init__(self) -> None:
        self.version = 1

    def build(self) -> PolicySnapshot:
        return PolicySnapshot(version=self.version)


@pytest.fixture
def source() -> _Source:
    return _Source()


@pytest.fixture
async def hub(tmp_path: Path, source: _Source) -> AsyncIterator[PolicyHub]:
    made = PolicyHub(tmp_path, source.build)
    await made.start()
    yield made
    await made.close()


async def _until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not fact():  # noqa: ASYNC110 - the hub has no event for what it was told
            await asyncio.sleep(0.005)


async def test_a_worker_gets_the_policy_when_it_connects(hub: PolicyHub, tmp_path: Path) -> None:
    """No worker waits for a change to learn what is in force."""
    worker = _Worker(tmp_path)
    worker.link.start()
    assert await worker.next_policy() == 1
    await worker.link.close()


async def test_publishing_returns_when_every_worker_has_applied(
    hub: PolicyHub, source: _Source, tmp_path: Path
) -> None:
    """Who creates a token may use it as soon as the answer comes."""
    workers = [_Worker(tmp_path, index) for index in range(2)]
    for worker in workers:
        worker.link.start()
        await worker.next_policy()
    source.version = 2
    await hub.publish()
    assert [worker.versions for worker in workers] == [[1, 2], [1, 2]]
    for worker in workers:
        await worker.link.close()


async def test_a_worker_that_hangs_delays_a_change_only_so_long(
    hub: PolicyHub, source: _Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer that never acknowledges does not block the admin API."""
    monkeypatch.setattr(policy_hub, "ACK_TIMEOUT_S", 0.02)
    _, writer = await asyncio.open_unix_connection(str(tmp_path / "control.sock"))
    await _until(lambda: hub.workers == 1)
    source.version = 2
    async with asyncio.timeout(PATIENCE_S):
        await hub.publish()
    writer.close()


async def test_the_file_holds_the_same_policy_for_its_owner_alone(
    hub: PolicyHub, source: _Source, tmp_path: Path
) -> None:
    """A worker can start from the file while the control process is away."""
    source.version = 5
    await hub.publish()
    assert read_policy(tmp_path) == PolicySnapshot(version=5)
    assert (tmp_path / "policy.msgpack").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "control.sock").stat().st_mode & 0o777 == 0o600


def test_a_damaged_or_missing_file_is_no_policy(tmp_path: Path) -> None:
    """Then a worker waits for the control process instead of guessing."""
    assert read_policy(tmp_path) is None
    (tmp_path / "policy.msgpack").write_bytes(b"\xc1 damaged")
    assert read_policy(tmp_path) is None


async def test_a_worker_outlives_the_control_process_and_finds_its_successor(
    source: _Source, tmp_path: Path
) -> None:
    """Control away: the last policy stays; control back: the new one arrives."""
    first = PolicyHub(tmp_path, source.build)
    await first.start()
    worker = _Worker(tmp_path)
    worker.link.start()
    assert await worker.next_policy() == 1
    await first.close()
    source.version = 2
    second = PolicyHub(tmp_path, source.build)
    await second.start()
    assert await worker.next_policy() == 2
    await worker.link.close()
    await second.close()


async def test_counters_arrive_at_the_hub_and_a_last_time_at_the_end(
    hub: PolicyHub, tmp_path: Path
) -> None:
    """What a worker counted in its last second is not lost."""
    worker = _Worker(tmp_path)
    worker.link.start()
    await worker.next_policy()
    await _until(lambda: hub.counters.totals() == {"x_total": 1})
    worker.values = {"x_total": 4}
    await worker.link.close()
    await _until(lambda: hub.counters.totals() == {"x_total": 4})


@pytest.mark.parametrize("sent", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\xc1"])
async def test_a_peer_that_speaks_nonsense_is_let_go(
    hub: PolicyHub, tmp_path: Path, sent: bytes
) -> None:
    """A length beyond the bound or a body that is no message ends the connection."""
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "control.sock"))
    writer.write(sent)
    async with asyncio.timeout(PATIENCE_S):
        await reader.read()
    await _until(lambda: hub.workers == 0)
    writer.close()


class _Talk:
    """Either end of the talk about leases: remembers what came, and how to answer."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.send: Callable[[bytes], None] | None = None
        self.lost = 0

    def connected(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def received(self, message: bytes) -> None:
        self.said.append(message)

    def disconnected(self) -> None:
        self.lost += 1

    def heard(self, message: bytes, answer: Callable[[bytes], None]) -> None:
        self.said.append(message)
        answer(b"granted " + message)

    def gone(self, answer: Callable[[bytes], None]) -> None:
        assert answer is not None
        self.lost += 1


async def test_leases_are_talked_of_over_the_same_socket(tmp_path: Path, source: _Source) -> None:
    """Each worker is answered itself, and both ends learn when the other has gone."""
    desk, purse = _Talk(), _Talk()
    hub = PolicyHub(tmp_path, source.build, desk)
    await hub.start()
    link = PolicyLink(tmp_path, (0, 1), apply=lambda snapshot: None, counters=dict, leases=purse)
    link.start()
    await _until(lambda: purse.send is not None)
    assert purse.send is not None
    purse.send(b"a slice")
    await _until(lambda: purse.said == [b"granted a slice"])
    assert desk.said == [b"a slice"]
    await link.close()
    await _until(lambda: desk.lost == 1)
    assert purse.lost == 1
    purse.send(b"nobody hears this, and nobody minds")
    await hub.close()


class _Closed:
    """A writer as uvloop has it once its peer died: not closing, and not to be written to."""

    def is_closing(self) -> bool:
        return False

    def write(self, frame: bytes) -> None:
        raise RuntimeError("unable to perform operation on <UnixTransport closed=True>")


def test_a_peer_that_died_is_no_fault() -> None:
    """A link that raised here would never connect again, and a change of policy would fail."""
    writer: Any = _Closed()
    frames.send(writer, b"a frame")
