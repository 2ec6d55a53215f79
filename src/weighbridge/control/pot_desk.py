"""The control process's desk for budgets that several nodes share: carries shares and definitions.

Hides when the pot is asked: at once for what calls wait for, four times a second for what others
wait for, and after each question to the ledger about what it lacks. Everything that is said to the
pot is said by one task, one thing after the other. Whatever fails ends the session; the next one
begins with all that is known here, and until then this node lends what it has in reserve.

Rules for future edits: lender and shares are touched on the event loop alone; nothing is declared
of a budget before the sums of all its accounts are known; nothing here holds up a call that needs
no more of the pot. Counterparts: `lease_hub` owns the lender, `budgets/shares` decides what to ask,
`pot_store` speaks with the store, `budget_sharing` has the definitions.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Account
from weighbridge.budgets.pot import Declared, Part
from weighbridge.budgets.record import Node, Sharing
from weighbridge.budgets.shares import Shares
from weighbridge.budgets.windows import Window, window_at
from weighbridge.control import pot_store
from weighbridge.control.budget_states import Elsewhere
from weighbridge.control.pot_claims import PotClaims
from weighbridge.control.pot_memory import PotMemory
from weighbridge.control.pot_port import Hub
from weighbridge.control.pot_store import Member, PotStore
from weighbridge.control.pot_sums import Summed, Sums, counts_of, sums_of
from weighbridge.control.spend import Reports
from weighbridge.errors import ControlError, LedgerError

_TICK_S: Final = 0.25
_SOON_S: Final = 0.03
_RETRY_S: Final = 0.25
_SUMS_S: Final = 1.0
_SHARE: Final = 20
# A store that is empty may be one that has just lost everything: whoever knew it says so first.
_FOUNDING_S: Final = 3.0
_PRUNE_S: Final = 3600.0
_KEPT_US: Final = 8 * 24 * 3600 * 1_000_000
_log = structlog.get_logger()


class Definitions(Protocol):
    """Who brings definitions of budgets to the other nodes, and theirs here."""

    async def exchange(self, store: PotStore) -> None:
        """Tell what is newer here, take what is newer there."""
        ...


class PotDesk:
    """Life: construct, `attach`, `start`, `close`."""

    def __init__(
        self, url: str, memory: PotMemory, name: str, reports: Reports, definitions: Definitions
    ) -> None:
        self.shares = Shares()
        self.failures = 0
        self._url, self._keeper, self._name = url, memory, name
        self._memory = memory.load()
        self.claims = PotClaims(url, self._memory.id)
        self._reports, self._definitions = reports, definitions
        self._hub: Hub
        self._pending: dict[Account, None] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._sums: asyncio.Task[Summed] | None = None
        self._sums_at_s = self._sweep_at_s = self._prune_at_s = self._found_at_s = 0.0
        self._told: dict[str, tuple[int, str]] = {}
        self._elsewhere: dict[str, Elsewhere] = {}
        # What others were seen to spend more, of all budgets; and who wants to know.
        self.grown = 0
        self.on_growth: Callable[[], object] = int
        self._dismissed: list[tuple[str, asyncio.Future[None]]] = []
        self._changed = True
        self._closing = False
        self._silent: tuple[str, ...] = ()
        self._problem: str | None = "the shared store has not been reached yet"
        self._nodes: Mapping[str, Member] = {}
        self._reached: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"<PotDesk of {self._name}, {self.shares!r}>"

    # Life.

    def attach(self, hub: Hub) -> None:
        """Whose lender it is."""
        self._hub = hub

    def start(self) -> None:
        """Begin; on the event loop."""
        self._task = asyncio.create_task(self._run(), name="budget-pot")

    async def close(self) -> None:
        """Stop; what was taken stays taken until this node is back."""
        self._closing = True  # the client may swallow that it is cancelled
        for task in (self._task, self._sums):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self.claims.close()

    # What the hub says.

    def note(self, accounts: Iterable[Account]) -> None:
        """The lender has looked at these."""
        fresh = [each for each in accounts if not self.shares.is_dry(each)]
        self._pending.update(dict.fromkeys(accounts))
        if fresh:
            self._wake.set()

    def changed(self) -> None:
        """Budgets have changed."""
        self._changed = True
        self._sums_at_s = 0.0
        self._wake.set()

    # Who asks how things are; from any thread.

    def elsewhere(self, budget: str) -> Elsewhere:
        """What the other nodes have spent, and hold beyond that, by value and window start."""
        return self._elsewhere.get(budget, {})

    def sharing(self) -> Sharing:
        """Who shares the pot, this node first."""
        own = self._memory.id
        nodes = [
            Node(
                id=node,
                name=member.name,
                own=node == own,
                reached=self._problem is None and node in self._reached,
                gone=member.gone,
            )
            for node, member in self._nodes.items()
        ]
        nodes.sort(key=lambda node: (not node.own, node.gone, node.name))
        return Sharing(shared=True, problem=self._problem, nodes=tuple(nodes))

    async def dismiss(self, node: str) -> None:
        """A node is gone for good.

        Errors: `PotLostError` where the pot cannot be told.
        """
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._dismissed.append((node, told))
        self._wake.set()
        async with asyncio.timeout(_FOUNDING_S):
            await told

    # The task.

    async def _run(self) -> None:
        while not self._closing:
            try:
                await self._session()
            except (ControlError, SQLAlchemyError, TimeoutError, OSError) as error:
                self.failures += 1
                self._lose(error)
            await asyncio.sleep(_RETRY_S)

    def _lose(self, error: Exception) -> None:
        why = error.message if isinstance(error, ControlError) else type(error).__name__
        if self._problem != why:
            _log.error("budgets can't be checked with other nodes", error=why)
        self._problem = why
        self.shares.reachable = False
        self._stir(list(self.shares))

    async def _session(self) -> None:
        async with PotStore.opened(self._url, self._memory, self._name) as store:
            if not await self._join(store):
                return
            self.shares.begin_anew()
            self._told.clear()
            self._changed = True
            self._sums_at_s = 0.0
            version = -1
            self._stir(list(self.shares))
            self.note(self._hub.lender.accounts())
            _log.info("budgets are shared with other nodes", nodes=len(self._memory.nodes))
            while not self._closing:
                version = await self._round(store, version)
                await self._rest()

    async def _join(self, store: PotStore) -> bool:
        now_s = time.monotonic()
        self._found_at_s = self._found_at_s or now_s + _FOUNDING_S
        if not await store.join(may_found=now_s >= self._found_at_s):
            return False
        self._found_at_s = 0.0
        self._remember(store)
        return True

    def _remember(self, store: PotStore) -> None:
        if store.memory != self._memory:
            self._keeper.save(store.memory)
            self._memory = store.memory

    async def _round(self, store: PotStore, version: int) -> int:
        self._wake.clear()
        sight = await store.look()
        self._remember(store)
        self._problem, self._nodes, self._reached = None, sight.nodes, sight.reached
        self._stir(self.shares.want(sight.wanted))
        if self._changed or sight.version != version:
            self._changed = False
            await self._definitions.exchange(store)
        await self._dismiss(store)
        await self._declare(store)
        now_s = time.monotonic()
        if now_s >= self._sweep_at_s:
            self._sweep_at_s = now_s + 1
            self._prune(now_s)
            self._pending.update(dict.fromkeys(self.shares.reserved()))
        self._pending.update(dict.fromkeys(self.shares.wanted))
        asking, self._pending = self._pending, {}
        for account in asking:
            await self._ask(store, account)
        return sight.version

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_SOON_S if self._pending else _TICK_S):
                # What still waits is asked for again a little later, and anything new at once.
                await self._wake.wait()

    async def _ask(self, store: PotStore, account: Account) -> None:
        budget, lender = self._hub.budgets().get(account.budget), self._hub.lender
        needs = lender.needs(account)
        if budget is None or (needs is None and lender.knows(account)):
            return
        now_us = time.time_ns() // 1000
        window = window_at(budget.period, budget.timezone, account.window_us)
        if not budget.blocks or window.start_us != account.window_us:
            return
        ask = self.shares.ask(account, needs, budget.ceiling_at(now_us), now_us)
        if ask is None:
            return
        answer = await store.serve(ask, counts_of(budget), window.end_us)
        self.shares.answered(ask, answer)
        self._note_silent(answer.silent)
        if ask.least > answer.taken:
            self._pending[account] = None
        self._stir([account])

    def _prune(self, now_s: float) -> None:
        """Forget accounts whose windows ended long ago, or whose budgets are no more."""
        if now_s < self._prune_at_s:
            return
        self._prune_at_s = now_s + _PRUNE_S
        long_ago_us = time.time_ns() // 1000 - _KEPT_US
        for account in self.shares:
            budget = self._hub.budgets().get(account.budget)
            end_us = None
            if budget is not None:
                end_us = window_at(budget.period, budget.timezone, account.window_us).end_us
            over = budget is None or (end_us is not None and end_us < long_ago_us)
            if over and not self._hub.lender.knows(account):
                self.shares.drop(account)

    # What this node has spent.

    async def _declare(self, store: PotStore) -> None:
        if self._sums is None and time.monotonic() >= self._sums_at_s:
            budgets = [each for each in self._hub.budgets().values() if each.enabled]
            self._sums = asyncio.create_task(sums_of(budgets, self._reports))
        if self._sums is None or not self._sums.done():
            return
        done, self._sums = self._sums, None
        try:
            summed = done.result()
        except (LedgerError, OSError) as error:
            _log.error("what other nodes should know is not known", exc_info=error)
            self._sums_at_s = time.monotonic() + _SUMS_S
            return
        self._sums_at_s = time.monotonic() + max(_SUMS_S, _SHARE * summed.took_s)
        for budget, window, spent in summed.budgets:
            if self._hub.budgets().get(budget.id) != budget:
                self._sums_at_s = 0.0  # what was summed may not be what counts now
            elif not await self._tell(store, budget, window, spent):
                self._sums_at_s = min(self._sums_at_s, time.monotonic() + _SOON_S)
        known = {budget.id for budget, _, _ in summed.budgets}
        self._elsewhere = {key: each for key, each in self._elsewhere.items() if key in known}

    async def _tell(self, store: PotStore, budget: Budget, window: Window, spent: Sums) -> bool:
        """Declare a budget; gives whether all of it is known."""
        lender, sums = self._hub.lender, {}
        told = (window.start_us, counts_of(budget))
        first = self._told.get(budget.id) != told
        if first:
            self._forget(budget.id)
        accounts = dict.fromkeys(spent)
        shared = [each for each in self.shares if each.budget == budget.id]
        accounts.update(dict.fromkeys(a for a in shared if a.window_us == window.start_us))
        accounts.update(
            dict.fromkeys(
                each
                for each in lender.accounts()
                if (each.budget, each.window_us) == (budget.id, window.start_us)
            )
        )
        for account in accounts:
            standing = lender.standing(account)
            if standing is not None:
                sums[account] = (standing.spent + standing.leased, standing.spent)
            elif lender.knows(account):
                return False
            else:
                in_ledger = spent.get(account, 0)
                sums[account] = (max(in_ledger, self.shares.used(account)), in_ledger)
        parts: dict[Account, Part] = self.shares.declare(sums)
        if parts or first:
            everything = frozenset(accounts) if first else None
            within = pot_store.Window(window.start_us, window.end_us, everything)
            declared = Declared(counts_of(budget), window.start_us)
            await store.declare(budget.id, declared, parts, within)
            self.shares.declared(parts)
            self._told[budget.id] = told
        found = await store.standings(budget.id, window.start_us)
        self._notice(budget.id, {(value, window.start_us): each for value, each in found.items()})
        return True

    def _forget(self, budget: str) -> None:
        """What was known of accounts that the lender has nothing of; the ledger is asked anew."""
        for account in self.shares:
            if account.budget == budget and not self._hub.lender.knows(account):
                self.shares.drop(account)

    def _notice(self, budget: str, found: Elsewhere) -> None:
        former = self._elsewhere.get(budget, {})
        more = sum(max(0, one[0] - former.get(of, (0, 0))[0]) for of, one in found.items())
        self._elsewhere[budget] = found
        if more:
            self.grown += more
            self.on_growth()

    # Inside.

    async def _dismiss(self, store: PotStore) -> None:
        while self._dismissed:
            node, told = self._dismissed.pop()
            await store.dismiss(node)
            self._remember(store)
            if not told.done():
                told.set_result(None)

    def _stir(self, accounts: list[Account]) -> None:
        if accounts:
            self._hub.lender.stir(accounts)
            self._hub.decide_soon()

    def _note_silent(self, names: tuple[str, ...]) -> None:
        if names != self._silent:
            self._silent = names
            if names:
                _log.warning("what a node has spent of a budget is not known yet", nodes=names)
