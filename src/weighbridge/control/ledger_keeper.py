"""The control process's ledger thread: recovers what the dead left, loads what is sealed.

Hides the pace: segments are looked for every few dozen milliseconds, and loaded a few times a
second at most, for a load costs as much as a thousand of its rows; dead workers are looked for
every second and before the first load; rows that are due without an exchange are handed over
before each. A failure is kept for readiness and metrics, logged once, and tried again.
Counterpart: `ledger/loader`, `ledger/recovery` and `ledger/outbox` do the work.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from weighbridge.errors import LedgerError
from weighbridge.ledger.loader import Loader, LoadResult
from weighbridge.ledger.outbox import Outbox
from weighbridge.ledger.recovery import Recovery

RECOVER_EVERY_S: Final = 1.0
# Segments of several workers come at any moment; those of this long are loaded together.
GATHER_S: Final = 0.2
_log = structlog.get_logger()


class LedgerKeeper:
    """Life: construct, `start`, `stop`; counters are read from any thread.

    `recoveries` counts the times that the files of the dead were looked through without a fault.
    """

    def __init__(
        self,
        loader: Loader,
        recovery: Recovery,
        poll_s: float,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
        *,
        outbox: Outbox | None = None,
    ) -> None:
        self.loaded = LoadResult()
        self.interrupted = 0
        self.recoveries = 0
        self.waiting = 0
        self.loaded_at_us: int | None = None
        self.failure: str | None = None
        self._loader = loader
        self._recovery = recovery
        self._outbox = outbox
        self._poll_s = poll_s
        self._now_us = now_us
        self._rows_came: Callable[[], object] = _nobody
        self._stop = threading.Event()
        self._hurried = threading.Event()
        self._recover_at = 0.0
        self._thread = threading.Thread(target=self._run, name="ledger-keeper", daemon=True)

    def __repr__(self) -> str:
        return f"<LedgerKeeper {self.loaded.rows} rows, {self.failure or 'well'}>"

    def recover_soon(self) -> None:
        """Look through the files of the dead in the next round; asked from any thread."""
        self._hurried.set()

    def unloaded(self) -> set[str]:
        """Names of segments whose rows are not in the ledger; asked from any thread."""
        return self._loader.unloaded()

    def tell_of_rows(self, rows_came: Callable[[], object]) -> None:
        """Call this, from the ledger's thread, after each round that brought rows."""
        self._rows_came = rows_came

    def start(self) -> None:
        """Begin; the first round recovers what an earlier life left."""
        self._thread.start()

    def stop(self) -> None:
        """One last round over all that is there, then rest."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._recover_at = 0.0
        self.round()

    def round(self) -> int:
        """Recover where it is time to, load what is sealed; gives how many rows came in."""
        try:
            if time.monotonic() >= self._recover_at or self._hurried.is_set():
                self._hurried.clear()
                self._recover()
                self._recover_at = time.monotonic() + RECOVER_EVERY_S
            unsent = self._hand_over()
            result = self._loader.run_once() + LoadResult(failure=unsent)
        except (LedgerError, OSError) as error:
            self._failed(_why(error))
            return 0
        self._take(result)
        return result.rows

    def _hand_over(self) -> str | None:
        """Empty the outbox; why it fails, which holds up no other row."""
        try:
            if self._outbox is not None:
                self._outbox.run_once(self._now_us())
        except (LedgerError, OSError) as error:
            return _why(error)
        return None

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            rows = self.round()
            # A round that took longer is followed by the next at once: there may be a backlog.
            pause = began + GATHER_S - time.monotonic() if rows else self._poll_s
            if pause > 0:
                self._stop.wait(pause)

    def _recover(self) -> None:
        found = self._recovery.run_once(self._now_us())
        self.interrupted += found.interrupted
        self.recoveries += found.failure is None
        if found.sealed or found.interrupted:
            _log.warning("recovered after a crash", segments=found.sealed, rows=found.interrupted)

    def _take(self, result: LoadResult) -> None:
        self.loaded += LoadResult(result.rows, result.segments, result.rejected)
        self.waiting = result.waiting
        if result.rows:
            self._rows_came()
        if result.rows:
            self.loaded_at_us = self._now_us()
        if result.rejected:
            _log.error("journal lines were set aside", rejected=result.rejected)
        if result.failure:
            self._failed(result.failure)
        elif self.failure:
            _log.info("the ledger takes rows again")
            self.failure = None

    def _failed(self, failure: str) -> None:
        if failure != self.failure:
            _log.error("the ledger takes no rows", error=failure)
        self.failure = failure


def _nobody() -> None:
    """Nobody wants to know of rows."""


def _why(error: LedgerError | OSError) -> str:
    if isinstance(error, LedgerError):
        return error.message
    return error.strerror or type(error).__name__
