"""What differs between two price books on a day, line by line, before one replaces the other.

Hides how lines are matched (M14): by what they price, not by their dates or sources; and how
books that change by themselves from day to day are compared for all days at once.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.compiler import What

_ALWAYS: Final = dt.date.min


class Change(NamedTuple):
    """One line that was added (`before` is None), dropped (`after` is None) or repriced."""

    what: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        """`gemini-2.5-flash gemini standard global input_text_token: 0.3 -> 0.35`."""
        return f"{self.what}: {self.before or 'none'} -> {self.after or 'none'}"


def changes(
    before: PriceBook, after: PriceBook, at: dt.date, models: Iterable[str] | None = None
) -> list[Change]:
    """Every line whose price differs on the UTC day `at`, in the order of the lines.

    Takes: ids of the models to compare; None for all.
    """
    wanted = [None] if models is None else [*models]
    old = {line.what: line.usd for name in wanted for line in before.listing(at, model=name)}
    new = {line.what: line.usd for name in wanted for line in after.listing(at, model=name)}
    return [
        Change(_text(what), old.get(what), new.get(what))
        for what in sorted(old.keys() | new.keys())
        if old.get(what) != new.get(what)
    ]


class DatedChange(NamedTuple):
    """A change with the first UTC day on which the books differ so; None is "from the start"."""

    since: dt.date | None
    change: Change

    def __str__(self) -> str:
        """`2026-12-01 gemini-2.5-flash gemini standard global input_text_token: 0.3 -> 0.35`."""
        return f"{self.since or 'always'} {self.change}"


def dated_changes(
    before: PriceBook, after: PriceBook, models: Collection[str] | None = None
) -> list[DatedChange]:
    """Every change on any day, past and future, once: on the day from which it holds."""
    days = sorted({_ALWAYS, *before.change_days(), *after.change_days()})
    found: list[list[Change]] = [[], *(changes(before, after, day, models) for day in days)]
    return [
        DatedChange(None if day == _ALWAYS else day, change)
        for day, (known, now) in zip(days, pairwise(found), strict=True)
        for change in now
        if change not in known
    ]


def _text(what: What) -> str:
    *names, above = what
    over = f" over {above}" if above else ""
    return " ".join(str(name) for name in names[1:]) + over
