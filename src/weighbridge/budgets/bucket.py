"""How much a rate limit has let through so far, and may let through now: a token bucket.

Kept as one figure that only grows, the `allowance`: what may have been used since the bucket was
made. It grows evenly, and never further than a minute's worth beyond what was used. Whole numbers
throughout, in `PERMIT`ths. Rules for future edits: time is an argument and may jump: it fills for
no more than a minute at once, and one that goes back fills nothing.
Counterpart: `permits` has a bucket for each account.
"""

from typing import Final

from weighbridge.budgets.rate_limit import PERMIT

_MINUTE_US: Final = 60_000_000


class Bucket:
    """The bucket of one account."""

    __slots__ = ("allowance", "at_us", "per_minute")

    def __init__(self, per_minute: int, at_us: int, level: int | None = None) -> None:
        self.per_minute = per_minute
        self.at_us = at_us
        self.allowance = self.capacity if level is None else level

    def __repr__(self) -> str:
        return f"<Bucket of {self.per_minute} a minute: {self.allowance // PERMIT} let through>"

    @property
    def capacity(self) -> int:
        """A minute's worth."""
        return self.per_minute * PERMIT

    def fill(self, per_minute: int, used: int, now_us: int) -> int:
        """What may have been used by now, at a rate that may have changed.

        Example: 60 a minute, all used at second 0: at second 1 one more, at second 90 sixty more.
        """
        self.per_minute = per_minute
        self.allowance = self.allowance_at(used, now_us)
        self.at_us = now_us
        return self.allowance

    def allowance_at(self, used: int, now_us: int) -> int:
        """The same without filling: any thread may ask."""
        passed_us = min(max(now_us - self.at_us, 0), _MINUTE_US)
        return min(self.allowance + passed_us * self.per_minute, used + self.capacity)

    def wait_us(self, lacking: int) -> int:
        """How long until so much more is there.

        Example: at 60 a minute one permit takes a second.
        """
        return -(-lacking // self.per_minute)
