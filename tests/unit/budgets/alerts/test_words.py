"""Money, names and keys in alerts."""

import pytest

from weighbridge.budgets.alerts.words import key, name, percent, usd


@pytest.mark.parametrize(
    ("pico", "text"),
    [
        (0, "$0.00"),
        (1_234_500_000_000_000, "$1,234.50"),
        (100_000_000_000, "$0.100"),
        (12_300_000_000, "$0.0123"),
        (300_000, "$0.000000300"),
        (1, "$0.000000000001"),
    ],
)
def test_money_for_people(pico: int, text: str) -> None:
    """Cents, and more places where cents would show nothing."""
    assert usd(pico) == text


def test_percent_is_rounded_down() -> None:
    """What is not all is never 100."""
    assert (percent(999_999, 1_000_000), percent(1, 1), percent(5, 0)) == (99, 100, 0)


def test_a_name_stays_on_its_line() -> None:
    """Whatever a client chose, a message's lines are ours."""
    assert name("a\r\nb\u202e") == "a\ufffd\ufffdb\ufffd"
    assert len(name("x" * 500)) == 80


def test_keys_do_not_run_into_each_other() -> None:
    """Parts with the separator in them, nothing and empty text all differ."""
    keys = {key("a", "b"), key("a|=b"), key("a", None), key("a", ""), key("a"), key("a", "-")}
    assert len(keys) == 6
