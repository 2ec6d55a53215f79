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


class RateLimitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A rate limit as it is kept; instants are microseconds since the epoch."""

    limit: RateLimit
    created_at_us: int
    updated_at_us: int | None = None
