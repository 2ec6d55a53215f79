"""The control process's desk for leased money: hears workers, keeps grants, asks the ledger.

Hides when things happen. What workers report is decided on at once, all of one turn of the loop
together; each grant is kept before it is said. The ledger's sums are asked for as soon as an
account turns up, and again and again, as often as that takes a twentieth of the time at most.
Before each time it is noted which segments are loaded, so that a row may count twice for a
moment and never not at all. A worker that cannot be reached keeps what it has until its process
is surely dead, its journal recovered and loaded, and the sums asked anew.

Rules for future edits: the lender is touched on the event loop alone; nothing is said that is not
kept; nothing here can hold up a call that needs no more money.
Counterparts: `policy_hub` carries, `budgets/lender` decides, `lease_store` keeps, `spend` sums,
`dead_holders` knows the dead; a worker's end is in the gateway.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

import msgspec
import structlog

from weighbridge.budgets import lease
from weighbridge.budgets.audit import Lent
from weighbridge.budgets.books import FINISHED, Standing
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Account, Grants, Holder, Report
from weighbridge.budgets.lender import Decision, Granted, Lender
from weighbridge.budgets.rate_limit import RateLimit
from weighbridge.budgets.windows import window_at
from weighbridge.control.budget_states import Elsewhere
from weighbridge.control.dead_holders import DeadHolders, Journals
from weighbridge.control.lease_store import LeaseStore
from weighbridge.control.permit_desk import PermitDesk, split
from weighbridge.control.pot_port import Pot
from weighbridge.control.refusals import Refusals
from weighbridge.control.spend import Reports, spent_of
from weighbridge.errors import ControlError, LedgerError

REFRESH_S: Final = 1.0
LONGEST_REFRESH_S: Final = 60.0
_SHARE: Final = 20
_RETRY_S: Final = 0.25
_BURIAL_S: Final = 0.1
_MOVING_S: Final = 0.25
_log = structlog.get_logger()

Answer = Callable[[bytes], None]


class LeaseHub:
    """Life: construct, `learn` the budgets, `start`, `close`."""

    def __init__(  # noqa: PLR0913 - the parts that it is put together of
        self,
        run: Path,
        store: LeaseStore,
        reports: Reports,
        journals: Journals,
        *,
        pot: Pot | None = None,
        refusals: Refusals | None = None,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.grants = 0
        self.refreshes = 0
        self.corrections = 0
        self.failures = 0
        self.refresh_s = 0.0
        self._store = store
        self._reports = reports
        self._journals = journals
        self._now_us = now_us
        self._budgets: dict[str, Budget] = {}
        self._limits: tuple[RateLimit, ...] = ()
        numbers = count(time.time_ns())
        shared = None if pot is None else pot.shares.terms
        self.lender = self._lender = Lender(self._limit_of, numbers, shared=shared)
        self._pot = pot
        self._refusals = refusals or Refusals()
        self._permits = PermitDesk(store, numbers, now_us)
        self._answers: dict[Holder, Answer] = {}
        self._unkept: list[Granted] = []
        self._dead = DeadHolders(run, journals)
        self._took_s = deque([0.0], maxlen=4)
        self._deciding = False
        self._wake = asyncio.Event()
        self._settled_down = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"<LeaseHub {self._lender!r}>"

    # Life.

    def start(self) -> None:
        """Take up what an earlier control process granted, and begin; on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._lender.restore(self._store.all())
        self._permits.learn(self._limits)
        self._permits.restore()
        self._task = asyncio.create_task(self._keep_refreshing(), name="budget-spend")
        if self._pot is not None:
            self._pot.attach(self)
            self._pot.start()

    async def settled_down(self, within_s: float) -> None:
        """Wait until the dead of an earlier life are buried, but no longer than so."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._settled_down.wait()

    async def close(self) -> None:
        """Stop; workers go on with what they have."""
        if self._pot is not None:
            await self._pot.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def learn(self, budgets: Iterable[Budget]) -> None:
        """The budgets in force, before any worker learns of them; from any thread."""
        former, fresh = self._budgets, {budget.id: budget for budget in budgets}
        if fresh == former:
            return
        self._budgets = fresh
        if self._loop is not None:
            changed = [
                budget.id
                for budget in self._budgets.values()
                if budget.id in former and _counted(budget) != _counted(former[budget.id])
            ]
            self._loop.call_soon_threadsafe(self._changed, changed)

    def learn_limits(self, limits: Iterable[RateLimit]) -> None:
        """The rate limits in force, likewise."""
        fresh = tuple(limits)
        if fresh == self._limits:
            return
        self._limits = fresh
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._limit, fresh)

    # The pot that other nodes spend from as well.

    def budgets(self) -> Mapping[str, Budget]:
        """The budgets in force, by id."""
        return self._budgets

    def decide_soon(self) -> None:
        """What may be lent has changed."""
        self._soon()

    # Workers.

    def heard(self, message: bytes, answer: Answer) -> None:
        """A worker said this."""
        try:
            report = lease.decode(message)
        except msgspec.MsgspecError as error:
            _log.warning("a worker's word on leases cannot be read", exc_info=error)
            return
        if not isinstance(report, Report):
            return
        self._answers[report.holder] = answer
        self._lender.arrive(report.holder)
        money, permits = split(report)
        self._lender.receive(money)
        self._refusals.heard(money)
        self._permits.heard(permits)
        self._soon()

    def gone(self, answer: Answer) -> None:
        """Who was answered by this can be reached no more."""
        for holder, known in list(self._answers.items()):
            if known is answer:
                del self._answers[holder]
                self._lender.leave(holder)
                self._permits.leave(holder)
        self._soon()

    # Who asks how things are; from any thread.

    def standing(self, budget: str) -> Mapping[tuple[str | None, int], Standing]:
        """The accounts of a budget that workers have something of, by value and window start."""
        found = {}
        for account in self._lender.accounts():
            if account.budget == budget:
                standing = self._lender.standing(account)
                if standing is not None:
                    found[account.value, account.window_us] = standing
        return found

    def lent(self, budget: str) -> Mapping[tuple[str | None, int], Lent]:
        """The same accounts, with everybody who has something of them."""
        found = {}
        for account in self._lender.accounts():
            if account.budget == budget:
                lent = self._lender.lent(account)
                if lent is not None:
                    found[account.value, account.window_us] = lent
        return found

    def elsewhere(self, budget: str) -> Elsewhere:
        """What other nodes have spent, and hold, of a budget's accounts, by value and window."""
        return {} if self._pot is None else self._pot.elsewhere(budget)

    def permits_left(self, limit_id: str) -> dict[tuple[str | None, int], int]:
        """How many permits are left of a rate limit's buckets, by value and kind."""
        return self._permits.left(limit_id)

    def metrics(self) -> dict[str, int | float]:
        """Counters and gauges by name."""
        return {
            "budget_accounts": len(self._lender.accounts()),
            "budget_grants_total": self.grants,
            "budget_refreshes_total": self.refreshes,
            "budget_corrections_total": self.corrections,
            "budget_failures_total": self.failures + self._permits.failures,
            "budget_refresh_seconds": self.refresh_s,
            "budget_holders_absent": len(self._lender.absent()),
        }

    # Deciding.

    def _limit_of(self, account: Account, now_us: int) -> int | None:
        budget = self._budgets.get(account.budget)
        if budget is None or not budget.blocks:
            return None
        if (budget.per is None) != (account.value is None):
            return None
        window = window_at(budget.period, budget.timezone, account.window_us)
        return budget.ceiling_at(now_us) if window.start_us == account.window_us else None

    def _changed(self, counting_otherwise: list[str]) -> None:
        for budget in counting_otherwise:
            self._lender.doubt(budget)
        self._lender.stir()
        self._wake.set()
        if self._pot is not None:
            self._pot.changed()
        self._soon()

    def _limit(self, limits: tuple[RateLimit, ...]) -> None:
        self._permits.learn(limits)
        self._soon()

    def _soon(self) -> None:
        if not self._deciding:
            self._deciding = True
            asyncio.get_running_loop().call_soon(self._decide)

    def _decide(self) -> None:
        self._deciding = False
        decision = self._lender.decide(self._now_us())
        if self._keep(decision):
            for message in decision.send:
                self._say(message)
        if self._pot is not None:
            self._pot.note(decision.accounts)
        for message in self._permits.decide():
            self._say(message)
        if self._lender.unknown():
            self._wake.set()

    def _keep(self, decision: Decision) -> bool:
        """Whether all that is about to be said is kept; if not, it is asked for again."""
        self._unkept += decision.keep
        if not self._unkept:
            return True
        try:
            self._store.keep(self._unkept)
        except ControlError as error:
            self.failures += 1
            _log.error("grants cannot be kept, so none are made", error=error.message)
            return False
        self.grants += len(self._unkept)
        self._unkept = []
        return True

    def _say(self, message: Grants) -> None:
        answer = self._answers.get(message.holder)
        if answer is not None:
            answer(lease.encode(message))

    # The ledger.

    async def _keep_refreshing(self) -> None:
        due_s = 0.0
        while True:
            began_s = time.monotonic()
            everything = began_s >= due_s
            try:
                await self._refresh(everything=everything)
            except (LedgerError, ControlError, OSError) as error:
                self.failures += 1
                _log.error("what budgets have spent cannot be read", exc_info=error)
                await asyncio.sleep(_RETRY_S)
                continue
            took_s = time.monotonic() - began_s
            if everything:
                self.refresh_s = took_s
                self._took_s.append(took_s)
                due_s = began_s + self._pause_s()
                if not self._dead:
                    self._settled_down.set()
            self._wake.clear()
            if not self._lender.unknown():
                await self._rest(due_s - time.monotonic())

    def _pause_s(self) -> float:
        """From one refresh of all accounts to the next.

        The shortest of the last few tells what one takes: a busy machine makes some much longer.
        While somebody dead is to be buried, others may lack what it had; while rows are on their
        way into the ledger, they may count twice.
        """
        if self._dead:
            return max(_BURIAL_S, 2 * self.refresh_s)
        least_s = _MOVING_S if self._lender.moving() else REFRESH_S
        return min(max(least_s, _SHARE * min(self._took_s)), LONGEST_REFRESH_S)

    async def _rest(self, seconds: float) -> None:
        """Sleep, but not where an account turns up whose sum is not known."""
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _refresh(self, *, everything: bool) -> None:
        if everything:
            self._permits.tidy()
        accounts = self._lender.accounts() if everything else self._lender.unknown()
        if not accounts and not self._lender.absent():
            return
        recoveries = self._journals.recoveries
        unloaded = await asyncio.to_thread(self._journals.unloaded)
        frontier = self._lender.frontier(lambda name: name not in unloaded)
        if everything:
            over = await self._dead.over(self._lender.absent(), recoveries, unloaded)
            frontier |= dict.fromkeys(over, FINISHED)
        if accounts:
            now = datetime.fromtimestamp(self._now_us() / 1_000_000, UTC)
            budgets = self._budgets
            spent = await asyncio.to_thread(spent_of, accounts, budgets, self._reports, now)
            if budgets is not self._budgets:
                return  # what was asked may not be what counts now
            self._take(accounts, spent, frontier)
        if everything:
            self._bury(over)
            self._store.drop(self._lender.drop_closed())
            self._refusals.tidy(self._lender.knows)
            self._lender.stir()
        self._soon()

    def _take(
        self, accounts: list[Account], spent: Mapping[Account, int], frontier: Mapping[Holder, int]
    ) -> None:
        self.refreshes += 1
        for account in accounts:
            # Of a budget that is no more nothing is counted, and nothing is granted.
            difference = self._lender.refresh(account, spent.get(account, 0), frontier)
            self.corrections += difference != 0

    def _bury(self, over: list[Holder]) -> None:
        for holder in over:
            self._store.bury(holder)
            self._lender.bury(holder)
            self._permits.bury(holder)
            self._dead.forget(holder)


def _counted(budget: Budget) -> tuple[object, ...]:
    """What decides which rows a budget counts."""
    return budget.scope, budget.per, budget.period, budget.timezone
