"""Money: integer pico-US-dollars inside, `Decimal` and fixed-point text at the edges.

Hides the one representation that keeps list prices exact: the cheapest published rate
(0.01 USD per million tokens, halved, cached) is thousands of pico-dollars per token, so every
charge is a product of integers. Rules for future edits: `float` never enters this module.
"""

from decimal import Decimal

PICO_USD_PER_USD = 10**12
_SCALE = Decimal(1).scaleb(-12)
# What stands before so many digits of an amount below one dollar. Padding by table and
# concatenation takes half the time of a format with a width, and every charge is an amount.
_BEFORE_DIGITS = tuple("0." + "0" * (12 - digits) for digits in range(13))


def pico_to_decimal(pico_usd: int) -> Decimal:
    """Exact US dollars with twelve places.

    Example: `pico_to_decimal(300_000)` gives `Decimal('3.00000E-7')`, the price of one token
    at 0.30 USD per million.
    """
    return Decimal(pico_usd) * _SCALE


def decimal_to_pico(usd: Decimal) -> int:
    """Pico-dollars of an amount in US dollars.

    Errors: `ValueError` where the amount is finer than a pico-dollar, or not finite; nothing
    is ever rounded here.
    """
    if not usd.is_finite():
        raise ValueError(f"amount {usd} is not a finite number of US dollars")
    scaled = usd.scaleb(12)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"amount {usd} USD is finer than one pico-dollar (10^-12 USD)")
    return whole


def pico_to_text(pico_usd: int) -> str:
    """Fixed-point US dollars with exactly twelve places: the ledger's `decimal(18,12)` as text.

    Example: `pico_to_text(1_500_000_000_000)` gives `'1.500000000000'`, one pico-dollar less
    than a dollar `'0.999999999999'`.
    """
    if 0 <= pico_usd < PICO_USD_PER_USD:
        digits = str(pico_usd)
        return _BEFORE_DIGITS[len(digits)] + digits
    sign = "-" if pico_usd < 0 else ""
    whole, part = divmod(abs(pico_usd), PICO_USD_PER_USD)
    return f"{sign}{whole}.{part:012d}"
