"""When a message goes out: not in a channel's quiet hours, and again after a failure.

Time is an argument. Rules for future edits: an end that a clock change repeats is the next one
after now; a failure is never retried in an ever shorter time.
"""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from weighbridge.core.alert import Quiet, Severity

# After the first failure, the second, and so on; then the delivery is given up, nine hours after
# it began. What an alert is about is older news by then than whoever mends the channel.
RETRY_AFTER_S: Final = (5, 15, 60, 300, 900, 3600, 7200, 21600)
_CLOCK: Final = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")


def is_clock(text: str) -> bool:
    """Whether text is a time of day, `HH:MM`."""
    return _CLOCK.fullmatch(text) is not None


def retry_at_us(attempts: int, now_us: int) -> int | None:
    """When to try again after so many failed attempts; None = not again."""
    if not 1 <= attempts <= len(RETRY_AFTER_S):
        return None
    return now_us + RETRY_AFTER_S[attempts - 1] * 1_000_000


def quiet_until(quiet: Quiet | None, severity: Severity, now: datetime) -> datetime | None:
    """When a message that is due now may go out at last; None = at once.

    Example: with quiet from 22:00 to 07:00, a warning at 23:00 waits until 07:00 of the next day,
    and one at 07:00 does not wait. What is critical never waits.
    """
    if quiet is None or severity is Severity.CRITICAL:
        return None
    zone = ZoneInfo(quiet.timezone)
    local = now.astimezone(zone)
    begins, ends = time.fromisoformat(quiet.begins), time.fromisoformat(quiet.ends)
    clock = local.time().replace(tzinfo=None)
    within = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    if not within:
        return None
    day = local.date() if clock < ends else local.date() + timedelta(days=1)
    end = datetime.combine(day, ends, zone).astimezone(UTC)
    # A clock that goes back shows the end twice; between the two, the second counts.
    return end if end > now else end.astimezone(zone).replace(fold=1).astimezone(UTC)
