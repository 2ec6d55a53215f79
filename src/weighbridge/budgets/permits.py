"""Lends permits of rate limits to workers, by the protocol by which budgets' money is lent.

Hides that what a worker used of a bucket is gone for good, whoever it was, and that the bucket
fills meanwhile. A worker's slice is permits already taken out of the bucket, so no number of
workers multiplies a limit; permits that lie idle are called back, or come back by themselves.
Rules for future edits: pure; how full buckets are is kept (`Level`) with every grant, so that a
control process that starts anew does not begin with full ones.
Counterparts: `lender` grants, `bucket` fills, `control/lease_hub` carries and keeps.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from weighbridge.budgets.books import FINISHED
from weighbridge.budgets.bucket import Bucket
from weighbridge.budgets.lease import Account, Grants, Holder, Report
from weighbridge.budgets.lender import Lender
from weighbridge.budgets.rate_limit import PERMIT, RateLimit


class Level(NamedTuple):
    """How full a bucket was at an instant; below zero where more was used than was there."""

    account: Account
    level: int
    at_us: int


class Permits:
    """The buckets of all rate limits.

    Takes: the numbers of its messages, as a `Lender` does.
    """

    def __init__(self, numbers: Iterator[int]) -> None:
        self._limits: Mapping[str, RateLimit] = {}
        self._buckets: dict[Account, Bucket] = {}
        self.lender = Lender(self._allowance, numbers, self._wait_us)

    def __repr__(self) -> str:
        return f"<Permits of {len(self._buckets)} buckets>"

    def learn(self, limits: Iterable[RateLimit]) -> None:
        """The rate limits in force."""
        self._limits = {limit.id: limit for limit in limits}
        for account in list(self._buckets):
            if self._rate(account) is None:
                del self._buckets[account]
        self.lender.stir()

    def restore(self, levels: Iterable[Level]) -> None:
        """Go on where an earlier control process stopped."""
        for account, level, at_us in levels:
            rate = self._rate(account)
            if rate is not None:
                self._buckets[account] = Bucket(rate, at_us, level)

    def decide(self, now_us: int) -> tuple[list[Level], list[Grants]]:
        """What to keep, and then what to send."""
        decision = self.lender.decide(now_us)
        touched = dict.fromkeys(granted.account for granted in decision.keep)
        return [self._level(account, now_us) for account in touched], decision.send

    def receive(self, report: Report) -> None:
        """Take a holder's word."""
        self.lender.receive(report)

    def bury(self, holder: Holder) -> None:
        """A holder is dead: what it used is used."""
        for account in self.lender.accounts():
            self.lender.settle_for_good(account, {holder: FINISHED})
        self.lender.bury(holder)

    def tidy(self, now_us: int) -> None:
        """Forget buckets that are full, and that nobody has permits of."""
        self.lender.drop_closed()
        lent = set(self.lender.accounts())
        for account, bucket in list(self._buckets.items()):
            if account not in lent and self._level(account, now_us).level >= bucket.capacity:
                del self._buckets[account]
                self.lender.discard(account)

    def left(self, limit_id: str, now_us: int) -> dict[tuple[str | None, int], int]:
        """How many whole permits are left of a limit's buckets, by value and kind."""
        return {
            (account.value, account.window_us): self._level(account, now_us).level // PERMIT
            for account in list(self._buckets)
            if account.budget == limit_id
        }

    def _rate(self, account: Account) -> int | None:
        limit = self._limits.get(account.budget)
        if limit is None or (limit.per is None) != (account.value is None):
            return None
        return limit.per_minute(account.window_us)

    def _used(self, account: Account) -> int:
        return self.lender.used(account)

    def _allowance(self, account: Account, now_us: int) -> int | None:
        rate = self._rate(account)
        if rate is None:
            return None
        bucket = self._buckets.get(account)
        if bucket is None:
            bucket = self._buckets[account] = Bucket(rate, now_us)
        return bucket.fill(rate, self._used(account), now_us)

    def _wait_us(self, account: Account, lacking: int) -> int:
        return self._buckets[account].wait_us(lacking)

    def _level(self, account: Account, now_us: int) -> Level:
        bucket, used = self._buckets.get(account), self._used(account)
        allowance = 0 if bucket is None else bucket.allowance_at(used, now_us)
        return Level(account, allowance - used, now_us)
