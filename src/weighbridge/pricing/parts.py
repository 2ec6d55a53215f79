"""Charges of what consists of parts that are priced apart: a batch, an operation with its results.

Hides how parts become one rating: charges of one unit at one price are one line, the cost is
their sum. Rules for future edits: pure; a part without a price never makes the whole free, and
a part with one never hides that another has none.
Counterpart: `core/resource` names the parts, `rating` prices each.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, Protocol

import msgspec

from weighbridge.core.exchange import Charge
from weighbridge.core.money import decimal_to_pico, pico_to_text
from weighbridge.core.outcome import PricingStatus
from weighbridge.core.resource import UsagePart
from weighbridge.pricing.rating import (
    COST_LIMIT_PICO,
    FREE,
    REJECTED,
    UNMETERED,
    UNPRICED,
    Rating,
    RatingFacts,
)

_UNKNOWN: Final = frozenset({PricingStatus.UNPRICED, PricingStatus.UNMETERED})


class Rater(Protocol):
    """The price book, as far as parts need it."""

    def rate(self, facts: RatingFacts) -> Rating:
        """The charges of one part."""
        ...


def rate_parts(book: Rater, facts: RatingFacts, parts: Sequence[UsagePart]) -> Rating:
    """Charges of all parts together.

    Takes: the facts that the parts share, their own `usage` unused; a part's model version
    beats the one in the facts.
    Gives: each part at its own prices; `unmetered` where there is no part.
    Example: a thousand prompts below the cliff and ten above it are two parts and two lines of
    input tokens, at two prices.
    """
    ratings = [book.rate(_facts_of(part, facts)) for part in parts]
    costs = [each.list_cost_pico for each in ratings if each.list_cost_pico is not None]
    status = _status(ratings)
    if not costs:
        return UNPRICED if status is PricingStatus.UNPRICED else UNMETERED
    total = sum(costs)
    if total >= COST_LIMIT_PICO:
        return REJECTED
    if status is PricingStatus.FREE:
        return FREE
    charges = _merged(charge for each in ratings for charge in each.charges)
    notes = tuple(dict.fromkeys(note for each in ratings for note in each.notes))
    return Rating(total, status, msgspec.Raw(msgspec.json.encode(charges)), notes)


def _facts_of(part: UsagePart, facts: RatingFacts) -> RatingFacts:
    version = part.model_version or facts.model_version
    return msgspec.structs.replace(facts, usage=part.usage, model_version=version)


def _status(ratings: Iterable[Rating]) -> PricingStatus:
    """The one status of all parts that cost something, or `incomplete` where they differ."""
    found = {each.pricing_status for each in ratings}
    if PricingStatus.UNPRICED in found and found <= _UNKNOWN:
        return PricingStatus.UNPRICED
    costly = found - {PricingStatus.FREE}
    if len(costly) > 1:
        return PricingStatus.INCOMPLETE
    return next(iter(costly or found), PricingStatus.UNMETERED)


def _merged(charges: Iterable[Charge]) -> list[Charge]:
    """Charges of one unit at one price as one, in the order of their first."""
    lines: dict[tuple[str, str, str], Charge] = {}
    for charge in charges:
        key = (charge.unit, charge.price_id, charge.unit_price)
        line = lines.get(key)
        lines[key] = charge if line is None else _added(line, charge)
    return list(lines.values())


def _added(one: Charge, two: Charge) -> Charge:
    amount = decimal_to_pico(Decimal(one.amount)) + decimal_to_pico(Decimal(two.amount))
    return msgspec.structs.replace(
        one, quantity=_sum(one.quantity, two.quantity), amount=pico_to_text(amount)
    )


def _sum(one: str, two: str) -> str:
    """Sum of two quantities; whole ones stay whole, of any size."""
    if one.isdigit() and two.isdigit():
        return str(int(one) + int(two))
    return str(Decimal(one) + Decimal(two))
