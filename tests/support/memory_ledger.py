"""A ledger in memory with the contract's columns, filled from dictionaries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from weighbridge.core.exchange import COLUMNS

INTEGERS = tuple(
    name
    for name in COLUMNS
    if name.endswith(("_tokens", "_queries", "_us", "_bytes")) or name == "images"
)


def _sql_type(name: str) -> str:
    special = {
        "started_at": "TIMESTAMP",
        "ended_at": "TIMESTAMP",
        "list_cost": "DECIMAL(18,12)",
        "video_seconds": "DECIMAL(18,6)",
        "labels": "MAP(VARCHAR, VARCHAR)",
        "streamed": "BOOLEAN",
        "status": "INTEGER",
    }
    return special.get(name, "BIGINT" if name in INTEGERS else "VARCHAR")


class MemoryLedger:
    """An in-memory DuckDB with the ledger's logical columns."""

    dialect = "duckdb"

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("SET threads = 1")
        columns = ", ".join(f"{name} {_sql_type(name)}" for name in COLUMNS)
        self._connection.execute(f"CREATE TABLE exchanges ({columns})")
        types = {
            "TIMESTAMP": pa.timestamp("us"),
            "DECIMAL(18,12)": pa.decimal128(18, 12),
            "DECIMAL(18,6)": pa.decimal128(18, 6),
            "MAP(VARCHAR, VARCHAR)": pa.map_(pa.string(), pa.string()),
            "BOOLEAN": pa.bool_(),
            "INTEGER": pa.int32(),
            "BIGINT": pa.int64(),
            "VARCHAR": pa.string(),
        }
        self._schema = pa.schema([(name, types[_sql_type(name)]) for name in COLUMNS])

    def fill(self, rows: list[dict]) -> None:
        plain = [
            row
            | {"started_at": row["started_at"].replace(tzinfo=None)}
            | {"labels": list(row["labels"].items())}
            for row in rows
        ]
        table = pa.Table.from_pylist(plain, schema=self._schema)
        self._connection.execute("DELETE FROM exchanges")
        self._connection.register("incoming", table)
        self._connection.execute("INSERT INTO exchanges SELECT * FROM incoming")
        self._connection.unregister("incoming")

    def fetch(
        self, sql: str, params: Sequence[Any], *, timeout_ms: int | None = None, stop: object = None
    ) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, params).fetchall()

    def first_started_at(self) -> datetime | None:
        return self.fetch("SELECT MIN(started_at) FROM exchanges", [])[0][0]
