"""Hands rows of the outbox to the ledger: each once, whatever crashes in between.

Rows of what outlives a call (`resources`) are due to the ledger without an exchange that a
worker could journal. Hides the order of steps: write one segment with the rows that are nowhere
yet, seal it, drop them from the outbox. A crash after any step is mended by the next run, which
finds the row where the earlier one put it: rows are searched where they move, open segments
first, then sealed ones, then the ledger. One runner only (the control process, which holds the
ledger), and only it writes segments under this name.

Rules for future edits: a row leaves the outbox only once a sealed segment or the ledger has it.
Counterparts: `resources` fills the outbox, `loader` takes the segments like any worker's.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

from weighbridge.ledger.resource_rows import DueRow
from weighbridge.ledger.segments import Disk, JournalFolders, Segment, segment_name
from weighbridge.ledger.whereabouts import ids_in

SEGMENT_PREFIX: Final = "resources"
_ROWS_AT_ONCE: Final = 1000


class Outgoing(Protocol):
    """What the outbox needs of the store of resources."""

    def outgoing(self, limit: int) -> list[DueRow]:
        """Rows that wait."""
        ...

    def handed_over(self, exchange_ids: list[str]) -> None:
        """Drop rows that the ledger will have."""
        ...


class Outbox:
    """Run by the control process beside the loader.

    Takes: the journal's folder, the store whose outbox it is, and a lookup that tells which of
    some exchange ids have a row in the ledger.
    """

    def __init__(
        self,
        journal: Path,
        resources: Outgoing,
        known_exchange_ids: Callable[[list[str]], Iterable[str]],
        *,
        disk: Disk | None = None,
    ) -> None:
        self._folders = JournalFolders(journal).make()
        self._resources = resources
        self._known_exchange_ids = known_exchange_ids
        self._disk = disk or Disk()

    def __repr__(self) -> str:
        return f"<Outbox of {self._folders.root}>"

    def run_once(self, now_unix_us: int) -> int:
        """Hand over what waits; gives how many rows went into a segment.

        Errors: `OSError`, `LedgerError`; the next run goes on where this one stopped.
        """
        waiting = self._resources.outgoing(_ROWS_AT_ONCE)
        if not waiting:
            return 0
        wanted = {row.exchange_id for row in waiting}
        begun = self._ids_in(self._folders.open) & wanted
        there = self._ids_in(self._folders.sealed) & wanted
        there |= set(self._known_exchange_ids(sorted(wanted - there)))
        # What stands in an open segment that an earlier attempt left is recovery's to seal.
        fresh = [row for row in waiting if row.exchange_id not in begun | there]
        if fresh:
            self._write(fresh, now_unix_us)
        self._resources.handed_over(sorted(there | {row.exchange_id for row in fresh}))
        return len(fresh)

    def _ids_in(self, folder: Path) -> set[str]:
        found: set[str] = set()
        for path in folder.glob(f"{SEGMENT_PREFIX}-*.ndjson"):
            found |= ids_in(path)
        return found

    def _write(self, rows: list[DueRow], now_unix_us: int) -> None:
        # The name is new each time: an earlier attempt's may be loaded already.
        name = segment_name(SEGMENT_PREFIX, now_unix_us // 1000, os.urandom(4).hex())
        segment = Segment(self._folders, name, self._disk)
        try:
            segment.write(b"".join(row.line + b"\n" for row in rows), len(rows))
            segment.seal()
        finally:
            segment.release()
