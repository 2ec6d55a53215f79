"""The tariff for text prints what rating comes to, to the byte, or leaves it alone."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.money import pico_to_text
from weighbridge.core.usage import Usage
from weighbridge.pricing.card import NO_THRESHOLD, RateCard, Rates, unit_price
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.rating import rate_usage
from weighbridge.pricing.text_tariff import TextTariff

BOOK = PriceBook.load()
DAY = dt.date(2026, 11, 21)
CARDS = [
    card
    for model in sorted(set(BOOK.names().values()))
    for tier in ("standard", "flex", "priority")
    if (card := BOOK.card(model, day=DAY, tier=tier)) is not None
]
COUNTS = st.sampled_from([1, 8191, 8192, 200_000, 200_001]) | st.integers(1, 10**6)
THINKING = st.just(0) | COUNTS
UNITS = ("input_text_token", "output_text_token", "thinking_token")


def _card(prices: tuple[int, ...], price_id: str) -> RateCard:
    own = {
        unit: unit_price(pico, f"{price_id}-{unit}")
        for unit, pico in zip(UNITS, prices, strict=True)
    }
    rates = Rates.from_own(own)
    return RateCard(
        "m", rates, rates, threshold=NO_THRESHOLD, free=False, first_day=1, end_day=10**6
    )


def _agrees(card: RateCard, prompt: int, answer: int, thinking: int) -> bool:
    """Whether the tariff had a word to say; it must be that of rating."""
    tariff = TextTariff.of(card)
    said = None if tariff is None else tariff.members(prompt, answer, thinking)
    if said is None:
        return False
    usage = Usage(input_tokens=prompt, output_tokens=answer, thinking_tokens=thinking)
    rating = rate_usage(card, usage)
    assert rating.list_cost_pico is not None
    assert rating.notes == ()
    cost, charges = pico_to_text(rating.list_cost_pico), bytes(rating.charges_json).decode()
    assert said.decode() == f',"list_cost":"{cost}","charges":{charges}}}'
    return True


@given(st.sampled_from(CARDS), COUNTS, COUNTS, THINKING)
def test_tariffs_of_the_book(card: RateCard, prompt: int, answer: int, thinking: int) -> None:
    """On every card, on both sides of the cliff and of what the tables hold."""
    _agrees(card, prompt, answer, thinking)


@given(
    st.tuples(*[st.integers(0, 10**8) | st.sampled_from([1, 10, 10**5, 10**9])] * 3),
    st.sampled_from(["plain", "of 10%", '"quoted"', "é"]),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(0, 20),
)
def test_tariffs_of_any_price(
    prices: tuple[int, ...], price_id: str, prompt: int, answer: int, thinking: int
) -> None:
    """However many zeros the prices end in, and whatever stands in a price's name."""
    _agrees(_card(prices, price_id), prompt, answer, thinking)


def test_everyday_prices_have_a_tariff() -> None:
    """Or the tests above would compare nothing: cents and tenths of them, a dollar at most."""
    card = _card((300_000, 2_500_000, 2_500_000), "flash")
    assert _agrees(card, 1000, 10, 0)
    assert _agrees(card, 100_000, 10_000, 10_000)
    assert not _agrees(card, 3_000_000, 100_000, 0)


def test_names_that_look_like_figures_have_no_tariff() -> None:
    """A price named `100%d` would be taken apart in the wrong place."""
    assert TextTariff.of(_card((1, 1, 1), "100%d")) is None
