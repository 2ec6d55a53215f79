"""Moves sealed segments into the store: each row once, whatever crashes in between.

Hides the order of steps: load rows and segment names in one transaction, delete the files,
make the deletion durable, forget the names. A crash after any step is mended by the next run:
a file whose name is loaded is only deleted. Segments go in batches, oldest first; no row
passes through Python. A batch that the store refuses is loaded file by file, and of a file
that it refuses the bad lines are set aside in `rejected/` with a reason, and the rest loads.

Rules for future edits: a bad file or line never stops the rest; a name is forgotten only
after its file's deletion is durable. Counterpart: `segments`, `stores/base.Store`.
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from weighbridge.errors import LedgerError
from weighbridge.ledger.rejects import Salvage
from weighbridge.ledger.segments import Disk, JournalFolders, sealed_segments
from weighbridge.ledger.stores.base import SegmentDataError, Store

_BATCH_BYTES = 128 * 1024 * 1024
_BATCH_FILES = 512
_FORGET_AT = 256
_FAILURES_MAX = 8


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What one run did. `waiting` segments could not be loaded and are tried again."""

    rows: int = 0
    segments: int = 0
    rejected: int = 0
    waiting: int = 0
    failure: str | None = None

    def __add__(self, other: "LoadResult") -> "LoadResult":
        return LoadResult(
            self.rows + other.rows,
            self.segments + other.segments,
            self.rejected + other.rejected,
            self.waiting + other.waiting,
            self.failure or other.failure,
        )


class Pace(Protocol):
    """What the loader needs of whoever knows how much of the machine it may take."""

    def loading(self, batch: Sequence[Path]) -> contextlib.AbstractContextManager[None]:
        """The context in which the store loads these segments, oldest first."""
        ...


class _FullPace:
    def loading(self, batch: Sequence[Path]) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002 - the protocol's
        return contextlib.nullcontext()


class Loader:
    """Not for several threads; the control process calls `run_once` a few times a second."""

    def __init__(
        self, journal: Path, store: Store, *, disk: Disk | None = None, pace: Pace | None = None
    ) -> None:
        self._folders = JournalFolders(journal).make()
        self._store = store
        self._disk = disk or Disk()
        self._pace = pace or _FullPace()
        self._loaded = store.loaded_segments()

    def __repr__(self) -> str:
        return f"<Loader {self._folders.root}: {len(self._loaded)} names kept>"

    def unloaded(self) -> set[str]:
        """Names of segments whose rows are not in the store, open ones included.

        Any thread may ask. A segment that was seen once and is not among these is loaded: the
        folders are read in the order in which a segment moves, so none slips through.
        """
        names: set[str] = set()
        for folder in (self._folders.open, self._folders.sealed):
            with os.scandir(folder) as entries:
                names.update(entry.name for entry in entries)
        return names - self._loaded

    def run_once(self) -> LoadResult:
        """Load all that is sealed now."""
        result = LoadResult()
        fresh: list[Path] = []
        for path in sealed_segments(self._folders):
            if path.name in self._loaded:
                self._delete([path])
            else:
                fresh.append(path)
        for batch in _batches(fresh):
            result += self._load(batch)
        self._forget()
        return result

    def _load(self, batch: list[Path]) -> LoadResult:
        try:
            rows = self._commit(batch)
        except LedgerError as error:
            if len(batch) > 1:
                return self._load_singly(batch)
            if isinstance(error, SegmentDataError):
                return self._salvage(batch[0])
            return LoadResult(waiting=1, failure=str(error))
        return LoadResult(rows=rows, segments=len(batch))

    def _load_singly(self, batch: list[Path]) -> LoadResult:
        result = LoadResult()
        for index, path in enumerate(batch):
            result += self._load([path])
            if result.waiting >= _FAILURES_MAX:  # the store fails, not the files
                return result + LoadResult(waiting=len(batch) - index - 1)
        return result

    def _salvage(self, path: Path) -> LoadResult:
        salvage = Salvage(self._folders, self._store, path)
        try:
            good = salvage.split()
            rows = self._commit([path], {path.name: good})
        except (OSError, LedgerError) as error:
            return LoadResult(waiting=1, failure=str(error))
        salvage.clean_up()
        return LoadResult(rows=rows, segments=1, rejected=salvage.rejected)

    def _commit(self, batch: list[Path], files: dict[str, Path] | None = None) -> int:
        with self._pace.loading(batch):
            rows = self._store.load_segments(files or {path.name: path for path in batch})
            self._loaded.update(path.name for path in batch)
            self._delete(batch)  # which takes the system a while, too
        return rows

    def _delete(self, paths: list[Path]) -> None:
        for path in paths:
            with contextlib.suppress(OSError):  # tried again by the next run
                path.unlink()

    def _forget(self) -> None:
        """Keep the table of names short, once their files are surely gone."""
        if len(self._loaded) < _FORGET_AT:
            return
        self._disk.sync_folder(self._folders.sealed)
        gone = [name for name in self._loaded if not (self._folders.sealed / name).exists()]
        self._store.forget_segments(gone)
        self._loaded.difference_update(gone)


def _batches(paths: list[Path]) -> list[list[Path]]:
    """Groups of bounded size, in the order given."""
    batches: list[list[Path]] = []
    room = 0
    for path in paths:
        size = path.stat().st_size
        if not batches or size > room or len(batches[-1]) >= _BATCH_FILES:
            batches.append([])
            room = _BATCH_BYTES
        batches[-1].append(path)
        room -= size
    return batches
