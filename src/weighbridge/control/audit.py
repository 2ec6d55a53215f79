"""The log of every change: written in the change's own transaction, read newest first.

Rules for future edits: `before` and `after` hold only fields that differ, and never a secret, a
hash or a password; entries are added and never changed; what changes another store (an import)
notes it when that is done. Counterpart: `admin/routes/audit`.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import AuditRow
from weighbridge.core.principal import Principal
from weighbridge.core.user import AuditEntry

Fields = Mapping[str, Any]


class Auditor:
    """Writes entries into the transaction that makes a change."""

    def __init__(self, mint: Mint) -> None:
        self._mint = mint

    def __repr__(self) -> str:
        return "<Auditor>"

    def note(
        self,
        session: Session,
        by: Principal,
        change: tuple[str, str],
        before: Fields | None = None,
        after: Fields | None = None,
    ) -> None:
        """One entry.

        Takes: `change`, the action and the id of what it was done to; fields before and after,
        of which those that are equal are left out.
        """
        action, subject = change
        old, new = _differences(before, after)
        row = AuditRow(
            at_us=self._mint.now_us(),
            actor_kind=by.kind,
            actor_id=by.id,
            actor_name=by.name,
            action=action,
            subject=subject,
            before=old,
            after=new,
        )
        session.add(row)


class AuditLog:
    """The entries of one control database."""

    def __init__(self, database: Database, mint: Mint | None = None) -> None:
        self._database = database
        self._auditor = Auditor(mint or Mint())

    def __repr__(self) -> str:
        return f"<AuditLog {self._database!r}>"

    def note(self, by: Principal, change: tuple[str, str], after: Fields) -> None:
        """An entry for what changed elsewhere than in the control database."""
        with self._database.change(policy=False) as session:
            self._auditor.note(session, by, change, after=after)

    def page(
        self,
        *,
        limit: int,
        before_id: int | None = None,
        subject: str | None = None,
        actor: str | None = None,
        search: str | None = None,
    ) -> list[AuditEntry]:
        """Entries newest first, those before an id where one is given.

        Takes: the id of what was changed; the id or name of who did it; of `search`, either of
        both or what was done.
        """
        query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(AuditRow.id < before_id)
        if subject is not None:
            query = query.where(AuditRow.subject == subject)
        if actor is not None:
            query = query.where(_is_by(actor))
        if search is not None:
            is_it = AuditRow.subject == search, AuditRow.action == search
            query = query.where(or_(*is_it, _is_by(search)))
        with self._database.read() as session:
            return [_entry(row) for row in session.scalars(query)]


def _is_by(actor: str) -> ColumnElement[bool]:
    """Whether a row is of whoever has this id, or is called so, whatever the case."""
    named = func.lower(AuditRow.actor_name) == actor.lower()
    # The operator has neither id nor name but what they are.
    return or_(AuditRow.actor_id == actor, named, AuditRow.actor_kind == actor)


def _differences(before: Fields | None, after: Fields | None) -> tuple[Any, Any]:
    if before is None or after is None:
        return before, after
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in changed}, {name: after.get(name) for name in changed}


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at_us=row.at_us,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        action=row.action,
        subject=row.subject,
        before=row.before,
        after=row.after,
    )
