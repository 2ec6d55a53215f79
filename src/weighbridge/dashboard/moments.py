"""The instant that a request is about, and whether it wants a page whole: its parameter `whole`.

Hides how requests come to share an instant, for what was answered for an instant is answered again
(`reports/answers`). A page's second part names the instant of its first. Live refreshes ask for
`shared` ones, a few seconds apart, so that twenty people who look at the same cost what one does.

Rules for future edits: whatever the word is, it only chooses an instant lately past or the present.
Counterpart: `router` reads it, `static/weighbridge.js` and `drawing` write it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from weighbridge.core.clock import from_unix_us, to_unix_us

SHARED: Final = "shared"
SHARED_FOR: Final = timedelta(seconds=5)
# How long the second part of a page may be of the instant of its first.
SAME_INSTANT: Final = timedelta(minutes=5)
_MICROSECOND: Final = timedelta(microseconds=1)
_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` is the instant that is asked for; `recalls`, that what was answered for it holds."""

    at: datetime
    whole: bool = True
    recalls: bool = False

    @classmethod
    def of(cls, word: str | None, now: datetime) -> Self:
        """What the parameter means.

        Example: none is the first part, as of now. `shared` at 12:00:07 is 12:00:05. µs since
        the epoch are that instant where it is lately past. Any other word is the present.
        """
        if word is None:
            return cls(now, whole=False)
        now_us = to_unix_us(now)
        if word == SHARED:
            return cls(from_unix_us(now_us - now_us % (SHARED_FOR // _MICROSECOND)), recalls=True)
        if len(word) > _DIGITS or not word.isascii() or not word.isdecimal():
            return cls(now)
        if 0 <= now_us - int(word) <= SAME_INSTANT // _MICROSECOND:
            return cls(from_unix_us(int(word)), recalls=True)
        return cls(now)
