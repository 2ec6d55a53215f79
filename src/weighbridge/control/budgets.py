"""Budgets: made, changed, removed, raised for a while, and handed to workers.

A name is for people and need not be unique. What a budget has spent is never kept: it is the
ledger's sum. Rules for future edits: every change is one transaction with its entry in the log;
a raise that has ended or was withdrawn stays on record.
Counterpart: `budgets/reading` has checked what is asked for, `admin/routes/budgets` calls this.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from weighbridge.budgets.budget import Budget, NewBudget, Raise, as_mapping, usd_text
from weighbridge.budgets.record import BudgetRecord, RaiseRecord
from weighbridge.control.alerting.channel_naming import ChannelNaming
from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import BudgetRow, RaiseRow
from weighbridge.core.clock import InstantFormatter
from weighbridge.core.credential import Role
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import ConflictError, NotFoundError

_DEFINITION = NewBudget.__struct_fields__
_TUPLES = ("thresholds", "channels")


class BudgetService:
    """Budgets of one control database."""

    def __init__(
        self, database: Database, mint: Mint | None = None, naming: ChannelNaming | None = None
    ) -> None:
        self._database = database
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)
        self._naming = naming or ChannelNaming()

    def __repr__(self) -> str:
        return f"<BudgetService {self._database!r}>"

    def create(self, wanted: NewBudget, by: Principal = OPERATOR) -> BudgetRecord:
        """A budget, in force for calls that begin from now on and for what is spent already.

        An address among its channels becomes a channel, which it then names.
        Errors: `ClientError` where it names a channel that is not there; those of `ChannelNaming`.
        """
        identifier, now_us = self._mint.identifier("bud_"), self._mint.now_us()
        with self._database.change(policy=True) as session:
            wanted = replace(wanted, channels=self._naming.names(session, wanted.channels, by))
            row = BudgetRow(id=identifier, created_at_us=now_us, **_stored(wanted))
            session.add(row)
            self._auditor.note(session, by, ("budget.create", row.id), after=_told(_budget(row)))
        return _record(row, [])

    def all(self) -> list[BudgetRecord]:
        """All budgets, newest first."""
        with self._database.read() as session:
            rows = session.scalars(select(BudgetRow).order_by(BudgetRow.id.desc())).all()
            raises = session.scalars(select(RaiseRow).order_by(RaiseRow.id.desc())).all()
        return [_record(row, [one for one in raises if one.budget_id == row.id]) for row in rows]

    def get(self, budget_id: str) -> BudgetRecord:
        """One budget.

        Errors: `NotFoundError`.
        """
        with self._database.read() as session:
            return _whole(session, _found(session, budget_id))

    def update(
        self, budget_id: str, revise: Callable[[Budget], NewBudget], by: Principal = OPERATOR
    ) -> BudgetRecord:
        """Change a budget's definition; its id and its raises stay.

        Takes: `revise`, which makes the new definition out of the budget as it is.
        Gives: the budget, whose `updated_at_us` moves only where something changed.
        Errors: `NotFoundError`, those of `revise`, and those of `ChannelNaming` for channels that
        it newly names; one that was removed since stays named.
        """
        with self._database.change(policy=True) as session:
            row = _found(session, budget_id)
            before = _whole(session, row).budget
            wanted = revise(before)
            channels = self._naming.names(session, wanted.channels, by, before.channels)
            values = _stored(replace(wanted, channels=channels))
            changed = [name for name, value in values.items() if getattr(row, name) != value]
            for name in changed:
                setattr(row, name, values[name])
            if changed:
                row.updated_at_us = self._mint.now_us()
                change = ("budget.update", row.id)
                self._auditor.note(session, by, change, _told(before), _told(_budget(row)))
            return _whole(session, row)

    def remove(self, budget_id: str, by: Principal = OPERATOR) -> BudgetRecord:
        """Take a budget away for good; gives what it was.

        Errors: `NotFoundError`.
        """
        with self._database.change(policy=True) as session:
            row = _found(session, budget_id)
            last = _whole(session, row)
            session.delete(row)
            self._auditor.note(session, by, ("budget.remove", row.id), before=_told(last.budget))
            return last

    def adopt(self, budget_id: str, record: BudgetRecord | None) -> None:
        """Take a budget as another node has it, raises included, or its removal (None).

        Channels are not another node's to name, and stay as they are.
        """
        by = Principal(kind="operator", id="", name="another node", role=Role.ADMIN)
        with self._database.change(policy=True) as session:
            row = session.get(BudgetRow, budget_id)
            before = None if row is None else _told(_budget(row))
            if record is None:
                if row is not None:
                    session.delete(row)
                self._auditor.note(session, by, ("budget.remove", budget_id), before=before)
                return
            values = _stored(record.budget) | {"channels": [] if row is None else row.channels}
            if row is None:
                row = BudgetRow(id=budget_id, created_at_us=record.created_at_us, **values)
                session.add(row)
            for name, value in values.items():
                setattr(row, name, value)
            row.updated_at_us = record.updated_at_us
            session.flush()
            for one in record.raises:
                fields = {name: getattr(one, name) for name in RaiseRecord.__struct_fields__}
                session.merge(RaiseRow(budget_id=budget_id, **fields))
            change = ("budget.create" if before is None else "budget.update", budget_id)
            self._auditor.note(session, by, change, before=before, after=_told(_budget(row)))

    def give_raise(
        self,
        budget_id: str,
        wanted: tuple[int, int, str | None],
        by: Principal = OPERATOR,
    ) -> RaiseRecord:
        """More room for a while, in the author's name.

        Takes: the amount in pico-dollars, until when in microseconds since the epoch, and why.
        Errors: `NotFoundError`.
        """
        amount_pico_usd, until_us, reason = wanted
        with self._database.change(policy=True) as session:
            budget = _found(session, budget_id)
            row = RaiseRow(
                id=self._mint.identifier("rse_"),
                budget_id=budget.id,
                amount_pico_usd=amount_pico_usd,
                until_us=until_us,
                reason=reason,
                author_kind=by.kind,
                author_id=by.id,
                author_name=by.name,
                created_at_us=self._mint.now_us(),
            )
            session.add(row)
            self._auditor.note(session, by, ("budget.raise", budget.id), after=_told_raise(row))
            return _raise_record(row)

    def withdraw_raise(
        self, budget_id: str, raise_id: str, by: Principal = OPERATOR
    ) -> RaiseRecord:
        """End a raise before its time.

        Errors: `NotFoundError`; `ConflictError` where it has ended already.
        """
        with self._database.change(policy=True) as session:
            _found(session, budget_id)
            row = session.get(RaiseRow, raise_id)
            if row is None or row.budget_id != budget_id:
                told = f"the budget {budget_id} has no raise {raise_id[:60]!r}; see `budget show`"
                raise NotFoundError(told)
            now_us = self._mint.now_us()
            if not _raise_record(row).in_force(now_us):
                raise ConflictError(f"{row.id} has ended already")
            row.withdrawn_at_us = now_us
            change = ("budget.withdraw", budget_id)
            self._auditor.note(session, by, change, before=_told_raise(row))
            return _raise_record(row)

    def policy(self) -> tuple[Budget, ...]:
        """Every budget as workers know it, by the order of their making."""
        return tuple(record.budget for record in reversed(self.all()))


def _found(session: Session, budget_id: str) -> BudgetRow:
    row = session.get(BudgetRow, budget_id)
    if row is None:
        raise NotFoundError(f"no budget has the id {budget_id[:60]!r}; see `budget list`")
    return row


def _whole(session: Session, row: BudgetRow) -> BudgetRecord:
    raises = select(RaiseRow).where(RaiseRow.budget_id == row.id).order_by(RaiseRow.id.desc())
    return _record(row, list(session.scalars(raises)))


def _stored(wanted: NewBudget) -> dict[str, Any]:
    """A definition's columns, in the form in which they are stored."""
    values = {name: getattr(wanted, name) for name in _DEFINITION}
    scope = {name: list(each) for name, each in wanted.scope.items()}
    return {**values, "scope": scope} | {name: list(values[name]) for name in _TUPLES}


def _budget(row: BudgetRow, raises: tuple[Raise, ...] = ()) -> Budget:
    values = {name: getattr(row, name) for name in _DEFINITION}
    values |= {name: tuple(values[name]) for name in _TUPLES}
    values["scope"] = {name: tuple(each) for name, each in row.scope.items()}
    return Budget(id=row.id, raises=raises, **values)


def _record(row: BudgetRow, raises: list[RaiseRow]) -> BudgetRecord:
    standing = tuple(
        Raise(
            id=one.id,
            amount_pico_usd=one.amount_pico_usd,
            until_us=one.until_us,
            author=one.author_name,
            reason=one.reason,
        )
        for one in reversed(raises)
        if one.withdrawn_at_us is None
    )
    return BudgetRecord(
        budget=_budget(row, standing),
        created_at_us=row.created_at_us,
        updated_at_us=row.updated_at_us,
        raises=tuple(_raise_record(one) for one in raises),
    )


def _raise_record(row: RaiseRow) -> RaiseRecord:
    return RaiseRecord(**{name: getattr(row, name) for name in RaiseRecord.__struct_fields__})


def _told(budget: Budget) -> dict[str, Any]:
    """A definition for the log of changes."""
    told = as_mapping(budget)
    return {name: value for name, value in told.items() if name not in {"id", "raises"}}


def _told_raise(row: RaiseRow) -> dict[str, Any]:
    until = InstantFormatter().text(row.until_us)
    return {
        "raise": row.id,
        "amount_usd": usd_text(row.amount_pico_usd),
        "until": until,
        "reason": row.reason,
    }
