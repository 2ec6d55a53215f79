"""Looks at everything that tells how the gateway is, when somebody asks.

Rules for future edits: a look reads sizes and counters and nothing that grows with the ledger;
what cannot be read is None or 0, for a page on health must come up when things are bad.
Counterparts: `core/system_health` is the value, `vitals` decides on readiness.
"""

import datetime as dt
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from weighbridge import __version__
from weighbridge.control.database import FILE_NAME
from weighbridge.control.folder import DataFolder
from weighbridge.control.ledger_keeper import LedgerKeeper
from weighbridge.core.clock import from_unix_us, to_unix_us
from weighbridge.core.system_health import SystemHealth, WorkerHealth
from weighbridge.errors import LedgerError
from weighbridge.ledger.segments import JournalFolders
from weighbridge.ledger.stores.base import StoreStats
from weighbridge.pricing.catalogue import PriceBook

_NOTHING: Final = StoreStats(0, 0, None, None)
_AT_REST: Final = "weighbridge serve does not run"


class Crew(Protocol):
    """The workers, as the control process knows them."""

    @property
    def policy_version(self) -> int:
        """The version that workers are to be at."""
        ...

    def crew(self) -> Sequence[WorkerHealth]:
        """Each connected worker."""
        ...

    @property
    def rows_dropped(self) -> int:
        """Rows that workers gave up."""
        ...


class Sized(Protocol):
    """What is needed of a store."""

    def stats(self) -> StoreStats:
        """Size and range."""
        ...


class SystemWatch:
    """Looks on demand; without a crew it tells of a folder that nothing serves."""

    def __init__(  # noqa: PLR0913 - what it looks at, wired once
        self,
        folder: DataFolder,
        keeper: LedgerKeeper,
        store: Sized,
        book: PriceBook,
        *,
        node: str,
        price_max_age: dt.timedelta,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._folder = folder
        self._sealed = JournalFolders(folder.journal).sealed
        self._keeper = keeper
        self._store = store
        self._book = book
        self._node = node
        self._price_max_age = price_max_age
        self._now_us = now_us
        self._started_at_us = now_us()
        self._crew: Crew | None = None
        self._expected = 0
        self._problems: Callable[[], list[str]] = lambda: [_AT_REST]

    def __repr__(self) -> str:
        return f"<SystemWatch of {self._folder!r}>"

    def attach(self, crew: Crew, expected: int, problems: Callable[[], list[str]]) -> None:
        """From now on tell of these workers, and of what keeps the service from being ready."""
        self._crew, self._expected, self._problems = crew, expected, problems

    def look(self) -> SystemHealth:
        """How everything is now."""
        now_us = self._now_us()
        stats, crew, keeper = self._stats(), self._crew, self._keeper
        now = from_unix_us(now_us)
        waiting, lag_us = self._waiting(now_us)
        last = stats.last_started_at
        return SystemHealth(
            at_us=now_us,
            version=__version__,
            node=self._node,
            started_at_us=self._started_at_us,
            problems=self._problems(),
            workers_expected=self._expected,
            workers=[] if crew is None else list(crew.crew()),
            policy_version=0 if crew is None else crew.policy_version,
            journal_segments_waiting=waiting,
            journal_lag_us=lag_us,
            journal_rows_dropped=0 if crew is None else crew.rows_dropped,
            ledger_failure=keeper.failure,
            ledger_exchanges=stats.exchanges,
            ledger_bytes=stats.disk_bytes,
            ledger_last_started_at_us=None if last is None else to_unix_us(last),
            ledger_loaded_at_us=keeper.loaded_at_us,
            rows_rejected=keeper.loaded.rejected,
            rows_interrupted=keeper.interrupted,
            control_bytes=sum(map(_size_of, self._folder.root.glob(f"{FILE_NAME}*"))),
            free_bytes=_free_bytes(self._folder.root),
            prices_as_of=self._book.as_of.isoformat(),
            prices_age_days=self._book.age(now).days,
            prices_stale=self._book.is_stale(now, self._price_max_age),
        )

    def _stats(self) -> StoreStats:
        try:
            return self._store.stats()
        except LedgerError:
            return _NOTHING

    def _waiting(self, now_us: int) -> tuple[int, int]:
        """How many sealed segments wait, and the age of the oldest."""
        try:
            segments = list(self._sealed.iterdir())
        except OSError:
            return 0, 0
        written = [at_us for segment in segments if (at_us := _written_us(segment))]
        return len(written), max([now_us - at_us for at_us in written], default=0)


def _written_us(file: Path) -> int | None:
    """When it was written last; None where the loader took it away meanwhile."""
    try:
        return file.stat().st_mtime_ns // 1000
    except OSError:
        return None


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
