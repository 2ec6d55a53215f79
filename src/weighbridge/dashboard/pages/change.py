"""How a figure has changed since the period before: as a number and in words."""

from decimal import Decimal
from typing import Any, Final

_NEXT_TO_NOTHING: Final = 99  # a hundredfold


def change_of(now: Any, before: Any) -> Decimal | None:
    """By what part a figure grew, to a tenth of a percent; None where there is nothing to tell.

    Example: 3 after 2 is 0.5. 3 after 0 is None, for no part of nothing is 3, and so is 300
    after 2: against next to nothing, any figure is enormous.
    """
    if now is None or not before:
        return None
    was = Decimal(str(before))
    grown = round((Decimal(str(now)) - was) / was, 3)
    return None if grown >= _NEXT_TO_NOTHING else grown


def change_text(change: Decimal | None) -> str:
    """A change as people write it: `+12.4 %`, `×37`, `new` where there was next to nothing."""
    if change is None:
        return "new"
    if change >= 10:
        return f"×{change + 1:,.0f}"
    text = f"{change * 100:+,.1f} %"
    return "0.0 %" if text == "-0.0 %" else text.replace("-", "\u2212")
