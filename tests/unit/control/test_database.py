"""Opening and migrating the control database."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from weighbridge.control.database import Database
from weighbridge.control.tables import Base, BudgetRow
from weighbridge.control.tokens import TokenService
from weighbridge.core.money import PICO_USD_PER_USD
from weighbridge.errors import ControlError


def test_the_migrations_make_the_tables_as_declared(tmp_path: Path) -> None:
    """Alembic finds no difference between what migrations made and what the code declares."""
    Database.open(tmp_path).close()
    engine = create_engine(f"sqlite:///{tmp_path / 'control.sqlite3'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    """A database that is up to date is left alone."""
    Database.open(tmp_path).close()
    Database.open(tmp_path).close()


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """An older program does not touch what a newer one made."""
    Database.open(tmp_path).close()
    engine = create_engine(f"sqlite:///{tmp_path / 'control.sqlite3'}")
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = 'v9999'"))
    engine.dispose()
    with pytest.raises(ControlError, match="v9999"):
        Database.open(tmp_path)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """Damage is an error of one line, with what to do."""
    (tmp_path / "control.sqlite3").write_bytes(b"no database at all, but long enough" * 40)
    with pytest.raises(ControlError, match="not a usable control database"):
        Database.open(tmp_path)


def test_tokens_of_the_first_version_are_paid_for_and_free_of_rules(tmp_path: Path) -> None:
    """A database that an older program made is brought up to date with its tokens."""
    engine = create_engine(f"sqlite:///{tmp_path / 'control.sqlite3'}")
    config = Config()
    config.set_main_option("script_location", "weighbridge.control:migrations")
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "v0001")
        connection.execute(
            text(
                "insert into tokens (id, name, hint, sha256, labels, created_at_us) "
                "values ('tok_1', 'n', 'abcd', 'ff', '{}', 1)"
            )
        )
    engine.dispose()
    database = Database.open(tmp_path)
    (token,) = TokenService(database).all()
    database.close()
    assert (token.id, token.billing, token.required) == ("tok_1", "paid", [])
    assert (token.allowed, token.pinned, token.updated_at_us) == ({}, [], None)


def test_amounts_beyond_64_bits_come_back_whole(tmp_path: Path) -> None:
    """A billion dollars is more pico-dollars than SQLite's integers hold."""
    database = Database.open(tmp_path)
    amount = 10**9 * PICO_USD_PER_USD + 1
    with database.change(policy=True) as session:
        session.add(
            BudgetRow(
                id="bud_1",
                name="n",
                limit_pico_usd=amount,
                period="month",
                timezone="UTC",
                scope={},
                action="block",
                thresholds=[80],
                unpriced="allow",
                channels=[],
                hold="estimate",
                on_exhausted="finish",
                grace_percent=0,
                enabled=True,
                created_at_us=1,
            )
        )
    with database.read() as session:
        row = session.get(BudgetRow, "bud_1")
        assert row is not None
        assert row.limit_pico_usd == amount
    database.close()
