"""The data folder: whether it can be written, by whom it is held, what waits in it.

Only looks: makes nothing, changes nothing, and lets go of the lock at once.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from weighbridge.cli.checks.finding import Finding, Level, size
from weighbridge.control.folder import LOCK_NAME, DataFolder
from weighbridge.ledger.segments import JournalFolders

_LITTLE_DISK: Final = 5_000_000_000
_NO_DISK: Final = 200_000_000
_LARGE_BACKLOG: Final = 100_000_000


def folder_findings(folder: DataFolder, *, running: bool) -> Iterator[Finding]:
    """Findings of a data folder.

    Takes: whether a gateway that serves it was found to answer.
    """
    if not folder.root.is_dir():
        seen, advice = str(folder.root), "start `weighbridge serve`, or name another with --data"
        yield Finding("data.folder", Level.NOTE, "there is no data folder yet", seen, advice)
        yield _disk(_nearest(folder.root))
        return
    yield _access(folder.root)
    yield _disk(folder.root)
    yield _lock(folder, running=running)
    journal = JournalFolders(folder.journal)
    yield _backlog(journal, running=running)
    yield _rejected(journal)
    files = [folder.ledger, folder.ledger.with_name(folder.ledger.name + ".wal")]
    yield Finding("data.store", Level.OK, "size of the ledger", size(_bytes_of(files)))


def _access(root: Path) -> Finding:
    check = "data.permissions"
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        advice = "run this as the service's user, or give the folder to this one"
        return Finding(check, Level.FAILURE, "the data folder is not ours", str(root), advice)
    mode = stat.S_IMODE(root.stat().st_mode)
    seen = f"{root}, mode {mode:04o}"
    if mode & 0o077:
        return Finding(
            check, Level.WARNING, "others can look into the data folder", seen, f"chmod 700 {root}"
        )
    return Finding(check, Level.OK, "the data folder is ours alone", seen)


def _disk(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    check, seen = "data.disk", f"{size(free)} at {place}"
    if free >= _LITTLE_DISK:
        return Finding(check, Level.OK, "the disk has room", seen)
    level = Level.FAILURE if free < _NO_DISK else Level.WARNING
    advice = "make room: without it rows wait in memory, then calls are refused"
    return Finding(check, level, "the disk is nearly full", seen, advice)


def _lock(folder: DataFolder, *, running: bool) -> Finding:
    check = "data.lock"
    held, holder = _held(folder.run / LOCK_NAME)
    if not held:
        if running:
            advice = f"the lock {folder.run / LOCK_NAME} was removed; restart `weighbridge serve`"
            return Finding(check, Level.FAILURE, "a gateway runs without its lock", None, advice)
        return Finding(check, Level.OK, "nobody holds the data folder")
    seen = f"process {holder}" if holder else None
    if running:
        return Finding(check, Level.OK, "the running gateway holds the data folder", seen)
    return Finding(
        check,
        Level.WARNING,
        "a process holds the data folder and does not answer",
        seen,
        "it may be starting or importing; else look at its log, or stop it",
    )


def _held(path: Path) -> tuple[bool, str]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False, ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        return True, holder if holder.isdigit() else ""
    finally:
        os.close(descriptor)
    return False, ""


def _backlog(journal: JournalFolders, *, running: bool) -> Finding:
    segments = _files(journal.sealed)
    count = _bytes_of(segments)
    check, seen = "data.journal", f"{len(segments):,} segments, {size(count)}"
    if not segments:
        return Finding(check, Level.OK, "every sealed row is in the ledger")
    if not running:
        what = "rows wait in the journal; they are loaded when `weighbridge serve` starts"
        return Finding(check, Level.NOTE, what, seen)
    if count < _LARGE_BACKLOG:
        return Finding(check, Level.OK, "the ledger keeps up with the journal", seen)
    advice = "see /readyz on the admin port and the log for what the ledger does not take"
    return Finding(check, Level.WARNING, "rows wait in the journal", seen, advice)


def _rejected(journal: JournalFolders) -> Finding:
    files = _files(journal.rejected)
    if not files:
        return Finding("data.rejected", Level.OK, "no row was ever set aside")
    seen = f"{len(files):,} files in {journal.rejected}"
    advice = "each line there says why; mend it and `weighbridge import` it, or delete the file"
    return Finding("data.rejected", Level.WARNING, "rows were set aside", seen, advice)


def _files(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.iterdir() if not one.name.startswith(".")]
    except OSError:
        return []


def _bytes_of(files: list[Path]) -> int:
    total = 0
    for file in files:
        try:
            total += file.stat().st_size
        except OSError:
            continue  # loaded and gone meanwhile
    return total


def _nearest(path: Path) -> Path:
    """The deepest folder above a path that is there."""
    return next(one for one in (path, *path.parents) if one.is_dir())
