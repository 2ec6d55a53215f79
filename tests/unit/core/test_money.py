"""Money is exact: pico-dollars, decimals and text say the same."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.money import decimal_to_pico, pico_to_decimal, pico_to_text

PICO = st.integers(-(10**20), 10**20)


@given(PICO)
def test_there_and_back(pico: int) -> None:
    """No amount changes on its way through `Decimal` or text."""
    assert decimal_to_pico(pico_to_decimal(pico)) == pico
    assert decimal_to_pico(Decimal(pico_to_text(pico))) == pico


@pytest.mark.parametrize(
    ("pico", "text"),
    [
        (0, "0.000000000000"),
        (1, "0.000000000001"),
        (-1, "-0.000000000001"),
        (10**12 - 1, "0.999999999999"),
        (10**12, "1.000000000000"),
        (1_500_000_000_000, "1.500000000000"),
        (-1_500_000_000_000, "-1.500000000000"),
        (10**18, "1000000.000000000000"),
    ],
)
def test_text(pico: int, text: str) -> None:
    """Always twelve places, one sign, no exponent."""
    assert pico_to_text(pico) == text


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1E-13", "0.0000000000001"])
def test_what_cannot_be_exact_is_an_error(amount: str) -> None:
    """Nothing is rounded: an amount finer than a pico-dollar, or none at all, is refused."""
    with pytest.raises(ValueError, match=r"pico-dollar|finite"):
        decimal_to_pico(Decimal(amount))


def test_large_and_long_decimals() -> None:
    """Trailing zeros are no precision, and size is no limit below 10^16 dollars."""
    assert decimal_to_pico(Decimal("1.5000000000000000")) == 1_500_000_000_000
    assert decimal_to_pico(Decimal(10) ** 15) == 10**27
