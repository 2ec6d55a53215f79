"""The control database: opening it, and bringing its tables up to date.

SQLite in the data folder; everything goes through SQLAlchemy, so that another engine is a URL.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from weighbridge.control.tables import PolicyRow
from weighbridge.errors import ControlError

FILE_NAME = "control.sqlite3"


class Database:
    """The open control database; sessions of it are one transaction each."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        return f"<Database {self._engine.url.render_as_string(hide_password=True)}>"

    @classmethod
    def open(cls, folder: Path) -> "Database":
        """The database of a data folder, made or migrated as needed.

        Errors: `ControlError` where the file is no database or from a newer version.
        """
        file = folder / FILE_NAME
        file.touch(mode=0o600, exist_ok=True)
        engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 10})
        event.listen(engine, "connect", _prepare)
        database = cls(engine)
        try:
            database.migrate()
        except DatabaseError as error:
            engine.dispose()
            raise ControlError(
                f"{file} is not a usable control database ({type(error.orig).__name__}); "
                "restore it from a backup, or move it away to begin anew"
            ) from None
        return database

    def migrate(self) -> None:
        """Run the migrations that are missing."""
        config = Config()
        config.set_main_option("script_location", "weighbridge.control:migrations")
        config.set_main_option("path_separator", "os")
        scripts = ScriptDirectory.from_config(config)
        with self._engine.begin() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            if current == scripts.get_current_head():
                return
            known = {script.revision for script in scripts.walk_revisions()}
            if current is not None and current not in known:
                raise ControlError(
                    f"the control database is at revision {current}, which this version does "
                    "not know; run the newer version that made it"
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def change(self, *, policy: bool) -> Iterator[Session]:
        """A session whose changes are committed at its end.

        Takes: `policy`, whether workers must learn of the change; the version is raised in the
        same transaction, so no worker can take an older policy for a newer one.
        """
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            if policy:
                session.execute(update(PolicyRow).values(version=PolicyRow.version + 1))
            yield session

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _prepare(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
