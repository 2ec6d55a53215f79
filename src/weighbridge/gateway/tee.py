"""The observer of an answer: gets copies of body bytes after they were passed on.

Hides that observing can fail: whatever goes wrong in here ends as usage `unparsed`, never as an
exception in the byte path. Counterpart: `providers/` readers and `providers/inflate`.
"""

from typing import Protocol

from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading, UsageReader

_IDENTITY = (None, b"", b"identity")


class Inflate(Protocol):
    """Undoes a content coding as the bytes come."""

    failed: bool

    def feed(self, data: bytes) -> bytes:
        """Plain bytes of the next coded ones."""
        ...


class InflateFactory(Protocol):
    """Makes an `Inflate` for a content coding, None where it can't be read."""

    def __call__(self, encoding: bytes) -> Inflate | None:
        """An inflater for `encoding`."""
        ...


class Observer:
    """Feeds one answer's body to its usage reader."""

    __slots__ = ("_inflater", "_reader", "failed")

    def __init__(
        self, reader: UsageReader, encoding: bytes | None, inflate: InflateFactory
    ) -> None:
        self._reader = reader
        self.failed = False
        self._inflater: Inflate | None = None
        if encoding not in _IDENTITY and encoding is not None:
            self._inflater = inflate(encoding)
            self.failed = self._inflater is None

    def __repr__(self) -> str:
        return f"<Observer {'failed' if self.failed else 'reading'}>"

    def feed(self, data: bytes) -> None:
        """Take the next body bytes, as they passed."""
        if self.failed:
            return
        try:
            if self._inflater is not None:
                data = self._inflater.feed(data)
                self.failed = self._inflater.failed
            self._reader.feed(data)
        except Exception:  # noqa: BLE001 - transparency: no reader's fault may reach the client
            self.failed = True

    def finish(self, *, complete: bool) -> Reading:
        """What the answer said, `unparsed` where it could not be read."""
        if not self.failed:
            try:
                return self._reader.finish(complete=complete)
            except Exception:  # noqa: BLE001 - as in feed
                self.failed = True
        return Reading(usage=Usage(), usage_source=UsageSource.UNPARSED)
