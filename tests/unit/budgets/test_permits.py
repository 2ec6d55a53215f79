"""Rate limits hold over all workers, and no permit lies idle where another worker asks."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.budgets.bucket import Bucket
from weighbridge.budgets.lease import Account, Holder
from weighbridge.budgets.permits import Permits
from weighbridge.budgets.pocket import Hold, Need, Shortage, Ticket
from weighbridge.budgets.purse import IDLE_US, Purse
from weighbridge.budgets.rate_limit import (
    PERMIT,
    REQUESTS,
    TOKENS,
    RateBinder,
    RateLimit,
    as_mapping,
    decode_rate_limits,
    encode_rate_limits,
)
from weighbridge.budgets.reading import read_rate_limit
from weighbridge.budgets.scope import CallFacts
from weighbridge.errors import ClientError

SECOND = 1_000_000
CALLS = Account("lim_1", None, REQUESTS)


class World:
    """Two purses and the permits of one limit of so many requests a minute."""

    def __init__(self, per_minute: int, start_us: int = 10**15) -> None:
        self.limit = RateLimit(
            id="lim_1", name="r", requests_per_minute=per_minute, tokens_per_minute=1000
        )
        self.now_us = start_us
        self.permits = self.new_permits(1)
        self.purses = [Purse(Holder(number, 1)) for number in range(2)]
        for purse in self.purses:
            self.permits.lender.arrive(purse.holder)
        self.holds: list[tuple[Purse, Hold]] = []
        self.refused: list[Shortage] = []
        self.levels = []

    def new_permits(self, sequence: int) -> Permits:
        permits = Permits(count(sequence))
        permits.learn([self.limit])
        return permits

    def call(self, worker: int, amount: int = PERMIT, account: Account = CALLS) -> bool:
        """Whether a call begins; talk goes on until it is decided."""
        purse = self.purses[worker]
        needs = [Need(account, amount, amount)]
        hold = purse.hold(needs, self.now_us)
        if hold is None:
            ticket = purse.wait(needs, self.now_us)
            self.talk(ticket)
            hold = ticket.hold
            if ticket.shortage is not None:
                self.refused.append(ticket.shortage)
        else:
            self.talk()
        if hold is not None:
            self.holds.append((purse, hold))
        return hold is not None

    def talk(self, ticket: Ticket | None = None) -> None:
        for _ in range(8):
            for purse in self.purses:
                report = purse.report(self.now_us)
                if report is not None:
                    self.permits.receive(report)
            levels, messages = self.permits.decide(self.now_us)
            self.levels += levels
            for message in messages:
                self.purses[message.holder.worker].receive(message)
            for purse in self.purses:
                purse.decide(self.now_us)
            if ticket is not None and (ticket.hold or ticket.shortage):
                return


def test_a_bucket_fills_evenly_and_never_over() -> None:
    """60 a minute give one a second, and never more than a minute's worth at once."""
    bucket = Bucket(60, 0)
    assert bucket.fill(60, 0, 0) == 60 * PERMIT
    used = 60 * PERMIT
    assert bucket.fill(60, used, SECOND) - used == PERMIT
    assert bucket.fill(60, used, 500 * SECOND) - used == 60 * PERMIT
    assert bucket.fill(60, used, 499 * SECOND) - used == 60 * PERMIT  # the clock went back
    assert bucket.wait_us(PERMIT) == SECOND
    assert bucket.wait_us(1) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_as_many_begin_as_may(workers: int) -> None:
    """Of fifty calls at once ten begin, on one worker or two."""
    world = World(10)
    begun = sum(world.call(number % workers) for number in range(50))
    assert (begun, len(world.refused)) == (10, 40)


def test_a_refusal_says_when() -> None:
    """After that time, and not before, a call begins."""
    world = World(10)
    while world.call(0):
        pass
    retry_us = world.refused[-1].retry_us
    assert 0 < retry_us <= 6 * SECOND
    world.now_us += retry_us - 1
    assert not world.call(0)
    world.now_us += world.refused[-1].retry_us
    assert world.call(0)
    assert not world.call(1)


def test_idle_permits_come_back() -> None:
    """What one worker does not use, another finds."""
    world = World(10)
    assert world.call(0)
    world.now_us += IDLE_US + 1
    assert sum(world.call(1) for _ in range(20)) == 9  # five seconds fill less than one


def test_tokens_settle_at_what_they_were() -> None:
    """A call that used less than it set aside leaves the rest; one that used more owes it."""
    world = World(10)
    tokens = Account("lim_1", None, TOKENS)
    assert world.call(0, 900 * PERMIT, tokens)
    assert not world.call(1, 200 * PERMIT, tokens)
    purse, hold = world.holds[0]
    purse.settle_each(hold, [100 * PERMIT])
    assert world.call(1, 900 * PERMIT, tokens)
    purse, hold = world.holds[1]
    purse.settle_each(hold, [1900 * PERMIT])
    world.talk()
    world.now_us += 60 * SECOND
    assert not world.call(0, PERMIT, tokens)  # a minute's worth is owed still


def test_a_restart_begins_with_no_full_bucket() -> None:
    """A new control process goes on with the level that was kept, whatever workers used before."""
    world = World(10)
    assert sum(world.call(number % 2) for number in range(6)) == 6
    world.permits = world.new_permits(10**6)
    world.permits.restore(world.levels)
    for purse in world.purses:
        world.permits.lender.arrive(purse.holder)
        report = purse.report(world.now_us, full=True)
        assert report is not None
        world.permits.receive(report)
    assert sum(world.call(number % 2) for number in range(20)) <= 4


def test_what_the_dead_used_is_used() -> None:
    """A worker's end gives back no permits."""
    world = World(10)
    assert sum(world.call(0) for _ in range(7)) == 7
    world.permits.lender.leave(world.purses[0].holder)
    world.permits.bury(world.purses[0].holder)
    world.purses[0] = Purse(Holder(0, 2))
    world.permits.lender.arrive(world.purses[0].holder)
    begun = sum(world.call(number % 2) for number in range(20))
    assert begun <= 3
    assert world.permits.left("lim_1", world.now_us) == {(None, REQUESTS): 0}


def test_a_limit_that_is_gone_is_forgotten() -> None:
    """Without the limit there is no bucket."""
    world = World(10)
    world.call(0)
    world.permits.learn([])
    assert world.permits.left("lim_1", world.now_us) == {}
    world.now_us += 10 * IDLE_US
    world.permits.tidy(world.now_us)
    assert "0 buckets" in repr(world.permits)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20 * SECOND)), max_size=60),
)
def test_never_more_than_was_filled(per_minute: int, steps: list[tuple[int, int]]) -> None:
    """Calls that began are never more than a full bucket and what filled it meanwhile."""
    world = World(per_minute)
    begun = 0
    start_us = world.now_us
    for worker, pause_us in steps:
        begun += world.call(worker)
        assert begun * PERMIT <= per_minute * (PERMIT + world.now_us - start_us)
        world.now_us += pause_us


def test_definitions_are_read_and_written() -> None:
    """Every field survives, and what is wrong is told at once."""
    given = {
        "name": "per token",
        "scope": {"department": ["care"]},
        "per": "token",
        "requests_per_minute": 60,
        "tokens_per_minute": None,
        "enabled": True,
    }
    wanted = read_rate_limit(given)
    limit = RateLimit(id="lim_2", **{f: getattr(wanted, f) for f in wanted.__struct_fields__})
    assert as_mapping(limit) == given | {"id": "lim_2"}
    assert decode_rate_limits(encode_rate_limits([limit])) == (limit,)
    assert decode_rate_limits(b"") == ()
    with pytest.raises(ClientError) as caught:
        read_rate_limit({"name": "x", "per": "outcome", "burst": 3})
    assert {problem.where for problem in caught.value.problems} == {
        "requests_per_minute",
        "per",
        "burst",
    }


def test_who_is_bound() -> None:
    """A limit per token has a bucket for each; one that is off binds nobody."""
    per_token = RateLimit(id="lim_a", name="a", per="token", requests_per_minute=1)
    off = RateLimit(id="lim_b", name="b", requests_per_minute=1, enabled=False)
    binder = RateBinder([per_token, off])
    (bound,) = binder.bind(CallFacts(token_id="tok_1"))
    assert bound.account(TOKENS) == Account("lim_a", "tok_1", TOKENS)
    assert binder.dimensions == {"token"}
    assert not RateBinder([off])
