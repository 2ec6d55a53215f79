"""The observer of an answer: gets copies of body bytes after they were passed on.

Hides that observing can fail: whatever goes wrong in here ends as usage `unparsed`, never as an
exception in the byte path. Counterpart: the readers of `providers/`.
"""

import msgspec

from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading, UsageReader
from weighbridge.providers.inflate import so_far


class Observer(msgspec.Struct, gc=False):
    """Feeds one answer's body to its usage reader."""

    reader: UsageReader
    failed: bool = False

    def __repr__(self) -> str:
        return f"<Observer {'failed' if self.failed else 'reading'}>"

    def feed(self, data: bytes) -> None:
        """Take the next body bytes, as they passed."""
        if self.failed:
            return
        try:
            self.reader.feed(data)
        except Exception:  # noqa: BLE001 - transparency: no reader's fault may reach the client
            self.failed = True

    def so_far(self) -> Reading | None:
        """What the answer has said by now; None where nobody can tell."""
        if self.failed:
            return None
        try:
            return so_far(self.reader)
        except Exception:  # noqa: BLE001 - as in feed
            return None

    def finish(self, *, complete: bool) -> Reading:
        """What the answer said, `unparsed` where it could not be read."""
        if not self.failed:
            try:
                return self.reader.finish(complete=complete)
            except Exception:  # noqa: BLE001 - as in feed
                self.failed = True
        return Reading(usage=Usage(), usage_source=UsageSource.UNPARSED)
