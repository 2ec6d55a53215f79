"""Kinds of alerts in words: what each is called, and what it tells.

Rules for future edits: every kind has both, and data keeps the kind itself.
Counterparts: `core/alert` lists the kinds, `docs/reference/alerts.md` has their exact rules.
"""

from collections.abc import Iterable
from typing import Final

from weighbridge.core.alert import CHOSEN_KINDS, AlertKind
from weighbridge.dashboard.content import Cell
from weighbridge.dashboard.forms import Options

_LABELS: Final = "label_cardinality"
TITLES: Final = {
    AlertKind.BUDGET_THRESHOLD.value: "Budget at a threshold",
    AlertKind.BUDGET_EXHAUSTED.value: "Budget refuses calls",
    AlertKind.BUDGET_FORECAST.value: "Budget will not last",
    AlertKind.SPEND_ANOMALY.value: "Unusual spend",
    AlertKind.UNPRICED_TRAFFIC.value: "Model without a price",
    AlertKind.ERROR_BURST.value: "Many errors",
    AlertKind.JOURNAL_LAG.value: "Ledger falls behind",
    AlertKind.TEST.value: "Test",
    _LABELS: "Too many label values",
}
_TELLS: Final = {
    AlertKind.BUDGET_THRESHOLD: "Spend has reached a share of a budget that its owner set, or all "
    "of it.",
    AlertKind.BUDGET_EXHAUSTED: "A budget that blocks has less left than calls need, so they are "
    "refused.",
    AlertKind.BUDGET_FORECAST: "At its present pace a budget runs out before its window ends.",
    AlertKind.SPEND_ANOMALY: "Today a department, an agent or the like spends far more than on "
    "its usual days.",
    AlertKind.UNPRICED_TRAFFIC: "A model is called whose cost nobody can tell, so no sum has it.",
    AlertKind.ERROR_BURST: "Most of the latest calls of a model fail.",
    AlertKind.JOURNAL_LAG: "Calls wait for the ledger, so figures, budgets and alerts are late.",
}
KIND_OPTIONS: Final[Options] = tuple((kind.value, TITLES[kind.value]) for kind in CHOSEN_KINDS)
KIND_LINES: Final = {kind.value: _TELLS[kind] for kind in CHOSEN_KINDS}


def kind_cell(kind: str) -> Cell:
    """What an alert is about; data has the kind itself."""
    return Cell(TITLES.get(kind, kind), kind)


def kinds_cell(kinds: Iterable[str]) -> Cell:
    """What a channel takes, in words; data has the kinds themselves."""
    taken = tuple(kinds)
    text = ", ".join(TITLES.get(kind, kind) for kind in taken) or "Every kind"
    return Cell(text, ", ".join(taken) or "every kind")
