"""What differs between two price books on a day, line by line, before one replaces the other.

Hides how lines are matched (M14): by what they price, not by their dates or sources.
"""

import datetime as dt
from typing import NamedTuple

from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.compiler import PriceLine

_What = tuple[str, str, str, str, str, str, int]


class Change(NamedTuple):
    """One line that was added (`before` is None), dropped (`after` is None) or repriced."""

    what: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        """`gemini-2.5-flash gemini standard global input_text_token: 0.3 -> 0.35`."""
        return f"{self.what}: {self.before or 'none'} -> {self.after or 'none'}"


def changes(before: PriceBook, after: PriceBook, at: dt.date) -> list[Change]:
    """Every line whose price differs on the UTC day `at`, in the order of the lines."""
    old = {_what(line): line.usd for line in before.listing(at)}
    new = {_what(line): line.usd for line in after.listing(at)}
    return [
        Change(_text(what), old.get(what), new.get(what))
        for what in sorted(old.keys() | new.keys())
        if old.get(what) != new.get(what)
    ]


def _what(line: PriceLine) -> _What:
    return (
        line.provider,
        line.model,
        line.surface,
        line.tier,
        line.location,
        line.unit,
        line.above_tokens or 0,
    )


def _text(what: _What) -> str:
    *names, above = what
    over = f" over {above}" if above else ""
    return " ".join(str(name) for name in names[1:]) + over
