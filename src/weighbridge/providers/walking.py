"""Readers that walk an answer for a few values instead of decoding it.

Hides the plumbing between a walker and what knows the meaning of its finds. Rules for future
edits: finds never refer to their walker, so that an answer leaves no cycle behind; a value is
somebody else's bytes and is taken as nothing where it is not what it should be.
Counterpart: `json_walk` walks; `google_predict`, `google_batches` and others know the meaning.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec

from weighbridge.core.clock import to_unix_us
from weighbridge.providers.base import Reading
from weighbridge.providers.decoding import UNREADABLE
from weighbridge.providers.google_usage import as_count
from weighbridge.providers.json_walk import JsonWalker, Wanted

# RFC 3339 with up to nanoseconds, as Google writes a Timestamp: section 5.6.
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)


class Finds(Protocol):
    """What a walker hands its values to."""

    def take(self, name: str, value: bytes | None) -> None:
        """Take a value, or the end of one, by its name."""
        ...

    def reading(self, *, complete: bool, whole: bool) -> Reading:
        """Sum up.

        Takes: `complete`, False where the answer was cut; `whole`, False also where what came is
        no document.
        """
        ...


class WalkingReader:
    """Reads a JSON body of any size, in little memory."""

    __slots__ = ("_finds", "_walker")

    def __init__(self, root: Wanted, finds: Finds) -> None:
        self._finds = finds
        self._walker = JsonWalker(root, finds.take)

    def __repr__(self) -> str:
        return f"<WalkingReader {self._walker!r} for {type(self._finds).__name__}>"

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        self._walker.feed(data)

    def finish(self, *, complete: bool) -> Reading:
        """Sum up; `complete` is False where the answer was cut."""
        walker = self._walker
        walked = walker.documents > 0 and not (walker.inside or walker.broken)
        return self._finds.reading(complete=complete, whole=complete and walked)


def plain(value: bytes | None) -> object:
    """A value as Python's, or None where it did not come whole or is no JSON."""
    if value is None:
        return None
    try:
        return msgspec.json.decode(value)
    except UNREADABLE:
        return None


def text(value: bytes | None) -> str | None:
    """A value as text, or None where it is none."""
    found = plain(value)
    return found if type(found) is str else None


def count(value: bytes | None) -> int | None:
    """A value as a count (M12), or None; older Vertex answers write counts as `7.0`."""
    found = plain(value)
    if type(found) is float and found.is_integer():
        found = int(found)
    return as_count(found)


def instant_us(value: bytes | None) -> int | None:
    """A timestamp as microseconds since the epoch, or None.

    Example: `"2026-07-21T16:05:49.689379878Z"` ends in 689379 microseconds; what is finer is
    cut off.
    """
    match = _INSTANT.fullmatch(text(value) or "")
    if match is None:
        return None
    second, fraction, sign, hours, minutes = match.groups()
    try:
        found = datetime.fromisoformat(second).replace(tzinfo=UTC)
        if sign:
            ahead = timedelta(hours=int(hours), minutes=int(minutes))
            found = found - ahead if sign == "+" else found + ahead
    except (ValueError, OverflowError):
        return None
    return to_unix_us(found) + int((fraction or "0").ljust(6, "0")[:6])
