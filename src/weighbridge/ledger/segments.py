"""Journal segments: files of whole JSON lines, written in the open and handed over by rename.

Hides how a line reaches the disk so that no crash, full disk or failed sync leaves a torn or
doubled one in a sealed segment. Life of a segment: created under a hidden name, locked, shown
in `open/`, written at explicit offsets, synced, renamed into `sealed/`.

Rules for future edits: bytes are written at an offset that only a whole write advances, so a
retry overwrites what a failed write left; a sealed file is never written again; the lock is
taken before the name is visible, so whoever can lock a visible segment knows its writer dead.
Counterpart: `journal` writes, `recovery` seals what the dead left, `loader` reads `sealed/`.
"""

import errno
import fcntl
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

_NAME = re.compile(r"(?P<worker>.+)-(?P<unix_ms>\d+)-(?P<sequence>[^-]+)\.ndjson")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


class Disk:
    """The file operations of a segment, one method each, so that tests can let them fail."""

    def create(self, path: Path) -> int:
        """New file under a hidden name, locked for its life, then shown as `path`."""
        hidden = path.with_name(f".{path.name}")
        fd = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hidden.rename(path)
        except OSError:
            os.close(fd)
            raise
        return fd

    def write(self, fd: int, data: memoryview, offset: int) -> int:
        """Bytes written, perhaps fewer than given."""
        return os.pwrite(fd, data, offset)

    def sync(self, fd: int) -> None:
        """Bytes and size reach the disk."""
        os.fdatasync(fd)

    def truncate(self, fd: int, size: int) -> None:
        """Cut what a failed write left."""
        os.ftruncate(fd, size)

    def rename(self, source: Path, target: Path) -> None:
        """Hand over."""
        source.rename(target)

    def sync_folder(self, folder: Path) -> None:
        """Names in the folder reach the disk."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


class JournalFolders:
    """The three folders of a journal: `open`, `sealed`, `rejected`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.open = root / "open"
        self.sealed = root / "sealed"
        self.rejected = root / "rejected"

    def __repr__(self) -> str:
        return f"<JournalFolders {self.root}>"

    def make(self) -> "JournalFolders":
        """Create what is missing, for this user only."""
        for folder in (self.open, self.sealed, self.rejected):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self


class Segment:
    """One open segment. `write` and `sync`/`seal` may run in different threads, one of each.

    `pending` holds what is written but not synced: after a failed `fdatasync` the kernel may
    have dropped those pages and report success next time, so they are written once more.
    """

    def __init__(self, folders: JournalFolders, name: str, disk: Disk) -> None:
        self.name = name
        self.rows = 0
        self.size = 0
        self.created_at_ns = time.monotonic_ns()
        self._folders = folders
        self._disk = disk
        self._fd = disk.create(folders.open / name)
        self._torn_to = 0
        self._synced = 0
        self._pending: list[bytes] = []
        self._suspect = False
        self._named = False
        self._renamed = False

    def __repr__(self) -> str:
        return f"<Segment {self.name}: {self.rows} rows, {self.size - self._synced} B unsynced>"

    @property
    def unsynced_bytes(self) -> int:
        """Bytes that a power cut could still take."""
        return self.size - self._synced

    def write(self, data: bytes, rows: int) -> None:
        """All of `data` (whole lines) at the end of the segment, or nothing that counts.

        Errors: `OSError`; the same data may then be tried again.
        """
        view = memoryview(data)
        done = 0
        while done < len(view):
            count = self._disk.write(self._fd, view[done:], self.size + done)
            if count <= 0:
                raise OSError(errno.EIO, "write took no bytes", self.name)
            done += count
            self._torn_to = max(self._torn_to, self.size + done)
        self._pending.append(data)
        self.size += done
        self.rows += rows

    def sync(self) -> None:
        """Everything written before the call reaches the disk."""
        chunks = self._pending[:]
        if chunks:
            if self._suspect:
                self._write_again(chunks)
            self._suspect = True
            self._disk.sync(self._fd)
            self._suspect = False
            del self._pending[: len(chunks)]
            self._synced += sum(map(len, chunks))
        if not self._named:
            self._disk.sync_folder(self._folders.open)
            self._named = True

    def seal(self) -> None:
        """Cut a torn end, sync, rename into `sealed/`; again after a failure, until it holds."""
        if self._fd < 0:
            return
        if not self.rows:
            self.discard()
            return
        if not self._renamed:
            if self._torn_to > self.size:
                self._disk.truncate(self._fd, self.size)
            self.sync()
            self._disk.rename(self._folders.open / self.name, self._folders.sealed / self.name)
            self._renamed = True
        self._disk.sync_folder(self._folders.sealed)
        self._close()

    def release(self) -> None:
        """Leave the segment to recovery, as if its writer had died."""
        if self._fd >= 0:
            self._close()

    def discard(self) -> None:
        """Drop a segment that holds no row."""
        (self._folders.open / self.name).unlink(missing_ok=True)
        self._close()

    def _write_again(self, chunks: list[bytes]) -> None:
        offset = self._synced
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                count = self._disk.write(self._fd, view, offset)
                offset += count
                view = view[count:]

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1


def worker_name(node: str, index: int) -> str:
    """Name of a worker as it stands in its segments' names."""
    return f"{_UNSAFE.sub('_', node)}-{index}"


def segment_name(worker: str, unix_ms: int, sequence: int | str) -> str:
    """`<node>-<worker index>-<unix ms>-<sequence>.ndjson`."""
    number = f"{sequence:06d}" if isinstance(sequence, int) else sequence
    return f"{worker}-{unix_ms}-{number}.ndjson"


def begun_unix_ms(path: Path) -> int:
    """When a segment was begun, by its name; 0 where the name doesn't say."""
    match = _NAME.fullmatch(path.name)
    return int(match["unix_ms"]) if match else 0


def oldest_first(paths: Iterable[Path]) -> list[Path]:
    """Segments in the order in which they were begun, whoever wrote them."""
    return sorted(paths, key=lambda path: (begun_unix_ms(path), path.name))


def sealed_segments(folders: JournalFolders) -> list[Path]:
    """All sealed segments, oldest first; hidden (unfinished) files are not among them."""
    with os.scandir(folders.sealed) as entries:
        names = [e.name for e in entries if e.name.endswith(".ndjson") and e.name[0] != "."]
    return oldest_first(folders.sealed / name for name in names)
