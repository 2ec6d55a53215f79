"""What the control process does for the store of resources, all the time.

Hides the pace: what was written is brought to the disk every second, storage of caches is
booked every minute and at the start (which catches up with a downtime), what is past its time
is forgotten every hour. A failure is logged once and tried again.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from weighbridge.errors import LedgerError

SYNC_EVERY_S: Final = 1.0
_BOOK_EVERY_US: Final = 60 * 1_000_000
_PRUNE_EVERY_US: Final = 3600 * 1_000_000
_log = structlog.get_logger()


class Kept(Protocol):
    """What the care needs of the store of resources."""

    def sync(self) -> bool:
        """Bring to the disk what was written."""
        ...

    def prune(self, now_us: int) -> int:
        """Forget what is past its time."""
        ...


class Accrual(Protocol):
    """What the care needs of the storage of caches."""

    def run_once(self, now_us: int) -> int:
        """Book all that is due."""
        ...


class ResourceCare:
    """Life: construct, `run` as a task, cancel it."""

    def __init__(
        self,
        store: Kept,
        storage: Accrual,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.failure: str | None = None
        self._store = store
        self._storage = storage
        self._now_us = now_us
        self._book_at_us = 0
        self._prune_at_us = 0

    def __repr__(self) -> str:
        return f"<ResourceCare {self.failure or 'well'}>"

    async def run(self) -> None:
        """Care until cancelled."""
        while True:
            await asyncio.to_thread(self.round)
            await asyncio.sleep(SYNC_EVERY_S)

    def round(self) -> None:
        """One look at the clock, and what is due by it."""
        now_us = self._now_us()
        try:
            if now_us >= self._book_at_us:
                self._storage.run_once(now_us)
                self._book_at_us = now_us + _BOOK_EVERY_US
            if now_us >= self._prune_at_us:
                self._store.prune(now_us)
                self._prune_at_us = now_us + _PRUNE_EVERY_US
            self._store.sync()
        except LedgerError as error:
            if error.message != self.failure:
                _log.error("the store of resources is not cared for", error=error.message)
            self.failure = error.message
        else:
            self.failure = None
