"""What a day usually costs at the very most: where alerts and forecasts call one unusual."""

from collections.abc import Sequence
from typing import Final

HISTORY_DAYS: Final = 28
LEAST_DAYS: Final = 7


def usual_most_pico(history: Sequence[int]) -> int | None:
    """The most that a day costs without being off its pattern; None where none is known yet.

    Takes: what each whole day cost, oldest first, days without cost among them.
    Gives: three times the median day, or half more than the third dearest, whichever is more:
    a dear day that comes every week is no surprise, and two that were do not hide a third.
    Example: seven days of 10 give 30; four weeks of 10 with 50 each Monday, 75.
    """
    days = sorted(history[-HISTORY_DAYS:])
    if len(days) < LEAST_DAYS:
        return None
    return max(3 * days[len(days) // 2], 3 * days[-3] // 2)
