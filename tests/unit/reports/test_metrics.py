"""The table of metrics: what the contract names is there, and ratios divide exactly."""

from decimal import Decimal
from pathlib import Path

import pytest

from weighbridge.core.exchange import TOKEN_COLUMNS
from weighbridge.reports.metrics import METRICS

DOCS = Path(__file__).parents[3] / "docs" / "explanation" / "queries.md"


def test_contract_metrics() -> None:
    """Every metric that design B5 names exists."""
    named = {
        "cost",
        "exchanges",
        "errors",
        "error_rate",
        "cost_per_exchange",
        "latency_p50",
        "latency_p95",
        "latency_p99",
        "ttfb_p50",
        "ttfb_p95",
        "ttfb_p99",
        "cached_share",
        "wasted_cost",
        *TOKEN_COLUMNS,
    }
    assert named <= set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_documented(name: str) -> None:
    """`docs/explanation/queries.md` defines every metric."""
    assert f"`{name}`" in DOCS.read_text(encoding="utf-8")


def test_money_ratio_is_exact_to_twelve_places() -> None:
    """A third of a cent is rounded half to even at the last place, never through a float."""
    sums = {"cost": Decimal("0.010000000000"), "exchanges": 3}
    assert METRICS["cost_per_exchange"].derive(sums) == Decimal("0.003333333333")


@pytest.mark.parametrize("name", ["cost_per_exchange", "error_rate", "cached_share"])
def test_ratio_over_nothing_is_none(name: str) -> None:
    """No exchanges have no rate, which is not a rate of zero."""
    sums = dict.fromkeys(METRICS[name].components)
    assert METRICS[name].derive(sums) is None


def test_sum_of_nothing_known_is_zero() -> None:
    """A sum is of what is known; completeness says what is not."""
    assert METRICS["cost"].derive({"cost": None, "exchanges": 0}) == 0
    assert METRICS["input_tokens"].derive({"input_tokens": None, "exchanges": 2}) == 0


@pytest.mark.parametrize("name", ["cost", "cost_per_exchange", "cost_per_1k_tokens"])
def test_a_cost_that_nobody_knows_is_none(name: str) -> None:
    """M9: exchanges without any price are not free; a single free one makes the sum 0."""
    sums = {"cost": None, "exchanges": 2, "tokens": 9}
    assert METRICS[name].derive(sums) is None
    assert METRICS[name].derive({**sums, "cost": Decimal(0)}) == 0
