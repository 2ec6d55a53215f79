"""US dollars as text for people: short for reading, or to the last digit.

Rules for future edits: every screen, table and message writes money by one of these two.
Counterpart: `money` writes what machines read.
"""

from decimal import Context, Decimal
from typing import Final

_BELOW_ONE: Final = Context(prec=3)


def short_usd(usd: Decimal) -> str:
    """Cents, and three significant digits below one dollar: one call's cost is no zero.

    Example: `$1,204.50`, `$0.0834`, `$0.000300`, `-$2.00`.
    """
    sign, size = ("-", -usd) if usd < 0 else ("", usd)
    short = size if size >= 1 else _BELOW_ONE.plus(size)
    places = 2 if short >= 1 or not short else min(12, 2 - short.adjusted())
    return f"{sign}${short:,.{places}f}"


def exact_usd(usd: Decimal) -> str:
    """At least two places, no digit fewer than there are and no zero after them.

    Example: `100.00`, `0.50`, `0.0375`, `0.0000015`.
    """
    whole, _, part = f"{usd:f}".partition(".")
    return f"{whole}.{part.rstrip('0'):0<2}"
