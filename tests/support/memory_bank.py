"""The lender of budgets' money without a control process: what a worker's holds talk to."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Account, Grants, Holder, Report, decode, encode
from weighbridge.budgets.lender import Lender
from weighbridge.budgets.permits import Permits
from weighbridge.budgets.purse import Purse
from weighbridge.budgets.rate_limit import RateLimit
from weighbridge.control.permit_desk import split
from weighbridge.core.money import decimal_to_pico

if TYPE_CHECKING:
    from weighbridge.gateway.holds import Holds

NOW_US = 1_795_000_000_000_000


def budget(limit_usd: str = "0.10", **more: Any) -> Budget:
    """A budget that blocks, over everything and for ever, unless told otherwise."""
    given: dict[str, Any] = {"id": "bud_1", "name": "all", "period": "total", "action": "block"}
    return Budget(limit_pico_usd=decimal_to_pico(Decimal(limit_usd)), **given | more)


class MemoryBank:
    """One lender for the workers that are attached; `spent` is what the ledger knows already.

    While `away`, what workers say is lost, and they hear nothing.
    """

    def __init__(self, *budgets: Budget, spent: int = 0, limits: Sequence[RateLimit] = ()) -> None:
        self.budgets: Sequence[Budget] = budgets
        self.limits = limits
        self.now_us = NOW_US
        self.away = False
        self._spent = spent
        self._by_id = {each.id: each for each in budgets}
        self._lender = Lender(self._limit_of, numbers := count(1))
        self._permits = Permits(numbers)
        self._permits.learn(limits)
        self._holders: dict[Holder, tuple[Holds, Callable[..., object]]] = {}
        self.purses: list[Purse] = []

    def unix_us(self) -> int:
        """The present."""
        return self.now_us

    def attach(self, holds: "Holds", purse: Purse, call_soon: Callable[..., object]) -> None:
        """A worker arrives."""
        self._holders[purse.holder] = (holds, call_soon)
        self.purses.append(purse)
        self._lender.arrive(purse.holder)
        self._permits.lender.arrive(purse.holder)
        holds.connected(self._take)

    def left(self, account: Account) -> int:
        """What may be spent yet beyond all that is spent and held."""
        standing = self._lender.standing(account)
        assert standing is not None
        limit = self._limit_of(account, NOW_US)
        assert limit is not None
        return limit - standing.spent - standing.leased

    def spend(self, account: Account, amount: int) -> None:
        """Somebody else has spent so much, says the ledger."""
        self._lender.refresh(account, amount, {})
        self._answer()

    def change(self, *budgets: Budget) -> None:
        """Other budgets are in force."""
        self.budgets = budgets
        self._by_id = {each.id: each for each in budgets}
        self._lender.stir()
        self._answer()

    def _limit_of(self, account: Account, now_us: int) -> int | None:
        found = self._by_id.get(account.budget)
        if found is None or (found.per is None) != (account.value is None):
            return None
        return found.ceiling_at(now_us)

    def _take(self, message: bytes) -> None:
        if self.away:
            return
        report = decode(message)
        assert isinstance(report, Report)
        money, permits = split(report)
        self._lender.receive(money)
        self._permits.receive(permits)
        for account in self._lender.unknown():
            self._lender.refresh(account, self._spent, {})
        self._answer()

    def _answer(self) -> None:
        _, permits = self._permits.decide(self.now_us)
        for grants in [*self._lender.decide(self.now_us).send, *permits]:
            self._send(grants)

    def _send(self, grants: Grants) -> None:
        holds, call_soon = self._holders[grants.holder]
        call_soon(holds.received, encode(grants))
