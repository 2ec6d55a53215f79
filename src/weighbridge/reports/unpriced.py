"""How a cost is written that leaves calls out: what they cost is not known, and not nothing.

Rules for future edits: whoever shows a cost to people asks for these counts with it; data has
them as columns and its costs unmarked.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

COSTS: Final = ("cost", "cost_per_exchange", "cost_per_1k_tokens")
# Calls of which nothing, or not everything, has a price.
WITHOUT_PRICE: Final = ("unpriced", "incomplete")


def asking(metrics: Iterable[str]) -> tuple[str, ...]:
    """The metrics, and how many calls have no price where one of them is a cost."""
    wanted = tuple(metrics)
    return tuple(dict.fromkeys((*wanted, *WITHOUT_PRICE))) if {*wanted} & {*COSTS} else wanted


def left_out(row: Mapping[str, Any]) -> int:
    """How many calls of a row of figures have no price for all that they used."""
    return sum(row.get(name) or 0 for name in WITHOUT_PRICE)


def cost_text(text: str, value: Any, calls_left_out: int) -> str:
    """The text of a cost, as it is read where calls are left out of it.

    Example: `$2.00` is `$2.00 +?` with one call left out, `$0.00` is `no price`.
    """
    if not calls_left_out:
        return text
    return f"{text} +?" if value else "no price"
