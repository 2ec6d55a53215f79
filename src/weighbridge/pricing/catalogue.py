"""The price book: the price in force at an instant, for a model as named and as served.

Hides where prices come from (the generated snapshot, our overlay, an operator's overlay, in
this order) and that cards are compiled on first use and kept. Rules for future edits: reads
files only in `load`; looks up by exact name (see `names`); a model that is not known gives no
card, never somebody else's.
Counterpart: `gateway/exchange` rates with it, `cli/models` and `admin` list it.
"""

import datetime as dt
import json
import tomllib
from collections.abc import Iterable, Sequence
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any, Final

from weighbridge.core.outcome import UsageSource
from weighbridge.errors import ConfigurationError, Problem
from weighbridge.pricing.card import RateCard
from weighbridge.pricing.compiler import Key, ModelPrices, PriceLine
from weighbridge.pricing.names import NameIndex
from weighbridge.pricing.pricefile import (
    LOCATIONS,
    SURFACES,
    TIERS,
    PriceFile,
    parse,
)
from weighbridge.pricing.rating import (
    FREE,
    PROVISIONED,
    PROVISIONED_FREE,
    UNMETERED,
    UNPRICED,
    Rating,
    RatingFacts,
    rate_usage,
)

SNAPSHOT: Final = "google.json"
OVERLAY: Final = "overlay.toml"
DEFAULT_PROVIDER: Final = "google"
_US_PER_DAY: Final = 86_400_000_000
_UNIX_EPOCH_DAY: Final = dt.date(1970, 1, 1).toordinal()
_DATA: Final = resources.files("weighbridge.pricing.data")
_NO_USAGE: Final = frozenset({UsageSource.NONE, UsageSource.UNPARSED})
# Model names are the client's to invent: the memo of resolved calls is emptied at this size.
_MEMO_ENTRIES: Final = 4096
# Snapshot and overlay come first in every book that is loaded.
_BUILT_IN: Final = 2

# Model as served and as asked for, provider, surface, service tier, location.
Call = tuple[str | None, str | None, str | None, str | None, str | None, str | None]
# A card, and from when until when it holds, in microseconds since the epoch.
InForce = tuple[RateCard | None, int, int]


class PriceBook:
    """Prices of all models, at any instant.

    Built by `load`, or from price files in the order in which they beat each other.
    """

    def __init__(self, files: Sequence[PriceFile]) -> None:
        self._given = tuple(files)
        self._build(files)

    def _build(self, files: Sequence[PriceFile]) -> None:
        """Make the tables; the memos last, so that whoever sees the new ones sees all new."""
        self.as_of = files[0].as_of
        self.origins = tuple(file.origin for file in files)
        models = [model for file in files for model in file.models]
        prices = [price for file in files for price in file.prices]
        multiples = [multiple for file in files for multiple in file.multiples]
        self._models = {
            model.id: ModelPrices(model.id, model.provider, prices, multiples) for model in models
        }
        self._names = {
            provider: NameIndex(model for model in models if model.provider == provider)
            for provider in {model.provider for model in models}
        }
        self._cards: dict[Key, RateCard | None] = {}
        self._calls: dict[Call, InForce] = {}

    def __repr__(self) -> str:
        return f"<PriceBook {len(self._models)} models as of {self.as_of}>"

    @classmethod
    def load(
        cls, *, snapshot: Path | PriceFile | None = None, overlay_paths: Iterable[Path] = ()
    ) -> "PriceBook":
        """The book: `snapshot` (the packaged one by default), our overlay, then `overlay_paths`.

        Errors: `ConfigurationError` with every problem of a file that cannot be used.
        """
        first = snapshot if isinstance(snapshot, PriceFile) else read_snapshot(snapshot)
        files = [first]
        for path in (_DATA / OVERLAY, *overlay_paths):
            known = {model.id for file in files for model in file.models}
            files.append(parse(_read(path), str(getattr(path, "name", path)), known))
        book = cls(files)
        for file in files[2:]:
            book._check(file)
        return book

    def override(self, own: PriceFile | None) -> None:
        """Put an operator's own rates in force from the next exchange on, in place of the last.

        They lie over our overlay and under the files that `load` was given.
        """
        self._build(self._with(own))

    def overridden(self, own: PriceFile | None) -> "PriceBook":
        """Another book with these rates, every card that they touch compiled.

        Errors: `ConfigurationError` with every problem.
        """
        book = PriceBook(self._given)
        book.override(own)
        if own is not None:
            book._check(own)
        return book

    def rate(self, facts: RatingFacts) -> Rating:
        """The charges of one exchange; never raises on what a client or upstream sent."""
        tier = facts.service_tier
        if facts.free:
            return FREE
        if tier == PROVISIONED:
            return PROVISIONED_FREE
        call = (
            facts.model_version,
            facts.model,
            facts.provider,
            facts.surface,
            tier,
            facts.location,
        )
        card = self.in_force(call, facts.at_unix_us)[0]
        if facts.usage_source in _NO_USAGE:
            return FREE if card is not None and card.free else UNMETERED
        return UNPRICED if card is None else rate_usage(card, facts.usage)

    def in_force(self, call: Call, at_unix_us: int) -> InForce:
        """The card of a call at an instant, and from when until when it is that card."""
        found = self._calls.get(call)
        if found is None or not found[1] <= at_unix_us < found[2]:
            found = self._find(call, at_unix_us)
        return found

    def resolve(
        self, model: str | None, model_version: str | None = None, provider: str | None = None
    ) -> str | None:
        """Id of the model: by what was served, else by what was asked for (M9)."""
        names = self._names.get(provider or DEFAULT_PROVIDER)
        if names is None:
            return None
        return names.find(model_version) or names.find(model)

    def card(
        self,
        model: str,
        *,
        day: dt.date,
        surface: str = "gemini",
        tier: str = "standard",
        location: str = "global",
    ) -> RateCard | None:
        """The card of a model by its id on a UTC day, or None where it has no price."""
        return self._card(Key(model, surface, tier, location, day.toordinal()))

    def listing(  # noqa: PLR0913 - each is one filter of `weighbridge models`
        self,
        at: dt.datetime | dt.date,
        provider: str | None = None,
        surface: str | None = None,
        *,
        model: str | None = None,
        tier: str | None = None,
        location: str | None = None,
    ) -> list[PriceLine]:
        """Every line in force at `at`, by model, surface, tier, location, unit.

        `None` takes all; `model` may be any name that resolves. The Developer API has no
        locations: its lines are `global`.
        """
        day = _day_of(at)
        makers = [provider] if provider else list(self._names)
        wanted = {self.resolve(model, provider=maker) for maker in makers if model}
        lines: list[PriceLine] = []
        for name, prices in sorted(self._models.items()):
            if (provider and prices.provider != provider) or (model and name not in wanted):
                continue
            for place in SURFACES if surface is None else (surface,):
                for level in TIERS if tier is None else (tier,):
                    for region in LOCATIONS if place == "vertex" else ("global",):
                        if location in (None, region):
                            lines += prices.lines(Key(name, place, level, region, day))
        return lines

    @property
    def models(self) -> frozenset[str]:
        """The ids of all models."""
        return frozenset(self._models)

    @property
    def makers(self) -> tuple[str, ...]:
        """Who makes the models, our default first."""
        return tuple(sorted(self._names, key=lambda maker: (maker != DEFAULT_PROVIDER, maker)))

    def names(self, provider: str = DEFAULT_PROVIDER) -> dict[str, str]:
        """Every exact name with the id of its model."""
        index = self._names.get(provider)
        return dict(index.exact) if index else {}

    def change_days(self, model: str | None = None) -> list[dt.date]:
        """Every UTC day on which some price changes, ascending; of one model, given its id."""
        models = [*self._models.values()] if model is None else [self._models[model]]
        days = {day for prices in models for day in prices.change_days()}
        return [dt.date.fromordinal(day) for day in sorted(days)]

    def age(self, at: dt.datetime | dt.date) -> dt.timedelta:
        """Time since the snapshot's prices were last checked against Google's pages."""
        return dt.timedelta(days=_day_of(at) - self.as_of.toordinal())

    def is_stale(self, at: dt.datetime | dt.date, max_age: dt.timedelta) -> bool:
        """Whether the prices are older than `max_age`."""
        return self.age(at) > max_age

    def _find(self, call: Call, at_unix_us: int) -> InForce:
        """The card of an exchange, remembered by everything it depends on but the time."""
        calls = self._calls  # first: what is found in an old book is not kept in a new one
        served, asked, provider, surface, tier, location = call
        day = at_unix_us // _US_PER_DAY + _UNIX_EPOCH_DAY
        model = self.resolve(asked, served, provider)
        if model is None:
            return None, 0, 0
        place = place_of(surface, location)
        card = self._card(Key(model, surface or "gemini", tier or "standard", place, day))
        if len(calls) >= _MEMO_ENTRIES:
            calls.clear()
        first_day, end_day = (card.first_day, card.end_day) if card else (day, day + 1)
        found = calls[call] = (card, _begin_of(first_day), _begin_of(end_day))
        return found

    def _card(self, key: Key) -> RateCard | None:
        """The compiled card. Keys are bounded: a model id of the book, and one day per change."""
        cards = self._cards  # first, as above
        prices = self._models.get(key.model)
        if prices is None or key.tier not in TIERS:
            return None
        first_day = max((day for day in prices.change_days() if day <= key.day), default=0)
        key = key._replace(day=first_day, surface="vertex" if key.surface == "vertex" else "gemini")
        if key not in cards:
            cards[key] = prices.card(key)
        return cards[key]

    def _with(self, own: PriceFile | None) -> tuple[PriceFile, ...]:
        built_in, theirs = self._given[:_BUILT_IN], self._given[_BUILT_IN:]
        return (*built_in, *((own,) if own else ()), *theirs)

    def _check(self, file: PriceFile) -> None:
        """Compile every card that an operator's file touches: no fault waits for traffic."""
        problems = []
        priced = {model for price in file.prices for model in price.models}
        for model, prices in self._models.items():
            if model not in priced and not any(m.applies_to(model) for m in file.multiples):
                continue
            days = (0, *prices.change_days())
            try:
                for surface, tier, place, day in product(SURFACES, TIERS, LOCATIONS, days):
                    prices.card(Key(model, surface, tier, place, day))
            except ValueError as error:
                remedy = "give at most six decimals per million tokens, and one threshold"
                problems.append(Problem(model, str(error), origin=file.origin, remedy=remedy))
        if problems:
            raise ConfigurationError(problems)


def read_snapshot(path: Path | None = None) -> PriceFile:
    """The prices of a generated snapshot; the packaged one where no path is given.

    Errors: `ConfigurationError` with every problem of the file.
    """
    chosen = _DATA / SNAPSHOT if path is None else path
    return parse(_read(chosen), chosen.name)


def place_of(surface: str | None, location: str | None) -> str:
    """Where a call was priced: Vertex's regional and multi-region endpoints, or the global one."""
    regional = surface == "vertex" and location not in (None, "", "global")
    return "regional" if regional else "global"


def _begin_of(day: int) -> int:
    """The first microsecond of a day, given as its ordinal."""
    return (day - _UNIX_EPOCH_DAY) * _US_PER_DAY


def _day_of(at: dt.datetime | dt.date) -> int:
    if isinstance(at, dt.datetime):
        at = at.astimezone(dt.UTC).date()
    return at.toordinal()


def _read(path: Any) -> Any:
    """A price file, decoded: TOML by its name, else JSON."""
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text) if path.name.endswith(".toml") else json.loads(text)
    except (OSError, ValueError) as error:
        remedy = "give a readable TOML or JSON price file"
        problem = Problem("price file", str(error), origin=str(path), remedy=remedy)
        raise ConfigurationError([problem]) from error
