"""The lease protocol never overspends, whatever is lost, doubled, late or killed; and it lends."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from lease_world import World

AMOUNTS = st.integers(1, 60)
ACCOUNTS = st.lists(st.integers(0, 1), min_size=1, max_size=2, unique=True)
PICK = st.integers(0, 2**16)
WORKER = st.integers(0, 1)
MESSAGES = ["report", "decide", "deliver", "double", "lose"]
DAY = ["call", "talk", "end", "take", "write", "seal", "load", "ask", "call", "talk", "end"]
JOURNAL = ["take", "write", "seal", "load", "take write", "write seal", "take write seal load"]


class LeaseMachine(RuleBasedStateMachine):
    """Random steps of two workers, the lender, the journal, the ledger and what lies between."""

    @initialize(limits=st.lists(st.integers(1, 200), min_size=2, max_size=2))
    def begin(self, limits: list[int]) -> None:
        self.world = World(limits)
        self.world.refresh_all()

    @rule(worker=WORKER, accounts=ACCOUNTS, amount=AMOUNTS, floor=PICK)
    def call(self, worker: int, accounts: list[int], amount: int, floor: int) -> None:
        self.world.call(worker, accounts, amount, 1 + floor % amount)

    @rule(worker=WORKER, amounts=st.lists(AMOUNTS, min_size=2, max_size=6), seed=PICK)
    def calls_and_talk(self, worker: int, amounts: list[int], seed: int) -> None:
        for amount in amounts:
            self.world.call(worker, [0], amount, amount)
        self.world.talk(seed, doubled=False)

    @rule(pick=PICK, share=st.sampled_from([0, 1, 50, 99, 100]))
    def end_call(self, pick: int, share: int) -> None:
        self.world.end_call(pick, share)

    @rule(worker=WORKER, amount=AMOUNTS, steps=st.lists(st.sampled_from(DAY), max_size=14))
    def a_day(self, worker: int, amount: int, steps: list[str]) -> None:
        """Much of the usual in a row: calls that cost all they held, and their rows on the way."""
        at = self.world.workers[worker]
        for number, step in enumerate(steps):
            {
                "call": lambda: self.world.call(worker, [0], amount, amount),
                "end": lambda: self.world.end_call(0, 100),
                "take": at.take_group,
                "write": at.write_group,
                "seal": at.seal,
                "load": lambda: self.world.load(0),
                "talk": lambda seed=number: self.world.talk(seed, doubled=False),
                "ask": self.world.refresh_all,
            }[step]()

    @rule(pick=PICK, amount=AMOUNTS, kind=st.sampled_from(["release", "extend", "give up"]))
    def change_call(self, pick: int, amount: int, kind: str) -> None:
        if kind == "release":
            self.world.release_call(pick)
        elif kind == "extend":
            self.world.extend_call(pick, amount)
        else:
            self.world.give_up(pick)

    @rule(seed=PICK, doubled=st.booleans())
    def talk(self, seed: int, doubled: bool) -> None:
        """Everybody says what there is to say, and all of it arrives, in some order."""
        self.world.talk(seed, doubled=doubled)

    @rule(worker=WORKER, full=st.booleans(), pick=PICK, kind=st.sampled_from(MESSAGES))
    def message(self, worker: int, full: bool, pick: int, kind: str) -> None:
        """One step of the talk alone: any of it may be late, doubled or lost."""
        if kind == "report":
            self.world.report(worker, full=full)
        elif kind == "decide":
            self.world.decide()
        elif kind == "lose":
            self.world.lose(pick)
        else:
            self.world.deliver(pick, keep=kind == "double")

    @rule(worker=WORKER, pick=PICK, steps=st.sampled_from(JOURNAL))
    def journal(self, worker: int, pick: int, steps: str) -> None:
        """Steps of a row's way: its group is taken, written, its segment sealed, loaded."""
        at = self.world.workers[worker]
        for step in steps.split():
            {
                "take": at.take_group,
                "write": at.write_group,
                "seal": at.seal,
                "load": lambda: self.world.load(pick),
            }[step]()

    @rule(kind=st.sampled_from(["frontier", "first", "second", "all", "all"]))
    def ledger(self, kind: str) -> None:
        """The ledger is asked; between the frontier and the sums anything may happen."""
        if kind == "frontier":
            self.world.take_frontier()
        elif kind == "all":
            self.world.refresh_all()
        else:
            self.world.refresh(0 if kind == "first" else 1)

    @rule()
    def tidy_up(self) -> None:
        self.world.drop_closed()
        self.world.bury_the_dead()

    @rule(account=st.integers(0, 1), amount=AMOUNTS, kind=st.sampled_from(["book", "raise"]))
    def from_outside(self, account: int, amount: int, kind: str) -> None:
        if kind == "book":
            self.world.book_elsewhere(account, amount)
        else:
            self.world.raise_limit(account, amount)

    @rule(us=st.sampled_from([1, 10_000, 1_000_000, 10**7, 10**9, -(10**7), -1]))
    def clock_jumps(self, us: int) -> None:
        self.world.now_us += us

    @rule(kind=st.sampled_from(["first", "second", "lender", "lender in the middle"]))
    def kill(self, kind: str) -> None:
        """In the middle: grants were kept, and nobody was told."""
        if kind == "lender in the middle":
            self.world.decide(send=False)
        if kind.startswith("lender"):
            self.world.restart_lender()
        else:
            self.world.kill_worker(0 if kind == "first" else 1)

    @invariant()
    def never_overspent(self) -> None:
        """What is in the ledger, settled, held and free in purses never exceeds what may be."""
        if hasattr(self, "world"):
            for number, limit in enumerate(self.world.limits):
                assert self.world.truly_used(number) <= limit

    @invariant()
    def nothing_below_zero(self) -> None:
        """No pocket has less than nothing to give."""
        if hasattr(self, "world"):
            for worker in self.world.workers:
                assert all(pocket.free >= 0 for pocket in worker.purse._pockets.values())

    def teardown(self) -> None:
        """Once all is quiet again, a call that fits into what is left begins; one that doesn't
        is refused at once."""
        if not hasattr(self, "world"):
            return
        self.world.calm_down()
        left = self.world.left()
        for number, amount in enumerate(left):
            if amount > 0:
                assert self.world.ask_calmly(number, amount) == "held"
        self.world.calm_down()
        for number in range(len(left)):
            assert self.world.ask_calmly(number, 1) == "refused"


LeaseMachine.TestCase.settings = settings(max_examples=250, stateful_step_count=50, deadline=None)
TestLeases = LeaseMachine.TestCase


def test_random_bursts_admit_what_fits() -> None:
    """50 calls of one cent on ten cents, over two workers: exactly ten are admitted (B1, B6)."""
    world = World([10, 1000])
    outcomes: Counter[str] = Counter()
    for number in range(50):
        world.call(number % 2, [0], 1, 1)
    world.calm_down(keep_calls=True)
    for worker in world.workers:
        outcomes["held"] += len(worker.calls)
        outcomes["waiting"] += len(worker.purse.waiting)
    assert outcomes == {"held": 10, "waiting": 40}
