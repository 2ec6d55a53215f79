"""The price book of a configuration, and its update: the one place that knows which files make it.

The snapshot in force is the newer of two: the one that came with Weighbridge, and the data
folder's `prices.json` that `weighbridge models update` made. The newer wins because an upgrade of
Weighbridge brings corrections that fit its own snapshot, not one from before.
Used by the control process, the workers and the command line alike; imports no store, because a
worker has none.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder
from weighbridge.errors import ConfigurationError, ControlError, MeteringError, Problem
from weighbridge.pricing import build
from weighbridge.pricing.catalogue import PriceBook, read_snapshot
from weighbridge.pricing.changes import DatedChange, dated_changes
from weighbridge.pricing.pricefile import PriceFile, dump, parse

# What reading foreign data can raise where its shape is not the one we know.
_NEW_SHAPE = (LookupError, ValueError, TypeError, AttributeError, StopIteration)


@dataclass(frozen=True, slots=True)
class PriceUpdate:
    """What an update found, and whether it wrote `file`."""

    origin: str
    as_of: str
    changes: list[DatedChange]
    file: Path
    written: bool


def price_book(settings: Settings) -> PriceBook:
    """The price book with the operator's own rates.

    Errors: `ConfigurationError` with every problem of the overrides file, or with what is wrong
    with `prices.json`.
    """
    return _book(settings, _snapshot_in_force(DataFolder(settings.data).prices))


def update_prices(
    settings: Settings, *, dry_run: bool, own: PriceFile | None = None
) -> PriceUpdate:
    """Make `prices.json` from the installed genai-prices data, or only tell what would change.

    Takes: `own`, the rates that the data folder keeps; what they hide does not change.
    Nothing is written where nothing differs, or where the new book could not be loaded.
    Errors: `ConfigurationError`, `MeteringError`, `ControlError` where the disk refuses.
    """
    folder = DataFolder(settings.data)
    made = _installed()
    packaged = read_snapshot()
    if made.as_of < packaged.as_of:
        problem = Problem(
            "genai-prices",
            f"the installed data is older than Weighbridge's own of {packaged.as_of}",
            f"{made.origin} of {made.as_of}",
            remedy="upgrade the package genai-prices",
        )
        raise ConfigurationError([problem])
    current: PriceFile | None = None
    with contextlib.suppress(ConfigurationError):  # a broken file is what an update mends
        current = _snapshot_in_force(folder.prices)
    before, after = _book(settings, current or packaged), _book(settings, made)
    for book in (before, after):
        book.override(own)
    changes = dated_changes(before, after)
    writes = made != current and not dry_run
    if writes:
        _write(folder, dump(made))
    return PriceUpdate(made.origin, made.as_of.isoformat(), changes, folder.prices, writes)


def _book(settings: Settings, snapshot: PriceFile) -> PriceBook:
    overrides = settings.pricing.overrides
    return PriceBook.load(snapshot=snapshot, overlay_paths=[overrides] if overrides else [])


def _snapshot_in_force(path: Path) -> PriceFile:
    packaged = read_snapshot()
    if not path.exists():
        return packaged
    try:
        own = read_snapshot(path)
    except ConfigurationError as error:
        first = error.problems[0]
        remedy = "make it anew with `weighbridge models update`, or delete it"
        problem = Problem(first.where, first.message, first.seen, str(path), remedy)
        raise ConfigurationError([problem]) from None
    if (own.origin, own.as_of) == (packaged.origin, packaged.as_of):
        return packaged  # the same data, maybe as an earlier Weighbridge read it
    return own if own.as_of >= packaged.as_of else packaged


def _installed() -> PriceFile:
    """The installed data as it will be read back, so that a fault shows before it is written."""
    try:
        return parse(msgspec.json.decode(dump(build.snapshot())), build.PACKAGE)
    except _NEW_SHAPE as error:
        raise MeteringError(
            "the installed genai-prices states prices in a form that is not known here, got "
            f"{type(error).__name__}: {error}; upgrade Weighbridge, or install an earlier "
            "genai-prices"
        ) from error


def _write(folder: DataFolder, content: bytes) -> None:
    """All of the file or none of it, also if the machine stops."""
    beside = folder.prices.with_name(f"prices.{os.getpid()}.new")
    try:
        folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(folder.prices)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        reason = (error.strerror or "unwritable").lower()
        raise ControlError(
            f"cannot write {folder.prices}: {reason}; make room or choose another folder "
            "with --data"
        ) from None
