"""Which label keys have too many values, and reports by labels of any script."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledger_rows import exchange, line, write_lines

from weighbridge.core.exchange import Exchange
from weighbridge.ledger.stores.base import PageRequest
from weighbridge.ledger.stores.duckdb import DuckDBStore
from weighbridge.reports.label_keys import LabelKey, label_keys_statement, noisy_label_keys
from weighbridge.reports.query import parse_query
from weighbridge.reports.service import ReportService

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEYS = ["名前", "ñandú", "שלום", "k_-9", "ª"]
SQL = """\
SELECT
  key,
  COUNT(DISTINCT HASH(item)) AS items,
  BOOL_OR(CAST(item = $3 AS BOOLEAN)) AS folded
FROM (
  SELECT
    UNNEST(MAP_KEYS(labels)) AS key,
    UNNEST(MAP_VALUES(labels)) AS item
  FROM exchanges
  WHERE
    started_at >= $1
) AS labelled
GROUP BY
  key
HAVING
  COUNT(DISTINCT HASH(item)) > $2 OR BOOL_OR(CAST(item = $3 AS BOOLEAN))
ORDER BY
  items DESC,
  key
LIMIT 100"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    store = DuckDBStore.open(tmp_path / "ledger.duckdb", threads=1)
    yield store
    store.close()


def load(store: DuckDBStore, folder: Path, labels: list[dict[str, str]]) -> list[Exchange]:
    rows = [exchange(number, labels=each) for number, each in enumerate(labels)]
    lines = [line(number, labels=each) for number, each in enumerate(labels)]
    segment = write_lines(folder / "rows.ndjson", *lines)
    store.load_segments({segment.name: segment})
    return rows


def test_the_statement() -> None:
    """What DuckDB is sent; everything from outside is bound."""
    sql, params = label_keys_statement(NOON, 1000)
    assert sql == SQL
    assert params == [datetime(2026, 1, 1, 12), 1000, "(many)"]  # noqa: DTZ001


def test_keys_over_the_threshold(store: DuckDBStore, tmp_path: Path) -> None:
    """The threshold itself is fine; rows before the window do not count."""
    load(
        store, tmp_path,
        [
            {"request": f"r{number}", "env": "prod", "three": f"t{number % 3}"}
            for number in range(10)
        ],
    )  # fmt: skip
    assert noisy_label_keys(store, NOON, 3) == [LabelKey("request", 10, folded=False)]
    assert noisy_label_keys(store, NOON, 10) == []
    later = NOON + timedelta(seconds=5)
    assert noisy_label_keys(store, later, 2) == [
        LabelKey("request", 5, folded=False), LabelKey("three", 3, folded=False),
    ]  # fmt: skip


def test_a_folded_key_is_found_while_it_is_sent(store: DuckDBStore, tmp_path: Path) -> None:
    """Its values are one by now, and would be many at once if they were booked again."""
    load(store, tmp_path, [{"request": "(many)"}, {"request": "(many)"}, {"env": "prod"}])
    assert noisy_label_keys(store, NOON, 3) == [LabelKey("request", 1, folded=True)]


@pytest.mark.parametrize("key", KEYS)
def test_reports_by_labels_of_any_script(store: DuckDBStore, tmp_path: Path, key: str) -> None:
    """A label is a dimension to group and filter by, whatever script its key is in."""
    load(store, tmp_path, [{key: "値"}, {key: "é"}, {key: "値", "env": "prod"}, {}])
    reports = ReportService(store)
    query = parse_query({"group_by": [f"label:{key}"], "metrics": ["exchanges"]}, NOON)
    rows = reports.run(query, NOON).as_json()["rows"]
    counts = {row[f"label:{key}"]: row["exchanges"] for row in rows}
    assert counts == {"値": 2, "é": 1, "(none)": 1}
    query = parse_query({"filters": {f"label:{key}": ["値"]}, "metrics": ["exchanges"]}, NOON)
    assert reports.run(query, NOON).as_json()["totals"]["exchanges"] == 2
    page = store.page(PageRequest(filters={f"label:{key}": ["é", None]}))
    assert [row["labels"] for row in page.exchanges] == [{}, {key: "é"}]
