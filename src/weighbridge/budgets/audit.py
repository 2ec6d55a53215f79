"""Whether what enforcement goes by is what the ledger has: one account, looked at from both.

Rules for future edits: pure. Calls go on while this is asked, so the lender is looked at before
the ledger and after: what is right lies between.
Counterparts: `control/budget_audit` asks both, `budgets/books` is what the lender knows.
"""

from typing import Final

import msgspec

from weighbridge.budgets.books import Line
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.windows import Window


class Borrower(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's part of an account, in pico-dollars; all but `held` since it began.

    `loaded` is what of the settled is in the ledger's sum as the lender has it.
    """

    worker: int
    granted: int
    returned: int
    settled: int
    loaded: int
    held: int

    @classmethod
    def of(cls, line: Line) -> "Borrower":
        """What the lender knows of it."""
        return cls(
            worker=line.holder.worker,
            granted=line.granted,
            returned=line.returned,
            settled=line.settled,
            loaded=line.credited,
            held=line.held,
        )

    @property
    def outstanding(self) -> int:
        """What it has beyond the ledger: lent, held, or settled on its way."""
        return max(self.granted - self.returned, self.settled + self.held) - self.loaded

    @property
    def free(self) -> int:
        """What it could give back."""
        return max(self.granted - self.returned - self.settled - self.held, 0)


class Lent(msgspec.Struct, frozen=True, kw_only=True):
    """An account as the lender has it: the ledger's sum that it goes by, and who has what."""

    in_ledger: int
    borrowers: tuple[Borrower, ...] = ()

    @property
    def on_the_way(self) -> int:
        """Settled, and not in the sum that the lender goes by."""
        return sum(one.settled - one.loaded for one in self.borrowers)

    @property
    def spent(self) -> int:
        """What it takes for spent."""
        return self.in_ledger + self.on_the_way


NOTHING: Final = Lent(in_ledger=0)


class AccountAudit(msgspec.Struct, frozen=True, kw_only=True):
    """One account: `rows` is the ledger's sum recomputed, over so many exchanges.

    `before` and `after` are what the lender had around that; None where nothing is lent, so that
    nothing can disagree.
    """

    budget: Budget
    value: str | None
    window: Window
    exchanges: int
    rows: int
    ceiling: int
    before: Lent | None
    after: Lent | None

    @property
    def consistent(self) -> bool:
        """Whether the lender's figures hold the ledger's between them."""
        if self.before is None or self.after is None:
            return True
        return self.before.in_ledger <= self.rows <= self.after.spent

    @property
    def lent(self) -> Lent:
        """As the lender has it now."""
        return self.after or NOTHING

    @property
    def beyond(self) -> int:
        """What surely is spent and outstanding beyond what calls are refused at.

        What is on its way may be in the ledger's sum already, and is not counted twice.
        """
        lent = self.lent
        outstanding = sum(one.outstanding for one in lent.borrowers) - lent.on_the_way
        return max(0, lent.in_ledger + outstanding - self.ceiling) if self.after else 0
