"""An operator's own rates as a layer of the book, and on their way to the workers."""

import datetime as dt
from typing import Any

from weighbridge.pricing import overrides
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.pricefile import Price

DAY = dt.date(2026, 11, 21)
AT_US = 1_795_000_000_000_000
CALL = (None, "gemini-2.5-flash", "google", "gemini", None, None)
OWN = Price(models=("gemini-2.5-flash",), source="c", read=DAY, rates={"input_text_token": "1000"})


def test_what_is_sent_is_what_was_stated() -> None:
    """Nothing is sent for none."""
    sent = overrides.decode(overrides.encode([OWN]))
    assert sent is not None
    assert sent.prices == (OWN,)
    assert overrides.decode(overrides.encode([])) is None


def _input_pico_usd(book: PriceBook) -> int:
    card = book.in_force(CALL, AT_US)[0]
    assert card is not None
    price = card.base.input_text_token
    assert price is not None
    return price.pico_usd


def test_a_book_that_has_rated_goes_by_own_rates_at_once() -> None:
    """Nothing that was remembered of the old prices is used; taken back, they are there again."""
    book = PriceBook.load()
    listed = _input_pico_usd(book)
    book.override(overrides.override_file([OWN]))
    assert _input_pico_usd(book) == 1_000_000_000
    assert book.origins[2] == overrides.ORIGIN
    book.override(None)
    assert _input_pico_usd(book) == listed


def test_another_book_is_made_beside_the_one_in_force() -> None:
    """To look at what would change."""
    book = PriceBook.load()
    listed = book.listing(DAY, model="gemini-2.5-flash")
    other = book.overridden(overrides.override_file([OWN]))
    assert other.listing(DAY, model="gemini-2.5-flash") != listed
    assert book.listing(DAY, model="gemini-2.5-flash") == listed


def test_every_problem_of_a_statement_is_told_by_field() -> None:
    """Places are those of the statement, not of a file."""
    wrong: dict[str, Any] = {"models": ["m"], "source": "c", "rates": {"x": "1"}, "above_tokens": 1}
    price, problems = overrides.checked(wrong, {"n"})
    assert price is None
    assert {one.where for one in problems} == {"models", "above_tokens", "rates.x"}
