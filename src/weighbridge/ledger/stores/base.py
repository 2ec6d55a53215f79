"""What the rest of the system asks of a ledger store; `tests/contract/test_stores.py` checks it.

Hides nothing; it is the seam between engines. Money comes back as `Decimal`, instants as
aware UTC `datetime`, ids as text, whatever the engine. Counterpart: `stores/duckdb`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from weighbridge.core.principal import Scope
from weighbridge.core.stop import Stop
from weighbridge.errors import ClientError, LedgerError

# Values are of several types by column; `Any` is what the engines' libraries give.
Row = dict[str, Any]


class SegmentDataError(LedgerError):
    """A segment holds a line that is no row; nothing of the batch was loaded."""

    code = "SEGMENT_INVALID"


class ImportDataError(ClientError):
    """A file to import holds something that is no row; nothing of that file was imported."""

    code = "IMPORT_INVALID"


class QueryStoppedError(LedgerError):
    """Whoever asked a query left before it was answered."""

    code = "QUERY_STOPPED"


class QueryTimeoutError(LedgerError):
    """A query took longer than it was given and was stopped."""

    code = "QUERY_TIMEOUT"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the rows of imported files."""

    rows: int = 0
    skipped: int = 0

    def __add__(self, other: "Imported") -> "Imported":
        return Imported(self.rows + other.rows, self.skipped + other.skipped)


@dataclass(frozen=True, slots=True)
class Page:
    """Exchanges newest first; `next_cursor` asks for the following ones, None ends it."""

    exchanges: list[Row]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which exchanges: [since, until) by start, dimension values (None = not given), how many.

    `filters` maps a text column, `status`, `streamed` or `label:KEY` to the values it may have;
    `scope` holds besides, whatever the filters say: it is what the asker may see. Of the words
    of `search` each must be part of one of the row's names or codes, whatever its case.
    `costliest` gives those that cost most first, of known costs only, and has no next page.
    """

    since: datetime | None = None
    until: datetime | None = None
    filters: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    limit: int = 100
    cursor: str | None = None
    scope: Scope = field(default_factory=dict)
    search: str = ""
    costliest: bool = False


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Size of the ledger; times are of the first and last exchange's start."""

    exchanges: int
    disk_bytes: int
    first_started_at: datetime | None
    last_started_at: datetime | None


class Store(Protocol):
    """A ledger: rows in by segment or import, rows out by SQL or by page.

    `fetch`, `page`, `exchange`, `known_exchange_ids` may be called from any thread while
    segments are loaded. `load_segments` and `forget_segments` are the loader's alone.
    """

    dialect: str  # as sqlglot names it

    def loaded_segments(self) -> set[str]:
        """Names whose rows are in, and that were not forgotten yet."""
        ...

    def load_segments(self, segments: Mapping[str, Path]) -> int:
        """Rows of these files, and their names, in one transaction; gives how many rows.

        Errors: `SegmentDataError`, and then nothing of the batch is in.
        """
        ...

    def accepts(self, segment: Path) -> bool:
        """Would every line of this file load? Nothing is changed."""
        ...

    def forget_segments(self, names: Sequence[str]) -> None:
        """Drop names whose files are gone for good."""
        ...

    def import_files(
        self, paths: Sequence[Path], progress: Callable[[int, int], None] | None = None
    ) -> Imported:
        """Rows of NDJSON or Parquet files, each in a transaction, those known already skipped.

        `progress` is told bytes done and bytes in all, in a thread of its own.
        Errors: `ImportDataError`.
        """
        ...

    @property
    def generation(self) -> int:
        """Another number whenever rows came in."""
        ...

    def fetch(
        self,
        sql: str,
        params: Sequence[Any] = (),
        *,
        timeout_ms: int | None = None,
        stop: Stop | None = None,
    ) -> list[tuple[Any, ...]]:
        """All rows of one SELECT over `exchanges`, of one snapshot.

        Errors: `QueryTimeoutError`, `QueryStoppedError`.
        """
        ...

    def exchange(self, exchange_id: str) -> Row | None:
        """One row, with its charges."""
        ...

    def page(self, request: PageRequest) -> Page:
        """Exchanges newest first, or the costliest.

        Errors: `ClientError` for an unknown filter or cursor.
        """
        ...

    def known_exchange_ids(self, exchange_ids: Sequence[str]) -> set[str]:
        """Which of these have a row."""
        ...

    def first_started_at(self) -> datetime | None:
        """Start of the oldest exchange."""
        ...

    def stats(self) -> StoreStats:
        """Size and range."""
        ...

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file."""
        ...

    def close(self) -> None:
        """Checkpoint and release the file."""
        ...
