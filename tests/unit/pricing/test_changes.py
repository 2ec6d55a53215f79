"""What an update would change, before it is applied (M14)."""

import datetime as dt

from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.changes import changes, dated_changes
from weighbridge.pricing.pricefile import Model, Price, PriceFile

DAY = dt.date(2026, 6, 1)


def book_of(**rates: str) -> PriceBook:
    model = Model(id="m", source="s", read=DAY)
    price = Price(models=("m",), source="s", read=DAY, surface="gemini", rates=rates)
    return PriceBook([PriceFile(origin="o", as_of=DAY, models=(model,), prices=(price,))])


def test_repriced_added_and_dropped_lines() -> None:
    """Each as one line of text; what did not change is not there."""
    before = book_of(input_text_token="1", output_text_token="2", search_query="14")
    after = book_of(input_text_token="1", output_text_token="3", maps_query="14")
    assert [str(change) for change in changes(before, after, DAY)] == [
        "m gemini standard global maps_query: none -> 14",
        "m gemini standard global output_text_token: 2 -> 3",
        "m gemini standard global search_query: 14 -> none",
    ]


def dated_book(*starts: tuple[dt.date | None, str]) -> PriceBook:
    model = Model(id="m", source="s", read=DAY)
    prices = tuple(
        Price(
            models=("m",),
            source="s",
            read=DAY,
            surface="gemini",
            since=since,
            rates={"input_text_token": rate},
        )
        for since, rate in starts
    )
    return PriceBook([PriceFile(origin="o", as_of=DAY, models=(model,), prices=prices)])


def test_each_change_is_told_once_on_its_day() -> None:
    """Past, future and from the start; a difference that goes on is not told again."""
    autumn, winter = dt.date(2026, 9, 1), dt.date(2026, 12, 1)
    before = dated_book((None, "1"), (winter, "2"))
    after = dated_book((None, "4"), (autumn, "5"), (winter, "2"))
    line = "m gemini standard global input_text_token"
    assert [str(change) for change in dated_changes(before, after)] == [
        f"always {line}: 1 -> 4",
        f"2026-09-01 {line}: 1 -> 5",
    ]
    one_day = dated_changes(dated_book((None, "1")), dated_book((None, "1"), (winter, "2")))
    assert [str(change) for change in one_day] == [f"2026-12-01 {line}: 1 -> 2"]


def test_a_book_does_not_differ_from_itself(book: PriceBook) -> None:
    """Nothing changed, nothing said."""
    assert changes(book, book, DAY) == []
