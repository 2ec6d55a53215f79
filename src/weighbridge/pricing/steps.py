"""Days on which prices of one book change, line by line: what is to come, and what was.

Hides how lines of two days are matched: by what they price (maker, model, surface, tier,
location, unit, side of a cliff), not by their statements. Example: a model at 0.30 until
31 December and at 0.60 from 1 January is one step, on 1 January, by a factor of 2.
Counterpart: `changes` compares two books on a day, this one book on two days.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import msgspec

from weighbridge.pricing.compiler import PriceLine

_FACTOR: Final = Decimal(1).scaleb(-4)

Listing = Callable[[dt.date], list[PriceLine]]


class PriceStep(msgspec.Struct, frozen=True, kw_only=True):
    """One line that begins, ends or is repriced on a UTC day.

    `before` and `after` are US dollars for `per` units, null where there is no price on that
    side. `factor` is the one over the other, four places; null where it says nothing.
    """

    day: str
    provider: str
    model: str
    surface: str
    tier: str
    location: str
    unit: str
    per: int
    source: str
    above_tokens: int | None = None
    before: str | None = None
    after: str | None = None
    factor: str | None = None


def price_steps(listing: Listing, days: Iterable[dt.date]) -> list[PriceStep]:
    """Every line whose price differs between one of these days and the day before it."""
    return [step for day in sorted(days) for step in _steps_on(listing, day)]


def _steps_on(listing: Listing, day: dt.date) -> list[PriceStep]:
    old = {line.what: line for line in listing(day - dt.timedelta(days=1))}
    new = {line.what: line for line in listing(day)}
    return [
        _step(day, old.get(what), new.get(what))
        for what in sorted(old.keys() | new.keys())
        if _usd(old.get(what)) != _usd(new.get(what))
    ]


def _step(day: dt.date, old: PriceLine | None, new: PriceLine | None) -> PriceStep:
    line = new or old
    assert line is not None
    return PriceStep(
        day=str(day),
        provider=line.provider,
        model=line.model,
        surface=line.surface,
        tier=line.tier,
        location=line.location,
        unit=line.unit,
        per=line.per,
        source=line.source,
        above_tokens=line.above_tokens,
        before=_usd(old),
        after=_usd(new),
        factor=_factor(_usd(old), _usd(new)),
    )


def _usd(line: PriceLine | None) -> str | None:
    return None if line is None else line.usd


def _factor(before: str | None, after: str | None) -> str | None:
    if before is None or after is None or not Decimal(before):
        return None
    factor = (Decimal(after) / Decimal(before)).quantize(_FACTOR, ROUND_HALF_EVEN)
    return f"{factor.normalize():f}"
