"""Holders of leased money who are surely dead, while their rows are on the way into the ledger.

Hides when the last row of a dead worker is counted: its process is gone, the files it left have
been recovered, and every segment that was there then is loaded. What it held may be lent again
only after that, or a budget would be spent twice.

Rules for future edits: used on the event loop alone, and files are asked in threads; nobody is
buried here, the hub does that to everyone at once.
Counterparts: `lease_hub` asks and buries, `life` knows who is dead, `ledger_keeper` recovers.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

from weighbridge.budgets.lease import Holder
from weighbridge.control import life

# A round of recovery may have begun before the death was seen: what is found after two is all.
_RECOVERIES: Final = 2


class Journals(Protocol):
    """What is to be known of the way of rows into the ledger."""

    @property
    def recoveries(self) -> int:
        """How many times the files of the dead were looked through without a fault."""
        ...

    def recover_soon(self) -> None:
        """Look through the files of the dead at once."""
        ...

    def unloaded(self) -> set[str]:
        """Names of segments whose rows are not in the ledger."""
        ...


class DeadHolders:
    """Each from when its death is seen until it is forgotten."""

    def __init__(self, run: Path, journals: Journals) -> None:
        self._run = run
        self._journals = journals
        self._dying: dict[Holder, _Dying] = {}

    def __repr__(self) -> str:
        return f"<DeadHolders {len(self._dying)} dying>"

    def __len__(self) -> int:
        """How many have rows that may not be in the ledger."""
        return len(self._dying)

    async def over(
        self, absent: Iterable[Holder], recoveries: int, unloaded: set[str]
    ) -> list[Holder]:
        """Holders whose every row is loaded, of those absent who are surely dead.

        Takes: how many recoveries there had been, and then what was not loaded, as of before
        the ledger is asked.
        """
        over = []
        for holder in absent:
            dying = self._dying.get(holder)
            if dying is None and await asyncio.to_thread(life.is_dead, self._run, holder):
                dying = self._dying[holder] = _Dying(recoveries)
            if dying is not None and dying.is_over(recoveries, unloaded):
                over.append(holder)
            elif dying is not None and dying.awaited is None:
                self._journals.recover_soon()
        return over

    def forget(self, holder: Holder) -> None:
        """It is buried: nothing is kept of it."""
        del self._dying[holder]
        life.forget(self._run, holder)


class _Dying:
    """A dead holder whose rows are on their way into the ledger."""

    def __init__(self, recoveries: int) -> None:
        self.since = recoveries
        self.awaited: set[str] | None = None

    def is_over(self, recoveries: int, unloaded: set[str]) -> bool:
        """Whether every segment that it left is loaded."""
        if self.awaited is None:
            if recoveries < self.since + _RECOVERIES:
                return False
            self.awaited = set(unloaded)
        self.awaited &= unloaded
        return not self.awaited
