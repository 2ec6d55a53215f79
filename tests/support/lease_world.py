"""A world for the lease protocol: workers, lender, network, journal and ledger without any I/O."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from weighbridge.budgets.books import FINISHED, Terms
from weighbridge.budgets.lease import Account, Grants, Holder, Report, decode, encode
from weighbridge.budgets.lender import Granted, Lender
from weighbridge.budgets.pocket import Hold, Need, Ticket
from weighbridge.budgets.purse import Purse

CALM_ROUNDS = 12


@dataclass
class Call:
    hold: Hold
    accounts: list[int]
    amount: int


@dataclass
class Segment:
    holder: Holder
    rows: list[tuple[int, int]] = field(default_factory=list)


class Worker:
    """A purse with its calls and its journal."""

    def __init__(self, world: "World", holder: Holder) -> None:
        self.world = world
        self.holder = holder
        self.purse = Purse(holder)
        self.calls: list[Call] = []
        self.tickets: list[tuple[Ticket, list[int], int]] = []
        self.rows: list[tuple[int, int]] = []
        self.group: list[tuple[int, int]] | None = None
        self.open: str | None = None
        self.written = 0

    def begin(self, hold: Hold, accounts: list[int], amount: int) -> None:
        self.calls.append(Call(hold, accounts, amount))

    def decide(self) -> None:
        decided = self.purse.decide(self.world.now_us)
        for ticket in decided:
            ((_, accounts, _),) = [each for each in self.tickets if each[0] is ticket]
            self.tickets = [each for each in self.tickets if each[0] is not ticket]
            if ticket.hold is not None:
                self.begin(ticket.hold, accounts, min(ticket.hold.amounts))

    def take_group(self) -> None:
        if self.group is None and self.rows:
            self.group, self.rows = self.rows, []
            self.purse.group_taken()

    def write_group(self) -> None:
        if self.group is None:
            return
        if self.open is None:
            self.written += 1
            self.open = f"{self.holder.worker}-{self.holder.incarnation}-{self.written}"
            self.world.open[self.open] = Segment(self.holder)
        self.world.open[self.open].rows += self.group
        self.group = None
        self.purse.group_written(self.open)

    def seal(self) -> None:
        if self.open is not None:
            self.world.sealed[self.open] = self.world.open.pop(self.open)
            self.open = None


class World:
    """Everything that the protocol meets, one step at a time."""

    def __init__(
        self, limits: list[int], shared: Callable[[Account, int], Terms] | None = None
    ) -> None:
        self.limits = limits
        self.shared = shared
        self.now_us = 10**12
        self.accounts = [Account(f"bud_{n}", None, 0) for n in range(len(limits))]
        self.open: dict[str, Segment] = {}
        self.sealed: dict[str, Segment] = {}
        self.ledger = [0] * len(limits)
        self.elsewhere = [0] * len(limits)
        self.kept: dict[tuple[Holder, Account, int], int] = {}
        self.network: list[bytes] = []
        self.dead: list[Holder] = []
        self.frontier: dict[Holder, int] = {}
        self.incarnations = 2
        self.numbers = count(1)
        self.workers = [Worker(self, Holder(0, 1)), Worker(self, Holder(1, 2))]
        self.restart_lender()

    def restart_lender(self) -> None:
        self.lender = Lender(self._limit_of, self.numbers, shared=self.shared)
        self.lender.restore(Granted(*key, granted) for key, granted in self.kept.items())
        for worker in self.workers:
            self.lender.arrive(worker.holder)
            worker.purse.report(self.now_us, full=True)  # lost, as any message may be
        self.frontier = {}

    def _limit_of(self, account: Account, now_us: int) -> int | None:
        return self.limits[self.accounts.index(account)]

    # Calls.

    def call(self, worker: int, accounts: list[int], amount: int, floor: int) -> None:
        at = self.workers[worker]
        needs = [Need(self.accounts[n], amount, floor) for n in accounts]
        hold = at.purse.hold(needs, self.now_us)
        if hold is not None:
            at.begin(hold, accounts, amount)
        else:
            at.tickets.append((at.purse.wait(needs, self.now_us), accounts, amount))

    def _call(self, pick: int) -> tuple[Worker, Call] | None:
        calls = [(worker, call) for worker in self.workers for call in worker.calls]
        return calls[pick % len(calls)] if calls else None

    def end_call(self, pick: int, share: int) -> None:
        found = self._call(pick)
        if found is not None:
            worker, call = found
            worker.calls.remove(call)
            cost = min(call.hold.amounts) * share // 100
            worker.purse.settle(call.hold, cost)
            worker.rows += [(number, cost) for number in call.accounts]
            worker.decide()

    def release_call(self, pick: int) -> None:
        found = self._call(pick)
        if found is not None:
            worker, call = found
            worker.calls.remove(call)
            worker.purse.release(call.hold)
            worker.decide()

    def extend_call(self, pick: int, amount: int) -> None:
        found = self._call(pick)
        if found is not None:
            worker, call = found
            worker.purse.extend(call.hold, amount, self.now_us)

    def give_up(self, pick: int) -> None:
        waiting = [(worker, each) for worker in self.workers for each in worker.tickets]
        if waiting:
            worker, each = waiting[pick % len(waiting)]
            worker.purse.give_up(each[0])
            worker.tickets.remove(each)

    # Messages.

    def report(self, worker: int, *, full: bool = False) -> None:
        report = self.workers[worker].purse.report(self.now_us, full=full)
        if report is not None:
            self.network.append(encode(report))

    def decide(self, *, send: bool = True) -> None:
        decision = self.lender.decide(self.now_us)
        for each in decision.keep:
            self.kept[each.holder, each.account, each.born] = each.granted
        if send:
            self.network += [encode(message) for message in decision.send]

    def deliver(self, pick: int, *, keep: bool = False) -> None:
        if not self.network:
            return
        index = pick % len(self.network)
        message = decode(self.network[index])
        if not keep:
            del self.network[index]
        if isinstance(message, Report):
            self.lender.receive(message)
            return
        self._to_worker(message)

    def _to_worker(self, message: Grants) -> None:
        for worker in self.workers:
            if worker.holder == message.holder:
                worker.purse.receive(message)
                worker.decide()

    def talk(self, seed: int, *, doubled: bool) -> None:
        order = random.Random(seed)
        for _ in range(2):
            for number in range(len(self.workers)):
                self.report(number)
            self.decide()
            order.shuffle(self.network)
            for _ in range(len(self.network)):
                self.deliver(order.randrange(100), keep=doubled and order.random() < 0.3)
            self.decide()

    def lose(self, pick: int) -> None:
        if self.network:
            del self.network[pick % len(self.network)]

    # Journal and ledger.

    def load(self, pick: int) -> None:
        if self.sealed:
            segment = self.sealed.pop(sorted(self.sealed)[pick % len(self.sealed)])
            for number, cost in segment.rows:
                self.ledger[number] += cost

    def book_elsewhere(self, account: int, cost: int) -> None:
        self.ledger[account] += cost
        self.elsewhere[account] += cost

    def raise_limit(self, account: int, by: int) -> None:
        self.limits[account] += by
        self.lender.stir()

    def take_frontier(self) -> None:
        self.frontier = self.lender.frontier(
            lambda name: name not in self.open and name not in self.sealed
        )
        self.frontier |= {holder: FINISHED for holder in self.dead if not self._left_of(holder)}

    def refresh(self, account: int) -> None:
        self.lender.refresh(self.accounts[account], self.ledger[account], self.frontier)

    def refresh_all(self) -> None:
        self.take_frontier()
        for number in range(len(self.limits)):
            self.refresh(number)

    def drop_closed(self) -> None:
        for key in self.lender.drop_closed():
            self.kept.pop(key, None)

    # Deaths.

    def kill_worker(self, worker: int) -> None:
        old = self.workers[worker]
        if old.open is not None:
            self.sealed[old.open] = self.open.pop(old.open)  # as recovery does
        self.dead.append(old.holder)
        self.lender.leave(old.holder)
        self.incarnations += 1
        self.workers[worker] = Worker(self, Holder(worker, self.incarnations))
        self.lender.arrive(self.workers[worker].holder)

    def _left_of(self, holder: Holder) -> bool:
        return any(segment.holder == holder for segment in (self.open | self.sealed).values())

    def bury_the_dead(self) -> None:
        self.refresh_all()
        for holder in self.dead:
            if self.frontier.get(holder) == FINISHED:
                self.lender.bury(holder)
                self.kept = {key: value for key, value in self.kept.items() if key[0] != holder}

    # What is true, and what is quiet.

    def truly_used(self, number: int) -> int:
        """The ledger's rows of held calls, rows on their way, holds, and what purses have."""
        total = self.ledger[number] - self.elsewhere[number]
        for segment in (self.open | self.sealed).values():
            total += sum(cost for at, cost in segment.rows if at == number)
        for worker in self.workers:
            rows = worker.rows + (worker.group or [])
            total += sum(cost for at, cost in rows if at == number)
            pocket = worker.purse._pockets.get(self.accounts[number])
            if pocket is not None:
                total += pocket.held + pocket.free
        return total

    def left(self) -> list[int]:
        pairs = zip(self.limits, self.ledger, strict=True)
        return [limit - spent for limit, spent in pairs]

    def calm_down(self, *, keep_calls: bool = False) -> None:
        """Let every call end, every message arrive, every row be loaded."""
        for worker in self.workers:
            while not keep_calls and worker.tickets:
                worker.purse.give_up(worker.tickets.pop()[0])
        while not keep_calls and self._call(0):
            self.end_call(0, 100)
        for _ in range(CALM_ROUNDS):
            for worker in self.workers:
                worker.take_group()
                worker.write_group()
                worker.seal()
            while self.sealed:
                self.load(0)
            self.now_us += 2_000_000
            for number in range(len(self.workers)):
                self.report(number, full=True)
            self.exchange()
            self.bury_the_dead()
            self.exchange()

    def exchange(self) -> None:
        for _ in range(20):
            self.decide()
            while self.network:
                self.deliver(0)
            for number in range(len(self.workers)):
                self.report(number)
        self.network = []

    def ask_calmly(self, number: int, amount: int) -> str:
        """A call at worker 0 of exactly this amount: whether it begins, is refused, or hangs."""
        at = self.workers[0]
        needs = [Need(self.accounts[number], amount, amount)]
        hold = at.purse.hold(needs, self.now_us)
        if hold is not None:
            return "held"
        ticket = at.purse.wait(needs, self.now_us)
        at.tickets.append((ticket, [number], amount))
        self.report(0)
        self.exchange()
        if ticket.hold is not None:
            return "held"
        if ticket.shortage is not None:
            return "refused"
        at.purse.give_up(ticket)
        at.tickets = []
        return "hangs"
