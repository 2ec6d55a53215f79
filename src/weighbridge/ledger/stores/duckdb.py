"""The ledger in one DuckDB file, for one machine.

Hides DuckDB: one connection, of which every reading or writing thread takes a cursor of its
own (readers see a snapshot and never wait for the loader). Rules for future edits: request
data reaches SQL only as parameters; names that become SQL are looked up in a closed list.
Counterpart: `schema` (layout), `stores/duckdb_import` (files of others), `loader`.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from weighbridge.core.exchange import COLUMNS
from weighbridge.core.stop import Stop
from weighbridge.errors import LedgerError
from weighbridge.ledger import schema
from weighbridge.ledger.stores.base import (
    Imported,
    Page,
    PageRequest,
    QueryStoppedError,
    QueryTimeoutError,
    Row,
    SegmentDataError,
    StoreStats,
)
from weighbridge.ledger.stores.duckdb_import import import_file
from weighbridge.ledger.stores.duckdb_page import EXCHANGE_QUERY, cursor_after, page_query
from weighbridge.ledger.stores.duckdb_progress import Progress

_NOT_A_ROW = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.IntegrityError)
_INSERT_NAMES = "INSERT INTO loaded_segments SELECT unnest($1)"
# At a checkpoint DuckDB writes the rows since the one before as a row group of their own, and where
# four of them would fit into three full ones (of 122,880 rows) it writes all four once more. It
# never does if each has more than 92,160 rows; a load brings some thousands on top.
_CHECKPOINT_ROWS = 98_304
# Up to how many rows of a page DuckDB looks for by the columns that it orders and filters by, and
# reads the others of those rows alone: by default 50, beyond which it reads all of every row.
_PAGE_ROWS = 1001
_BLOCKED = "another process has the ledger {path} open; stop it, or let `weighbridge` talk to it"


class DuckDBStore:
    """A `Store`. Open it with `DuckDBStore.open`, close it with `close`."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._rows_in_log = 0
        self._generation = 0

    @classmethod
    def open(
        cls, path: Path, *, memory_limit: str = "1GB", threads: int | None = None
    ) -> "DuckDBStore":
        """The ledger at `path`, created and migrated as need be.

        Errors: `LedgerError` where another process holds it or its schema is newer than ours.
        """
        settings: dict[str, Any] = {
            "memory_limit": memory_limit,
            "storage_compatibility_version": "latest",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "wal_autocheckpoint": "256MB",  # where rows are very large; else by rows
            "late_materialization_max_rows": str(_PAGE_ROWS),
        }
        if threads is not None:
            settings["threads"] = threads
        try:
            connection = duckdb.connect(str(path), config=settings)
        except duckdb.IOException as error:
            if "lock" in str(error):
                raise LedgerError(_BLOCKED.format(path=path)) from error
            raise LedgerError(f"the ledger {path} cannot be opened: {error}") from error
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        store = cls(connection, path)
        store._migrate()
        return store

    def __repr__(self) -> str:
        return f"<DuckDBStore {self._path}>"

    # Segments

    def loaded_segments(self) -> set[str]:
        """Names whose rows are in."""
        return {name for (name,) in self.fetch("SELECT name FROM loaded_segments")}

    def load_segments(self, segments: Mapping[str, Path]) -> int:
        """Rows and names of these files in one transaction. See `Store.load_segments`."""
        files = [str(path) for path in segments.values()]
        with self._transaction() as cursor:
            rows = _insert_segments(cursor, files)
            cursor.execute(_INSERT_NAMES, [list(segments)])
        self._rows_in_log += rows
        if self._rows_in_log >= _CHECKPOINT_ROWS:
            with contextlib.suppress(duckdb.Error):  # the rows are in; after the next load then
                self.checkpoint()
        return rows

    def accepts(self, segment: Path) -> bool:
        """Would every line of this file load? Tried, and rolled back."""
        with self._cursor() as cursor:
            cursor.begin()
            try:
                _insert_segments(cursor, [str(segment)])
            except SegmentDataError:
                return False
            finally:
                with contextlib.suppress(duckdb.Error):
                    cursor.rollback()
        return True

    def forget_segments(self, names: Sequence[str]) -> None:
        """Drop names whose files are gone."""
        with self._cursor() as cursor:
            cursor.execute("DELETE FROM loaded_segments WHERE name IN (SELECT unnest($1))", [names])

    # Imports

    def import_files(
        self, paths: Sequence[Path], progress: Callable[[int, int], None] | None = None
    ) -> Imported:
        """Rows of NDJSON or Parquet files. See `Store.import_files`."""
        sizes = [path.stat().st_size if path.exists() else 0 for path in paths]
        imported = Imported()
        for index, path in enumerate(paths):
            watch = Progress(progress, sum(sizes[:index]), sizes[index], sum(sizes))
            with self._transaction() as cursor, watch.watching(cursor):
                imported += import_file(cursor, path, watch)
        return imported

    # Reading

    @property
    def generation(self) -> int:
        """Another number whenever rows came in, for this process alone writes them."""
        return self._generation

    def fetch(
        self,
        sql: str,
        params: Sequence[Any] = (),
        *,
        timeout_ms: int | None = None,
        stop: Stop | None = None,
    ) -> list[tuple[Any, ...]]:
        """All rows of one SELECT, stopped after `timeout_ms` and where it is wished."""
        stop = stop or Stop()
        with (
            self._cursor() as cursor,
            _interrupted_after(cursor, timeout_ms),
            _stopped_by(cursor, stop),
        ):
            _only_select(cursor, sql)
            cursor.execute(sql, list(params))
            return [tuple(map(_plain, row)) for row in cursor.fetchall()]

    def exchange(self, exchange_id: str) -> Row | None:
        """One row, or None, also for what is no id."""
        key = _uuid(exchange_id)
        if key is None:
            return None
        found = self.fetch(EXCHANGE_QUERY, [key])
        return dict(zip(COLUMNS, found[0], strict=True)) if found else None

    def page(self, request: PageRequest) -> Page:
        """Exchanges newest first. See `Store.page`."""
        found = self.fetch(*page_query(request))
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in found]
        more = len(rows) > request.limit
        rows = rows[: request.limit]
        goes_on = more and rows and not request.costliest
        return Page(rows, cursor_after(rows[-1]) if goes_on else None)

    def known_exchange_ids(self, exchange_ids: Sequence[str]) -> set[str]:
        """Which of these have a row."""
        keys = [key for key in map(_uuid, exchange_ids) if key is not None]
        found = self.fetch(
            "SELECT exchange_id FROM exchange_rows WHERE exchange_id IN (SELECT unnest(?::UUID[]))",
            [keys],
        )
        return {key for (key,) in found}

    def first_started_at(self) -> datetime | None:
        """Start of the oldest exchange."""
        return self.stats().first_started_at

    def stats(self) -> StoreStats:
        """Size and range."""
        ((count, first, last),) = self.fetch(
            "SELECT count(*), min(started_at), max(started_at) FROM exchange_rows"
        )
        files = (self._path, self._path.with_name(self._path.name + ".wal"))
        size = sum(path.stat().st_size for path in files if path.exists())
        return StoreStats(count, size, first, last)

    # Life

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file."""
        with self._cursor() as cursor:
            cursor.execute("CHECKPOINT")
        self._rows_in_log = 0

    def close(self) -> None:
        """Release the file (DuckDB checkpoints as it closes)."""
        self._connection.close()

    def _migrate(self) -> None:
        with self._cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
            row = cursor.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
        version = int(row[0]) if row else 0
        known = len(schema.MIGRATIONS)
        if version > known:
            self.close()
            raise LedgerError(
                f"the ledger {self._path} has schema version {version}, this Weighbridge knows "
                f"{known}; install the version that wrote it, or a newer one"
            )
        for number, statements in enumerate(schema.MIGRATIONS[version:], version + 1):
            with self._transaction() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                cursor.execute("INSERT INTO schema_version VALUES (?)", [number])

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._cursor() as cursor:
            cursor.begin()
            try:
                yield cursor
                cursor.commit()
                self._generation += 1
            except BaseException as error:
                with contextlib.suppress(duckdb.Error):
                    cursor.rollback()
                if isinstance(error, duckdb.Error):
                    raise LedgerError(f"the ledger could not be written: {error}") from error
                raise


def _insert_segments(cursor: duckdb.DuckDBPyConnection, files: list[str]) -> int:
    statement = schema.insert_from(schema.read_journal("$1"))
    try:
        counted = cursor.execute(statement, [files]).fetchone()
    except _NOT_A_ROW as error:
        raise SegmentDataError(str(error).splitlines()[0]) from error
    except duckdb.Error as error:
        raise LedgerError(f"segments could not be loaded: {error}") from error
    return int(counted[0]) if counted else 0


@contextlib.contextmanager
def _interrupted_after(cursor: duckdb.DuckDBPyConnection, timeout_ms: int | None) -> Iterator[None]:
    if timeout_ms is None:
        yield
        return
    timer = threading.Timer(timeout_ms / 1000, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise QueryTimeoutError(
            f"the query took longer than {timeout_ms} ms; ask for a shorter range"
        ) from error
    finally:
        timer.cancel()


@contextlib.contextmanager
def _stopped_by(cursor: duckdb.DuckDBPyConnection, stop: Stop) -> Iterator[None]:
    left = QueryStoppedError("whoever asked this has left; nothing is answered")
    if stop.wished:
        raise left
    try:
        with stop.calling(cursor.interrupt):
            yield
    except duckdb.InterruptException as error:
        if stop.wished:
            raise left from error
        raise


def _only_select(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = cursor.extract_statements(sql)
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        raise LedgerError("a query must be one SELECT statement")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _plain(value: object) -> Any:
    """A value as every store gives it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, UUID):
        return str(value)
    return value
