"""Tables as the files that people take away."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from weighbridge.dashboard.content import Cell, Column, Table


def fields(*values: Any) -> list[str]:
    columns = [Column(f"c{place}", f"C{place}") for place in range(len(values))]
    cells = [Cell(str(value), value) for value in values]
    table = Table(name="t", title="T", columns=columns, rows=[cells])
    return list(csv.reader(io.StringIO(table.as_csv())))[1]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\tx", "=HYPERLINK(1)"])
def test_a_name_is_never_a_formula_in_a_spreadsheet(name: str) -> None:
    """Clients choose departments and agents; a spreadsheet would run what they wrote."""
    assert fields(name) == [f"'{name}"]


def test_figures_and_common_names_stay_as_they_are() -> None:
    """A minus before a figure is no formula, nor is an equals sign inside a name."""
    assert fields(Decimal("-1.50"), -3, None, "care", "a=b") == ["-1.50", "-3", "", "care", "a=b"]


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (5, "lead brief more", True),
        (4, "lead brief more", False),  # few enough to be told in full
        (5, "lead brief brief", False),  # nothing would be left out
        (5, "more more more", False),  # nothing comes first
        (5, "lead brief hidden", False),
    ],
)
def test_many_rows_with_many_figures_are_shortened(rows: int, columns: str, expected: bool) -> None:
    """On narrow screens alone, and only where that leaves something out."""
    given = [
        Column(f"c{place}", "C", lead=kind == "lead", brief=kind == "brief", drawn=kind != "hidden")
        for place, kind in enumerate(["name", *columns.split()])
    ]
    row = [Cell("x")] * len(given)
    table = Table(name="t", title="T", columns=tuple(given), rows=[row] * rows)
    assert table.shortens is expected
