"""One-time links: who follows one chooses a password, and the link is worth nothing any more.

Looking at a link does not use it up, since mail scanners look; setting the password does. A new
link for somebody ends their earlier ones. The first administrator's link belongs to nobody and
holds as long as there is nobody. Stored by hash, like every secret.
Counterpart: `admin/signin` shows the page, `users` the people.
"""

from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.passwords import Passwords, password_problems
from weighbridge.control.secrets import Mint
from weighbridge.control.sessions import principal_of
from weighbridge.control.tables import KeyRow, LinkRow, UserRow
from weighbridge.control.user_checks import user_problems
from weighbridge.control.users import add_user, end_all, found_user, user_of
from weighbridge.core.credential import Role
from weighbridge.core.ids import LINK_PREFIX, secret_hash
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.core.user import NewUser, OneTimeLink, User
from weighbridge.errors import ClientError, ConflictError, NotFoundError

_DAY_US: Final = 86_400_000_000
LIFETIME_US: Final = 3 * _DAY_US
SETUP_LIFETIME_US: Final = _DAY_US


class LinkService:
    """One-time links of one control database."""

    def __init__(self, database: Database, passwords: Passwords, mint: Mint | None = None) -> None:
        self._database = database
        self._passwords = passwords
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)

    def __repr__(self) -> str:
        return f"<LinkService {self._database!r}>"

    def make(self, user_id: str, by: Principal = OPERATOR) -> tuple[OneTimeLink, str]:
        """A link for somebody to set a password, and its secret.

        Errors: `NotFoundError`; `ConflictError` for who is disabled.
        """
        with self._database.change(policy=False) as session:
            user = found_user(session, user_id)
            if user.disabled_at_us is not None:
                raise ConflictError(f"{user.name} is disabled; enable them first")
            self._auditor.note(session, by, ("user.link", user.id))
            return self._add(session, user, LIFETIME_US)

    def make_first(self) -> tuple[OneTimeLink, str] | None:
        """The first administrator's link, or None where somebody or an admin key is there."""
        with self._database.change(policy=False) as session:
            if _count(session, UserRow) or _count(session, KeyRow):
                return None
            return self._add(session, None, SETUP_LIFETIME_US)

    def find(self, secret: str) -> OneTimeLink | None:
        """The link that a secret belongs to, while it can be used."""
        with self._database.read() as session:
            row = self._usable(session, secret)
            if row is None:
                return None
            user = session.get(UserRow, row.user_id) if row.user_id else None
            return _link(row, user)

    def accept(self, secret: str, password: str, name: str | None = None) -> User:
        """Set the password that somebody chose; the first administrator also says their name.

        Every session of theirs ends.
        Errors: `NotFoundError` for a link that is used or has run out; `ClientError`.
        """
        link = self.find(secret)
        if link is None:
            raise NotFoundError("this link was used or has run out; ask for a new one")
        new = NewUser(name=link.user.name if link.user else name or "", role=Role.ADMIN)
        problems = password_problems(password, new.name)
        problems += user_problems(new) if link.user is None else []
        if problems:
            raise ClientError("this cannot be set as asked", problems=tuple(problems))
        stored = self._passwords.hash(password)
        try:
            with self._database.change(policy=False) as session:
                return user_of(self._use(session, secret, new, stored))
        except IntegrityError:
            raise ConflictError("somebody of that name is there already") from None

    def _use(self, session: Session, secret: str, new: NewUser, stored: str) -> UserRow:
        row = self._usable(session, secret)
        if row is None:
            raise NotFoundError("this link was used or has run out; ask for a new one")
        row.used_at_us = self._mint.now_us()
        if row.user_id is None:
            user = add_user(session, self._mint, self._auditor, new, None)
            row.user_id = user.id
            used = {"name": user.name, "link": row.id}
            self._auditor.note(session, principal_of(user), ("setup_link.use", user.id), after=used)
        else:
            user = found_user(session, row.user_id)
            end_all(session, user.id)
        user.password = stored
        self._auditor.note(session, principal_of(user), ("user.password", user.id))
        return user

    def _usable(self, session: Session, secret: str) -> LinkRow | None:
        row = session.scalar(select(LinkRow).where(LinkRow.sha256 == secret_hash(secret)))
        if row is None or row.used_at_us is not None or row.expires_at_us <= self._mint.now_us():
            return None
        return None if row.user_id is None and _count(session, UserRow) else row

    def _add(
        self, session: Session, user: UserRow | None, lifetime_us: int
    ) -> tuple[OneTimeLink, str]:
        owner = LinkRow.user_id.is_(None) if user is None else LinkRow.user_id == user.id
        session.execute(delete(LinkRow).where(owner, LinkRow.used_at_us.is_(None)))
        secret = self._mint.secret(LINK_PREFIX)
        now = self._mint.now_us()
        row = LinkRow(
            id=self._mint.identifier("lnk_"),
            sha256=secret_hash(secret),
            user_id=user.id if user else None,
            created_at_us=now,
            expires_at_us=now + lifetime_us,
        )
        session.add(row)
        return _link(row, user), secret


def _count(session: Session, table: type[UserRow] | type[KeyRow]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _link(row: LinkRow, user: UserRow | None) -> OneTimeLink:
    known = user_of(user) if user is not None else None
    return OneTimeLink(id=row.id, user=known, expires_at_us=row.expires_at_us)
