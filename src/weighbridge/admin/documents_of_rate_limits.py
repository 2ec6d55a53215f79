"""The API's documents about rate limits.

Rules for future edits: as in `documents_of_budgets`, whose way of describing fields this takes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from weighbridge.admin.documents_of_budgets import described
from weighbridge.budgets.rate_limit import REQUESTS, TOKENS, as_mapping
from weighbridge.budgets.record import RateLimitRecord
from weighbridge.core.clock import from_unix_us, from_unix_us_if_any

_SCOPE: Final = "Which calls count: dimensions, each with the values that fit; {} = all."
_PER: Final = "One limit of this size for each value of a dimension, also for those never seen."
_REQUESTS: Final = "Calls a minute; null = no limit on calls."
_TOKENS: Final = "Tokens a minute, in and out; null = no limit on tokens."
_ENABLED: Final = "False takes it out of force and keeps it."

Left = Mapping[tuple[str | None, int], int]


class RateLimitChange(BaseModel):
    """A rate limit, or the fields of it that shall change."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": False})

    name: Any = described(str, None, "For people; need not be unique.", maxLength=128)
    scope: Any = described(dict[str, list[str]], {}, _SCOPE)
    per: Any = described(str | None, None, _PER)
    requests_per_minute: Any = described(int | None, None, _REQUESTS)
    tokens_per_minute: Any = described(int | None, None, _TOKENS)
    enabled: Any = described(bool, True, _ENABLED)

    def given(self) -> dict[str, Any]:
        """What was sent, as it was sent."""
        return self.model_dump(exclude_unset=True)


class RateLimitRequest(RateLimitChange):
    """A rate limit to make: calls, tokens or both."""

    model_config = ConfigDict(
        json_schema_extra={"additionalProperties": False, "required": ["name"]}
    )


class RateLimitDocument(BaseModel):
    """A rate limit."""

    id: str = Field(description="`lim_…`.")
    name: str = Field(description="For people.")
    scope: dict[str, list[str]] = Field(description=_SCOPE)
    per: str | None = Field(description=_PER)
    requests_per_minute: int | None = Field(description=_REQUESTS)
    tokens_per_minute: int | None = Field(description=_TOKENS)
    enabled: bool = Field(description=_ENABLED)
    created_at: datetime = Field(description="When it was made, UTC.")
    updated_at: datetime | None = Field(description="When it was last changed; null = never.")

    @classmethod
    def of(cls, record: RateLimitRecord) -> Self:
        """The document of a rate limit."""
        return cls(
            **as_mapping(record.limit),
            created_at=from_unix_us(record.created_at_us),
            updated_at=from_unix_us_if_any(record.updated_at_us),
        )


class RateLimitList(BaseModel):
    """All rate limits, newest first."""

    rate_limits: list[RateLimitDocument] = Field(description="Also those that are disabled.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


class BucketDocument(BaseModel):
    """What may be used at once; below 0 where more was used than was there."""

    value: str | None = Field(description="The value of `per`; null where it is not split.")
    requests_left: int | None = Field(description="Calls; null = no limit on calls.")
    tokens_left: int | None = Field(description="Tokens; null = no limit on tokens.")


class RateLimitStatus(BaseModel):
    """How full a rate limit's buckets are."""

    rate_limit_id: str = Field(description="`lim_…`.")
    name: str = Field(description="For people.")
    per: str | None = Field(description=_PER)
    requests_per_minute: int | None = Field(description=_REQUESTS)
    tokens_per_minute: int | None = Field(description=_TOKENS)
    buckets: list[BucketDocument] = Field(
        description="Those that are not full, the emptiest first; of a limit that is not split, "
        "its only one."
    )

    @classmethod
    def of(cls, record: RateLimitRecord, left: Left) -> Self:
        """The document of a limit's buckets."""
        limit = record.limit
        full = {REQUESTS: limit.requests_per_minute, TOKENS: limit.tokens_per_minute}
        values = dict.fromkeys(value for value, _ in left)
        if limit.per is None:
            values = {None: None}

        def bucket(value: str | None) -> BucketDocument:
            requests, tokens = (
                None if full[kind] is None else left.get((value, kind), full[kind])
                for kind in (REQUESTS, TOKENS)
            )
            return BucketDocument(value=value, requests_left=requests, tokens_left=tokens)

        found = [bucket(value) for value in values]
        return cls(
            rate_limit_id=limit.id,
            name=limit.name,
            per=limit.per,
            requests_per_minute=limit.requests_per_minute,
            tokens_per_minute=limit.tokens_per_minute,
            buckets=sorted(found, key=lambda one: _fullness(one, full)),
        )


class RateLimitStatusList(BaseModel):
    """How full the buckets of all rate limits are."""

    statuses: list[RateLimitStatus] = Field(description="One for each limit, newest first.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


def _fullness(one: BucketDocument, full: Mapping[int, int | None]) -> float:
    parts = [
        left / most
        for left, most in ((one.requests_left, full[REQUESTS]), (one.tokens_left, full[TOKENS]))
        if left is not None and most
    ]
    return min(parts, default=1.0)
