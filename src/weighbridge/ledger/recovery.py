"""What a dead worker left: open segments are sealed, exchanges in flight become rows.

Hides how the dead are told from the living (whoever can lock a file knows its owner gone; no
pid is asked), and how a crash in the middle never makes a row twice. Steps: seal the open
segments, their torn last line cut; write one sealed segment with an `interrupted` row for
each mark whose exchange has no row yet; delete the slot file. Each step may be repeated: an
exchange written by an earlier attempt is found in the journal or the ledger like any other.

Rules for future edits: rows are searched where they move, in that order: open segments (a
dying process gives up its locks one by one, so one may still look alive), sealed ones, the
ledger. Counterpart: `segments`, `in_flight`, `journal`.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from weighbridge.core.exchange import Exchange
from weighbridge.ledger.in_flight import InFlight
from weighbridge.ledger.interrupted import interrupted_row
from weighbridge.ledger.segments import (
    Disk,
    JournalFolders,
    Segment,
    sealed_segments,
    segment_name,
)
from weighbridge.ledger.whereabouts import ids_in

_TAIL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class RecoveryResult:
    """What one run did for the dead.

    Segments `sealed`; of the exchanges marked in flight, those that got an `interrupted` row,
    those that had `finished`, and marks that were `torn`; a `failure` is tried again.
    """

    sealed: int = 0
    interrupted: int = 0
    finished: int = 0
    torn: int = 0
    failure: str | None = None

    def __add__(self, other: "RecoveryResult") -> "RecoveryResult":
        return RecoveryResult(
            self.sealed + other.sealed,
            self.interrupted + other.interrupted,
            self.finished + other.finished,
            self.torn + other.torn,
            self.failure or other.failure,
        )


class Recovery:
    """Cheap where nobody died, so the control process runs it at start and every second.

    Takes: the journal's folder, the folder of the slot files, and a lookup that tells which
    of some exchange ids have a row in the ledger.
    """

    def __init__(
        self,
        journal: Path,
        run: Path,
        known_exchange_ids: Callable[[list[str]], Iterable[str]],
        *,
        disk: Disk | None = None,
    ) -> None:
        self._folders = JournalFolders(journal).make()
        self._run = run
        self._known_exchange_ids = known_exchange_ids
        self._disk = disk or Disk()

    def __repr__(self) -> str:
        return f"<Recovery of {self._folders.root}>"

    def run_once(self, now_unix_us: int) -> RecoveryResult:
        """Recover every dead worker's files; `now_unix_us` becomes the end of what they had."""
        result = RecoveryResult()
        for path in sorted(self._folders.open.iterdir()):
            result += self._attempt(self._seal, path)
        for path in sorted(self._run.glob("in-flight-*.slots*")):
            result += self._attempt(self._account_for, path, now_unix_us)
        return result

    def _attempt(
        self, step: Callable[..., RecoveryResult], path: Path, *rest: int
    ) -> RecoveryResult:
        """One file's step where its owner is dead; a failure keeps the file for the next run."""
        try:
            with _locked(path) as fd:
                return step(path, fd, *rest) if fd is not None else RecoveryResult()
        except OSError as error:
            return RecoveryResult(failure=f"{path.name}: {error.strerror}")

    def _seal(self, path: Path, fd: int) -> RecoveryResult:
        size = _whole_lines(fd)
        if not size or path.name.startswith("."):
            path.unlink()
            return RecoveryResult()
        if size < os.fstat(fd).st_size:
            self._disk.truncate(fd, size)
        self._disk.sync(fd)
        self._disk.rename(path, self._folders.sealed / path.name)
        self._disk.sync_folder(self._folders.sealed)
        return RecoveryResult(sealed=1)

    def _account_for(self, path: Path, _fd: int, now_unix_us: int) -> RecoveryResult:
        marks = InFlight.read(path)
        rows = [interrupted_row(payload, now_unix_us) for payload in marks.payloads]
        known = [row for row in rows if row is not None]
        known.sort(key=lambda row: row.total_tokens or -1)  # of two marks, the one that moved
        began = {row.exchange_id: row for row in known}
        finished = self._finished(list(began))
        missing = [row for key, row in began.items() if key not in finished]
        if missing:
            self._write(path, missing, now_unix_us)
        path.unlink()
        return RecoveryResult(
            interrupted=len(missing),
            finished=len(began) - len(missing),
            torn=marks.torn + rows.count(None),
        )

    def _finished(self, exchange_ids: list[str]) -> set[str]:
        """Which of these have a row: in the journal, or else in the ledger."""
        if not exchange_ids:
            return set()
        wanted = set(exchange_ids)
        finished: set[str] = set()
        for path in self._folders.open.iterdir():
            finished |= wanted & ids_in(path)
        for path in sealed_segments(self._folders):
            finished |= wanted & ids_in(path)
        unfinished = wanted - finished
        if unfinished:
            finished |= set(self._known_exchange_ids(sorted(unfinished)))
        return finished

    def _write(self, slots: Path, rows: list[Exchange], now_unix_us: int) -> None:
        # The name is new each time: an earlier attempt's may be loaded already.
        worker = slots.name.partition(".")[0]
        name = segment_name(worker, now_unix_us // 1000, os.urandom(4).hex())
        segment = Segment(self._folders, name, self._disk)
        try:
            segment.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows), len(rows))
            segment.seal()
        finally:
            segment.release()


@contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """The file's descriptor where its owner is dead and it still has that name, else None."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        yield fd if _lock(fd) and _is_still(path, fd) else None
    finally:
        os.close(fd)


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, fd: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(fd).st_ino
    except FileNotFoundError:
        return False


def _whole_lines(fd: int) -> int:
    """Size of the file up to its last newline."""
    end = os.fstat(fd).st_size
    while end > 0:
        start = max(0, end - _TAIL_BYTES)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
