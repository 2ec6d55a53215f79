"""Of which instant a request is."""

from datetime import UTC, datetime, timedelta

import pytest

from weighbridge.dashboard.moments import Moment

NOW = datetime(2026, 11, 22, 12, 0, 7, tzinfo=UTC)


def us(instant: datetime) -> str:
    return str(int(instant.timestamp()) * 1_000_000)


def test_without_the_word_it_is_the_first_part_of_now() -> None:
    """A page that is opened is as of when it is opened."""
    assert Moment.of(None, NOW) == Moment(NOW, whole=False)


@pytest.mark.parametrize(("second", "shared"), [(5, 5), (7, 5), (9, 5), (10, 10)])
def test_refreshes_share_an_instant(second: int, shared: int) -> None:
    """Everybody who asks within five seconds asks for the same instant."""
    asked = Moment.of("shared", NOW.replace(second=second))
    assert asked == Moment(NOW.replace(second=shared), recalls=True)


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(seconds=1), timedelta(minutes=5)])
def test_an_instant_lately_past_is_recalled(ago: timedelta) -> None:
    """A second part is of its first one's instant."""
    assert Moment.of(us(NOW - ago), NOW) == Moment(NOW - ago, recalls=True)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "now",
        "-1",
        "٣",
        "9" * 5_000,
        us(NOW + timedelta(seconds=1)),
        us(NOW - timedelta(days=1)),
    ],
)
def test_any_other_word_is_the_present(word: str) -> None:
    """Nobody asks about what is to come, or keeps the past alive."""
    assert Moment.of(word, NOW) == Moment(NOW)
