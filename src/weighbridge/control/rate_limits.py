"""Rate limits: made, changed, removed, and handed to workers.

A name is for people and need not be unique. Rules for future edits: every change is one
transaction with its entry in the log.
Counterparts: `budgets/reading` has checked what is asked for, `permit_desk` fills the buckets,
`admin/routes/rate_limits` calls this.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from weighbridge.budgets.rate_limit import ID_PREFIX, NewRateLimit, RateLimit, as_mapping
from weighbridge.budgets.record import RateLimitRecord
from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import RateLimitRow
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import NotFoundError

_DEFINITION = NewRateLimit.__struct_fields__


class RateLimitService:
    """Rate limits of one control database."""

    def __init__(self, database: Database, mint: Mint | None = None) -> None:
        self._database = database
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)

    def __repr__(self) -> str:
        return f"<RateLimitService {self._database!r}>"

    def create(self, wanted: NewRateLimit, by: Principal = OPERATOR) -> RateLimitRecord:
        """A rate limit, with full buckets."""
        made_us = self._mint.now_us()
        identifier = self._mint.identifier(ID_PREFIX)
        row = RateLimitRow(id=identifier, created_at_us=made_us, **_stored(wanted))
        with self._database.change(policy=True) as session:
            session.add(row)
            self._auditor.note(session, by, ("rate_limit.create", row.id), after=_told(row))
        return _record(row)

    def all(self) -> list[RateLimitRecord]:
        """All rate limits, newest first."""
        with self._database.read() as session:
            rows = session.scalars(select(RateLimitRow).order_by(RateLimitRow.id.desc()))
            return [_record(row) for row in rows]

    def get(self, limit_id: str) -> RateLimitRecord:
        """One rate limit.

        Errors: `NotFoundError`.
        """
        with self._database.read() as session:
            return _record(_found(session, limit_id))

    def update(
        self,
        limit_id: str,
        revise: Callable[[RateLimit], NewRateLimit],
        by: Principal = OPERATOR,
    ) -> RateLimitRecord:
        """Change a rate limit; its id stays, and so do its buckets as far as they fit.

        Takes: `revise`, which makes the new definition out of the limit as it is.
        Errors: `NotFoundError`, and those of `revise`.
        """
        with self._database.change(policy=True) as session:
            row = _found(session, limit_id)
            before = _told(row)
            values = _stored(revise(_record(row).limit))
            changed = [name for name, value in values.items() if getattr(row, name) != value]
            for name in changed:
                setattr(row, name, values[name])
            if changed:
                row.updated_at_us = self._mint.now_us()
                change = ("rate_limit.update", row.id)
                self._auditor.note(session, by, change, before, _told(row))
            return _record(row)

    def remove(self, limit_id: str, by: Principal = OPERATOR) -> RateLimitRecord:
        """Take a rate limit away for good; gives what it was.

        Errors: `NotFoundError`.
        """
        with self._database.change(policy=True) as session:
            row = _found(session, limit_id)
            last = _record(row)
            session.delete(row)
            self._auditor.note(session, by, ("rate_limit.remove", row.id), before=_told(row))
            return last

    def policy(self) -> tuple[RateLimit, ...]:
        """Every rate limit as workers know it, by the order of their making."""
        return tuple(record.limit for record in reversed(self.all()))


def _found(session: Session, limit_id: str) -> RateLimitRow:
    row = session.get(RateLimitRow, limit_id)
    if row is None:
        raise NotFoundError(f"no rate limit has the id {limit_id[:60]!r}; see `limit list`")
    return row


def _stored(wanted: NewRateLimit) -> dict[str, Any]:
    values = {name: getattr(wanted, name) for name in _DEFINITION}
    return {**values, "scope": {name: list(each) for name, each in wanted.scope.items()}}


def _record(row: RateLimitRow) -> RateLimitRecord:
    values = {name: getattr(row, name) for name in _DEFINITION}
    values["scope"] = {name: tuple(each) for name, each in row.scope.items()}
    return RateLimitRecord(
        limit=RateLimit(id=row.id, **values),
        created_at_us=row.created_at_us,
        updated_at_us=row.updated_at_us,
    )


def _told(row: RateLimitRow) -> dict[str, Any]:
    """A definition for the log of changes."""
    told = as_mapping(_record(row).limit)
    return {name: value for name, value in told.items() if name != "id"}
