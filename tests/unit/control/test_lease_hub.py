"""The desk for leased money, with purses at the other end and a ledger that is told its sums."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from weighbridge.budgets import lease
from weighbridge.budgets.budget import Budget, Raise
from weighbridge.budgets.lease import Account, Grants, Holder, Refused
from weighbridge.budgets.pocket import Hold, Need, Shortage, Ticket
from weighbridge.budgets.purse import Purse
from weighbridge.budgets.rate_limit import PERMIT, REQUESTS, RateLimit
from weighbridge.control import lease_hub
from weighbridge.control.lease_hub import LeaseHub
from weighbridge.control.lease_store import LeaseStore
from weighbridge.control.life import LifeSign
from weighbridge.control.refusals import Refusals
from weighbridge.core.money import pico_to_decimal
from weighbridge.errors import ControlError, LedgerError
from weighbridge.reports.cost_query import CostQuery

CENT = 10**10
PATIENCE_S = 60.0
CARE = Account("bud_care", None, 0)


def budget(cents: int = 10, **fields: Any) -> Budget:
    given = {
        "id": "bud_care",
        "name": "care",
        "limit_pico_usd": cents * CENT,
        "period": "total",
        "action": "block",
    }
    return Budget(**given | fields)


class Ledger:
    """Sums and segments as they are told."""

    def __init__(self) -> None:
        self.spent = 0
        self.asked = 0
        self.recoveries = 0
        self.names: set[str] = set()
        self.failing = False
        self.hurried = False

    def run(self, query: CostQuery, now: datetime) -> Any:
        self.asked += 1
        if self.failing:
            raise LedgerError("the disk is gone")
        return SimpleNamespace(totals={"cost": pico_to_decimal(self.spent)}, rows=[])

    def recover_soon(self) -> None:
        self.hurried = True

    def unloaded(self) -> set[str]:
        return set(self.names)


class Worker:
    """A purse tied to a hub, as a link would."""

    def __init__(self, bench: "Bench", index: int) -> None:
        self.bench = bench
        self.holder = Holder(index, 100 + len(bench.workers))
        self.sign = LifeSign.create(bench.run, self.holder)
        self.purse = Purse(self.holder)
        self.holds: list[Hold] = []
        self.refused: list[Ticket] = []
        self.answer: Callable[[bytes], None] = partial(self._received)

    def _received(self, message: bytes) -> None:
        word = lease.decode(message)
        assert isinstance(word, Grants)
        self.purse.receive(word)
        self._decide()

    def _decide(self) -> None:
        for ticket in self.purse.decide(self.bench.now_us):
            if ticket.hold is not None:
                self.holds.append(ticket.hold)
            else:
                self.refused.append(ticket)
        self.report()

    def report(self, *, full: bool = False) -> None:
        if full or self.purse.urgent:
            report = self.purse.report(self.bench.now_us, full=full)
            if report is not None:
                self.bench.hub.heard(lease.encode(report), self.answer)

    def call(self, cents: int = 1, account: Account = CARE, unit: int = CENT) -> None:
        needs = [Need(account, cents * unit, cents * unit)]
        hold = self.purse.hold(needs, self.bench.now_us)
        if hold is not None:
            self.holds.append(hold)
        else:
            self.purse.wait(needs, self.bench.now_us)
        self.report()

    def finish(self, cost: int = CENT) -> None:
        """Every call ends, and its row is written."""
        for hold in self.holds:
            self.purse.settle(hold, cost)
        self.holds = []
        self.purse.group_taken()
        self.purse.group_written(f"segment-{self.holder}")
        self._decide()
        self.report(full=True)


class Bench:
    """A hub with its store and ledger."""

    def __init__(self, folder: Path) -> None:
        self.run = folder
        self.now_us = 10**15
        self.ledger = Ledger()
        self.store = LeaseStore.open(folder)
        self.workers: list[Worker] = []
        self.budgets = [budget()]
        self.refusals = Refusals()
        self.hub = self.new_hub()

    def new_hub(self) -> LeaseHub:
        hub = LeaseHub(
            *(self.run, self.store, self.ledger, self.ledger),
            refusals=self.refusals,
            now_us=lambda: self.now_us,
        )
        hub.learn(self.budgets)
        hub.start()
        return hub

    def worker(self, index: int) -> Worker:
        made = Worker(self, index)
        self.workers.append(made)
        made.report(full=True)
        return made

    def learn(self, *budgets: Budget) -> None:
        self.budgets = list(budgets)
        self.hub.learn(self.budgets)

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not fact():  # noqa: ASYNC110 - the hub has no event for what it said
                await asyncio.sleep(0.001)

    async def refreshed(self) -> None:
        """Two more whole refreshes: one may have begun before."""
        before = self.hub.refreshes
        await self.until(lambda: self.hub.refreshes >= before + 2)


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(lease_hub, "REFRESH_S", 0.01)
    monkeypatch.setattr(lease_hub, "_RETRY_S", 0.01)
    made = Bench(tmp_path)
    yield made
    await made.hub.close()
    made.store.close()
    for worker in made.workers:
        worker.sign.close()


async def test_fifty_calls_of_a_cent_on_ten_cents(bench: Bench) -> None:
    """B1, B6: exactly ten begin, on two workers; when they have cost it, the rest is refused."""
    workers = [bench.worker(0), bench.worker(1)]
    for number in range(50):
        workers[number % 2].call()
    await bench.until(lambda: sum(len(worker.holds) for worker in workers) == 10)
    await bench.refreshed()
    assert sum(len(worker.holds) for worker in workers) == 10
    for worker in workers:
        worker.finish()
    bench.ledger.spent = 10 * CENT
    await bench.until(lambda: sum(len(worker.refused) for worker in workers) == 40)
    assert bench.hub.standing("bud_care")[None, 0].spent == 10 * CENT


async def test_what_workers_refuse_for_good_is_heard_until_nobody_has_the_account(
    bench: Bench,
) -> None:
    """Also by the hub that comes after."""
    worker = bench.worker(0)
    worker.purse.pocket(CARE)
    worker.purse.refused(Shortage(CARE, 9 * CENT, 0, 10 * CENT, known=True), 2 * CENT)
    worker.report(full=True)
    heard = [(CARE, Refused(10 * CENT, 2 * CENT))]
    assert bench.refusals.untold() == heard
    await bench.hub.close()
    bench.refusals = Refusals()
    bench.hub = bench.new_hub()
    worker.report(full=True)
    await bench.refreshed()
    assert bench.refusals.untold() == heard
    worker.sign.close()
    bench.hub.gone(worker.answer)
    await bench.until(lambda: bench.ledger.hurried)
    bench.ledger.recoveries = 2
    await bench.until(lambda: bench.refusals.untold() == [])
    worker.sign = LifeSign.create(bench.run, Holder(9, 9))


async def test_what_is_settled_is_counted_once_it_is_loaded(bench: Bench) -> None:
    """Spent stays the same while a row moves from the journal into the ledger."""
    worker = bench.worker(0)
    bench.ledger.names = {f"segment-{worker.holder}"}
    worker.call()
    await bench.until(lambda: len(worker.holds) == 1)
    worker.finish()
    await bench.refreshed()
    assert sum(bench.hub.standing("bud_care")[None, 0][:2]) >= CENT
    bench.ledger.spent, bench.ledger.names = CENT, set()
    await bench.refreshed()
    await bench.until(lambda: bench.hub.standing("bud_care")[None, 0].spent == CENT)
    await bench.refreshed()
    assert bench.hub.standing("bud_care")[None, 0].spent == CENT


async def test_a_new_control_process_knows_what_was_granted(bench: Bench) -> None:
    """B7: what a worker holds stays taken across a restart, before the worker says a word."""
    first = bench.worker(0)
    first.call(8)
    await bench.until(lambda: len(first.holds) == 1)
    await bench.hub.close()
    bench.hub = bench.new_hub()
    second = bench.worker(1)
    second.call(8)
    await bench.refreshed()
    assert second.holds == []
    assert bench.hub.metrics()["budget_holders_absent"] == 1
    first.report(full=True)
    first.finish(CENT)
    await bench.until(lambda: len(second.holds) == 1)


async def test_the_dead_are_buried_when_their_rows_are_loaded(bench: Bench) -> None:
    """B7: a killed worker's money comes back once its journal is recovered and loaded."""
    first, second = bench.worker(0), bench.worker(1)
    first.call(8)
    await bench.until(lambda: len(first.holds) == 1)
    bench.hub.gone(first.answer)
    second.call(8)
    bench.ledger.names = {"left behind"}
    bench.ledger.recoveries = 5
    await bench.refreshed()
    assert second.holds == []  # it may live
    first.sign.close()
    first.sign = LifeSign.create(bench.run, Holder(9, 9))
    await bench.refreshed()
    assert bench.ledger.hurried
    bench.ledger.recoveries = 7
    await bench.refreshed()
    assert second.holds == []  # its rows are on their way
    bench.ledger.names, bench.ledger.spent = set(), 2 * CENT
    await bench.until(lambda: len(second.holds) == 1)
    assert bench.hub.metrics()["budget_holders_absent"] == 0
    assert {each.holder for each in bench.store.all()} == {second.holder}


async def test_changes_of_a_budget_are_in_force_at_once(bench: Bench) -> None:
    """A raise lets those in who wait; a removed budget takes back what is free."""
    worker = bench.worker(0)
    worker.call(10)
    await bench.until(lambda: len(worker.holds) == 1)
    worker.call(5)
    await bench.refreshed()
    more = Raise(id="r", amount_pico_usd=5 * CENT, until_us=bench.now_us + 1, author="ops")
    bench.learn(budget(raises=(more,)))
    await bench.until(lambda: len(worker.holds) == 2)
    bench.learn()
    worker.finish(0)
    await bench.until(lambda: worker.purse.pocket(CARE).returned == 15 * CENT)


async def test_a_budget_that_counts_otherwise_is_asked_anew(bench: Bench) -> None:
    """Nothing is granted by a sum over other rows."""
    worker = bench.worker(0)
    worker.call(1)
    await bench.until(lambda: len(worker.holds) == 1)
    bench.ledger.spent = 10 * CENT
    bench.learn(budget(scope={"department": ("care",)}))
    worker.call(6)
    await bench.until(lambda: len(worker.refused) == 1)


async def test_without_the_ledger_nothing_new_is_lent(bench: Bench) -> None:
    """D1: the sum is asked for again until it is known."""
    bench.ledger.failing = True
    worker = bench.worker(0)
    worker.call()
    await bench.until(lambda: bench.hub.failures > 1)
    assert worker.holds == []
    bench.ledger.failing = False
    await bench.until(lambda: len(worker.holds) == 1)


async def test_nothing_is_said_that_is_not_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that cannot be written grants nothing; when it can again, all is kept first."""
    keep = LeaseStore.keep

    def fail(self: LeaseStore, granted: object) -> None:
        raise ControlError("full")

    monkeypatch.setattr(LeaseStore, "keep", fail)
    worker = bench.worker(0)
    worker.call()
    await bench.until(lambda: bench.hub.failures > 0)
    assert worker.holds == []
    monkeypatch.setattr(LeaseStore, "keep", keep)
    worker.report(full=True)
    await bench.until(lambda: len(worker.holds) == 1)
    assert bench.store.all()[0].granted >= CENT


async def test_nonsense_is_left_alone(bench: Bench) -> None:
    """A message that is none, or that no worker sends, changes nothing."""
    said: list[bytes] = []
    bench.hub.heard(b"no message", said.append)
    bench.hub.heard(lease.encode(Grants(holder=Holder(0, 1), sequence=1)), said.append)
    await asyncio.sleep(0)
    assert said == []
    assert "0 accounts" in repr(bench.hub)


async def test_rate_limits_go_the_same_way(bench: Bench) -> None:
    """Of thirty requests over two workers ten begin, and a restart fills no bucket."""
    minute = Account("lim_1", None, REQUESTS)
    bench.hub.learn_limits([RateLimit(id="lim_1", name="r", requests_per_minute=10)])
    workers = [bench.worker(0), bench.worker(1)]
    for number in range(30):
        workers[number % 2].call(1, minute, PERMIT)
    await bench.until(lambda: sum(len(worker.refused) for worker in workers) == 20)
    assert sum(len(worker.holds) for worker in workers) == 10
    assert bench.hub.permits_left("lim_1") == {(None, REQUESTS): 0}
    assert all(0 < t.shortage.retry_us <= 6_000_000 for w in workers for t in w.refused)
    await bench.hub.close()
    bench.hub = LeaseHub(
        bench.run, bench.store, bench.ledger, bench.ledger, now_us=lambda: bench.now_us
    )
    bench.hub.learn_limits([RateLimit(id="lim_1", name="r", requests_per_minute=10)])
    bench.hub.start()
    workers[0].report(full=True)
    workers[0].call(1, minute, PERMIT)
    await bench.until(lambda: sum(len(worker.refused) for worker in workers) == 21)
    bench.hub.learn_limits([])
    await bench.until(lambda: bench.hub.permits_left("lim_1") == {})


async def test_money_and_permits_of_one_call(bench: Bench) -> None:
    """A call holds both or none; each is settled in its own unit."""
    minute = Account("lim_1", None, REQUESTS)
    bench.hub.learn_limits([RateLimit(id="lim_1", name="r", requests_per_minute=1)])
    worker = bench.worker(0)
    needs = [Need(CARE, CENT, CENT), Need(minute, PERMIT, PERMIT)]
    ticket = worker.purse.wait(needs, bench.now_us)
    worker.report()
    await bench.until(lambda: ticket.hold is not None)
    worker.purse.settle_each(worker.holds.pop(), [2 * CENT, PERMIT])
    assert worker.purse.pocket(CARE).settled == 2 * CENT
    second = worker.purse.wait(needs, bench.now_us)
    worker.report()
    await bench.until(lambda: second.shortage is not None)
    assert second.shortage is not None
    assert second.shortage.account == minute


async def test_a_start_waits_for_what_an_earlier_life_left(bench: Bench) -> None:
    """B7: who is ready has given back what the dead had; who lives keeps the start from nothing."""
    first, second = bench.worker(0), bench.worker(1)
    first.call(4)
    second.call(4)
    await bench.until(lambda: len(first.holds) + len(second.holds) == 2)
    await bench.hub.close()
    first.sign.close()
    bench.hub = bench.new_hub()
    waiting = asyncio.create_task(bench.hub.settled_down(5))
    await bench.until(lambda: bench.ledger.hurried)
    assert not waiting.done()
    bench.ledger.recoveries = 2
    await waiting
    assert {each.holder for each in bench.store.all()} == {second.holder}
    first.sign = LifeSign.create(bench.run, first.holder)
    await bench.hub.settled_down(0)
