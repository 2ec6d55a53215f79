"""People who sign in: made, changed, disabled, and recognised by name and password.

Rules for future edits: whoever loses something (disabled, another password) loses their sessions
in the same transaction; a check takes as long for a name that is unknown as for a wrong password.
Counterparts: `links` lets people set their password, `admin/routes/users` and the command line
call this, `admin/signin` signs in.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.passwords import Passwords, password_problems
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import LinkRow, SessionRow, UserRow
from weighbridge.control.user_checks import user_problems
from weighbridge.core.credential import Role
from weighbridge.core.ids import secret_hash
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.core.user import NewUser, User, name_key
from weighbridge.errors import ClientError, ConflictError, NotFoundError, Problem


class UserService:
    """People of one control database."""

    def __init__(self, database: Database, passwords: Passwords, mint: Mint | None = None) -> None:
        self._database = database
        self._passwords = passwords
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)

    def __repr__(self) -> str:
        return f"<UserService {self._database!r}>"

    def create(self, new: NewUser, by: Principal = OPERATOR) -> User:
        """A person, who cannot sign in yet: a one-time link lets them set a password.

        Errors: `ClientError` with every problem; `ConflictError` where the name is taken.
        """
        problems = user_problems(new)
        if problems:
            raise ClientError("the person cannot be added as asked", problems=tuple(problems))
        try:
            with self._database.change(policy=False) as session:
                return user_of(add_user(session, self._mint, self._auditor, new, by))
        except IntegrityError:
            raise _name_is_taken(new.name) from None

    def all(self) -> list[User]:
        """Everybody, also who is disabled, newest first."""
        with self._database.read() as session:
            rows = session.scalars(select(UserRow).order_by(UserRow.id.desc()))
            return [user_of(row) for row in rows]

    def get(self, user_id: str) -> User:
        """One person.

        Errors: `NotFoundError`.
        """
        with self._database.read() as session:
            return user_of(found_user(session, user_id))

    def update(self, user_id: str, changes: Mapping[str, Any], by: Principal = OPERATOR) -> User:
        """Change who somebody is or what they may do; it is in force with their next request.

        Takes: new values by name, of `NewUser`, and `disabled`; what is not named stays.
        Errors: `NotFoundError`; `ClientError`; `ConflictError`.
        """
        wanted = dict(changes)
        disabled = wanted.pop("disabled", None)
        try:
            with self._database.change(policy=False) as session:
                row = found_user(session, user_id)
                former = _fields(row)
                after = msgspec.structs.replace(_wish(row), **wanted)
                problems = user_problems(after)
                if disabled and by.id == user_id:
                    problems.append(Problem("disabled", "nobody disables themselves"))
                if problems:
                    message = "the person cannot be changed as asked"
                    raise ClientError(message, problems=tuple(problems))
                _write(row, after)
                if disabled is not None:
                    row.disabled_at_us = self._mint.now_us() if disabled else None
                if disabled:
                    end_all(session, row.id)
                if _fields(row) != former:
                    row.updated_at_us = self._mint.now_us()
                    change = ("user.update", row.id)
                    self._auditor.note(session, by, change, former, _fields(row))
                return user_of(row)
        except IntegrityError:
            raise _name_is_taken(str(wanted.get("name"))) from None

    def check(self, name: str, password: str) -> User | None:
        """Who signs in by this name and password, or None, whatever is wrong with them."""
        with self._database.read() as session:
            row = session.scalar(select(UserRow).where(UserRow.name_key == name_key(name)))
            stored = row.password if row is not None else None
        fits = self._passwords.matches(password, stored)
        if row is None or not fits or row.disabled_at_us is not None:
            return None
        return user_of(row)

    def change_password(
        self, by: Principal, current: str, wanted: str, session_secret: str | None = None
    ) -> None:
        """Another password for whoever knows the present one; their other sessions end.

        Takes: the secret of the session that goes on.
        Errors: `ClientError`; `ConflictError` for who has no password.
        """
        with self._database.read() as session:
            row = session.get(UserRow, by.id) if by.kind == "user" else None
            stored = row.password if row is not None else None
        if stored is None:
            raise ConflictError(
                f"{by.name} signs in without a password, so there is none to change"
            )
        problems = password_problems(wanted, by.name)
        if not self._passwords.matches(current, stored):
            problems.append(Problem("current", "is not the password that you sign in with"))
        elif self._passwords.matches(wanted, stored):
            problems.append(Problem("password", "is the one that you have already"))
        if problems:
            raise ClientError("the password cannot be changed as asked", problems=tuple(problems))
        fresh = self._passwords.hash(wanted)
        with self._database.change(policy=False) as session:
            user = found_user(session, by.id)
            user.password = fresh
            end_all(session, user.id, but=session_secret)
            self._auditor.note(session, by, ("user.password", user.id))


def add_user(
    session: Session, mint: Mint, auditor: Auditor, new: NewUser, by: Principal | None
) -> UserRow:
    """A person's row in the making; who makes themselves (`by` None) is their own witness."""
    row = UserRow(id=mint.identifier("usr_"), created_at_us=mint.now_us())
    _write(row, new)
    session.add(row)
    session.flush()
    own = Principal(kind="user", id=row.id, name=row.name, role=new.role)
    auditor.note(session, by or own, ("user.create", row.id), after=_fields(row))
    return row


def found_user(session: Session, user_id: str) -> UserRow:
    """A person's row.

    Errors: `NotFoundError`.
    """
    row = session.get(UserRow, user_id)
    if row is None:
        raise NotFoundError(f"nobody has the id {user_id[:60]!r}; see `user list`")
    return row


def end_all(session: Session, user_id: str, but: str | None = None) -> None:
    """End every session of a person but that of a secret, and every link that was not used."""
    kept = secret_hash(but) if but is not None else ""
    ended = SessionRow.user_id == user_id, SessionRow.sha256 != kept
    session.execute(delete(SessionRow).where(*ended))
    session.execute(delete(LinkRow).where(LinkRow.user_id == user_id, LinkRow.used_at_us.is_(None)))


def user_of(row: UserRow) -> User:
    """A person as they may be shown."""
    return User(
        id=row.id,
        name=row.name,
        email=row.email,
        role=Role(row.role),
        scope={name: tuple(values) for name, values in row.scope.items()},
        has_password=row.password is not None,
        has_oidc=row.oidc_subject is not None,
        created_at_us=row.created_at_us,
        updated_at_us=row.updated_at_us,
        signed_in_at_us=row.signed_in_at_us,
        disabled_at_us=row.disabled_at_us,
    )


def _wish(row: UserRow) -> NewUser:
    scope = {name: tuple(values) for name, values in row.scope.items()}
    return NewUser(name=row.name, email=row.email, role=Role(row.role), scope=scope)


def _write(row: UserRow, wanted: NewUser) -> None:
    row.name, row.name_key = wanted.name.strip(), name_key(wanted.name)
    row.email, row.role = wanted.email, wanted.role.value
    row.scope = {name: list(dict.fromkeys(values)) for name, values in wanted.scope.items()}


def _fields(row: UserRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "email": row.email,
        "role": row.role,
        "scope": row.scope,
        "disabled": row.disabled_at_us is not None,
    }


def _name_is_taken(name: str) -> ConflictError:
    return ConflictError(f"somebody signs in as {name[:60]!r} already; choose another name")
