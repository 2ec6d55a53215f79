"""Rate limits as a viewer who is bound to departments or projects sees them.

As budgets are: a limit that counts only what lies within the scope, or that has a bucket of its
own for each value of a bound dimension.
Counterparts: `seen` puts these in, `seen_budgets` does the same for money.
"""

from collections.abc import Callable, Mapping

from weighbridge.admin.ports_of_budgets import Permits, RateLimits
from weighbridge.budgets.rate_limit import NewRateLimit, RateLimit
from weighbridge.budgets.record import RateLimitRecord
from weighbridge.core.principal import OPERATOR, Principal, Scope
from weighbridge.errors import NotFoundError


class SeenRateLimits:
    """Rate limits within a scope, to look at."""

    def __init__(self, limits: RateLimits, scope: Scope) -> None:
        self._limits = limits
        self._scope = scope

    def __repr__(self) -> str:
        return f"<SeenRateLimits within {self._scope}>"

    def all(self) -> list[RateLimitRecord]:
        """Those that are seen, newest first."""
        return [record for record in self._limits.all() if self._sees(record.limit)]

    def get(self, limit_id: str) -> RateLimitRecord:
        """One that is seen.

        Errors: `NotFoundError`.
        """
        record = self._limits.get(limit_id)
        if not self._sees(record.limit):
            raise NotFoundError(f"no rate limit has the id {limit_id[:60]!r}")
        return record

    def create(self, wanted: NewRateLimit, by: Principal = OPERATOR) -> RateLimitRecord:
        """Nobody who is bound does."""
        raise AssertionError(f"{by.id}: only viewers are bound, and they make no {wanted.name}")

    def update(
        self,
        limit_id: str,
        revise: Callable[[RateLimit], NewRateLimit],
        by: Principal = OPERATOR,
    ) -> RateLimitRecord:
        """Nobody who is bound does."""
        raise AssertionError(f"{by.id}: viewers do not change {limit_id} by {revise}")

    def remove(self, limit_id: str, by: Principal = OPERATOR) -> RateLimitRecord:
        """Nobody who is bound does."""
        raise AssertionError(f"{by.id}: viewers do not remove {limit_id}")

    def _sees(self, limit: RateLimit) -> bool:
        return all(
            dimension == limit.per or set(limit.scope.get(dimension, ("",))) <= set(values)
            for dimension, values in self._scope.items()
        )


class SeenPermits:
    """How full the buckets within a scope are."""

    def __init__(self, permits: Permits, limits: RateLimits, scope: Scope) -> None:
        self._permits = permits
        self._limits = limits
        self._scope = scope

    def __repr__(self) -> str:
        return f"<SeenPermits within {self._scope}>"

    def permits_left(self, limit_id: str) -> Mapping[tuple[str | None, int], int]:
        """Of a limit that is split by a bound dimension, the buckets that are seen."""
        left = self._permits.permits_left(limit_id)
        per = self._limits.get(limit_id).limit.per
        if per is None or per not in self._scope:
            return left
        return {key: count for key, count in left.items() if key[0] in self._scope[per]}
