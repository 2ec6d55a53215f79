"""Sessions: begun, found, and ended by time, by sign-out and by what becomes of their person."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from weighbridge.control.audit import AuditLog
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.sessions import SessionService
from weighbridge.control.tables import SessionRow, UserRow
from weighbridge.core.ids import secret_hash

HOUR_US = 3_600_000_000


@dataclass
class Clock:
    now_us: int = 1_000_000_000_000

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path)
    with opened.change(policy=False) as session:
        session.add(
            UserRow(
                id="usr_1",
                name="Ada",
                name_key="ada",
                role="viewer",
                scope={"department": ["care"]},
                created_at_us=1,
            )
        )
    yield opened
    opened.close()


@pytest.fixture
def sessions(database: Database, clock: Clock) -> SessionService:
    return SessionService(database, idle_h=2, lifetime_h=5, mint=Mint(now_us=clock))


def test_a_session_is_found_by_its_whole_secret(sessions: SessionService) -> None:
    """It says who the person is, and what they may see."""
    secret = sessions.begin("usr_1", "Mozilla/5.0 … Firefox/140.0")
    found = sessions.find(secret)
    assert found is not None
    assert (found.kind, found.id, found.role) == ("user", "usr_1", "viewer")
    assert found.scope == {"department": ("care",)}
    assert sessions.find(secret[:-1]) is None
    assert sessions.find(secret_hash(secret)) is None


def test_only_a_hash_and_the_kind_of_browser_are_kept(
    sessions: SessionService, database: Database
) -> None:
    """P5: who reads the database can neither use a session nor tell a machine by it."""
    secret = sessions.begin("usr_1", "Mozilla/5.0 (X11; Secret OS) Chrome/150 Safari/1 Edg/150")
    with database.read() as session:
        row = session.get_one(SessionRow, secret_hash(secret))
    assert row.agent == "edge"


def test_it_ends_when_nobody_uses_it(sessions: SessionService, clock: Clock) -> None:
    """Use puts the end off, up to the session's whole life."""
    secret = sessions.begin("usr_1", "")
    for _ in range(4):
        clock.now_us += HOUR_US
        assert sessions.find(secret) is not None
    clock.now_us += HOUR_US
    assert sessions.find(secret) is None
    unused = sessions.begin("usr_1", "")
    clock.now_us += 2 * HOUR_US
    assert sessions.find(unused) is None


def test_signing_in_again_ends_the_browsers_former_session(sessions: SessionService) -> None:
    """A secret that was planted before the sign-in is worth nothing after it."""
    former = sessions.begin("usr_1", "")
    other = sessions.begin("usr_1", "")
    following = sessions.begin("usr_1", "", former)
    assert sessions.find(former) is None
    assert sessions.find(other) is not None
    assert sessions.find(following) is not None


def test_signing_out_ends_it_and_is_written_down(
    sessions: SessionService, database: Database
) -> None:
    """Signing out twice, or with a secret that is none, changes nothing."""
    secret = sessions.begin("usr_1", "")
    sessions.end(secret)
    sessions.end(secret)
    sessions.end("wbs_none")
    assert sessions.find(secret) is None
    actions = [entry.action for entry in AuditLog(database).page(limit=10)]
    assert actions == ["session.end", "session.begin"]


def test_a_person_who_is_disabled_has_no_session(
    sessions: SessionService, database: Database
) -> None:
    """It is looked up with every request, so there is nothing to wait for."""
    secret = sessions.begin("usr_1", "")
    with database.change(policy=False) as session:
        session.get_one(UserRow, "usr_1").disabled_at_us = 5
    assert sessions.find(secret) is None
