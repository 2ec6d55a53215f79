"""What an explicit cache costs by lying there: tokens times hours, at the prices of those hours.

Hides the rounding. Rules for future edits: integers only; a stretch of time costs the same
however it is cut into accruals (a property test cuts it); pure, the instants are arguments.
Counterpart: `control/cache_storage` accrues with it, `rating` prices what calls consume.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

import msgspec

from weighbridge.core.clock import from_unix_us, to_unix_us
from weighbridge.core.outcome import PricingStatus
from weighbridge.pricing.card import UnitPrice
from weighbridge.pricing.catalogue import PriceBook, place_of
from weighbridge.pricing.rating import COST_LIMIT_PICO, FREE, REJECTED, UNPRICED, Rating

_US_PER_HOUR: Final = 3_600_000_000
_LAST_US: Final = to_unix_us(dt.datetime(9999, 12, 31, tzinfo=dt.UTC))
# The ledger keeps quantities with six places and twelve digits before them.
_PLACES: Final = 6
_LONGEST: Final = 10**12

# Price of a stretch of time, None = it has none, and its first and last instant.
_Span = tuple[UnitPrice | None, int, int]


def rate_storage(  # noqa: PLR0913, PLR0917 - a cache, and the time that it lay there
    book: PriceBook,
    model: str | None,
    surface: str | None,
    location: str | None,
    tokens: int,
    from_us: int,
    to_us: int,
) -> Rating:
    """Charges for keeping a cache of `tokens` from one instant (included) to another (excluded).

    Takes: the model's name in any form, microseconds since the epoch.
    Gives: one charge in token-hours for each price in force; `unpriced` where no hour has a
    price, `incomplete` where some have none. Quantities are rounded down at the instants, as
    counted from the epoch, and not by their length: to the finest step that costs a whole
    number of pico-dollars. So cost and quantity of two adjacent stretches always add up to
    those of both, to the last digit, and a stretch is never off by more than one step, a
    hundred-thousandth of a token-hour at the usual prices.
    Example: a million tokens of gemini-2.5-flash for 90 minutes are 1,500,000 token-hours at
    $1.00 a million: $1.50.
    """
    known = book.resolve(model)
    if known is None:
        return UNPRICED
    if tokens <= 0 or from_us >= to_us:
        return Rating(0, PricingStatus.PRICED)
    if from_us < 0 or to_us > _LAST_US:
        return REJECTED
    first = book.card(known, day=_day(from_us), surface=surface or "gemini")
    if first is not None and first.free:
        return FREE
    spans = list(_spans(book, known, (surface, location), (from_us, to_us)))
    return _sum_up(tokens, spans)


def _spans(
    book: PriceBook, model: str, where: tuple[str | None, str | None], time: tuple[int, int]
) -> Iterator[_Span]:
    """The time cut at each day on which a price of the model changes."""
    surface, location = where
    first, last = time
    cuts = [_begin_of(day) for day in book.change_days(model)]
    for begin, end in pairwise([first, *(at for at in cuts if first < at < last), last]):
        card = book.card(
            model,
            day=_day(begin),
            surface=surface or "gemini",
            location=place_of(surface, location),
        )
        yield (None if card is None else card.base.cache_storage_token_hour), begin, end


def _sum_up(tokens: int, spans: list[_Span]) -> Rating:
    total = 0
    steps_at: dict[UnitPrice, int] = {}
    for price, begin, end in spans:
        if price is not None:
            steps = _steps(tokens, end, price) - _steps(tokens, begin, price)
            steps_at[price] = steps_at.get(price, 0) + steps
    if not steps_at:
        return UNPRICED
    charges = []
    for price, steps in steps_at.items():
        places = _places(price)
        quantity = Decimal(steps).scaleb(-places)
        amount = steps * (price.pico_usd // 10**places)
        total += amount
        if total >= COST_LIMIT_PICO or quantity >= _LONGEST:
            return REJECTED
        if steps:
            charges.append(price.charge(quantity, amount))
    whole = all(price is not None for price, _, _ in spans)
    status = PricingStatus.PRICED if whole else PricingStatus.INCOMPLETE
    return Rating(total, status, msgspec.Raw(b"[%b]" % b",".join(charges)))


def _steps(tokens: int, at_us: int, price: UnitPrice) -> int:
    """Token-hours from the epoch until an instant, in steps of the price, rounded down."""
    steps: int = tokens * at_us * 10 ** _places(price) // _US_PER_HOUR
    return steps


def _places(price: UnitPrice) -> int:
    """How many decimal places of a token-hour still cost a whole number of pico-dollars.

    Example: 4,500,000 pico-dollars an hour ($4.50 a million) give 5.
    """
    places = 0
    while places < _PLACES and price.pico_usd % 10 ** (places + 1) == 0:
        places += 1
    return places


def _day(at_us: int) -> dt.date:
    return from_unix_us(at_us).date()


def _begin_of(day: dt.date) -> int:
    return to_unix_us(dt.datetime.combine(day, dt.time(), dt.UTC))
