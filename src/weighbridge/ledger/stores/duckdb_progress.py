"""How far an import is, while DuckDB is inside one long statement.

Hides the polling: a thread asks the engine for the statement's percentage and tells bytes.
Rules for future edits: what is told never goes back; the callback runs in that thread.
Counterpart: `stores/duckdb_import` names the phases.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator

import duckdb

Tell = Callable[[int, int], None]
_POLL_MS = 100
_PERCENT_ON = (
    "SET enable_progress_bar = true",
    "SET enable_progress_bar_print = false",
    "SET progress_bar_time = 0",
)


class Progress:
    """Of one file among several: `before` bytes are done, `size` is this file's, of `total`."""

    def __init__(self, tell: Tell | None, before: int, size: int, total: int) -> None:
        self._tell = tell
        self._before = before
        self._size = size
        self._total = total
        self._phase = (0, 0)
        self._told = before

    def __repr__(self) -> str:
        return f"<Progress {self._told} of {self._total} bytes>"

    def phase(self, first_percent: int, last_percent: int) -> None:
        """The next statement is this part of the file's work."""
        self._phase = (first_percent, last_percent)
        self._tell_percent(0)

    @contextlib.contextmanager
    def watching(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Tell while the block's statements run on `cursor`."""
        if self._tell is None:
            yield
            return
        for setting in _PERCENT_ON:
            cursor.execute(setting)
        stop = threading.Event()

        def poll() -> None:
            while not stop.wait(_POLL_MS / 1000):
                self._tell_percent(int(cursor.query_progress()))

        thread = threading.Thread(target=poll, name="import-progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        self._phase = (100, 100)
        self._tell_percent(100)

    def _tell_percent(self, percent: int) -> None:
        first, last = self._phase
        done = first + (last - first) * max(percent, 0) // 100
        bytes_done = self._before + self._size * done // 100
        if self._tell and bytes_done > self._told:
            self._told = bytes_done
            self._tell(bytes_done, self._total)
