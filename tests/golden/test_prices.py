"""The price book on one day, as text: a changed price shows as a changed line in review.

After a deliberate change: `WEIGHBRIDGE_GOLDEN=write pytest tests/golden/test_prices.py`.
"""

import datetime as dt
import os
from itertools import groupby
from pathlib import Path

from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.compiler import PriceLine

DAY = dt.date(2026, 11, 21)
GOLDEN = Path(__file__).parent / f"prices-{DAY}.txt"


def heading(line: PriceLine) -> str:
    return f"{line.model} {line.surface} {line.tier} {line.location}"


def rates(lines: list[PriceLine]) -> str:
    """`input_text_token 1.25 (over 200000: 2.5)  output_text_token …`."""
    return "  ".join(
        f"(over {line.above_tokens}: {line.usd})"
        if line.above_tokens
        else f"{line.unit} {line.usd}"
        for line in lines
    )


def listing() -> str:
    """The Developer API whole, and of Vertex what is not the same there."""
    book = PriceBook.load()
    text = {}
    for head, group in groupby(book.listing(DAY), key=heading):
        text[head] = rates(list(group))
    rows = []
    for head, row in text.items():
        twin = head.replace(" vertex ", " gemini ").replace(" regional", " global")
        if twin == head or text.get(twin) != row:
            rows.append(f"{head}: {row}\n")
    return "".join(rows)


def test_price_book_on_the_day() -> None:
    """Line for line."""
    if os.environ.get("WEIGHBRIDGE_GOLDEN") == "write":
        GOLDEN.write_text(listing(), encoding="utf-8")
    assert listing() == GOLDEN.read_text(encoding="utf-8")
