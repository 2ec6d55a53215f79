"""The lease protocol never overspends, whatever is lost, doubled, late or killed; and it lends."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from lease_world import World

AMOUNTS = st.integers(1, 60)
ACCOUNTS = st.lists(st.integers(0, 1), min_size=1, max_size=2, unique=True)
PICK = st.integers(0, 2**16)


class LeaseMachine(RuleBasedStateMachine):
    """Random steps of two workers, the lender, the journal, the ledger and what lies between."""

    @initialize(limits=st.lists(st.integers(1, 200), min_size=2, max_size=2))
    def begin(self, limits: list[int]) -> None:
        self.world = World(limits)

    @rule(worker=st.integers(0, 1), accounts=ACCOUNTS, amount=AMOUNTS, floor=PICK)
    def call(self, worker: int, accounts: list[int], amount: int, floor: int) -> None:
        self.world.call(worker, accounts, amount, 1 + floor % amount)

    @rule(pick=PICK, share=st.integers(0, 100))
    def end_call(self, pick: int, share: int) -> None:
        self.world.end_call(pick, share)

    @rule(pick=PICK)
    def release_call(self, pick: int) -> None:
        self.world.release_call(pick)

    @rule(pick=PICK, amount=AMOUNTS)
    def extend_call(self, pick: int, amount: int) -> None:
        self.world.extend_call(pick, amount)

    @rule(pick=PICK)
    def give_up(self, pick: int) -> None:
        self.world.give_up(pick)

    @rule(worker=st.integers(0, 1))
    def take_group(self, worker: int) -> None:
        self.world.workers[worker].take_group()

    @rule(worker=st.integers(0, 1))
    def write_group(self, worker: int) -> None:
        self.world.workers[worker].write_group()

    @rule(worker=st.integers(0, 1))
    def seal(self, worker: int) -> None:
        self.world.workers[worker].seal()

    @rule(pick=PICK)
    def load(self, pick: int) -> None:
        self.world.load(pick)

    @rule(worker=st.integers(0, 1), full=st.booleans())
    def report(self, worker: int, full: bool) -> None:
        self.world.report(worker, full=full)

    @rule()
    def decide(self) -> None:
        self.world.decide()

    @rule()
    def decide_and_die(self) -> None:
        """Grants were kept, and nobody was told."""
        self.world.decide(send=False)
        self.world.restart_lender()

    @rule(pick=PICK, keep=st.booleans())
    def deliver(self, pick: int, keep: bool) -> None:
        self.world.deliver(pick, keep=keep)

    @rule(pick=PICK)
    def lose(self, pick: int) -> None:
        self.world.lose(pick)

    @rule()
    def take_frontier(self) -> None:
        self.world.take_frontier()

    @rule(account=st.integers(0, 1))
    def refresh(self, account: int) -> None:
        self.world.refresh(account)

    @rule()
    def forget(self) -> None:
        self.world.drop_closed()

    @rule(account=st.integers(0, 1), cost=AMOUNTS)
    def book_elsewhere(self, account: int, cost: int) -> None:
        self.world.book_elsewhere(account, cost)

    @rule(account=st.integers(0, 1), by=AMOUNTS)
    def raise_limit(self, account: int, by: int) -> None:
        self.world.raise_limit(account, by)

    @rule(us=st.sampled_from([1, 10_000, 1_000_000, 10**7, 10**9, -(10**7), -1]))
    def clock_jumps(self, us: int) -> None:
        self.world.now_us += us

    @rule(worker=st.integers(0, 1))
    def kill_worker(self, worker: int) -> None:
        self.world.kill_worker(worker)

    @rule()
    def kill_lender(self) -> None:
        self.world.restart_lender()

    @rule()
    def bury(self) -> None:
        self.world.bury_the_dead()

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


LeaseMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=60, deadline=None)
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
