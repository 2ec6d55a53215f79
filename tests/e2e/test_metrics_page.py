"""The page on metrics against what `/metrics` really says."""

import re

from markdown import ROOT, first_cells
from processes import PATIENCE_S, Bridge, wait_until

PAGE = ROOT / "docs" / "reference" / "metrics.md"


def _names(bridge: Bridge) -> set[str]:
    answer = bridge.admin.get("/metrics")
    assert answer.status_code == 200
    return set(re.findall(r"^# TYPE (\S+)", answer.text, re.MULTILINE))


def test_every_metric_is_documented(bridge: Bridge) -> None:
    """Each metric has its line, and each line its metric."""
    wait_until(
        lambda: "weighbridge_exchanges_total" in _names(bridge), PATIENCE_S, "no worker's counters"
    )
    shown = [name for name in first_cells(PAGE) if name.startswith("weighbridge_")]
    assert sorted(shown) == sorted(_names(bridge))
