"""Two nodes, each with workers, a lender and a ledger of its own, and the pot between them."""

from typing import TYPE_CHECKING

from lease_world import World
from memory_pot import MemoryPot

from weighbridge.budgets.lease import Account
from weighbridge.budgets.shares import Shares

if TYPE_CHECKING:
    from weighbridge.budgets.pot import Answer, Ask

COUNTS = "everything"
CALM_ROUNDS = 10


class Node:
    """A node's world and its shares; what it asks of the pot is on its way, step by step."""

    def __init__(self, name: str, limits: list[int], pot: MemoryPot) -> None:
        self.name = name
        self.pot = pot
        self.shares = Shares()
        self.world = World(limits, self._terms)
        self.session = 0
        self.asked: list[tuple[int, Ask]] = []
        self.answered: list[tuple[int, Ask, Answer]] = []

    def _terms(self, account: Account, limit: int) -> object:
        return self.shares.terms(account, limit)

    def join(self) -> None:
        """A new connection: nothing that was under way on the last one comes any more."""
        self.answered = []
        self.session = self.pot.join(self.name)
        self.shares.begin_anew()
        self.world.lender.stir()

    def break_off(self) -> None:
        """The connection is gone; what was sent may still arrive, and be no more of use."""
        self.session = 0
        self.answered = []
        self.shares.reachable = False

    @property
    def is_joined(self) -> bool:
        return self.pot.is_open(self.name, self.session)

    def declare(self) -> None:
        """Say of each account what was spent, unless one's sum is not known yet."""
        lender, sums = self.world.lender, {}
        if not self.is_joined or self.asked or self.answered:
            return
        for number, account in enumerate(self.world.accounts):
            standing = lender.standing(account)
            if standing is not None:
                sums[account] = (standing.spent + standing.leased, standing.spent)
            elif lender.knows(account):
                return
            else:
                spent = self.world.ledger[number]
                sums[account] = (max(spent, self.shares.used(account)), spent)
        changed = self.shares.declare(sums)
        for account in self.world.accounts:
            parts = {account: self.shares.part(account)}
            self.pot.declare(self.name, account.budget, COUNTS, 0, parts)
        self.shares.declared(changed)

    def ask(self, number: int) -> None:
        if not self.is_joined or self.asked or self.answered:
            return
        account = self.world.accounts[number]
        needs, limit = self.world.lender.needs(account), self.world.limits[number]
        if needs is None and self.world.lender.knows(account):
            return
        ask = self.shares.ask(account, needs, limit, self.world.now_us)
        if ask is not None:
            self.asked.append((self.session, ask))

    def pot_serves(self) -> None:
        """What was asked arrives, maybe after its session has ended."""
        if self.asked:
            session, ask = self.asked.pop()
            if self.pot.is_open(self.name, session):
                answer = self.pot.serve(self.name, ask, COUNTS)
                if session == self.session:
                    self.answered.append((session, ask, answer))

    def hear(self) -> None:
        if self.answered:
            _, ask, answer = self.answered.pop()
            self.shares.answered(ask, answer)
            self.world.lender.stir([ask.account])

    def look(self) -> None:
        if self.is_joined:
            self.world.lender.stir(self.shares.want(self.pot.wanted(self.name)))

    def restart(self) -> None:
        """The control process dies: shares are forgotten, the pot and the ledger are not."""
        self.break_off()
        self.shares = Shares()
        self.world.restart_lender()

    def talk(self) -> None:
        """All there is to say to the pot, and its answers."""
        if not self.is_joined:
            self.join()
        self.declare()
        self.look()
        for number in range(len(self.world.accounts)):
            self.ask(number)
            self.pot_serves()
            self.hear()


class PotWorld:
    """Both nodes; limits are the same for both."""

    def __init__(self, limits: list[int]) -> None:
        self.limits = limits
        self.pot = MemoryPot(["a", "b"])
        self.nodes = [Node(name, limits, self.pot) for name in ("a", "b")]
        self.snapshot: dict[Account, dict[str, object]] = {}
        for node in self.nodes:
            node.world.refresh_all()

    def truly_used(self, number: int) -> int:
        return sum(node.world.truly_used(number) for node in self.nodes)

    def left(self) -> list[int]:
        spent = [node.world.ledger for node in self.nodes]
        return [limit - sum(each) for limit, *each in zip(self.limits, *spent, strict=True)]

    def take_snapshot(self) -> None:
        self.snapshot = {account: dict(parts) for account, parts in self.pot.parts.items()}

    def restart_pot(self, *, empty: bool) -> None:
        if empty:
            self.pot.lose_everything()
        else:
            self.pot.start_anew(self.snapshot)
        for node in self.nodes:
            node.break_off()

    def raise_limit(self, number: int, by: int) -> None:
        self.limits[number] += by
        for node in self.nodes:
            node.world.lender.stir()

    def talk(self, seed: int = 0) -> None:
        """Everybody says all there is to say, over and over."""
        for number in range(3):
            for node in self.nodes:
                node.world.talk(seed + number, doubled=False)
                node.talk()

    def calm_down(self, *, keep_calls: bool = False) -> None:
        for _ in range(3):
            for node in self.nodes:
                node.pot_serves()
                node.hear()
                node.world.calm_down(keep_calls=keep_calls)
            self.settle()

    def settle(self) -> None:
        """Money goes where it is wanted."""
        for _ in range(CALM_ROUNDS):
            for node in self.nodes:
                node.talk()
                node.world.exchange()

    def ask_calmly(self, at: int, number: int, amount: int) -> str:
        """A call of exactly this amount at a node: whether it begins, is refused, or hangs."""
        world = self.nodes[at].world
        world.call(0, [number], amount, amount)
        worker = world.workers[0]
        for _ in range(3):
            world.report(0)
            world.exchange()
            self.settle()
        if worker.calls:
            return "held"
        if worker.purse.waiting:
            world.give_up(0)
            return "hangs"
        worker.tickets = []
        return "refused"
