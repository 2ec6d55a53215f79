"""The prepared forms of common charges say what the general rules say, byte for byte of money."""

import datetime as dt
from decimal import Decimal

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from weighbridge.core.exchange import Charge
from weighbridge.core.money import PICO_USD_PER_USD, pico_to_text
from weighbridge.core.usage import Usage
from weighbridge.pricing.card import RateCard, Rates, unit_price
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.rating import _rate_all, _rate_text, rate_usage

BOOK = PriceBook.load()
DAY = dt.date(2026, 11, 21)
CARDS = [
    card
    for model in sorted(set(BOOK.names().values()))
    for tier in ("standard", "flex")
    if (card := BOOK.card(model, day=DAY, tier=tier)) is not None and not card.free
]
COUNTS = st.none() | st.sampled_from([0, 1, 200_000, 200_001]) | st.integers(0, 10**10)
# Mostly plain text, now and then a count that is none of it, also one that cannot be.
TEXT_ONLY = st.builds(
    Usage, input_tokens=COUNTS, output_tokens=COUNTS, thinking_tokens=COUNTS, total_tokens=COUNTS
)
OTHER_COUNTS = sorted(
    name
    for name, kind in Usage.__annotations__.items()
    if "int" in str(kind) and not name.startswith("total")
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    usage = draw(TEXT_ONLY)
    for name in draw(st.lists(st.sampled_from(OTHER_COUNTS), max_size=2)):
        setattr(usage, name, draw(st.integers(-5, 1000)))
    for name in ("grounded_by_search", "grounded_by_maps"):
        setattr(usage, name, draw(st.integers(0, 9)) == 0)
    return usage


@given(st.sampled_from(CARDS), usages())
def test_prepared_charges_are_the_general_ones(card: RateCard, usage: Usage) -> None:
    """Whatever the usage, the shortcut for text changes no charge, status, note or sum."""
    prompt = usage.input_tokens or 0
    rates = card.above if prompt > card.threshold else card.base
    assert rate_usage(card, usage) == _rate_all(usage, prompt, rates)


@given(st.sampled_from(CARDS), st.integers(1, 9999), st.integers(1, 9999), st.integers(0, 9999))
def test_text_calls_take_the_shortcut(
    card: RateCard, prompt: int, answer: int, thinking: int
) -> None:
    """An everyday call of a model with text prices is rated by it, and by nothing else."""
    call = card.base.text_call
    if call is not None:
        usage = Usage(output_tokens=answer, thinking_tokens=thinking)
        rating = _rate_text(call, usage, prompt)
        assert rating is not None
        assert len(rating.charges) == 2 + bool(thinking)


TEXTS = st.text(st.sampled_from('%d"\\:é-a'), max_size=8)


@given(TEXTS, st.integers(0, 10**14), st.integers(0, 10**11) | st.decimals(0, 10**6, places=3))
@example('m%d"', 3, Decimal("0.5"))
@example("m", PICO_USD_PER_USD, 1)
@example("m", PICO_USD_PER_USD - 1, 1)
def test_a_charge_is_one_form_on_both_sides_of_a_dollar(
    price_id: str, pico_usd: int, quantity: int | Decimal
) -> None:
    """A prepared charge decodes to what the encoder makes of the same values."""
    price = Rates.from_own({"image": unit_price(pico_usd, price_id)}).image
    assert price is not None
    amount = int(quantity * pico_usd)
    charge = Charge("image", str(quantity), price.text, pico_to_text(amount), price_id)
    assert price.charge(quantity, amount) == msgspec.json.encode(charge)
