"""People whom an OpenID Connect provider vouches for, as rows of our own.

What the provider says of their role and scope is written with each sign-in; whom we disabled
stays out, whatever it says. Counterpart: `oidc` reads the claims.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.sessions import principal_of
from weighbridge.control.tables import UserRow
from weighbridge.control.user_checks import user_problems
from weighbridge.control.users import add_user, user_of
from weighbridge.core.user import NewUser, User, name_key
from weighbridge.errors import ClientError, NotAllowedError


class OidcPeople:
    """Arrivals by the provider, in one control database."""

    def __init__(self, database: Database, mint: Mint | None = None) -> None:
        self._database = database
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)

    def __repr__(self) -> str:
        return f"<OidcPeople {self._database!r}>"

    def arrive(self, subject: str, person: NewUser) -> User:
        """The person of a subject, made at their first arrival.

        Errors: `NotAllowedError` for who is disabled; `ClientError` for claims that are no person.
        """
        problems = user_problems(person)
        if problems:
            raise ClientError("the provider's claims make no person", problems=tuple(problems))
        with self._database.change(policy=False) as session:
            row = session.scalar(select(UserRow).where(UserRow.oidc_subject == subject))
            if row is None:
                wanted = NewUser(
                    name=_free_name(session, person.name, self._mint),
                    email=person.email,
                    role=person.role,
                    scope=person.scope,
                )
                row = add_user(session, self._mint, self._auditor, wanted, None)
                row.oidc_subject = subject
                return user_of(row)
            if row.disabled_at_us is not None:
                raise NotAllowedError("your account is disabled; ask an administrator")
            self._renew(session, row, person)
            return user_of(row)

    def _renew(self, session: Session, row: UserRow, person: NewUser) -> None:
        former = {"role": row.role, "scope": row.scope}
        scope = {name: list(values) for name, values in person.scope.items()}
        following = {"role": person.role.value, "scope": scope}
        if following != former:
            row.role, row.scope = person.role.value, scope
            row.updated_at_us = self._mint.now_us()
            change = ("user.update", row.id)
            self._auditor.note(session, principal_of(row), change, former, following)


def _free_name(session: Session, name: str, mint: Mint) -> str:
    """The name, or with something behind it where somebody else has it already."""
    taken = session.scalar(select(UserRow.id).where(UserRow.name_key == name_key(name)))
    return name if taken is None else f"{name[:100]} ({mint.identifier('')[-8:]})"
