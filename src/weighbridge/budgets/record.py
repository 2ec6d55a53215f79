"""Budgets and rate limits as they are kept: definitions, when they changed, every raise given.

Counterpart: `budget` is what of it is in force; `control/budgets` keeps records, `admin/` and the
dashboard show them.
"""

import msgspec

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.rate_limit import RateLimit


class RaiseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """More room until an instant: who gave it, when, and whether it was withdrawn since."""

    id: str
    amount_pico_usd: int
    until_us: int
    reason: str | None
    author_kind: str
    author_id: str
    author_name: str
    created_at_us: int
    withdrawn_at_us: int | None = None

    def in_force(self, now_us: int) -> bool:
        """Whether it counts at an instant."""
        return self.withdrawn_at_us is None and now_us < self.until_us


class BudgetRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A budget and its raises, newest first; instants are microseconds since the epoch."""

    budget: Budget
    created_at_us: int
    updated_at_us: int | None = None
    raises: tuple[RaiseRecord, ...] = ()


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway that shares budgets; `own` is this one, `reached` was heard of within seconds.

    One that is `gone` is waited for no more, and what it took counts until its windows end.
    """

    id: str
    name: str
    own: bool = False
    reached: bool = False
    gone: bool = False


class Sharing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether budgets are shared, with whom, and what is wrong with that, if anything."""

    shared: bool = False
    problem: str | None = None
    nodes: tuple[Node, ...] = ()


class RateLimitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A rate limit as it is kept; instants are microseconds since the epoch."""

    limit: RateLimit
    created_at_us: int
    updated_at_us: int | None = None
