"""What outlives its call, in one SQLite file that all workers and the control process share.

An upload, a batch, an explicit cache, a video operation: who began it, what it was, and what
was booked of it. Hides the file, and how processes share it. What is due to the ledger is put
into the table `outbox` in the transaction that marks it as booked, so no crash can come between
the two; `outbox` hands those rows over.

Rules for future edits: a worker calls this on its event loop, so each call is one or two
indexed statements without a sync: nothing but `sync`, which the control process calls, may wait
for the disk (in WAL mode with `synchronous = NORMAL` only a checkpoint does, and the first
write after one). A power cut may take what was written in the last second; whatever is then
booked anew has the same exchange id and is recognised.
Counterparts: `resource_rows` has layout and statements, `gateway/resources` writes,
`control/cache_storage` accrues, `outbox` posts.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from weighbridge.attribution.identity import Identity
from weighbridge.core.resource import ResourceChange, ResourceEvent, ResourceKind
from weighbridge.errors import LedgerError
from weighbridge.ledger.resource_rows import (
    BEGIN,
    CHANGED,
    DAY_US,
    ENDED,
    FIND,
    HAS,
    KEPT_DAYS,
    MIGRATIONS,
    OPEN_CACHES,
    PARENTS,
    POST,
    PRUNE,
    SET_ASIDE,
    Called,
    DueRow,
    Record,
    key_of,
    record_of,
    usage_json,
)
from weighbridge.providers.base import Route

_OPEN_WAIT_S: Final = 10
_OPEN_TRIES: Final = 100
_OPEN_RETRY_MS: Final = 20
_PRUNED_AT_ONCE: Final = 100  # a worker may wait for these
LOG_BYTES_MAX: Final = 8 * 1024 * 1024

Execute = Callable[..., sqlite3.Cursor]


class Resources:
    """The open store; methods may be called from any thread, one at a time.

    Errors: `LedgerError` from every method where the file can't be read or written.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._lock = threading.Lock()
        self._synced: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"<Resources {self._path}>"

    @classmethod
    def open(cls, path: Path, *, wait_ms: int = 5000) -> "Resources":
        """The store at `path`, made or migrated as need be.

        Takes: how long a call may wait for another process's transaction.
        """
        try:
            path.touch(mode=0o600, exist_ok=True)
            connection = sqlite3.connect(
                path, timeout=_OPEN_WAIT_S, isolation_level=None, check_same_thread=False
            )
            _into_wal(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA journal_size_limit = 0")  # of a log that begins anew
            store = cls(connection, path)
            store._migrate()
            connection.execute(f"PRAGMA busy_timeout = {wait_ms}")
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(
                f"{path} cannot be opened ({_why(error)}); restore it from a backup, or move it "
                "away to begin anew"
            ) from error
        return store

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    # What calls tell of

    def take(
        self, events: Sequence[ResourceEvent], identity: Identity, route: Route, at_us: int
    ) -> None:
        """Do what the events of one call say, in one transaction (a list tells of hundreds).

        What is known already stays its first creator's, until it is settled, deleted or expired:
        a name that is then given anew means another thing. A resource with a parent is kept
        only where the parent is known: whose it is follows from that. What is changed or deleted
        without being known is left alone. The first deletion counts.
        """
        attributed = (msgspec.json.encode(identity), route)
        with self._changing() as execute:
            for event in events:
                if event.change is ResourceChange.DELETED:
                    execute(ENDED, (at_us, key_of(event.kind, event.name)))
                elif event.change is ResourceChange.CREATED or event.parent is not None:
                    _begin(execute, event, attributed, at_us)
                else:
                    usage, key = usage_json(event.usage), key_of(event.kind, event.name)
                    execute(CHANGED, (event.expires_at_us, usage, key))

    # Looking

    def find(self, kind: ResourceKind, name: str | bytes) -> Record | None:
        """A resource by its name; a results file gives its batch."""
        key = key_of(kind, name)
        with self._lock, _our_errors():
            row = self._connection.execute(FIND, (key,)).fetchone()
        return record_of(row) if row else None

    def open_caches(self) -> list[Record]:
        """Caches whose storage is not booked to their end."""
        with self._lock, _our_errors():
            rows = self._connection.execute(OPEN_CACHES).fetchall()
        return [record_of(row) for row in rows]

    # Booking

    def settle(self, record: Record, row: DueRow) -> bool:
        """Mark a resource as settled and put its row into the outbox, both or neither.

        Gives: False where it was settled before, also by another process a moment ago.
        """
        with self._changing() as execute:
            marked = execute(
                "UPDATE resources SET settled = 1 WHERE key = ? AND settled = 0", (record.key,)
            )
            if marked.rowcount:
                execute(POST, (row.exchange_id, row.line))
            return marked.rowcount > 0

    def accrue(self, record: Record, to_us: int, rows: Sequence[DueRow]) -> bool:
        """Mark storage as booked up to an instant and put its rows into the outbox.

        Gives: False where it was booked in the meantime; nothing is changed then.
        """
        with self._changing() as execute:
            marked = execute(
                "UPDATE resources SET accrued_to_us = ? WHERE key = ? AND accrued_to_us IS ?",
                (to_us, record.key, record.accrued_to_us),
            )
            if marked.rowcount:
                for row in rows:
                    execute(POST, (row.exchange_id, row.line))
            return marked.rowcount > 0

    def outgoing(self, limit: int) -> list[DueRow]:
        """Rows that wait to be handed to the ledger."""
        with self._lock, _our_errors():
            rows = self._connection.execute(
                "SELECT exchange_id, line FROM outbox ORDER BY exchange_id LIMIT ?", (limit,)
            ).fetchall()
        return [DueRow(*row) for row in rows]

    def handed_over(self, exchange_ids: Sequence[str]) -> None:
        """Drop rows that the ledger, or a sealed segment, has."""
        with self._changing() as execute:
            for exchange_id in exchange_ids:
                execute("DELETE FROM outbox WHERE exchange_id = ?", (exchange_id,))

    # Upkeep, by the control process

    def sync(self) -> bool:
        """Bring to the disk what was written since the last call; False where nothing was.

        The log is synced beside SQLite, without any of its locks. Only once it is long is it
        folded into the file; the first write after that, which waits for the disk as the log
        begins anew, is made here, so that no worker has to.
        """
        try:
            seen = self._log.stat()
            state = (seen.st_mtime_ns, seen.st_size)
            if state == self._synced:
                return False
            with self._log.open("rb") as log:
                os.fdatasync(log.fileno())
        except FileNotFoundError:
            return False
        except OSError as error:
            raise LedgerError(f"the store of resources fails: {_why(error)}") from error
        self._synced = state
        if seen.st_size > LOG_BYTES_MAX:
            with self._lock, _our_errors():
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                self._connection.execute("UPDATE beats SET beat = beat + 1")
        return True

    def prune(self, now_us: int) -> int:
        """Forget what is past its time; gives how many. A cache that is not booked stays."""
        pruned = 0
        for kind, days in KEPT_DAYS.items():
            while True:
                with self._changing() as execute:
                    gone = execute(PRUNE, (kind, now_us - days * DAY_US, _PRUNED_AT_ONCE))
                pruned += gone.rowcount
                if gone.rowcount < _PRUNED_AT_ONCE:
                    break
        return pruned

    def _migrate(self) -> None:
        with self._changing() as execute:
            (version,) = execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                raise LedgerError(
                    f"{self._path} has schema version {version}, this Weighbridge knows "
                    f"{len(MIGRATIONS)}; install the version that wrote it, or a newer one"
                )
            for statements in MIGRATIONS[version:]:
                for statement in statements:
                    execute(statement)
            execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _changing(self) -> Iterator[Execute]:
        """One transaction; gives the connection's `execute`."""
        with self._lock, _our_errors():
            execute = self._connection.execute
            execute("BEGIN IMMEDIATE")
            try:
                yield execute
                execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    execute("ROLLBACK")


def _begin(
    execute: Execute, event: ResourceEvent, attributed: tuple[bytes, Route], at_us: int
) -> None:
    """Keep what a call created, whose it is, and what was called."""
    identity, route = attributed
    parent = key_of(PARENTS[event.kind], event.parent) if event.parent else None
    if parent is not None and not execute(HAS, (parent,)).fetchone():
        return
    called = Called(
        provider=route.provider,
        surface=route.surface,
        operation=route.operation,
        location=route.location,
        cloud_project=route.cloud_project,
        model=event.model or route.model,
    )
    key = key_of(event.kind, event.name)
    if parent is None:
        execute(SET_ASIDE, (sha256(b"%b%d" % (key, at_us)).digest(), key, at_us))
    # The provider's clock may be off, or stand still (M12): what it says of an end is taken as
    # a time after the creation.
    clock_us = 0 if event.created_at_us is None else at_us - event.created_at_us
    expires = event.expires_at_us
    values = (
        key,
        event.kind,
        parent,
        identity,
        msgspec.json.encode(called),
        usage_json(event.usage),
        at_us,
        clock_us,
        None if expires is None else expires + clock_us,
    )
    execute(BEGIN, values)


def _into_wal(connection: sqlite3.Connection) -> None:
    """Write-ahead logging; processes that begin together find the file locked for a moment."""
    for _ in range(_OPEN_TRIES):
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError:
            time.sleep(_OPEN_RETRY_MS / 1000)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL").fetchone()


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(f"the store of resources fails: {_why(error)}") from error


def _why(error: Exception) -> str:
    """The kind of failure, never a statement's values."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
