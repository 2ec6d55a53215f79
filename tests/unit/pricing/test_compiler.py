"""How statements combine: later beats earlier, tiers, multiples, places, periods."""

import datetime as dt
from decimal import Decimal

import pytest

from weighbridge.pricing.card import NO_THRESHOLD
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.compiler import Key, ModelPrices
from weighbridge.pricing.pricefile import Multiple, Price

DAY = dt.date(2026, 6, 1)
STATED = {"models": ("m",), "source": "s", "read": DAY}


def key(tier: str = "standard", *, day: dt.date = DAY, location: str = "global") -> Key:
    return Key("m", "vertex", tier, location, day.toordinal())


def price(**fields: object) -> Price:
    return Price(**(STATED | fields))  # type: ignore[arg-type]


def usd(prices: ModelPrices, at: Key) -> dict[str, str]:
    return {line.unit: line.usd for line in prices.lines(at) if line.above_tokens is None}


def test_later_statement_beats_earlier_unit_by_unit() -> None:
    """An overlay need only state what differs."""
    first = price(rates={"input_text_token": "1", "output_text_token": "2"})
    second = price(rates={"input_text_token": "3"})
    assert usd(ModelPrices("m", "google", [first, second], []), key()) == {
        "input_text_token": "3",
        "output_text_token": "2",
    }


def test_restating_a_unit_without_a_cliff_takes_the_cliff_away() -> None:
    """A flat rate over a tiered one is flat."""
    tiered = price(
        rates={"input_text_token": "1"}, above_tokens=10, rates_above={"input_text_token": "2"}
    )
    flat = price(rates={"input_text_token": "3"})
    card = ModelPrices("m", "google", [tiered, flat], []).card(key())
    assert card is not None
    assert card.threshold == NO_THRESHOLD


def test_tier_stated_beats_multiple_beats_standard() -> None:
    """Flex: input as stated, output by the multiple, fees and cached as standard."""
    standard = price(
        rates={
            "input_text_token": "4",
            "cached_input_text_token": "1",
            "output_text_token": "8",
            "search_query": "14",
        }
    )
    flex = price(tier="flex", rates={"input_text_token": "3"})
    half = Multiple(**STATED, tier="flex", kinds=("input", "output"), factor="0.5")
    assert usd(ModelPrices("m", "google", [standard, flex], [half]), key("flex")) == {
        "input_text_token": "3",
        "cached_input_text_token": "1",
        "output_text_token": "4",
        "search_query": "14",
    }


def test_tier_that_nothing_states_does_not_exist() -> None:
    """No silent standard price for a tier."""
    prices = ModelPrices("m", "google", [price(rates={"input_text_token": "4"})], [])
    assert prices.lines(key("flex")) == []
    assert prices.card(key("flex")) is None


def test_later_multiple_beats_the_earlier_and_does_not_compound() -> None:
    """An exception for one model stands after the rule for all."""
    standard = price(rates={"input_text_token": "4"})
    rule = Multiple(**(STATED | {"models": ("*",)}), tier="flex", kinds=("input",), factor="0.5")
    exception = Multiple(**STATED, tier="flex", kinds=("input",), factor="0.75")
    assert usd(ModelPrices("m", "google", [standard], [rule, exception]), key("flex")) == {
        "input_text_token": "3"
    }


def test_rule_for_all_but_some() -> None:
    """`except_models` leaves a model out of `*`."""
    rule = Multiple(
        **(STATED | {"models": ("*",)}),
        except_models=("m",),
        tier="flex",
        kinds=("input",),
        factor="0.5",
    )
    prices = ModelPrices("m", "google", [price(rates={"input_text_token": "4"})], [rule])
    assert prices.lines(key("flex")) == []


@pytest.mark.parametrize(
    ("pattern", "holds"), [("m", True), ("m*", True), ("*", True), ("mm*", False), ("n*", False)]
)
def test_rule_for_ids_that_begin_alike(pattern: str, *, holds: bool) -> None:
    """A star at the end takes every id that begins so, and no other."""
    rule = Multiple(**(STATED | {"models": (pattern,)}), tier="flex", kinds=("input",), factor="2")
    prices = ModelPrices("m", "google", [price(rates={"input_text_token": "4"})], [rule])
    assert bool(prices.lines(key("flex"))) is holds


def test_place_multiplies_what_the_tier_made() -> None:
    """Regional flex: half, then ten percent more; fees stay."""
    standard = price(rates={"input_text_token": "4", "search_query": "14"})
    half = Multiple(**STATED, tier="flex", kinds=("input",), factor="0.5")
    uplift = Multiple(**STATED, location="regional", kinds=("input",), factor="1.1")
    prices = ModelPrices("m", "google", [standard], [half, uplift])
    assert usd(prices, key("flex", location="regional")) == {
        "input_text_token": "2.2",
        "search_query": "14",
    }
    assert usd(prices, key("flex"))["input_text_token"] == "2"


def test_period_begins_on_since_and_ends_before_until() -> None:
    """Both sides of both boundaries, and the card's own stretch."""
    prices = ModelPrices(
        "m",
        "google",
        [
            price(rates={"input_text_token": "1"}),
            price(
                rates={"input_text_token": "2"},
                since=dt.date(2026, 3, 1),
                until=dt.date(2026, 9, 1),
            ),
        ],
        [],
    )
    days = [(2026, 2, 28), (2026, 3, 1), (2026, 8, 31), (2026, 9, 1)]
    found = [usd(prices, key(day=dt.date(*day)))["input_text_token"] for day in days]
    assert found == ["1", "2", "2", "1"]
    card = prices.card(key())
    assert card is not None
    assert (card.first_day, card.end_day) == (
        dt.date(2026, 3, 1).toordinal(),
        dt.date(2026, 9, 1).toordinal(),
    )


def test_free_gives_way_to_a_later_price() -> None:
    """A model that stops being free is priced from that day."""
    prices = ModelPrices(
        "m",
        "google",
        [price(free=True), price(rates={"input_text_token": "1"}, since=dt.date(2026, 6, 1))],
        [],
    )
    before, after = prices.card(key(day=dt.date(2026, 5, 31))), prices.card(key())
    assert before is not None
    assert after is not None
    assert (before.free, after.free) == (True, False)


def test_two_thresholds_in_one_card_are_an_error() -> None:
    """One cliff per card."""
    prices = ModelPrices(
        "m",
        "google",
        [
            price(rates={unit: "1"}, above_tokens=at, rates_above={unit: "2"})
            for unit, at in (("input_text_token", 10), ("output_text_token", 20))
        ],
        [],
    )
    with pytest.raises(ValueError, match="more than one threshold"):
        prices.card(key())


def test_shipped_rates_are_whole_pico_dollars(book: PriceBook) -> None:
    """Every card of the book compiles on every day of change, so none is ever rounded."""
    for model in set(book.names().values()):
        for day in (dt.date(2025, 1, 1), *book.change_days()):
            for surface, location in (("gemini", "global"), ("vertex", "regional")):
                for tier in ("standard", "flex", "priority", "batch"):
                    card = book.card(model, day=day, surface=surface, tier=tier, location=location)
                    if card is not None and card.base.input_text_token is not None:
                        price_pico = card.base.input_text_token.pico_usd
                        assert Decimal(price_pico) == price_pico > 0
