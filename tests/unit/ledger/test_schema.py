"""The layout inside gives the contract's columns outside, exactly."""

import ast
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_rows import exchange, write_lines

from weighbridge.core.exchange import COLUMNS, TEXT_DIMENSIONS, TOKEN_COLUMNS
from weighbridge.errors import LedgerError
from weighbridge.ledger import schema
from weighbridge.ledger.stores.duckdb import DuckDBStore

COUNTS = st.none() | st.integers(0, 2**40)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    store = DuckDBStore.open(tmp_path / "ledger.duckdb", threads=1)
    yield store
    store.close()


def test_the_view_has_the_contracts_columns_and_types(store: DuckDBStore) -> None:
    """B4: `exchanges` is what queries read."""
    with store._cursor() as cursor:
        described = cursor.execute("DESCRIBE SELECT * FROM exchanges").fetchall()

    assert [name for name, *_ in described] == list(COLUMNS)
    types = {name: kind for name, kind, *_ in described}
    for name in schema.WORDS:
        assert types.pop(name).startswith("ENUM(")
    assert types.items() <= schema.JOURNAL_TYPES.items()


def test_each_column_has_the_type_of_its_kind() -> None:
    """Codes are text, counts are whole numbers, money is decimal(18,12)."""
    types = schema.JOURNAL_TYPES
    assert {types[name] for name in TEXT_DIMENSIONS} == {"VARCHAR"}
    assert {types[name] for name in TOKEN_COLUMNS} == {"BIGINT"}
    assert types["list_cost"] == "DECIMAL(18,12)"
    assert {
        types[name] for name in ("images", "search_queries", "latency_us", "request_bytes")
    } == {"BIGINT"}


ROW = st.fixed_dictionaries(
    dict.fromkeys((*TOKEN_COLUMNS, "latency_us"), COUNTS)
    | {"amount": st.sampled_from(["0.000030000000", "0.000030000001", "7.000000000000"])}
    | {"quantity": st.sampled_from(["100", "0.5", "100.000001"])}
    | {"price_id": st.sampled_from(["p", "p|q", "p\x1fq", "", None]), "times": st.integers(0, 7)}
)


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=40))
def test_what_goes_in_comes_out(rows: list[dict[str, Any]]) -> None:
    """Columns stored as differences come back exactly, null as null, also where they disagree."""
    lines = []
    for number, row in enumerate(rows):
        charge = {name: row[name] for name in ("quantity", "amount", "price_id")}
        counts = {name: row[name] for name in (*TOKEN_COLUMNS, "latency_us")}
        charges = [
            {"unit": f"x{n}", "unit_price": "0.000000300000"} | charge for n in range(row["times"])
        ]
        lines.append(msgspec.json.encode(exchange(number, **counts, charges=charges)))
    with TemporaryDirectory() as folder:
        path = write_lines(Path(folder) / "rows.ndjson", *lines)
        store = DuckDBStore.open(Path(folder) / "ledger.duckdb", threads=1)
        store.load_segments({path.name: path})
        names = ", ".join(COLUMNS)
        with store._cursor() as cursor:
            journal = f"SELECT {names} FROM {schema.read_journal('$1')} ORDER BY 1"
            expected = cursor.execute(journal, [[str(path)]]).fetchall()
            stored = cursor.execute(f"SELECT {names} FROM exchanges ORDER BY 1").fetchall()
        store.close()

    empty = {COLUMNS.index("labels"): {}, COLUMNS.index("notes"): []}
    assert stored == [
        tuple(empty.get(at, value) for at, value in enumerate(row)) for row in expected
    ]


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """Writing to tables that we do not know could spoil them."""
    path = tmp_path / "ledger.duckdb"
    store = DuckDBStore.open(path, threads=1)
    with store._transaction() as cursor:
        cursor.execute("INSERT INTO schema_version VALUES (99)")
    store.close()

    with pytest.raises(LedgerError, match="schema version 99, this Weighbridge knows 4"):
        DuckDBStore.open(path, threads=1)


def test_a_migration_is_done_once(tmp_path: Path) -> None:
    """Opening again changes nothing."""
    path = tmp_path / "ledger.duckdb"
    for _ in range(2):
        store = DuckDBStore.open(path, threads=1)
        versions = store.fetch("SELECT version FROM schema_version")
        store.close()
    assert versions == [(1,), (2,), (3,), (4,)]


def test_a_ledger_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """Its rows keep their values and lack what later columns tell."""
    path = tmp_path / "ledger.duckdb"
    with duckdb.connect(str(path)) as old:
        for statement in schema.MIGRATIONS[0]:
            old.execute(statement)
        old.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
        old.execute("INSERT INTO schema_version VALUES (1)")
        described = old.execute("DESCRIBE SELECT * FROM exchanges").fetchall()
        assert "labels_sent" not in {name for name, *_ in described}
        assert len(described) == len(COLUMNS) - 1
        old.execute(
            "INSERT INTO exchange_rows (exchange_id, started_at, labels, charge_lines, notes) "
            "VALUES (uuid(), TIMESTAMP '2026-11-21', MAP {'env': 'prod'}, [], [])"
        )
    store = DuckDBStore.open(path, threads=1)
    line = msgspec.json.encode(exchange(1, labels_sent={"team": "a"}))
    segment = write_lines(tmp_path / "rows.ndjson", line)
    store.load_segments({segment.name: segment})
    rows = store.fetch("SELECT labels, labels_sent FROM exchanges ORDER BY started_at")
    store.close()
    assert sorted(rows, key=str) == [({"env": "prod"}, None), ({}, {"team": "a"})]


def test_money_is_never_a_float() -> None:
    """No float literal and no use of the name in the ledger's source."""
    source = Path(schema.__file__).parent
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.Name) and node.id == "float"), path
            assert not (isinstance(node, ast.Constant) and type(node.value) is float), path
    assert not any("DOUBLE" in kind or "FLOAT" in kind for kind in schema.JOURNAL_TYPES.values())
