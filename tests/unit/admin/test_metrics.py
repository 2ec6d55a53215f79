"""Prometheus exposition."""

from weighbridge.admin.metrics import SERIES_PER_NAME, capped, exposition


def test_counters_and_gauges_by_name() -> None:
    """`_total` is a counter, everything else a gauge; labels come from the name."""
    text = exposition({"x_total;a=1;b=2": 3, "x_total;a=1;b=3": 4, "y": 5}).decode()
    assert "# TYPE weighbridge_x_total counter" in text
    assert 'weighbridge_x_total{a="1",b="2"} 3.0' in text
    assert "# TYPE weighbridge_y gauge" in text
    assert "weighbridge_y 5.0" in text


def test_cardinality_is_capped_with_other() -> None:
    """D6: the largest stay, the rest are one series, and the sum is what it was."""
    series = {(("agent", f"a{index}"),): index for index in range(SERIES_PER_NAME + 50)}
    kept = capped(series)
    assert len(kept) == SERIES_PER_NAME
    assert sum(kept.values()) == sum(series.values())
    assert kept[(("agent", f"a{SERIES_PER_NAME + 49}"),)] == SERIES_PER_NAME + 49
    assert (("agent", "other"),) in kept


def test_few_series_stay_as_they_are() -> None:
    """Up to the cap nothing is folded."""
    series = {(("a", str(index)),): 1 for index in range(SERIES_PER_NAME)}
    assert capped(series) == series


def test_a_label_value_that_would_break_the_format_is_escaped() -> None:
    """Values come from clients."""
    assert 'a="x\\"\\ny"' in exposition({'x_total;a=x"\ny': 1}).decode()
