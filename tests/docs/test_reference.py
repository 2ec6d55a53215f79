"""The reference names everything that exists, and nothing else."""

import re

import pytest
from markdown import ROOT, first_cells

from weighbridge.admin.documents_of_budgets import StatusDocument
from weighbridge.admin.metrics import HELP, PREFIX
from weighbridge.budgets.budget import NewBudget
from weighbridge.budgets.rate_limit import NewRateLimit
from weighbridge.budgets.reading import read_budget
from weighbridge.budgets.scope import KNOWN_BEFORE
from weighbridge.budgets.status import STATES
from weighbridge.core.alert import AlertKind, DeliveryState
from weighbridge.core.exchange import COLUMNS
from weighbridge.core.outcome import (
    HTTP_STATUS,
    Note,
    Outcome,
    PricingStatus,
    Reason,
    UsageSource,
)
from weighbridge.reports.cost_query import DEFAULT_METRICS
from weighbridge.reports.dimensions import COLUMN_OF

REFERENCE = ROOT / "docs" / "reference"
ENUMS = {
    "outcome": Outcome,
    "usage_source": UsageSource,
    "pricing_status": PricingStatus,
    "notes": Note,
}


def test_every_column_is_documented_once() -> None:
    """The ledger's page has one line for each column."""
    words = [word for words in ENUMS.values() for word in words]
    shown = [cell for cell in first_cells(REFERENCE / "ledger.md") if cell not in words]
    assert sorted(shown) == sorted(COLUMNS)


@pytest.mark.parametrize("column", ENUMS)
def test_every_word_of_an_enum_is_documented(column: str) -> None:
    """Each closed list of words has its table."""
    assert first_cells(REFERENCE / "ledger.md", column) == list(ENUMS[column])


def test_every_refusal_is_documented_with_its_status() -> None:
    """The table of refusals is the list that the gateway works by."""
    page = (REFERENCE / "http.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) ", page, re.MULTILINE))
    assert shown == {str(reason): str(HTTP_STATUS[reason]) for reason in Reason}


def test_every_dimension_is_documented() -> None:
    """The page on queries names each dimension."""
    page = (REFERENCE / "query.md").read_text(encoding="utf-8")
    section = page.split("## Dimensions")[1].split("##")[0].split("; also")[0]
    shown = set(re.findall(r"`([a-z_]+)`", section))
    assert sorted(shown) == sorted(COLUMN_OF)


def test_the_metrics_said_to_be_given_are_given() -> None:
    """The page on queries says what an answer has where nothing was asked for."""
    page = (REFERENCE / "query.md").read_text(encoding="utf-8")
    said = page.split("an answer has ")[1].split(".")[0]
    assert re.findall(r"`([a-z_]+)`", said) == list(DEFAULT_METRICS)


def test_every_field_of_a_budget_is_documented() -> None:
    """The page on budgets names what can be set, what is answered, and each state."""
    page = REFERENCE / "budgets.md"
    fields = [name.replace("limit_pico_usd", "limit_usd") for name in NewBudget.__struct_fields__]
    assert first_cells(page, "Fields") == fields
    assert sorted(first_cells(page, "State")) == sorted(STATES)
    own = {"budget_id", "name", "per", "action", "value"}
    text = page.read_text(encoding="utf-8").split("## Status")[1]
    assert {name for name in StatusDocument.model_fields if f"`{name}`" not in text} <= own


def test_every_field_of_a_rate_limit_is_documented() -> None:
    """The page names what can be set, in its order."""
    names = list(NewRateLimit.__struct_fields__)
    assert first_cells(REFERENCE / "budgets.md", "Rate limits") == names


def test_a_budget_blocks_by_the_dimensions_that_are_named() -> None:
    """Each of them is accepted, and the page names them all."""
    page = (REFERENCE / "budgets.md").read_text(encoding="utf-8")
    said = re.findall(r"`([a-z_]+)`", page.split("before a call is sent:")[1].split("label:KEY")[0])
    asked = {"name": "n", "limit_usd": "1", "action": "block"}
    for name in said:
        assert read_budget({**asked, "scope": {name: ["x"]}, "per": name}).per == name
    assert len(said) == len(KNOWN_BEFORE) - 1  # `token_id` is another name of `token`


def test_every_kind_of_alert_is_documented() -> None:
    """With its rule, in the order of the code, and its states."""
    page = REFERENCE / "alerts.md"
    assert first_cells(page, "Kinds") == list(AlertKind)
    assert first_cells(page, "Deliveries") == list(DeliveryState)


def test_every_metric_has_its_help_text() -> None:
    """The page on metrics and the help texts of `/metrics` name the same things."""
    shown = [cell for cell in first_cells(REFERENCE / "metrics.md") if cell.startswith(PREFIX)]
    assert shown == [PREFIX + name for name in HELP]


def test_no_help_text_promises_labels() -> None:
    """Counters over workers have none: outcomes and reasons are what reports are for."""
    assert [text for text in HELP.values() if re.search(r"\bby\b", text)] == []
