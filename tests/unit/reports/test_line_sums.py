"""Charge lines as they are stored add up to the charges that rows show, to the last digit."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from ledger_rows import exchange_id, line, write_lines

from weighbridge.core.exchange import Charge
from weighbridge.ledger import schema
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
    [
        Charge("search_query", "2", "0.035000000000", "0.070000000000", "p"),
        Charge("output_text_token", "9", "0.000002500000", "0.000022500000", "p"),
    ],
    # More charges than there are columns, one of each kind, and one that holds what joins kinds.
    [Charge(f"unit_{n}", "3", "0.000001000000", "0.000003000000", "p") for n in range(7)],
    [Charge("output_text_token", "4", "0.000002500000", "0.000010000000", "p\x1fq")],
    [],
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    made = DuckDBStore.open(tmp_path / "ledger.duckdb", threads=1)
    rows = [
        line(number, charges=charges, search_queries=4 if number == 5 else None, agent=f"a{number}")
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
    sums = {one.unit: one for one in read_sums(rows, 1, [])}
    assert {unit: (one.quantity, one.cost, one.exchanges) for unit, one in sums.items()} == (
        expected(store)
    )
    assert (sums["search_query"].queries, sums["maps_query"].queries) == (4 + 2, 1)
    assert sums["video_second"].queries == Decimal("1.250004")


def test_rows_charged_alike_stand_in_columns(store: DuckDBStore) -> None:
    """Whole quantities at their price do; the rest stands in lists, no charge in both."""
    rows = store.fetch("SELECT agent, charge_kinds IS NULL, len(charge_lines) FROM exchange_lines")
    lists = {agent: length for agent, in_list, length in rows if in_list}
    assert lists == {"a0": 1, "a1": 1, "a2": 1, "a4": 1, "a7": 7, "a8": 1, "a9": 0}
    assert all(length == 0 for agent, _, length in rows if agent not in lists)


def test_a_ledger_from_before_the_columns_adds_up_as_well(tmp_path: Path) -> None:
    """Its charges stay in lists, beside those that come later."""
    path = tmp_path / "ledger.duckdb"
    with duckdb.connect(str(path)) as old:
        for statement in (one for version in schema.MIGRATIONS[:3] for one in version):
            old.execute(statement)
        old.execute("CREATE TABLE schema_version AS SELECT 3 AS version")
        old.execute(
            "INSERT INTO exchange_rows (exchange_id, started_at, labels, charge_lines, notes) "
            "VALUES (uuid(), TIMESTAMP '2026-01-01', MAP {}, [{'unit': 'input_text_token', "
            "'quantity': 5, 'fraction': NULL, 'unit_price': '0.000000300000', 'amount': NULL, "
            "'price_id': 'p'}], [])"
        )
    store = DuckDBStore.open(path, threads=1)
    store.import_files([write_lines(tmp_path / "rows.ndjson", line(3, charges=LINES[3]))])
    reports = ReportService(store)
    (unit,) = find_charges(CostQuery(), lambda one: reports.run(one, NOW), reports.select).units
    shown = store.fetch("SELECT charges[1].amount, len(charges) FROM exchanges ORDER BY started_at")
    store.close()
    assert (unit.quantity, unit.cost, unit.lines) == (12, Decimal("0.0000036"), 2)
    assert sorted(shown) == [(Decimal("0.0000015"), 1), (Decimal("0.0000021"), 1)]
