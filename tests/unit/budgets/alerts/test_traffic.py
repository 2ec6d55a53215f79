"""Rules about traffic: what is told, and what is not."""

from datetime import UTC, datetime, timedelta

import pytest

from weighbridge.budgets.alerts.traffic import (
    anomaly_alert,
    burst_alert,
    lag_alert,
    unpriced_alert,
)
from weighbridge.core.alert import Severity
from weighbridge.core.clock import to_unix_us
from weighbridge.core.money import PICO_USD_PER_USD as USD

NOW = datetime(2026, 11, 22, 14, 35, 7, tzinfo=UTC)
MODEL = ("gemini-9", "vertex")


def test_a_dear_day_is_told() -> None:
    """With what is usual beside it."""
    found = anomaly_alert(("agent", "crawler"), [10 * USD] * 14, 31 * USD, USD, NOW)
    assert found is not None
    assert found.title == "Unusual spend: agent crawler"
    assert "has spent $31.00 today" in found.message
    assert "$10.00 in the middle and $30.00 at the very most" in found.message
    assert found.stands_until_us == to_unix_us(datetime(2026, 11, 23, tzinfo=UTC))
    assert found.facts["usual_most"] == "30.000000000000"


@pytest.mark.parametrize(
    ("history", "today", "least"),
    [([10] * 14, 30, 1), ([10] * 6, 1000, 1), ([10] * 14, 1000, 1001)],
)
def test_a_usual_day_is_not_told(history: list[int], today: int, least: int) -> None:
    """Nor one without a past to compare with, nor one that comes to little."""
    assert anomaly_alert(("agent", "a"), history, today, least, NOW) is None


def test_a_day_is_told_once() -> None:
    """The key is the day's, in UTC; another day, value or dimension has another."""
    days = [1] * 7

    def key(dimension: str, value: str, now: datetime) -> str:
        found = anomaly_alert((dimension, value), days, 100, 1, now)
        assert found is not None
        return found.key

    first = key("agent", "a", NOW)
    assert first == key("agent", "a", NOW.replace(hour=0, minute=0, second=0))
    later = NOW + timedelta(days=1)
    keys = {first, key("agent", "a", later), key("agent", "b", NOW), key("project", "a", NOW)}
    assert len(keys) == 4


def test_unpriced_traffic_is_told_by_model() -> None:
    """With what to do; no calls are nothing to tell."""
    found = unpriced_alert(MODEL, 1234, NOW)
    assert found is not None
    assert found.title == "No price for gemini-9 on vertex"
    assert "the cost of 1,234 calls today" in found.message
    one = unpriced_alert(MODEL, 1, NOW)
    assert one is not None
    assert "the cost of 1 call today" in one.message
    assert unpriced_alert(MODEL, 0, NOW) is None


@pytest.mark.parametrize(
    ("counts", "told"),
    [((20, 40), True), ((20, 41), False), ((19, 19), False), ((20, 20), True)],
)
def test_a_burst_is_many_and_most(counts: tuple[int, int], *, told: bool) -> None:
    """Both the least count and the least share must be reached."""
    found = burst_alert(MODEL, counts, (20, 50, 5), NOW)
    assert (found is not None) == told


def test_a_burst_is_told_once_an_hour() -> None:
    """Its key is the hour's."""
    keys = set()
    for now in (NOW, NOW + timedelta(minutes=20), NOW + timedelta(minutes=30)):
        found = burst_alert(MODEL, (20, 20), (20, 50, 5), now)
        assert found is not None
        keys.add(found.key)
    assert len(keys) == 2


def test_rows_that_wait_are_told() -> None:
    """At once, whatever the hour, with the reason where one is known."""
    found = lag_alert("node-1", 61, 60, "the disk is full", NOW)
    assert found is not None
    assert found.severity is Severity.CRITICAL
    assert "61 s old: the disk is full." in found.message
    assert lag_alert("node-1", 59, 60, None, NOW) is None
