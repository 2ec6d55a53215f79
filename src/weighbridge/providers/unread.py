"""The reader of answers that hold no usage, which costs nothing.

Hides that reading can be left out. Rules for future edits: it looks at no byte, so that
nothing (not even inflating) needs to be done for it.
"""

from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading


class UnreadAnswer:
    """Reader of answers that hold no usage: lists, files, token counts, unknown methods."""

    __slots__ = ()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body; they are not looked at."""

    def finish(self, *, complete: bool) -> Reading:  # noqa: ARG002 - the protocol's
        """No usage, reported or not."""
        return Reading(usage=Usage(), usage_source=UsageSource.NONE)
