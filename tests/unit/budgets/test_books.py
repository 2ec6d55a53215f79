"""How an account stands, with each row counted once."""

import pytest

from weighbridge.budgets.books import Standing


@pytest.mark.parametrize(
    ("standing", "limit", "in_ledger", "shown"),
    [
        (Standing(10, 1, 0, settling=1), 10, 0, (10, 0, 0, 0)),
        (Standing(10, 1, 0, settling=1), 12, 0, (10, 1, 0, 1)),
        (Standing(6, 4, 2, settling=1), 10, 0, (6, 4, 2, 1)),
        (Standing(6, 4, 2, settling=1), 10, 7, (7, 3, 2, 1)),
        (Standing(6, 4, 3, settling=0), 10, 9, (9, 1, 1, 0)),
        (Standing(6, 4, 3, settling=0), 10, 40, (40, 0, 0, 0)),
    ],
    ids=["surely in", "maybe in", "fits", "came in since", "of calls", "by other ways"],
)
def test_no_row_is_shown_twice(
    standing: Standing, limit: int, in_ledger: int, shown: tuple[int, ...]
) -> None:
    """What is spent, held and lent comes to no more than the limit where it does not."""
    assert standing.once(limit, in_ledger) == shown


def test_what_is_beyond_the_limit_is_shown() -> None:
    """A limit that was lowered under calls, or calls that came to more than they held."""
    assert Standing(8, 5, 5).once(10) == (8, 5, 5, 0)
    assert Standing(12, 3, 1, settling=2).once(10) == (12, 1, 1, 1)
