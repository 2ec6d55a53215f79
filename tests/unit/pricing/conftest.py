"""A book loaded once, and facts of a call with everything usual filled in."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from weighbridge.core.clock import to_unix_us
from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.rating import Rating, RatingFacts

Rate = Callable[..., Rating]


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return PriceBook.load()


@pytest.fixture
def rate(book: PriceBook) -> Rate:
    """Rates a call: `rate("gemini-2.5-flash", input_tokens=1000, at=date, tier="flex", …)`."""

    def call(model: str | None, **given: Any) -> Rating:
        at = given.pop("at", dt.date(2026, 11, 21))
        facts = {
            "provider": given.pop("provider", "google"),
            "surface": given.pop("surface", "gemini"),
            "operation": given.pop("operation", "generateContent"),
            "model": model,
            "model_version": given.pop("served", None),
            "service_tier": given.pop("tier", "standard"),
            "location": given.pop("location", None),
            "usage_source": given.pop("source", UsageSource.FINAL),
            "free": given.pop("free", False),
            "at_unix_us": to_unix_us(dt.datetime(at.year, at.month, at.day, 12, tzinfo=dt.UTC)),
        }
        return book.rate(RatingFacts(usage=Usage(**given), **facts))

    return call
