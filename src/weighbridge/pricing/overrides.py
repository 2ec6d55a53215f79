"""An operator's own rates, as they are kept one by one and sent to the workers.

Hides their place in the book: over our overlay, and under the file that `pricing.overrides`
names, for what the configuration gives holds. Pure. Counterparts: `control/price_overrides`
keeps them, `catalogue.PriceBook.override` takes the file that is made here.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from weighbridge.errors import ConfigurationError, Problem
from weighbridge.pricing.pricefile import FORMAT, Price, PriceFile, parse

ORIGIN: Final = "price overrides"
_PLACE: Final = "prices[1]."
_PRICES: Final = msgspec.json.Decoder(tuple[Price, ...])


class PriceOverride(msgspec.Struct, frozen=True, kw_only=True):
    """One statement with its id (`prc_…`); the later made beats the earlier, unit by unit."""

    id: str
    price: Price
    created_at_us: int
    updated_at_us: int | None = None


def override_file(prices: Sequence[Price]) -> PriceFile | None:
    """The statements as a layer of the book; None where there are none."""
    if not prices:
        return None
    newest = max(price.read for price in prices)
    return PriceFile(origin=ORIGIN, as_of=newest, prices=tuple(prices))


def encode(prices: Sequence[Price]) -> bytes:
    """The statements as they travel; nothing for none."""
    return msgspec.json.encode(prices) if prices else b""


def decode(data: bytes) -> PriceFile | None:
    """The layer that was encoded."""
    return override_file(_PRICES.decode(data)) if data else None


def checked(
    statement: Mapping[str, Any], known_models: Collection[str]
) -> tuple[Price | None, list[Problem]]:
    """The price that a statement makes, or every problem of it, by field."""
    day = dt.date.min.isoformat()
    raw = {"format": FORMAT, "as_of": day, "prices": [{"read": day, **statement}]}
    try:
        (price,) = parse(raw, ORIGIN, known_models).prices
    except ConfigurationError as error:
        return None, [
            Problem(one.where.removeprefix(_PLACE), one.message, one.seen, remedy=one.remedy)
            for one in error.problems
        ]
    return price, []
