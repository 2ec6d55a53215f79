"""What workers were granted, kept so that a control process that starts anew knows it.

Hides the file: SQLite in the data folder. A grant is kept before it is sent, so what workers may
spend is never more than what is found here. Nothing waits for the disk: what is written outlives
this process, and a power cut, which could take it back, ends all workers as well, so that nobody
is left who could spend it. For the same reason a file that cannot be read is replaced: workers
that live say themselves what they have.

Rules for future edits: called on the event loop of the control process alone, microseconds each.
Counterpart: `lease_hub`.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from weighbridge.budgets.lease import Account, Holder
from weighbridge.budgets.lender import Granted
from weighbridge.budgets.permits import Level
from weighbridge.errors import ControlError

FILE_NAME: Final = "leases.sqlite3"
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS leases (
    worker INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    account TEXT NOT NULL,
    born INTEGER NOT NULL,
    granted TEXT NOT NULL,
    PRIMARY KEY (worker, incarnation, account, born)
) WITHOUT ROWID
"""
_LEVELS_TABLE: Final = """
CREATE TABLE IF NOT EXISTS levels (
    account TEXT PRIMARY KEY,
    level TEXT NOT NULL,
    at_us INTEGER NOT NULL
) WITHOUT ROWID
"""
_KEEP_LEVEL: Final = "INSERT OR REPLACE INTO levels VALUES (?, ?, ?)"
_DROP_LEVELS: Final = "DELETE FROM levels WHERE at_us < ?"
_ALL_LEVELS: Final = "SELECT account, level, at_us FROM levels"
_KEEP: Final = "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?)"
_DROP: Final = (
    "DELETE FROM leases WHERE worker = ? AND incarnation = ? AND account = ? AND born = ?"
)
_BURY: Final = "DELETE FROM leases WHERE worker = ? AND incarnation = ?"
_ALL: Final = "SELECT worker, incarnation, account, born, granted FROM leases"
_SUFFIXES: Final = ("", "-wal", "-shm")
_log = structlog.get_logger()


class LeaseStore:
    """The open store.

    Errors: `ControlError` from every method where the file cannot be written.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def __repr__(self) -> str:
        return f"<LeaseStore {self._path}>"

    @classmethod
    def open(cls, folder: Path) -> "LeaseStore":
        """The store of a data folder, made anew where it is missing or broken.

        Errors: `ControlError` where none can be made.
        """
        path = folder / FILE_NAME
        try:
            return cls(_connect(path), path)
        except sqlite3.DatabaseError as error:
            _log.warning("what workers were granted cannot be read; begun anew", exc_info=error)
        for suffix in _SUFFIXES:
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        try:
            return cls(_connect(path), path)
        except sqlite3.Error as error:
            raise ControlError(f"{path} cannot be written ({type(error).__name__})") from error

    def all(self) -> list[Granted]:
        """Everything that is kept."""
        return [
            Granted(
                Holder(worker, incarnation),
                msgspec.json.decode(account, type=Account),
                born,
                int(granted),
            )
            for worker, incarnation, account, born, granted in self._run(_ALL, None)
        ]

    def levels(self) -> list[Level]:
        """How full buckets of rate limits were when permits of them were granted last."""
        return [
            Level(msgspec.json.decode(account, type=Account), int(level), at_us)
            for account, level, at_us in self._run(_ALL_LEVELS, None)
        ]

    def keep_levels(self, levels: Iterable[Level]) -> None:
        """Keep how full buckets are, before what was taken out of them is sent."""
        self._run(_KEEP_LEVEL, [(_text(each[0]), str(each.level), each.at_us) for each in levels])

    def drop_levels(self, before_us: int) -> None:
        """Forget buckets that nobody took from for so long that they are full."""
        self._run(_DROP_LEVELS, [(before_us,)])

    def keep(self, granted: Iterable[Granted]) -> None:
        """Keep what is about to be said."""
        self._run(_KEEP, [(*_key(*each[:3]), str(each.granted)) for each in granted])

    def drop(self, gone: Iterable[tuple[Holder, Account, int]]) -> None:
        """Nothing is left of these."""
        self._run(_DROP, [_key(*each) for each in gone])

    def bury(self, holder: Holder) -> None:
        """Nothing is left of a holder."""
        self._run(_BURY, [tuple(holder)])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _run(
        self, statement: str, rows: list[tuple[int | str, ...]] | None
    ) -> list[tuple[Any, ...]]:
        try:
            if rows is None:
                return self._connection.execute(statement).fetchall()
            with self._connection:  # one transaction
                self._connection.execute("BEGIN")
                self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            raise ControlError(f"{self._path} cannot be used ({type(error).__name__})") from error
        return []


def _key(holder: Holder, account: Account, born: int) -> tuple[int | str, ...]:
    return (*holder, _text(account), born)


def _text(account: Account) -> str:
    return msgspec.json.encode(account).decode()


def _connect(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600, exist_ok=True)
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_TABLE)
        connection.execute(_LEVELS_TABLE)
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
