"""Nodes never overspend a budget that they share, whatever is lost, late, killed or forgotten."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pot_world import PotWorld

AMOUNTS = st.integers(1, 60)
PICK = st.integers(0, 2**16)
NODE = st.integers(0, 1)
WORKER = st.integers(0, 1)
ACCOUNTS = st.lists(st.integers(0, 1), min_size=1, max_size=2, unique=True)
STEPS = ["ask 0", "ask 1", "serve", "hear", "look", "join", "declare", "break", "talk", "talk"]
FAILURES = ["snapshot", "empty", "old"]
DAY = ["call", "talk", "end", "take", "write", "seal", "load", "refresh", "pot", "call", "pot"]


class PotMachine(RuleBasedStateMachine):
    """Random steps of two nodes and the pot between them; each node is a whole lease world."""

    @initialize(limits=st.lists(st.integers(1, 200), min_size=2, max_size=2))
    def begin(self, limits: list[int]) -> None:
        self.world = PotWorld(limits)

    @rule(node=NODE, worker=WORKER, accounts=ACCOUNTS, amount=AMOUNTS, floor=PICK)
    def call(self, node: int, worker: int, accounts: list[int], amount: int, floor: int) -> None:
        self.world.nodes[node].world.call(worker, accounts, amount, 1 + floor % amount)

    @rule(node=NODE, pick=PICK, share=st.sampled_from([0, 50, 100]))
    def end_call(self, node: int, pick: int, share: int) -> None:
        self.world.nodes[node].world.end_call(pick, share)

    @rule(node=NODE, amount=AMOUNTS, steps=st.lists(st.sampled_from(DAY), max_size=16))
    def a_day(self, node: int, amount: int, steps: list[str]) -> None:
        """Much of the usual at one node in a row."""
        at = self.world.nodes[node]
        worker = at.world.workers[0]
        for number, step in enumerate(steps):
            {
                "call": lambda: at.world.call(0, [0], amount, amount),
                "end": lambda: at.world.end_call(0, 100),
                "take": worker.take_group,
                "write": worker.write_group,
                "seal": worker.seal,
                "load": lambda: at.world.load(0),
                "talk": lambda seed=number: at.world.talk(seed, doubled=False),
                "refresh": at.world.refresh_all,
                "pot": at.talk,
            }[step]()

    @rule(node=NODE, amounts=st.lists(AMOUNTS, min_size=1, max_size=4))
    def a_turn(self, node: int, amounts: list[int]) -> None:
        """One node alone calls, and asks the pot until its calls go up."""
        at = self.world.nodes[node]
        for amount in amounts:
            at.world.call(0, [0], amount, amount)
        for seed in range(3):
            at.world.talk(seed, doubled=False)
            at.talk()
        at.world.talk(0, doubled=False)

    @rule(seed=PICK)
    def talk(self, seed: int) -> None:
        """Everybody says what there is to say."""
        self.world.talk(seed)

    @rule(node=NODE, step=st.sampled_from(STEPS))
    def pot_step(self, node: int, step: str) -> None:
        """One step of the talk with the pot alone: what was asked may be lost or come late."""
        at = self.world.nodes[node]
        {
            "ask 0": lambda: at.ask(0),
            "ask 1": lambda: at.ask(1),
            "serve": at.pot_serves,
            "hear": at.hear,
            "look": at.look,
            "join": at.join,
            "declare": at.declare,
            "break": at.break_off,
            "talk": at.talk,
        }[step]()

    @rule(node=NODE, seed=PICK)
    def talk_within(self, node: int, seed: int) -> None:
        self.world.nodes[node].world.talk(seed, doubled=True)

    @rule(node=NODE)
    def ledger(self, node: int) -> None:
        self.world.nodes[node].world.refresh_all()

    @rule(node=NODE)
    def tidy_up(self, node: int) -> None:
        world = self.world.nodes[node].world
        world.drop_closed()
        world.bury_the_dead()

    @rule(node=NODE, amounts=st.lists(AMOUNTS, max_size=4), kind=st.sampled_from(FAILURES))
    def pot_fails(self, node: int, amounts: list[int], kind: str) -> None:
        """The pot starts anew: empty, or as it was some time ago; one node is there at once."""
        if kind == "snapshot":
            self.world.take_snapshot()
            return
        self.a_turn(1 - node, amounts)
        self.world.restart_pot(empty=kind == "empty")
        self.a_turn(node, amounts)

    @rule(node=NODE, kind=st.sampled_from(["control", "before it hears", "worker"]))
    def kill(self, node: int, kind: str) -> None:
        """Before it hears: the pot has written what it gave, and the node never knew."""
        at = self.world.nodes[node]
        if kind == "worker":
            at.world.kill_worker(0)
            return
        if kind == "before it hears":
            at.talk()
            at.ask(0)
            at.pot_serves()
            at.world.decide(send=False)
        at.restart()
        if kind == "control":
            at.world.refresh_all()
            at.talk()
            self.a_turn(1 - node, [60, 60, 60])

    @rule(account=st.integers(0, 1), amount=AMOUNTS)
    def raise_limit(self, account: int, amount: int) -> None:
        self.world.raise_limit(account, amount)

    @rule(node=NODE, us=st.sampled_from([1, 10_000, 1_000_000, 10**7, 10**9, -(10**7)]))
    def clock_jumps(self, node: int, us: int) -> None:
        self.world.nodes[node].world.now_us += us

    @invariant()
    def never_overspent(self) -> None:
        """Ledgers, rows on their way, holds and purses of both nodes never pass the limit."""
        if hasattr(self, "world"):
            for number, limit in enumerate(self.world.limits):
                assert self.world.truly_used(number) <= limit

    def teardown(self) -> None:
        """Once all is quiet, what is left can be spent at either node, and no more."""
        if not hasattr(self, "world"):
            return
        self.world.calm_down()
        for number, amount in enumerate(self.world.left()):
            if amount > 0:
                assert self.world.ask_calmly(number % 2, number, amount) == "held"
        self.world.calm_down()
        for number in range(2):
            assert self.world.ask_calmly(number % 2, number, 1) == "refused"


PotMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestPot = PotMachine.TestCase


def test_random_bursts_at_two_nodes_admit_what_fits() -> None:
    """50 calls of one cent on ten cents, over two nodes: exactly ten are admitted (B1, B6)."""
    world = PotWorld([10, 1000])
    for number in range(50):
        world.nodes[number % 2].world.call(number // 2 % 2, [0], 1, 1)
    world.talk()
    world.calm_down(keep_calls=True)
    workers = [worker for node in world.nodes for worker in node.world.workers]
    assert sum(len(worker.calls) for worker in workers) == 10
    assert sum(len(worker.purse.waiting) for worker in workers) == 40
