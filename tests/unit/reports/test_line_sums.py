"""Charge lines as they are stored add up to the charges that rows show, to the last digit."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_rows import exchange_id, line, write_lines

from weighbridge.core.exchange import Charge
from weighbridge.ledger.stores.duckdb import DuckDBStore
from weighbridge.reports.charge_lines import find_charges
from weighbridge.reports.charge_sums import charge_sums, read_sums
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.service import ReportService

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LINES = (
    [Charge("video_second", "1.250000", "0.350000000000", "0.437500000000", "p")],
    [Charge("video_second", "0.000001", "0.350000000000", "0.000000350000", "p")],
    # What costs something else than quantity times price tells so, and so does what was rounded.
    [Charge("input_text_token", "10", "0.000000300000", "0.999000000000", "p")],
    [Charge("input_text_token", "7", "0.000000300000", "0.000002100000", "p")],
    [Charge("video_second", "0.000003", "0.123456789012", "0.000000370370", "p")],
    [
        Charge("search_query", "1", "0.035000000000", "0.035000000000", "p"),
        Charge("maps_query", "1", "0.025000000000", "0.025000000000", "p"),
        Charge("input_text_token", "7", "0.000000250000", "0.000001750000", "p"),
    ],
    [],
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    made = DuckDBStore.open(tmp_path / "ledger.duckdb", threads=1)
    rows = [
        line(number, charges=charges, search_queries=4 if number == 5 else None)
        for number, charges in enumerate(LINES)
    ]
    made.import_files([write_lines(tmp_path / "rows.ndjson", *rows)])
    yield made
    made.close()


def expected(store: DuckDBStore) -> dict[str, tuple[Decimal, Decimal, int]]:
    """Quantity, cost and lines by unit, of the rows that the ledger shows one by one."""
    sums: dict[str, list[Decimal | int]] = defaultdict(lambda: [Decimal(0), Decimal(0), 0])
    for number in range(len(LINES)):
        row = store.exchange(exchange_id(number))
        assert row is not None
        for charge in row["charges"]:
            one = sums[charge["unit"]]
            one[0] += charge["quantity"]
            one[1] += charge["amount"]
            one[2] += 1
    return {unit: (Decimal(q), Decimal(c), int(n)) for unit, (q, c, n) in sums.items()}


def test_units_are_what_rows_show(store: DuckDBStore) -> None:
    """Fractions, prices that differ, and amounts of their own: nothing is lost or rounded."""
    reports = ReportService(store)
    found = find_charges(CostQuery(), lambda one: reports.run(one, NOW), reports.select)
    units = {one.unit: (one.quantity, one.cost, one.lines) for one in found.units}
    assert units == expected(store)
    assert sum(cost for _, cost, _ in units.values()) > 1


def test_fees_stand_for_what_was_counted(store: DuckDBStore) -> None:
    """A fee stands for the searches that were reported, else for what was charged."""

    def write(query: CostQuery, dialect: str) -> tuple[str, list[object]]:
        return charge_sums(query, dialect, [], [])

    rows = ReportService(store).select(CostQuery(group_by=("model",)), write)
    sums = {one.unit: one for one in read_sums(rows, 1)}
    assert {unit: (one.quantity, one.cost, one.exchanges) for unit, one in sums.items()} == (
        expected(store)
    )
    assert (sums["search_query"].queries, sums["maps_query"].queries) == (4, 1)
    assert sums["video_second"].queries == Decimal("1.250004")
