"""Amounts as fixed-point text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.money import decimal_to_pico, pico_to_decimal, pico_to_text


@pytest.mark.parametrize(
    ("pico_usd", "text"),
    [
        (0, "0.000000000000"),
        (1, "0.000000000001"),
        (10**12 - 1, "0.999999999999"),
        (10**12, "1.000000000000"),
        (-1, "-0.000000000001"),
        (-(10**12), "-1.000000000000"),
    ],
)
def test_twelve_places(pico_usd: int, text: str) -> None:
    """Both sides of a dollar and of nothing have the same twelve places."""
    assert pico_to_text(pico_usd) == text


@given(st.integers(-(10**18), 10**18) | st.integers(-(10**13), 10**13))
def test_text_is_the_amount(pico_usd: int) -> None:
    """The text, read as a decimal, is the exact amount, in the form of the slow formatter."""
    text = pico_to_text(pico_usd)
    assert text == f"{pico_to_decimal(pico_usd):.12f}"
    assert decimal_to_pico(Decimal(text)) == pico_usd


@pytest.mark.parametrize("usd", ["NaN", "Infinity", "0.0000000000001"])
def test_nothing_is_rounded(usd: str) -> None:
    """What is no amount, or finer than a pico-dollar, is refused."""
    with pytest.raises(ValueError, match="dollar"):
        decimal_to_pico(Decimal(usd).normalize())
