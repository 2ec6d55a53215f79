"""Money for people: short, or to the last digit."""

from decimal import Decimal

import pytest

from weighbridge.core.dollars import exact_usd, short_usd


@pytest.mark.parametrize(
    ("usd", "short", "exact"),
    [
        ("0", "$0.00", "0.00"),
        ("1204.5", "$1,204.50", "1204.50"),
        ("0.08336", "$0.0834", "0.08336"),
        ("0.0003", "$0.000300", "0.0003"),
        ("0.99999", "$1.00", "0.99999"),
        ("-2", "-$2.00", "-2.00"),
        ("0.000000000001", "$0.000000000001", "0.000000000001"),
        ("100.10", "$100.10", "100.10"),
    ],
)
def test_money_is_short_or_exact(usd: str, short: str, exact: str) -> None:
    """Neither ever shows a cost as nothing."""
    assert (short_usd(Decimal(usd)), exact_usd(Decimal(usd))) == (short, exact)
