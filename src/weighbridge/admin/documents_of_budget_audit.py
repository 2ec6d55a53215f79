"""The API's document about a budget's audit. Amounts are US dollars, decimals as text."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from weighbridge.budgets.audit import AccountAudit, Borrower
from weighbridge.budgets.budget import Budget, usd_text
from weighbridge.core.clock import from_unix_us, from_unix_us_if_any


class WorkerPart(BaseModel):
    """What one worker has of an account, since it began."""

    worker: int = Field(description="Its number.")
    granted: str = Field(description="Lent to it in all.")
    returned: str = Field(description="Given back in all.")
    settled: str = Field(description="What its finished calls came to.")
    loaded: str = Field(description="The part of that which is in the ledger.")
    held: str = Field(description="Set aside by its calls under way.")
    free: str = Field(description="What it could give back.")

    @classmethod
    def of(cls, one: Borrower) -> Self:
        """The document of a worker's part."""
        return cls(
            worker=one.worker,
            granted=usd_text(one.granted),
            returned=usd_text(one.returned),
            settled=usd_text(one.settled),
            loaded=usd_text(one.loaded),
            held=usd_text(one.held),
            free=usd_text(one.free),
        )


class AuditedAccount(BaseModel):
    """One account: the ledger's sum recomputed, beside what enforcement goes by."""

    value: str | None = Field(description="The value of `per`; null where it is not split.")
    exchanges: int = Field(description="How many rows count.")
    spent: str = Field(description="Their sum, recomputed.")
    kept: str | None = Field(
        description="What enforcement takes for spent: the ledger's sum as it has it, and what is "
        "on its way there; null = nothing is lent, so it keeps nothing."
    )
    on_the_way: str = Field(description="Settled by calls that ended, not yet in that sum.")
    held: str = Field(description="The sum of all open holds.")
    leased: str = Field(description="With workers and free.")
    ceiling: str = Field(description="What calls are refused at: limit, raises and grace.")
    beyond: str = Field(description="What is spent or outstanding beyond that; 0 = none.")
    consistent: bool = Field(description="Whether ledger and enforcement agree.")
    workers: list[WorkerPart] = Field(description="Who has what of it.")

    @classmethod
    def of(cls, audit: AccountAudit) -> Self:
        """The document of an account."""
        lent = audit.lent
        return cls(
            value=audit.value,
            exchanges=audit.exchanges,
            spent=usd_text(audit.rows),
            kept=None if audit.after is None else usd_text(lent.spent),
            on_the_way=usd_text(lent.on_the_way),
            held=usd_text(sum(one.held for one in lent.borrowers)),
            leased=usd_text(sum(one.free for one in lent.borrowers)),
            ceiling=usd_text(audit.ceiling),
            beyond=usd_text(audit.beyond),
            consistent=audit.consistent,
            workers=[WorkerPart.of(one) for one in lent.borrowers],
        )


class AuditOfBudget(BaseModel):
    """A budget's accounts in its window of now, from both sides."""

    budget_id: str = Field(description="`bud_…`.")
    name: str = Field(description="The budget's name.")
    window_start: datetime | None = Field(description="First instant that counts; null = ever.")
    window_end: datetime | None = Field(description="First that no longer counts; null = never.")
    consistent: bool = Field(description="Whether ledger and enforcement agree on all of them.")
    accounts: list[AuditedAccount] = Field(description="The most spent first.")

    @classmethod
    def of(cls, budget: Budget, audits: list[AccountAudit]) -> Self:
        """The document of a budget's audit."""
        window = audits[0].window if audits else None
        ends = window.end_us if window else None
        return cls(
            budget_id=budget.id,
            name=budget.name,
            window_start=from_unix_us(window.start_us) if window and window.start_us else None,
            window_end=from_unix_us_if_any(ends),
            consistent=all(one.consistent for one in audits),
            accounts=[AuditedAccount.of(one) for one in audits],
        )
