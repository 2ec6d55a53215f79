"""M11: explicit caches cost by tokens and hours until they end."""

import datetime as dt
from decimal import Decimal

import pytest

from weighbridge.core.clock import to_unix_us
from weighbridge.core.money import pico_to_decimal
from weighbridge.core.outcome import Note, PricingStatus
from weighbridge.pricing.card import unit_price
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.pricefile import Model, Price, PriceFile
from weighbridge.pricing.rating import Rating
from weighbridge.pricing.storage import _places, rate_storage

HOUR_US = 3_600_000_000
NOON = to_unix_us(dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC))
NEW_YEAR = to_unix_us(dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
DAY = dt.date(2026, 11, 21)


def stored(
    book: PriceBook,
    model: str | None = "gemini-2.5-flash",
    tokens: int = 1_000_000,
    *,
    surface: str | None = "gemini",
    location: str | None = None,
    from_us: int = NOON,
    to_us: int = NOON + HOUR_US,
) -> Rating:
    return rate_storage(book, model, surface, location, tokens, from_us, to_us)


def cost(rating: Rating) -> Decimal:
    assert rating.list_cost_pico is not None
    return pico_to_decimal(rating.list_cost_pico)


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("gemini-2.5-pro", "4.5"),
        ("models/gemini-3.1-pro-preview", "4.5"),
        ("gemini-2.5-flash-001", "1"),
        ("gemini-2.5-flash-lite", "1"),
        ("gemini-3-flash-preview", "1"),
        ("gemini-3.5-flash", "1"),
        ("gemini-3.6-flash", "0.5"),
        ("gemini-3.7-flash", "0.5"),
        ("gemini-3.8-flash", "0.5"),
    ],
)
def test_a_million_tokens_for_an_hour(book: PriceBook, model: str, dollars: str) -> None:
    """The price as Google quotes it, under any name of the model."""
    rating = stored(book, model)
    assert cost(rating) == Decimal(dollars)
    (charge,) = rating.charges
    assert (charge.unit, Decimal(charge.quantity)) == ("cache_storage_token_hour", 1_000_000)
    assert (rating.pricing_status, rating.notes) == (PricingStatus.PRICED, ())


def test_a_price_that_changes_meanwhile(book: PriceBook) -> None:
    """M8: the hours before New Year at $0.50, those after at $1.00, on lines of their own."""
    rating = stored(
        book, "gemini-3.8-flash", from_us=NEW_YEAR - 2 * HOUR_US, to_us=NEW_YEAR + HOUR_US
    )
    assert [(Decimal(c.quantity), Decimal(c.amount)) for c in rating.charges] == [
        (2_000_000, 1),
        (1_000_000, 1),
    ]
    assert rating.charges[1].price_id.endswith("cache_storage_token_hour@2027-01-01")
    assert cost(rating) == 2


def test_a_change_of_other_prices_makes_no_second_line(book: PriceBook) -> None:
    """One price, one line, though the model's fees changed in between."""
    day = to_unix_us(dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    rating = stored(book, "gemini-3-flash-preview", from_us=day - HOUR_US, to_us=day + HOUR_US)
    assert [Decimal(charge.quantity) for charge in rating.charges] == [2_000_000]


def test_every_amount_is_quantity_times_price(book: PriceBook) -> None:
    """Exactly, as every charge of the ledger, in quantities that it can hold."""
    rating = stored(book, "gemini-2.5-pro", 1234567, from_us=NOON + 1, to_us=NOON + 98_765_432_101)
    (charge,) = rating.charges
    assert Decimal(charge.quantity) * Decimal(charge.unit_price) == Decimal(charge.amount)
    assert Decimal(charge.quantity) == Decimal(charge.quantity).quantize(Decimal("0.000001"))
    exact = Decimal(1234567) * 98_765_432_100 / HOUR_US
    assert abs(Decimal(charge.quantity) - exact) <= Decimal("0.00001")


@pytest.mark.parametrize(
    ("pico_usd", "places"), [(4_500_000, 5), (10**6, 6), (5 * 10**9, 6), (7, 0)]
)
def test_steps_are_as_fine_as_whole_pico_dollars_allow(pico_usd: int, places: int) -> None:
    """A step of a token-hour never costs a fraction of a pico-dollar."""
    assert _places(unit_price(pico_usd, "p")) == places


@pytest.mark.parametrize("location", ["global", "us-central1", "eu"])
def test_the_place_changes_no_storage_price(book: PriceBook, location: str) -> None:
    """The regional uplift is for tokens; no page that we could read says more."""
    rating = stored(book, "gemini-3.8-flash", surface="vertex", location=location)
    assert cost(rating) == Decimal("0.5")


@pytest.mark.parametrize(
    "model", ["gemini-9-ultra", None, "gemini-4-argon", "imagen-4.0-generate-001"]
)
def test_without_a_storage_price_it_is_unpriced(book: PriceBook, model: str | None) -> None:
    """M9, M10: cost null, never 0."""
    assert stored(book, model) == Rating(None, PricingStatus.UNPRICED)


def test_a_price_for_some_of_the_time_is_incomplete() -> None:
    """M10: the hours that have one are charged."""
    about = {"source": "s", "read": DAY}
    price = Price(
        models=("m",), rates={"cache_storage_token_hour": "1"}, since=dt.date(2027, 1, 1), **about
    )
    files = [PriceFile(origin="o", as_of=DAY, models=(Model(id="m", **about),), prices=(price,))]
    rating = stored(PriceBook(files), "m", from_us=NEW_YEAR - HOUR_US, to_us=NEW_YEAR + HOUR_US)
    assert (cost(rating), rating.pricing_status) == (Decimal(1), PricingStatus.INCOMPLETE)


def test_free_models_store_for_free(book: PriceBook) -> None:
    """What costs nothing costs nothing to keep."""
    assert stored(book, "gemma-3-27b-it").pricing_status is PricingStatus.FREE


@pytest.mark.parametrize(("tokens", "length_us"), [(0, 1), (-5, 1), (1, 0), (1, -HOUR_US)])
def test_no_tokens_or_no_time_cost_nothing(book: PriceBook, tokens: int, length_us: int) -> None:
    """M12: a cache that ended before it began credits nothing."""
    rating = stored(book, tokens=tokens, to_us=NOON + length_us)
    assert (rating.list_cost_pico, rating.charges) == (0, ())


@pytest.mark.parametrize(
    ("tokens", "from_us", "to_us"),
    [(10**30, NOON, NOON + HOUR_US), (1, -1, NOON), (1, NOON, 10**30), (10**9, 0, NOON)],
)
def test_impossible_storage_is_rejected(
    book: PriceBook, tokens: int, from_us: int, to_us: int
) -> None:
    """M12: what no bill could hold breaks nothing and is not charged."""
    rating = stored(book, tokens=tokens, from_us=from_us, to_us=to_us)
    assert rating.list_cost_pico is None or rating.list_cost_pico < 10**18
    if rating.list_cost_pico is None:
        assert rating.notes == (Note.COUNT_REJECTED,)
