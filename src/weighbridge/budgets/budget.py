"""What a budget is: how much, over which window, for which calls, and what happens at the end.

A definition as the control database keeps it and as workers hold it. Money is whole
pico-dollars. Rules for future edits: a field of the definition is read in `reading`, written in
`as_mapping`, and kept by `control/budgets`; time is an argument.
Counterparts: `reading` checks what somebody asks for, `scope` says which calls a budget binds,
`windows` over which time it counts, `lender` and `purse` see that it holds.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from weighbridge.budgets.windows import Period
from weighbridge.core.clock import InstantFormatter
from weighbridge.core.dollars import exact_usd
from weighbridge.core.money import pico_to_decimal

DEFAULT_THRESHOLDS: Final = (50, 80, 100)

Action = Literal["alert", "block"]
HoldRule = Literal["estimate", "bound"]
OnExhausted = Literal["finish", "cut"]
Unpriced = Literal["allow", "block"]


class Raise(msgspec.Struct, frozen=True, kw_only=True):
    """More room until an instant (excluded), and who gave it."""

    id: str
    amount_pico_usd: int
    until_us: int
    author: str
    reason: str | None = None


class NewBudget(msgspec.Struct, frozen=True, kw_only=True):
    """A budget as somebody asks for it, checked.

    `scope` maps a dimension to the values of which one must be there; empty binds every call.
    `per` makes one budget of that size for each value of a dimension. `action`: `alert` only
    tells, `block` refuses. `hold`: what a call sets aside before it begins, an `estimate` or the
    upper `bound` of what it can cost. `on_exhausted`: whether a stream that outgrows what it
    holds, where nothing is left, may `finish` or is `cut`. `grace_percent` of the limit may be
    spent beyond it before calls are refused.
    """

    name: str
    limit_pico_usd: int
    period: Period = "month"
    timezone: str = "UTC"
    scope: dict[str, tuple[str, ...]] = {}
    per: str | None = None
    action: Action = "alert"
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS
    unpriced: Unpriced = "allow"
    channels: tuple[str, ...] = ()
    hold: HoldRule = "estimate"
    on_exhausted: OnExhausted = "finish"
    grace_percent: int = 0
    enabled: bool = True


class Budget(NewBudget, frozen=True, kw_only=True):
    """A budget in force, with the raises that were not withdrawn."""

    id: str
    raises: tuple[Raise, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether calls must hold money of it before they begin."""
        return self.enabled and self.action == "block"

    def raised_pico_usd(self, now_us: int) -> int:
        """What the raises that hold at an instant come to."""
        return sum(each.amount_pico_usd for each in self.raises if now_us < each.until_us)

    def limit_at(self, now_us: int) -> int:
        """The limit with its raises, in pico-dollars: what thresholds are a share of."""
        return self.limit_pico_usd + self.raised_pico_usd(now_us)

    def ceiling_at(self, now_us: int) -> int:
        """What may be spent before calls are refused: limit, raises and grace, in pico-dollars.

        Example: 100 USD with 5 percent grace gives 105 USD; with a raise of 20 USD, 125 USD:
        grace is a share of the limit itself.
        """
        return self.limit_at(now_us) + self.limit_pico_usd * self.grace_percent // 100


def as_mapping(budget: Budget) -> dict[str, Any]:
    """The JSON of a budget: what `reading.read_budget` takes, with its id and raises."""
    instant = InstantFormatter().text
    return {
        "id": budget.id,
        "name": budget.name,
        "limit_usd": usd_text(budget.limit_pico_usd),
        "period": budget.period,
        "timezone": budget.timezone,
        "scope": {name: list(values) for name, values in budget.scope.items()},
        "per": budget.per,
        "action": budget.action,
        "thresholds": list(budget.thresholds),
        "unpriced": budget.unpriced,
        "channels": list(budget.channels),
        "hold": budget.hold,
        "on_exhausted": budget.on_exhausted,
        "grace_percent": budget.grace_percent,
        "enabled": budget.enabled,
        "raises": [
            {
                "id": each.id,
                "amount_usd": usd_text(each.amount_pico_usd),
                "until": instant(each.until_us),
                "author": each.author,
                "reason": each.reason,
            }
            for each in budget.raises
        ],
    }


def usd_text(pico_usd: int) -> str:
    """US dollars as people write them: at least two places, and no zeros after those.

    Example: `usd_text(100 * 10**12)` gives `'100.00'`, `usd_text(1_500_000)` `'0.0000015'`.
    """
    return exact_usd(pico_to_decimal(pico_usd))


def usd_amount(pico_usd: int) -> Decimal:
    """Exact US dollars without zeros at the end, for charts and forms."""
    return Decimal(usd_text(pico_usd))


# Not msgpack, whose integers end at 64 bits: nine million dollars.
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(tuple[Budget, ...])


def encode_budgets(budgets: Sequence[Budget]) -> bytes:
    """Definitions as they travel to workers, inside a policy."""
    return _ENCODER.encode(budgets)


def decode_budgets(data: bytes) -> tuple[Budget, ...]:
    """Definitions from `encode_budgets`; none where nothing was sent.

    Errors: `msgspec.DecodeError` or `msgspec.ValidationError` where the bytes are none.
    """
    return _DECODER.decode(data) if data else ()
