"""Brings definitions of budgets to other nodes, and theirs here: the newest of each is in force.

Each node keeps its own control database; the pot passes definitions on, with raises and removals.
How new one is says the clock of the node that changed it. Channels stay each node's own; others
know which budgets name some, and leave it to that node to tell of these.
Rules for future edits: what is removed stays removed, for the log of changes says so; taking the
same definition twice changes nothing. Counterparts: `budgets` makes changes, `pot_desk` calls.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Final, Protocol

import msgspec
from sqlalchemy import select

from weighbridge.budgets.record import BudgetRecord
from weighbridge.control.budgets import BudgetService
from weighbridge.control.database import Database
from weighbridge.control.tables import AuditRow

_REMOVED: Final = "budget.remove"


class Shared(msgspec.Struct, frozen=True):
    """A budget as nodes tell each other: since when it is so, and what; None = removed."""

    since_us: int
    record: BudgetRecord | None = None


class Definitions(Protocol):
    """What is needed of the pot."""

    async def definitions(self) -> dict[str, str]:
        """Budgets as nodes have told of them, by id."""
        ...

    async def define(self, budgets: Mapping[str, str]) -> None:
        """Tell of budgets."""
        ...

    async def name_channels(self, budgets: Collection[str]) -> None:
        """Tell which budgets name channels here."""
        ...


class BudgetSharing:
    """Definitions of one control database.

    Takes: `publish`, which brings what was taken into force.
    """

    def __init__(
        self, database: Database, budgets: BudgetService, publish: Callable[[], Awaitable[None]]
    ) -> None:
        self._database = database
        self._budgets = budgets
        self._publish = publish

    def __repr__(self) -> str:
        return f"<BudgetSharing of {self._database!r}>"

    async def exchange(self, store: Definitions) -> None:
        """Tell what is newer here, take what is newer there."""
        records = await asyncio.to_thread(self._budgets.all)
        mine = await asyncio.to_thread(self._mine, records)
        named = [record.budget.id for record in records if record.budget.channels]
        await store.name_channels(named)
        theirs = {
            budget: msgspec.json.decode(text, type=Shared)
            for budget, text in (await store.definitions()).items()
        }
        tell = {budget: one for budget, one in mine.items() if _is_news(one, theirs.get(budget))}
        take = {budget: one for budget, one in theirs.items() if _is_news(one, mine.get(budget))}
        if tell:
            texts = {budget: msgspec.json.encode(one).decode() for budget, one in tell.items()}
            await store.define(texts)
        if take:
            await asyncio.to_thread(self._take, take)
            await self._publish()

    def _mine(self, records: Iterable[BudgetRecord]) -> dict[str, Shared]:
        found = {record.budget.id: Shared(_since_us(record), _told(record)) for record in records}
        with self._database.read() as session:
            removals = select(AuditRow.subject, AuditRow.at_us).where(AuditRow.action == _REMOVED)
            for budget, at_us in session.execute(removals):
                found.setdefault(budget, Shared(at_us))
        return found

    def _take(self, theirs: Mapping[str, Shared]) -> None:
        for budget, shared in theirs.items():
            self._budgets.adopt(budget, shared.record)


def _since_us(record: BudgetRecord) -> int:
    changes = [one.withdrawn_at_us or one.created_at_us for one in record.raises]
    return max([record.updated_at_us or record.created_at_us, *changes])


def _told(record: BudgetRecord) -> BudgetRecord:
    replace = msgspec.structs.replace
    return replace(record, budget=replace(record.budget, channels=(), raises=()))


def _is_news(one: Shared, than: Shared | None) -> bool:
    if than is None:
        return True
    return one.since_us > than.since_us and (one.record, than.record) != (None, None)
