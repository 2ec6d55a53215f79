"""Statements in, price lines and rate cards out, for one model, surface, tier, location, day.

Hides how statements combine. Later beats earlier, unit by unit. A unit's rate in a tier is the
one stated for that tier; else the standard rate times the tier's multiple for its kind; else
the standard rate itself (fees, and cached tokens where the tier leaves them alone). A location
multiplies what came out, fees excepted. A tier exists for a model only where some statement
says so. Rules for future edits: pure; days are UTC, as ordinals.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from weighbridge.core.money import decimal_to_pico
from weighbridge.pricing.card import NO_THRESHOLD, RateCard, Rates, UnitPrice, unit_price
from weighbridge.pricing.pricefile import Multiple, Price
from weighbridge.pricing.units import UNITS

FIRST_DAY: Final = 0
END_DAY: Final = 2**31

What = tuple[str, str, str, str, str, str, int]


class Key(NamedTuple):
    """What a card is for; `day` is a proleptic ordinal (`date.toordinal`)."""

    model: str
    surface: str
    tier: str
    location: str
    day: int


class PriceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the price book, as `weighbridge models` prints it.

    `usd` is US dollars for `per` units, as a decimal string; `above_tokens` says from which
    prompt size on it holds; `since` (included) and `until` (excluded) are ISO days. A model
    that costs nothing has one line with the unit `any`.
    """

    provider: str
    model: str
    surface: str
    tier: str
    location: str
    unit: str
    usd: str
    per: int
    price_id: str
    source: str
    read: str
    above_tokens: int | None = None
    since: str | None = None
    until: str | None = None

    @property
    def what(self) -> What:
        """What it prices: lines of two books or days with the same are one line."""
        return (
            self.provider,
            self.model,
            self.surface,
            self.tier,
            self.location,
            self.unit,
            self.above_tokens or 0,
        )


class _Rate(NamedTuple):
    """A stated rate with what the book remembers of it."""

    usd: Decimal
    above: Decimal | None
    above_tokens: int | None
    statement: Price
    multiple: Multiple | None = None

    def times(self, multiple: Multiple) -> "_Rate":
        factor = Decimal(multiple.factor)
        above = None if self.above is None else self.above * factor
        return self._replace(usd=self.usd * factor, above=above, multiple=multiple)


class ModelPrices:
    """All statements about one model, and what follows from them on a day."""

    __slots__ = ("_multiples", "_prices", "model", "provider")

    def __init__(
        self, model: str, provider: str, prices: Iterable[Price], multiples: Iterable[Multiple]
    ) -> None:
        self.model = model
        self.provider = provider
        self._prices = [price for price in prices if model in price.models]
        self._multiples = [multiple for multiple in multiples if multiple.applies_to(model)]

    def __repr__(self) -> str:
        return f"<ModelPrices {self.model}: {len(self._prices)} statements>"

    def card(self, key: Key) -> RateCard | None:
        """The card in force, or None where nothing is priced.

        Errors: `ValueError` where a rate is finer than a pico-dollar, or two thresholds meet.
        """
        lines = self.lines(key)
        if not lines:
            return None
        first_day, end_day = self._interval(key.day)
        thresholds = {line.above_tokens for line in lines if line.above_tokens is not None}
        if len(thresholds) > 1:
            raise ValueError(f"{self.model} has more than one threshold: {sorted(thresholds)}")
        base = {line.unit: _unit_price(line) for line in lines if line.above_tokens is None}
        above = {line.unit: _unit_price(line) for line in lines if line.above_tokens is not None}
        free = "any" in base
        base_rates = Rates.from_own({} if free else base)
        return RateCard(
            self.model,
            base_rates,
            Rates.from_own({**base, **above}) if above else base_rates,
            threshold=thresholds.pop() if thresholds else NO_THRESHOLD,
            free=free,
            first_day=first_day,
            end_day=end_day,
        )

    def lines(self, key: Key) -> list[PriceLine]:
        """The lines in force, in the order of `units.UNITS`; empty where nothing is priced."""
        stated = self._stated(key)
        if stated is None:
            return []
        free, rates = stated
        if free is not None:
            return [_free_line(self.provider, key, free)]
        lines = []
        for unit in UNITS.values():
            rate = rates.get(unit.name)
            if rate is not None:
                lines += _rate_lines(self.provider, key, unit.name, rate)
        return lines

    def change_days(self) -> list[int]:
        """Every day on which some price of the model changes, ascending."""
        statements: list[Price | Multiple] = [*self._prices, *self._multiples]
        dates = {date for s in statements for date in (s.since, s.until) if date is not None}
        return sorted(date.toordinal() for date in dates)

    def _interval(self, day: int) -> tuple[int, int]:
        days = [FIRST_DAY, *self.change_days(), END_DAY]
        return max(d for d in days if d <= day), min(d for d in days if d > day)

    def _stated(self, key: Key) -> tuple[Price | None, dict[str, _Rate]] | None:
        """The free statement in force, if any, and each priced unit's rate."""
        standard, tiered = self._in_force(key, "standard"), self._in_force(key, key.tier)
        if standard and standard[-1].free:
            return standard[-1], {}
        tier_multiples = [m for m in self._multiples if _holds(m, key) and m.tier == key.tier]
        if not standard or (key.tier != "standard" and not tiered and not tier_multiples):
            return None
        rates = _last_wins(standard)
        if key.tier != "standard":
            rates = {name: _multiplied(name, r, tier_multiples) for name, r in rates.items()}
            rates |= _last_wins(tiered)
        places = [m for m in self._multiples if _holds(m, key) and m.location == key.location]
        return None, {name: _multiplied(name, rate, places) for name, rate in rates.items()}

    def _in_force(self, key: Key, tier: str) -> list[Price]:
        return [price for price in self._prices if price.tier == tier and _holds(price, key)]


def _holds(statement: Price | Multiple, key: Key) -> bool:
    return (
        (statement.surface is None or statement.surface == key.surface)
        and (statement.since is None or statement.since.toordinal() <= key.day)
        and (statement.until is None or key.day < statement.until.toordinal())
    )


def _last_wins(prices: Sequence[Price]) -> dict[str, _Rate]:
    """Rates by unit. A statement that restates a unit without a cliff takes the cliff away."""
    rates: dict[str, _Rate] = {}
    for price in prices:
        if price.free:
            rates.clear()
        for name, usd in price.rates.items():
            above = price.rates_above.get(name)
            rates[name] = _Rate(
                usd=Decimal(usd),
                above=None if above is None else Decimal(above),
                above_tokens=None if above is None else price.above_tokens,
                statement=price,
            )
    return rates


def _multiplied(name: str, rate: _Rate, multiples: Sequence[Multiple]) -> _Rate:
    kind = UNITS[name].kind
    for multiple in reversed(multiples):
        if kind in multiple.kinds:
            return rate.times(multiple)
    return rate


def _rate_lines(provider: str, key: Key, unit: str, rate: _Rate) -> list[PriceLine]:
    since = max(filter(None, (s.since for s in _origins(rate))), default=None)
    until = min(filter(None, (s.until for s in _origins(rate))), default=None)
    place = "" if key.location == "global" else f":{key.location}"
    dated = f"@{since}" if since else ""
    base = PriceLine(
        provider=provider,
        model=key.model,
        surface=key.surface,
        tier=key.tier,
        location=key.location,
        unit=unit,
        usd=_plain(rate.usd),
        per=UNITS[unit].per,
        price_id=f"{key.model}:{key.surface}:{key.tier}{place}:{unit}{dated}",
        source="; ".join(statement.source for statement in _origins(rate)),
        read=str(min(statement.read for statement in _origins(rate))),
        since=str(since) if since else None,
        until=str(until) if until else None,
    )
    if rate.above is None:
        return [base]
    above = msgspec.structs.replace(
        base,
        usd=_plain(rate.above),
        above_tokens=rate.above_tokens,
        price_id=f"{key.model}:{key.surface}:{key.tier}{place}:{unit}:over-{rate.above_tokens}{dated}",
    )
    return [base, above]


def _origins(rate: _Rate) -> tuple[Price | Multiple, ...]:
    return (rate.statement,) if rate.multiple is None else (rate.statement, rate.multiple)


def _free_line(provider: str, key: Key, free: Price) -> PriceLine:
    return PriceLine(
        provider=provider,
        model=key.model,
        surface=key.surface,
        tier=key.tier,
        location=key.location,
        unit="any",
        usd="0",
        per=1,
        price_id=f"{key.model}:{key.surface}:free",
        source=free.source,
        read=str(free.read),
        since=str(free.since) if free.since else None,
        until=str(free.until) if free.until else None,
    )


def _unit_price(line: PriceLine) -> UnitPrice:
    return unit_price(decimal_to_pico(Decimal(line.usd) / line.per), line.price_id)


def _plain(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros: `0.30` gives `0.3`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
