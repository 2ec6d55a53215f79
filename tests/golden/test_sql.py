"""The query value in, the exact SQL out: `sql/NAME.sql` is the text that DuckDB is sent.

After a wanted change, `python tests/golden/test_sql.py` writes the files anew; read the diff.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from weighbridge.core.exchange import COLUMNS
from weighbridge.reports.compile import compile_query
from weighbridge.reports.query import parse_query
from weighbridge.reports.statement import OVER_ALL, Form, Statement
from weighbridge.reports.zones import segments

FOLDER = Path(__file__).parent / "sql"
NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)

QUERIES: dict[str, dict[str, Any]] = {
    "totals": {"metrics": ["cost", "exchanges"]},
    "by_department": {
        "since": "2026-11-01",
        "until": "2026-12-01",
        "group_by": ["department"],
        "metrics": ["cost", "exchanges", "errors", "wasted_cost"],
    },
    "days_across_a_clock_change": {
        "since": "2026-10-20",
        "until": "2026-11-19",
        "timezone": "Europe/Berlin",
        "granularity": "day",
        "metrics": ["cost"],
    },
    "weeks": {"granularity": "week", "metrics": ["cost"]},
    "months_by_model": {"granularity": "month", "group_by": ["model"], "metrics": ["cost"]},
    "hours_of_half_hour_changes": {
        "timezone": "Australia/Lord_Howe",
        "granularity": "hour",
        "metrics": ["exchanges"],
    },
    "top_agents_a_day": {
        "granularity": "day",
        "group_by": ["agent"],
        "metrics": ["cost"],
        "limit": 5,
    },
    "latency_of_top_models": {
        "group_by": ["model"],
        "metrics": ["latency_p50", "latency_p99", "ttfb_p95"],
        "order_by": "-latency_p99",
        "limit": 3,
    },
    "agents_and_days_apart": {
        "granularity": "day",
        "group_by": ["agent"],
        "metrics": ["cost", "latency_p95"],
        "limit": 5,
    },
    "costs_alone": {"group_by": ["agent"], "metrics": ["cost"], "limit": 5},
    "spreads_apart": {
        "granularity": "day",
        "group_by": ["agent"],
        "metrics": ["latency_p50", "latency_p95"],
    },
    "labels_and_hostile_values": {
        "group_by": ["label:team'; --"],
        "metrics": ["cost"],
        "filters": {"agent": ["'; DROP TABLE exchanges; --", "(none)"], "status": [429]},
    },
    "ratios_ordered": {
        "group_by": ["department", "model"],
        "metrics": ["error_rate", "cached_share", "cost_per_exchange"],
        "order_by": "-cached_share",
    },
}
# Asked apart: by group, and by bucket.
APART = {"agents_and_days_apart", "spreads_apart"}
# Without completeness.
ALONE = {"spreads_apart", "costs_alone"}


def compiled(name: str) -> Statement:
    query = parse_query(QUERIES[name], NOW)
    offsets = segments(query.zone, query.since or FIRST, query.until or NOW)
    return compile_query(query, offsets, form=Form(apart=name in APART, alone=name in ALONE))


def written(statement: Statement) -> str:
    bound = "".join(
        f"-- ${number} = {value!r}\n" for number, value in enumerate(statement.params, start=1)
    )
    return f"{bound}{statement.sql}\n"


@pytest.mark.parametrize("name", QUERIES)
def test_text(name: str) -> None:
    """The statement is the file's text, to the letter."""
    assert (FOLDER / f"{name}.sql").read_text(encoding="utf-8") == written(compiled(name))


def test_every_file_has_its_query() -> None:
    """No text is left over from a query that is gone."""
    assert {path.stem for path in FOLDER.glob("*.sql")} == set(QUERIES)


@pytest.mark.parametrize("name", QUERIES)
def test_duckdb_takes_it(name: str) -> None:
    """The text is one statement that DuckDB plans."""
    kinds = {
        "started_at": "TIMESTAMP",
        "labels": "MAP(VARCHAR, VARCHAR)",
        "list_cost": "DECIMAL(18,12)",
        "status": "INTEGER",
    }
    columns = ", ".join(
        f"{c} {kinds.get(c, 'BIGINT' if c.endswith(('_tokens', '_us')) else 'VARCHAR')}"
        for c in COLUMNS
    )
    statement = compiled(name)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE exchanges ({columns})")
        rows = connection.execute(statement.sql, statement.params).fetchall()
    assert [row[0] for row in rows] == [OVER_ALL if name in APART else 1]


def test_nothing_of_a_stranger_is_in_the_text() -> None:
    """P6: filter values and label keys are bound, never written."""
    statement = compiled("labels_and_hostile_values")
    assert "DROP" not in statement.sql
    assert "team" not in statement.sql
    assert {"'; DROP TABLE exchanges; --", "team'; --", "(none)", 429} == set(statement.params)


if __name__ == "__main__":
    for each in QUERIES:
        (FOLDER / f"{each}.sql").write_text(written(compiled(each)), encoding="utf-8")
