"""The real ledger answers as the rows say: queries fit its schema, name by name."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from weighbridge.core.clock import InstantFormatter, to_unix_us
from weighbridge.core.exchange import TEXT_DIMENSIONS, TOKEN_COLUMNS, Exchange
from weighbridge.core.ids import uuid7
from weighbridge.ledger.stores.duckdb import DuckDBStore
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.query import parse_query
from weighbridge.reports.service import ReportService

NOW = datetime(2026, 11, 2, tzinfo=UTC)
FIRST_US = to_unix_us(datetime(2026, 10, 24, 20, tzinfo=UTC))

CLOSED = {
    "outcome": ("ok", "client_error", "client_closed"),
    "usage_source": ("final", "partial", "none"),
    "pricing_status": ("priced", "unpriced", "unmetered"),
}


def exchange(number: int) -> Exchange:
    """One row with every column filled, most of them differently from row to row."""
    started_us = FIRST_US + number * 1_800_000_000
    text = InstantFormatter()
    row = Exchange(
        exchange_id=uuid7(started_us // 1000, number),
        started_at=text(started_us),
        ended_at=text(started_us + 1_000),
    )
    for name in TEXT_DIMENSIONS:
        words = CLOSED.get(name, (f"{name.upper()}_0", f"{name.upper()}_1", None))
        setattr(row, name, words[number % 3])
    for name in TOKEN_COLUMNS:
        setattr(row, name, number * len(name))
    row.status, row.streamed = 200 + number % 2, number % 2 == 0
    row.labels = {"team": f"t{number % 4}"}
    row.list_cost = f"0.00000000{number:04d}"
    row.video_seconds = Decimal("0.25")
    row.latency_us, row.ttfb_us, row.overhead_us = number * 10, number * 5, number
    return row


ROWS = [exchange(number) for number in range(60)]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportService]:
    folder = tmp_path_factory.mktemp("ledger")
    file = folder / "rows.ndjson"
    file.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in ROWS))
    store = DuckDBStore.open(folder / "ledger.duckdb", threads=1)
    assert store.import_files([file]).rows == len(ROWS)
    yield ReportService(store)
    store.close()


def test_every_metric_at_once(reports: ReportService) -> None:
    """All metrics are computed, and the sums are those of the rows."""
    totals = reports.run(parse_query({"metrics": list(METRICS)}), NOW).as_json()["totals"]
    assert set(totals) == set(METRICS)
    assert totals["exchanges"] == len(ROWS)
    assert Decimal(totals["cost"]) == sum(Decimal(row.list_cost or 0) for row in ROWS)
    assert {name: totals[name] for name in TOKEN_COLUMNS} == {
        name: sum(getattr(row, name) for row in ROWS) for name in TOKEN_COLUMNS
    }
    assert totals["latency_p95"] == 560
    assert totals["first_seen"] == ROWS[0].started_at
    assert totals["last_seen"] == ROWS[-1].started_at


@pytest.mark.parametrize("dimension", [*TEXT_DIMENSIONS, "status", "streamed", "token"])
def test_every_dimension(reports: ReportService, dimension: str) -> None:
    """Each column groups, and each of its values filters to the same rows."""
    column = "token_id" if dimension == "token" else dimension
    values = [getattr(row, column) for row in ROWS]
    expected = Counter("(none)" if value is None else str(value) for value in values)
    if dimension == "streamed":
        expected = Counter({name.lower(): count for name, count in expected.items()})
    question = {"group_by": [dimension], "metrics": ["exchanges"]}
    rows = reports.run(parse_query(question), NOW).rows
    assert {row[dimension]: row["exchanges"] for row in rows} == dict(expected)
    for value, count in expected.items():
        one = parse_query(question | {"filters": {dimension: [value]}})
        assert reports.run(one, NOW).totals == {"exchanges": count}


def test_labels_and_local_days(reports: ReportService) -> None:
    """Label groups per local day across Berlin's autumn change: the long day has 50 half hours."""
    question = {
        "timezone": "Europe/Berlin",
        "granularity": "day",
        "group_by": "label:team",
        "metrics": "exchanges",
    }
    days: Counter[str] = Counter()
    for row in reports.run(parse_query(question), NOW).rows:
        days[row["time"]] += row["exchanges"]
    assert days == {
        "2026-10-24T00:00:00+02:00": 4,
        "2026-10-25T00:00:00+02:00": 50,
        "2026-10-26T00:00:00+01:00": 6,
    }
