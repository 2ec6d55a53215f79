"""Signed-in browsers: begun, recognised by the full hash of their secret, ended.

A session ends after a time without use and after a time in all; what its person may do is read
with every request, so a change of role, a disabling or a new password is in force at once.
Counterpart: `admin/cookies` carries the secret, `control/users` ends sessions of a person.
"""

from typing import Final

from sqlalchemy import delete, select

from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import SessionRow, UserRow
from weighbridge.core.credential import Role
from weighbridge.core.ids import SESSION_PREFIX, secret_hash
from weighbridge.core.principal import Principal

_HOUR_US: Final = 3_600_000_000
_SEEN_EVERY_US: Final = 60_000_000  # a write per request would be a write per request
# The first that fits names the browser; others claim to be it, so the order matters.
_AGENTS: Final = (
    ("Edg", "edge"),
    ("Firefox", "firefox"),
    ("Chrom", "chrome"),
    ("Safari", "safari"),
)


class SessionService:
    """Sessions of one control database."""

    def __init__(
        self, database: Database, *, idle_h: int, lifetime_h: int, mint: Mint | None = None
    ) -> None:
        self._database = database
        self._idle_us = idle_h * _HOUR_US
        self._lifetime_us = lifetime_h * _HOUR_US
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)

    def __repr__(self) -> str:
        return f"<SessionService {self._database!r}>"

    def begin(self, user_id: str, user_agent: str, former: str | None = None) -> str:
        """A new session's secret; the browser's former session, and all that ran out, are gone."""
        secret = self._mint.secret(SESSION_PREFIX)
        now = self._mint.now_us()
        with self._database.change(policy=False) as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at_us <= now))
            if former is not None:
                session.execute(delete(SessionRow).where(SessionRow.sha256 == secret_hash(former)))
            user = session.get_one(UserRow, user_id)
            user.signed_in_at_us = now
            session.add(
                SessionRow(
                    sha256=secret_hash(secret),
                    user_id=user_id,
                    agent=_agent(user_agent),
                    created_at_us=now,
                    seen_at_us=now,
                    expires_at_us=now + self._lifetime_us,
                )
            )
            self._auditor.note(session, principal_of(user), ("session.begin", user.id))
        return secret

    def find(self, secret: str) -> Principal | None:
        """Whose session a secret is, where it is in force."""
        now = self._mint.now_us()
        with self._database.read() as session:
            found = session.execute(
                select(SessionRow, UserRow)
                .join(UserRow, UserRow.id == SessionRow.user_id)
                .where(SessionRow.sha256 == secret_hash(secret))
            ).one_or_none()
        if found is None:
            return None
        row, user = found
        ran_out = now >= min(row.expires_at_us, row.seen_at_us + self._idle_us)
        if ran_out or user.disabled_at_us is not None:
            return None
        if now - row.seen_at_us >= _SEEN_EVERY_US:
            self._see(row.sha256, now)
        return principal_of(user)

    def end(self, secret: str) -> None:
        """Sign a browser out; an unknown secret is no error."""
        with self._database.change(policy=False) as session:
            row = session.get(SessionRow, secret_hash(secret))
            if row is not None:
                user = session.get_one(UserRow, row.user_id)
                session.delete(row)
                self._auditor.note(session, principal_of(user), ("session.end", user.id))

    def _see(self, sha256: str, now: int) -> None:
        with self._database.change(policy=False) as session:
            row = session.get(SessionRow, sha256)
            if row is not None:
                row.seen_at_us = now


def principal_of(user: UserRow) -> Principal:
    """A person as a caller."""
    scope = {name: tuple(values) for name, values in user.scope.items()}
    return Principal(kind="user", id=user.id, name=user.name, role=Role(user.role), scope=scope)


def _agent(user_agent: str) -> str:
    return next((name for word, name in _AGENTS if word in user_agent), "other")
