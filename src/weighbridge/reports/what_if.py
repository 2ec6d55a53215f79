"""What a workload would have cost on other models, by the price book, to the pico-dollar.

Hides how charges are priced anew: same tokens, same day, surface, tier and location, same side of
the prompt-size cliff (M3), the other model's prices. Fees follow how the other model bills: per
grounded prompt or per query (M7). A unit that it has no price for is not guessed: it is named,
with what it costs today, and left out of both sides.

Rules for future edits: exact (`int` and `Decimal`); on its own model a workload costs what it
cost (a property test holds that); only charges are moved, so what is free, unpriced or unmetered
is counted, not priced.
Counterpart: `charge_sums` makes the sums, `pricing/card` has the rates.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Any, Final, Protocol

from weighbridge.core.money import pico_to_decimal
from weighbridge.pricing.card import NO_THRESHOLD, RateCard, Rates, UnitPrice
from weighbridge.pricing.catalogue import place_of
from weighbridge.pricing.pricefile import LOCATIONS, SURFACES, TIERS
from weighbridge.pricing.units import UNITS
from weighbridge.reports.charge_sums import MOST_SUMS, ChargeSum, charge_sums, read_sums
from weighbridge.reports.compare import Run
from weighbridge.reports.cost_query import CostQuery, QueryError
from weighbridge.reports.result import QueryResult, figure_as_json
from weighbridge.reports.service import Write

MOST_MODELS: Final = 20
_SEARCH: Final = ("search_prompt", "search_query", "web_search")
_MAPS: Final = ("maps_prompt", "maps_query")
_PER_PROMPT: Final = ("search_prompt", "maps_prompt")
_ZERO: Final = Decimal(0)

Select = Callable[[CostQuery, Write], list[tuple[Any, ...]]]


class Book(Protocol):
    """What is asked of the price book."""

    @property
    def makers(self) -> tuple[str, ...]:
        """Who makes models."""
        ...

    def resolve(
        self, model: str | None, model_version: str | None = None, provider: str | None = None
    ) -> str | None:
        """Id of a model by any of its names."""
        ...

    def card(
        self, model: str, *, day: date, surface: str = ..., tier: str = ..., location: str = ...
    ) -> RateCard | None:
        """The rates of a model on a day."""
        ...

    def change_days(self, model: str | None = None) -> list[date]:
        """Days on which a model's prices change."""
        ...


@dataclass(frozen=True, slots=True)
class Unmoved:
    """Charges of one unit that a model has no price for; `cost` is what they cost as they were."""

    unit: str
    surface: str | None
    service_tier: str | None
    quantity: Decimal
    cost: Decimal
    exchanges: int


@dataclass(frozen=True, slots=True)
class Moved:
    """One model: `cost` of what can be moved to it, `cost_now` of the same as it was."""

    model: str
    cost: Decimal
    cost_now: Decimal
    groups: dict[tuple[str, ...], tuple[Decimal, Decimal]]
    unmoved: list[Unmoved]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A workload on each of the models that were asked for.

    `without_charges` is the cost of rows that do not say what was charged for, as imported ones
    may not: nothing can be said about them.
    """

    query: CostQuery
    ledger: QueryResult
    models: list[Moved]
    without_charges: Decimal

    def as_json(self) -> dict[str, Any]:
        """The API's document."""
        written = self.ledger.as_json()
        return {
            "cost": written["totals"]["cost"],
            "completeness": {
                **written["completeness"],
                "incomplete": self.ledger.totals["incomplete"],
            },
            "without_charges": _usd(self.without_charges),
            "models": [_model_json(model, self.query) for model in self.models],
            "as_of": written["as_of"],
        }


def what_if(
    query: CostQuery, models: Sequence[str], run: Run, select: Select, book: Book
) -> WhatIf:
    """The workload of a query's range and filters, by its groups, on other models.

    Takes: names of models, as the price book knows them or as `maker/name`.
    Errors: `QueryError` for models that are unknown, none or too many, or for too many groups.
    """
    ids = _resolved(models, book)
    first, changes = _days(query, {day for model in ids for day in book.change_days(model)})
    cliffs = _cliffs(ids, (first, *changes), book)

    def write(asked: CostQuery, dialect: str) -> tuple[str, Sequence[Any]]:
        return charge_sums(asked, dialect, changes, cliffs)

    rows = select(query, write)
    if len(rows) > MOST_SUMS:
        raise QueryError({"group_by": "this makes too many groups; group by less, or filter"})
    sums = read_sums(rows, len(query.group_by), cliffs)
    metrics = ("cost", "exchanges", "incomplete")
    whole = replace(
        query, granularity="none", group_by=(), metrics=metrics, order_by=None, limit=None
    )
    moved = [_Mover(model, book, (first, *changes), cliffs).move(sums) for model in ids]
    ledger = run(whole)
    charged = sum((one.cost for one in sums), start=_ZERO)
    return WhatIf(query, ledger, moved, (ledger.totals["cost"] or _ZERO) - charged)


class _Mover:
    """Prices sums by one model's cards, as of the day from which each was in force."""

    def __init__(self, model: str, book: Book, days: Sequence[date], cliffs: Sequence[int]) -> None:
        self._model = model
        self._book = book
        self._days = days
        self._cliffs = cliffs

    def __repr__(self) -> str:
        return f"<_Mover to {self._model}>"

    def move(self, sums: Iterable[ChargeSum]) -> Moved:
        groups: dict[tuple[str, ...], tuple[Decimal, Decimal]] = {}
        unmoved: dict[tuple[str, str | None, str | None], Unmoved] = {}
        for one in sums:
            cost = self._cost(one)
            if cost is None:
                key = (one.unit, one.surface, one.service_tier)
                known = unmoved.get(key, Unmoved(*key, _ZERO, _ZERO, 0))
                unmoved[key] = replace(
                    known,
                    quantity=known.quantity + one.quantity,
                    cost=known.cost + one.cost,
                    exchanges=known.exchanges + one.exchanges,
                )
                continue
            there, now = groups.get(one.keys, (_ZERO, _ZERO))
            groups[one.keys] = (there + cost, now + one.cost)
        totals = [sum((pair[side] for pair in groups.values()), start=_ZERO) for side in (0, 1)]
        left = sorted(unmoved.values(), key=lambda each: (-each.cost, each.unit))
        return Moved(self._model, totals[0], totals[1], groups, left)

    def _cost(self, one: ChargeSum) -> Decimal | None:
        card = self._book.card(
            self._model,
            day=self._days[one.epoch],
            surface=one.surface or "gemini",
            tier=one.service_tier or "standard",
            location=place_of(one.surface, one.location),
        )
        if card is None:
            return None
        if card.free:
            return _ZERO
        priced = _priced(one, self._rates(card, one.size))
        if priced is None:
            return None
        quantity, price = priced
        return quantity * pico_to_decimal(price.pico_usd)

    def _rates(self, card: RateCard, size: int) -> Rates:
        if card.threshold == NO_THRESHOLD:
            return card.base
        return card.above if size > self._cliffs.index(card.threshold) else card.base


def _priced(one: ChargeSum, rates: Rates) -> tuple[Decimal, UnitPrice] | None:
    """How much of which price a sum comes to."""
    quantity, unit = one.quantity, one.unit
    if unit in _SEARCH or unit in _MAPS:
        # Who was billed per query had one grounded prompt a charge.
        prompts = quantity if unit in _PER_PROMPT else Decimal(one.exchanges)
        queries = one.queries if unit in _PER_PROMPT else quantity
        quantity, price = _fee(rates, prompts, queries, maps=unit in _MAPS)
    else:
        price = getattr(rates, unit) if unit in UNITS else None
    return None if price is None else (quantity, price)


def _fee(
    rates: Rates, prompts: Decimal, queries: Decimal, *, maps: bool
) -> tuple[Decimal, UnitPrice | None]:
    if maps:
        per_prompt, per_query = rates.maps_prompt, rates.maps_query
    elif rates.web_search is not None:
        return queries, rates.web_search
    else:
        per_prompt, per_query = rates.search_prompt, rates.search_query
    return (queries, per_query) if per_prompt is None else (prompts, per_prompt)


def _resolved(models: Sequence[str], book: Book) -> list[str]:
    """Ids of the models, each once, in the order given."""
    problems = []
    if not 0 < len(models) <= MOST_MODELS:
        problems.append(("models", f"models names {len(models)}: give 1 to {MOST_MODELS}"))
    found: dict[str, None] = {}
    for name in models[:MOST_MODELS]:
        maker, slash, rest = name.partition("/")
        tries = [(maker, rest)] if slash else [(each, name) for each in book.makers]
        known = next((i for m, n in tries if (i := book.resolve(n, provider=m))), None)
        if known is None:
            advice = "see `weighbridge models`"
            problems.append(("models", f"model {name[:80]!r} is not in the price book; {advice}"))
        else:
            found[known] = None
    if problems:
        raise QueryError(problems)
    return list(found)


def _days(query: CostQuery, changes: Collection[date]) -> tuple[date, list[date]]:
    """The day whose prices a query's range begins with, and those within that change some."""

    def midnight(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    since, until = query.since, query.until
    before = [day for day in changes if since is not None and midnight(day) <= since]
    after = {day for day in changes if until is not None and midnight(day) >= until}
    return max(before, default=date.min), sorted(set(changes) - {*before} - after)


def _cliffs(models: Iterable[str], days: Sequence[date], book: Book) -> list[int]:
    """Every prompt size beyond which one of the models costs otherwise."""
    places = product(models, days, SURFACES, TIERS, LOCATIONS)
    cards = (
        book.card(model, day=day, surface=surface, tier=tier, location=location)
        for model, day, surface, tier, location in places
    )
    return sorted({card.threshold for card in cards if card} - {NO_THRESHOLD})


def _model_json(model: Moved, query: CostQuery) -> dict[str, Any]:
    return {
        "model": model.model,
        **_sides(model.cost, model.cost_now),
        "groups": [
            {"group": dict(zip(query.group_by, keys, strict=True)), **_sides(*sides)}
            for keys, sides in sorted(model.groups.items(), key=lambda one: (-one[1][1], one[0]))
        ]
        if query.group_by
        else [],
        "unmoved": [
            {
                "unit": each.unit,
                "surface": each.surface,
                "service_tier": each.service_tier,
                "quantity": f"{each.quantity:f}",
                "cost": _usd(each.cost),
                "exchanges": each.exchanges,
            }
            for each in model.unmoved
        ],
    }


def _sides(there: Decimal, now: Decimal) -> Mapping[str, str]:
    return {"cost": _usd(there), "cost_now": _usd(now), "difference": _usd(there - now)}


def _usd(value: Decimal) -> str:
    return str(figure_as_json(value.quantize(Decimal(1).scaleb(-12))))
