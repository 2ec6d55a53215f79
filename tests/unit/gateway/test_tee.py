"""Observers cannot harm: whatever a reader does, the byte path goes on."""

import pytest

from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.gateway.tee import Observer
from weighbridge.providers.base import Reading


class Reader:
    """A reader that keeps what it was fed, and raises where it is told to."""

    def __init__(self, *, feed_raises: bool = False, finish_raises: bool = False) -> None:
        self.fed: list[bytes] = []
        self.feed_raises = feed_raises
        self.finish_raises = finish_raises
        self.complete: bool | None = None

    def feed(self, data: bytes) -> None:
        self.fed.append(data)
        if self.feed_raises:
            raise RecursionError

    def finish(self, *, complete: bool) -> Reading:
        self.complete = complete
        if self.finish_raises:
            raise ValueError
        return Reading(usage=Usage(input_tokens=3), usage_source=UsageSource.FINAL)


@pytest.mark.parametrize("complete", [True, False])
def test_reader_gets_all_and_is_asked(*, complete: bool) -> None:
    """Bytes come in order; the end says whether the answer was whole."""
    reader = Reader()
    observer = Observer(reader)
    observer.feed(b"a")
    observer.feed(b"b")
    reading = observer.finish(complete=complete)
    assert (reader.fed, reader.complete) == ([b"a", b"b"], complete)
    assert (reading.usage.input_tokens, reading.usage_source) == (3, UsageSource.FINAL)


def test_reader_that_raises_is_fed_no_more() -> None:
    """A fault while reading makes the usage `unparsed`, and is not asked for twice."""
    reader = Reader(feed_raises=True)
    observer = Observer(reader)
    observer.feed(b"a")
    observer.feed(b"b")
    assert reader.fed == [b"a"]
    assert observer.finish(complete=True).usage_source is UsageSource.UNPARSED
    assert reader.complete is None
    assert repr(observer) == "<Observer failed>"


def test_reader_that_raises_at_the_end() -> None:
    """A fault in summing up makes the usage `unparsed`: no token count is made up."""
    reading = Observer(Reader(finish_raises=True)).finish(complete=True)
    assert reading.usage_source is UsageSource.UNPARSED
    assert reading.usage == Usage()
