"""A price file: dated statements of what units of which models cost, with source and day read.

Hides the format that the generated snapshot (JSON), our overlay and an operator's overlay
(both TOML) share, and how a faulty one is told off: all problems at once, each with the value
seen and what to do. Rules for future edits: rates are decimal strings, never numbers, so that
no binary fraction can slip in; every statement has `source` and `read`.
Counterpart: `build` writes the snapshot, `compiler` reads the statements.
"""

import datetime as dt
import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeVar

import msgspec

from weighbridge.errors import ConfigurationError, Problem
from weighbridge.pricing.units import UNITS

FORMAT: Final = 1
Surface = Literal["gemini", "vertex"]
Tier = Literal["standard", "flex", "priority", "batch"]
Location = Literal["global", "regional"]
SURFACES: Final[tuple[Surface, ...]] = ("gemini", "vertex")
TIERS: Final[tuple[Tier, ...]] = ("standard", "flex", "priority", "batch")
LOCATIONS: Final[tuple[Location, ...]] = ("global", "regional")

_Item = TypeVar("_Item")
# Written out, `1e999999999` would fill the memory; no price has as many digits as this.
_MOST_DIGITS: Final = 30


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model and the exact names it answers to.

    `drop_names` takes names away that an earlier file gave, `dated = false` says that only the
    listed dated forms are this model (a later preview of the same name had another price).
    """

    id: str
    source: str
    read: dt.date
    provider: str = "google"
    names: tuple[str, ...] = ()
    drop_names: tuple[str, ...] = ()
    dated: bool = True


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates of some units from `since` (included) to `until` (excluded), UTC days.

    `rates` are US dollars per pricing unit (`units.UNITS`: a million tokens, a thousand
    searches). Above `above_tokens` prompt tokens `rates_above` holds for the whole request.
    """

    models: tuple[str, ...]
    source: str
    read: dt.date
    surface: Surface | None = None
    tier: Tier = "standard"
    since: dt.date | None = None
    until: dt.date | None = None
    rates: Mapping[str, str] = {}
    above_tokens: int | None = None
    rates_above: Mapping[str, str] = {}
    free: bool = False


class Multiple(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tier or location as a multiple of the standard rate, for kinds of units.

    Exactly one of `tier` and `location` is given. A price stated for the tier itself beats a
    multiple; the later multiple beats the earlier. In `models` a star at the end of an id takes
    every id that begins so, but those of `except_models`: `["gemini-*"]`, `["*"]`.
    """

    models: tuple[str, ...]
    source: str
    read: dt.date
    kinds: tuple[Literal["input", "cached", "output"], ...]
    factor: str
    tier: Literal["flex", "priority", "batch"] | None = None
    location: Literal["regional"] | None = None
    surface: Surface | None = None
    except_models: tuple[str, ...] = ()
    since: dt.date | None = None
    until: dt.date | None = None

    def applies_to(self, model: str) -> bool:
        """Whether it is for a model, given its id."""
        return model not in self.except_models and any(names(each, model) for each in self.models)


class PriceFile(msgspec.Struct, frozen=True, kw_only=True):
    """All statements of one file, in order."""

    origin: str
    as_of: dt.date
    models: tuple[Model, ...] = ()
    prices: tuple[Price, ...] = ()
    multiples: tuple[Multiple, ...] = ()


def names(pattern: str, model: str) -> bool:
    """Whether an id, or the beginning of ids with a star, takes a model's id."""
    return model.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == model


def parse(raw: Any, origin: str, known_models: Iterable[str] = ()) -> PriceFile:
    """A price file from decoded JSON or TOML.

    Takes: the decoded top-level table, and the ids of the models that earlier files define.
    Errors: `ConfigurationError` with every problem of the file.
    """
    if not isinstance(raw, dict):
        raw = {}
    problems = list(_head_problems(raw))
    models = tuple(_convert(raw.get("models", ()), Model, "models", problems))
    prices = tuple(_convert(raw.get("prices", ()), Price, "prices", problems))
    multiples = tuple(_convert(raw.get("multiples", ()), Multiple, "multiples", problems))
    known = {*known_models, *(model.id for model in models)}
    for number, price in enumerate(prices, 1):
        problems += _at(f"prices[{number}]", [*_common(price, known), *_price_problems(price)])
    for number, multiple in enumerate(multiples, 1):
        found = [*_common(multiple, known), *_multiple_problems(multiple)]
        problems += _at(f"multiples[{number}]", found)
    if problems:
        raise ConfigurationError(
            [Problem(p.where, p.message, p.seen, origin, p.remedy) for p in problems]
        )
    return PriceFile(
        origin=raw.get("origin", origin),
        as_of=_as_date(raw["as_of"]),
        models=models,
        prices=prices,
        multiples=multiples,
    )


def dump(file: PriceFile) -> bytes:
    """The file as indented JSON that `parse` reads back to the same value."""
    raw = {"format": FORMAT, **msgspec.to_builtins(file)}
    for key, kind in (("models", Model), ("prices", Price), ("multiples", Multiple)):
        raw[key] = [_without_defaults(item, kind) for item in raw[key]]
    return msgspec.json.format(msgspec.json.encode(raw), indent=1) + b"\n"


def _without_defaults(item: dict[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    defaults = {
        field.name: msgspec.to_builtins(field.default)
        for field in msgspec.structs.fields(kind)
        if field.default is not msgspec.NODEFAULT
    }
    return {k: v for k, v in item.items() if v not in ([], {}) and v != defaults.get(k, ...)}


def _head_problems(raw: dict[str, Any]) -> Iterator[Problem]:
    if raw.get("format") != FORMAT:
        yield Problem(
            "format", "unknown format", repr(raw.get("format")), remedy="write format = 1"
        )
    known = {"format", "origin", "as_of", "models", "prices", "multiples"}
    for key in sorted(raw.keys() - known):
        yield Problem(key, "unknown key", remedy=_nearest(key, known))
    try:
        _as_date(raw.get("as_of"))
    except (ValueError, TypeError):
        remedy = "write the day the prices were read, as 2026-11-21"
        yield Problem("as_of", "no date", repr(raw.get("as_of")), remedy=remedy)


def _as_date(value: Any) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), 1)
    return f"did you mean {near[0]}?" if near else "see docs/explanation/price-book.md"


def _at(where: str, problems: list[Problem]) -> Iterator[Problem]:
    """The same problems, their place put before their field."""
    for problem in problems:
        place = f"{where}.{problem.where}"
        yield Problem(place, problem.message, problem.seen, remedy=problem.remedy)


def _convert(items: Any, kind: type[_Item], key: str, problems: list[Problem]) -> Iterator[_Item]:
    """Each item of a section; a faulty one is reported and left out."""
    if not isinstance(items, (list, tuple)):
        remedy = f"write it as [[{key}]] tables"
        problems.append(Problem(key, "no list of tables", repr(items), remedy=remedy))
        return
    for number, item in enumerate(items, 1):
        try:
            yield msgspec.convert(item, kind)
        except msgspec.ValidationError as error:
            remedy = "see docs/explanation/price-book.md"
            problems.append(Problem(f"{key}[{number}]", str(error), remedy=remedy))


def _common(statement: Price | Multiple, known: Collection[str]) -> Iterator[Problem]:
    if not statement.models:
        yield Problem("models", "no model named", "[]", remedy="name at least one model id")
    stars = isinstance(statement, Multiple)
    for model in statement.models:
        found = any(names(model, each) for each in known) if stars else model in known
        if not found:
            yield Problem("models", "unknown model", model, remedy=_nearest(model, known))
    if statement.since and statement.until and statement.since >= statement.until:
        remedy = f"put since before until {statement.until}"
        yield Problem("since", "the period is empty", str(statement.since), remedy=remedy)


def _price_problems(price: Price) -> Iterator[Problem]:
    if bool(price.rates) == price.free:
        both = "rates or `free = true`, not both"
        what = both if price.free else "neither rates nor `free = true`"
        yield Problem("rates", what, remedy="give one of them")
    if (price.above_tokens is None) != (not price.rates_above):
        remedy = "give both or neither"
        yield Problem("above_tokens", "belongs with rates_above", remedy=remedy)
    for field, rates in (("rates", price.rates), ("rates_above", price.rates_above)):
        for name, rate in rates.items():
            if name not in UNITS:
                yield Problem(f"{field}.{name}", "unknown unit", remedy=_nearest(name, UNITS))
            yield from _decimal_problems(f"{field}.{name}", rate, lambda value: value >= 0)
    for name in sorted(price.rates_above.keys() - price.rates.keys()):
        remedy = "add its lower rate to rates"
        yield Problem(f"rates_above.{name}", "no rate below the threshold", remedy=remedy)


def _multiple_problems(multiple: Multiple) -> Iterator[Problem]:
    if (multiple.tier is None) == (multiple.location is None):
        yield Problem("tier", "either tier or location", remedy="give one of them")
    yield from _decimal_problems("factor", multiple.factor, lambda value: value > 0)


def _decimal_problems(where: str, text: str, fits: Callable[[Decimal], bool]) -> Iterator[Problem]:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value.adjusted()) > _MOST_DIGITS or not fits(value):
        yield Problem(where, "no amount", repr(text), remedy='write a decimal such as "0.30"')
