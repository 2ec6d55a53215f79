"""When the prices of a book change, and by how much."""

import datetime as dt

from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.compiler import PriceLine
from weighbridge.pricing.pricefile import Model, Price, PriceFile
from weighbridge.pricing.steps import PriceStep, price_steps

DAY = dt.date(2026, 6, 1)
AUTUMN, WINTER = dt.date(2026, 9, 1), dt.date(2026, 12, 1)


def book_of(*prices: Price) -> PriceBook:
    model = Model(id="m", source="s", read=DAY)
    return PriceBook([PriceFile(origin="o", as_of=DAY, models=(model,), prices=prices)])


def price(since: dt.date | None, until: dt.date | None = None, **rates: str) -> Price:
    return Price(
        models=("m",),
        source="s",
        read=DAY,
        surface="gemini",
        since=since,
        until=until,
        rates=rates,
    )


def test_a_price_that_doubles_is_one_step() -> None:
    """On its first day, with both prices and their factor; what stays is not there."""
    book = book_of(
        price(None, input_text_token="0.3", output_text_token="2"),
        price(WINTER, input_text_token="0.6"),
    )
    (step,) = price_steps(book.listing, book.change_days())
    assert (step.day, step.model, step.unit) == ("2026-12-01", "m", "input_text_token")
    assert (step.before, step.after, step.factor, step.per) == ("0.3", "0.6", "2", 1_000_000)


def test_prices_that_begin_and_end() -> None:
    """The side without a price is null, and so is the factor; from nothing there is none."""
    book = book_of(
        price(AUTUMN, WINTER, input_text_token="0.3"),
        price(WINTER, input_text_token="0"),
    )
    steps = price_steps(book.listing, [WINTER, AUTUMN])
    assert [(one.day, one.before, one.after, one.factor) for one in steps] == [
        ("2026-09-01", None, "0.3", None),
        ("2026-12-01", "0.3", "0", "0"),
    ]
    ended = price_steps(book_of(price(None, WINTER, input_text_token="0.3")).listing, [WINTER])
    assert [(one.before, one.after) for one in ended] == [("0.3", None)]


def test_steps_of_the_packaged_book_are_what_its_listings_say(book: PriceBook) -> None:
    """Each day's steps lead from the listing of the day before to the one of the day."""

    def prices(day: dt.date) -> dict[tuple[str, ...], str]:
        return {(*names(line), str(line.above_tokens)): line.usd for line in book.listing(day)}

    def names(one: PriceLine | PriceStep) -> tuple[str, ...]:
        return one.model, one.surface, one.tier, one.location, one.unit

    for day in book.change_days():
        known = prices(day - dt.timedelta(days=1))
        for one in price_steps(book.listing, [day]):
            key = (*names(one), str(one.above_tokens))
            assert known.pop(key, None) == one.before
            if one.after is not None:
                known[key] = one.after
        assert known == prices(day)
