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
    status = _status(ratings)
    if status is PricingStatus.FREE:
        return FREE
    notes = tuple(dict.fromkeys(note for each in ratings for note in each.notes))
    if status in _UNKNOWN:
        return Rating(None, status, notes=notes)
    total = sum(each.list_cost_pico or 0 for each in ratings)
    if total >= COST_LIMIT_PICO:
        return REJECTED
    charges = _merged(charge for each in ratings for charge in each.charges)
    return Rating(total, status, msgspec.Raw(msgspec.json.encode(charges)), notes)


def _facts_of(part: UsagePart, facts: RatingFacts) -> RatingFacts:
    version = part.model_version or facts.model_version
    return msgspec.structs.replace(facts, usage=part.usage, model_version=version)


def _status(ratings: Iterable[Rating]) -> PricingStatus:
    """The one status of all parts that cost something; `incomplete` where a cost lacks a part."""
    found = {each.pricing_status for each in ratings}
    if found == {PricingStatus.FREE}:
        return PricingStatus.FREE
    found.discard(PricingStatus.FREE)
    if found <= _UNKNOWN:
        unpriced = PricingStatus.UNPRICED in found
        return PricingStatus.UNPRICED if unpriced else PricingStatus.UNMETERED
    return PricingStatus.PRICED if found == {PricingStatus.PRICED} else PricingStatus.INCOMPLETE


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
