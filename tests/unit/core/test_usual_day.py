"""What a day usually costs at the very most."""

import pytest

from weighbridge.core.usual_day import usual_most_pico


@pytest.mark.parametrize(
    ("history", "most"),
    [
        ([], None),
        ([10] * 6, None),
        ([10] * 7, 30),
        ([50, 10, 10, 10, 10, 10, 10] * 4, 75),
        ([0] * 26 + [900, 800], 0),
        ([10] * 26 + [900, 800], 30),
        ([1000] * 10 + [10] * 28, 30),
    ],
)
def test_what_a_day_costs_at_most(history: list[int], most: int | None) -> None:
    """Three times the median or half more than the third dearest, of the last four weeks."""
    assert usual_most_pico(history) == most
