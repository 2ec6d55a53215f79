"""What a rate limit is: how many requests or tokens a minute, for which calls.

A limit is kept as a token bucket: it fills evenly, holds a minute's worth at most, and every call
takes out what it needs. Rules for future edits: as for `budget`. To the protocol of leases a
bucket is an account like any other; amounts are in `PERMIT`ths, so that a microsecond's filling
is a whole number.
Counterparts: `reading` checks what is asked for, `bucket` fills, `permits` lends.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from weighbridge.budgets.lease import Account
from weighbridge.budgets.scope import CallFacts, binds, value_of

ID_PREFIX: Final = "lim_"
PERMIT: Final = 60_000_000  # microseconds of a minute: a rate of one a minute fills 1 a microsecond
REQUESTS: Final = 0
TOKENS: Final = 1


class NewRateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A rate limit as somebody asks for it, checked; None is no limit of that kind."""

    name: str
    scope: dict[str, tuple[str, ...]] = {}
    per: str | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    enabled: bool = True


class RateLimit(NewRateLimit, frozen=True, kw_only=True):
    """A rate limit in force."""

    id: str

    def per_minute(self, kind: int) -> int | None:
        """How many of a kind, `REQUESTS` or `TOKENS`, a minute; None where it limits none."""
        if not self.enabled:
            return None
        return {REQUESTS: self.requests_per_minute, TOKENS: self.tokens_per_minute}.get(kind)


class RateBinding(NamedTuple):
    """A rate limit that binds a call, and by which value where it is one per value."""

    limit: RateLimit
    value: str | None

    def account(self, kind: int) -> Account:
        """The bucket of a kind."""
        return Account(self.limit.id, self.value, kind)


class RateBinder:
    """The rate limits in force, ready to be asked; made anew with each policy."""

    def __init__(self, limits: Iterable[RateLimit]) -> None:
        self._limits = [limit for limit in limits if limit.enabled]

    def __repr__(self) -> str:
        return f"<RateBinder of {len(self._limits)} limits>"

    def __bool__(self) -> bool:
        return bool(self._limits)

    @property
    def dimensions(self) -> frozenset[str]:
        """What the limits in force look at."""
        names = {name for limit in self._limits for name in limit.scope}
        return frozenset(names | {limit.per for limit in self._limits if limit.per})

    def bind(self, facts: CallFacts) -> tuple[RateBinding, ...]:
        """Every limit that a call must keep to."""
        return tuple(
            RateBinding(limit, value_of(limit, facts))
            for limit in self._limits
            if binds(limit, facts)
        )


def as_mapping(limit: RateLimit) -> dict[str, Any]:
    """The JSON of a rate limit: what `reading.read_rate_limit` takes, with its id."""
    return {
        "id": limit.id,
        "name": limit.name,
        "scope": {name: list(values) for name, values in limit.scope.items()},
        "per": limit.per,
        "requests_per_minute": limit.requests_per_minute,
        "tokens_per_minute": limit.tokens_per_minute,
        "enabled": limit.enabled,
    }


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(tuple[RateLimit, ...])


def encode_rate_limits(limits: Sequence[RateLimit]) -> bytes:
    """Definitions as they travel to workers, inside a policy."""
    return _ENCODER.encode(limits)


def decode_rate_limits(data: bytes) -> tuple[RateLimit, ...]:
    """Definitions from `encode_rate_limits`; none where nothing was sent.

    Errors: `msgspec.DecodeError` or `msgspec.ValidationError` where the bytes are none.
    """
    return _DECODER.decode(data) if data else ()
