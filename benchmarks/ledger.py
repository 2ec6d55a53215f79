"""The ledger: rows/s out of sealed segments, disk per million rows, times of dashboard queries.

Load: the loader over sealed segments as workers write them, in turns with two peers that read
the same lines: DuckDB importing them as they are, and SQLite by `executemany`. Queries: what
dashboards ask, through the query model, over the last 30 days and over everything, in turns
with the same queries over the same rows as a Parquet file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

sys.path.insert(0, str(Path(__file__).parent))
from _ledger_rows import END_UNIX_US, rows_sql
from _report import add_common_options, percentile, progress, spread, table, work_folder, write_json
from weighbridge.core.clock import InstantFormatter, from_unix_us, to_unix_us
from weighbridge.core.exchange import COLUMNS, Charge, Exchange
from weighbridge.ledger import schema
from weighbridge.ledger.loader import Loader
from weighbridge.ledger.stores.base import PageRequest
from weighbridge.ledger.stores.duckdb import DuckDBStore
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.service import ReportService

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

SEGMENT_ROWS = 5_000  # a busy worker's quarter of a second
FILL_ROWS = 1_000_000
NOW = from_unix_us(END_UNIX_US)
MONTH = timedelta(days=30)

QUERIES: dict[str, CostQuery] = {
    "spend by department": CostQuery(group_by=("department",)),
    "daily spend by model": CostQuery(granularity="day", group_by=("model",), metrics=("cost",)),
    "top ten agents": CostQuery(group_by=("agent",), limit=10, metrics=("cost", "exchanges")),
    "one department's projects": CostQuery(
        group_by=("project",), filters={"department": ("department-3",)}
    ),
    "tokens by model": CostQuery(
        group_by=("model",), metrics=("input_tokens", "output_tokens", "cached_share")
    ),
    "spend by label": CostQuery(group_by=("label:env",), metrics=("cost",)),
    "latency p95 by model": CostQuery(group_by=("model",), metrics=("latency_p95",)),
}


def main() -> int:
    options = _options()
    with work_folder(options) as folder:
        loads = _measure_loads(folder, options)
        queries = _measure_queries(folder, options)
    write_json(options.json, {"load": loads, "queries": queries})
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows for the queries")
    parser.add_argument("--days", type=int, default=90, help="days that they are spread over")
    parser.add_argument("--load-rows", type=int, default=300_000, help="rows for the load rate")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each load")
    parser.add_argument("--repeats", type=int, default=20, help="turns of each query")
    parser.add_argument("--threads", type=int, default=2, help="cores for DuckDB")
    parser.add_argument("--memory", default="2GB", help="memory limit for DuckDB")
    add_common_options(parser)
    return parser.parse_args()


# Load


def _measure_loads(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    progress(f"writing {options.load_rows:,} lines in segments of {SEGMENT_ROWS:,}")
    lines = folder / "lines"
    lines.mkdir()
    size = _write_segments(lines, options)
    ways: dict[str, Callable[[Path, Path, argparse.Namespace], int]] = {
        "weighbridge": _load_ours,
        "DuckDB, as it is": _load_plain,
        "SQLite": _load_sqlite,
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    disk: dict[str, float] = {}
    for turn in range(options.rounds):
        for name, load in ways.items():
            progress(f"load, round {turn + 1}: {name}")
            place = folder / "load"
            shutil.copytree(lines, place / "journal" / "sealed")
            begun = time.perf_counter()
            used = load(place, place / "journal", options)
            rates[name].append(options.load_rows / (time.perf_counter() - begun))
            disk[name] = used / options.load_rows
            shutil.rmtree(place)
    table(
        f"Load of {options.load_rows:,} rows, {size / options.load_rows:,.0f} B a line",
        ["", "rows/s", "ratio", "MB per million"],
        [
            [
                name,
                spread(values),
                spread([a / b for a, b in zip(rates["weighbridge"], values, strict=True)], 2),
                f"{disk[name]:,.1f}",
            ]
            for name, values in rates.items()
        ],
    )
    shutil.rmtree(lines)
    return {"rows_per_s": rates, "bytes_per_row": disk}


def _write_segments(folder: Path, options: argparse.Namespace) -> int:
    size = 0
    with duckdb.connect() as engine:
        engine.execute(rows_sql(0, options.load_rows, options.load_rows, 1))
        for number in range(0, options.load_rows, SEGMENT_ROWS):
            rows = engine.fetchmany(SEGMENT_ROWS)
            data = b"".join(_line(row) for row in rows)
            size += len(data)
            (folder / f"gw-1-0-{1_700_000_000_000 + number}-000001.ndjson").write_bytes(data)
    return size


def _line(values: tuple[Any, ...]) -> bytes:
    """As a worker writes it."""
    row = dict(zip(COLUMNS, values, strict=True))
    at = InstantFormatter()
    for name in ("started_at", "ended_at"):
        row[name] = at(to_unix_us(row[name].replace(tzinfo=NOW.tzinfo)))
    row["exchange_id"] = str(row["exchange_id"])
    row["list_cost"] = f"{row['list_cost']:f}"
    row["charges"] = [
        Charge(
            unit=charge["unit"],
            quantity=str(int(charge["quantity"])),
            unit_price=f"{charge['unit_price']:f}",
            amount=f"{charge['amount']:f}",
            price_id=charge["price_id"],
        )
        for charge in row["charges"]
    ]
    return msgspec.json.encode(Exchange(**row)) + b"\n"


def _load_ours(place: Path, journal: Path, options: argparse.Namespace) -> int:
    store = DuckDBStore.open(
        place / "ledger.duckdb", memory_limit=options.memory, threads=options.threads
    )
    result = Loader(journal, store).run_once()
    if result.rows != options.load_rows:
        raise SystemExit(f"error: {result} instead of {options.load_rows} rows")
    store.close()
    return (place / "ledger.duckdb").stat().st_size


def _load_plain(place: Path, journal: Path, options: argparse.Namespace) -> int:
    path = place / "plain.duckdb"
    with duckdb.connect(str(path), config={"threads": options.threads}) as engine:
        relation = schema.read_journal(f"'{journal}/sealed/*.ndjson'")
        engine.execute(f"CREATE TABLE exchanges AS SELECT * FROM {relation}")
    return path.stat().st_size


def _load_sqlite(place: Path, journal: Path, _options: argparse.Namespace) -> int:
    path = place / "plain.sqlite3"
    engine = sqlite3.connect(path)
    engine.execute(f"CREATE TABLE exchanges ({', '.join(COLUMNS)})")
    places = ", ".join("?" * len(COLUMNS))
    for segment in sorted((journal / "sealed").iterdir()):
        rows = [json.loads(line) for line in segment.read_bytes().splitlines()]
        values = [
            [
                json.dumps(v) if isinstance(v := row.get(name), dict | list) else v
                for name in COLUMNS
            ]
            for row in rows
        ]
        with engine:
            engine.executemany(f"INSERT INTO exchanges VALUES ({places})", values)
    engine.close()
    return path.stat().st_size


# Queries


class _Parquet:
    """The peer: a store that is a Parquet file."""

    dialect = "duckdb"
    generation = 0

    def __init__(self, path: Path, options: argparse.Namespace) -> None:
        self._engine = duckdb.connect(
            config={"threads": options.threads, "memory_limit": options.memory}
        )
        self._engine.execute("SET TimeZone = 'UTC'")
        self._engine.execute(f"CREATE VIEW exchanges AS SELECT * FROM '{path}'")

    def fetch(
        self,
        sql: str,
        params: Sequence[Any],
        *,
        timeout_ms: int | None = None,  # noqa: ARG002 - the peer may take as long as it does
        stop: object = None,  # noqa: ARG002
    ) -> list[tuple[Any, ...]]:
        return self._engine.execute(sql, list(params)).fetchall()

    def first_started_at(self) -> datetime | None:
        ((first,),) = self.fetch("SELECT min(started_at) FROM exchanges", [])
        return first  # type: ignore[no-any-return]


def _measure_queries(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    path = folder / "ledger.duckdb"
    store = DuckDBStore.open(path, memory_limit=options.memory, threads=options.threads)
    begun = time.perf_counter()
    for first in range(0, options.rows, FILL_ROWS):
        last = min(first + FILL_ROWS, options.rows)
        with store._transaction() as cursor:  # noqa: SLF001 - rows made by SQL have no other way in
            source = f"({rows_sql(first, last, options.rows, options.days)})"
            cursor.execute(schema.insert_from(source))
        progress(f"filled {last:,} of {options.rows:,} rows")
    store.checkpoint()
    filled_s = time.perf_counter() - begun
    per_million = store.stats().disk_bytes / options.rows
    progress(f"filled in {filled_s:.0f} s; writing the same rows as Parquet")
    parquet = folder / "rows.parquet"
    with store._cursor() as cursor:  # noqa: SLF001
        cursor.execute(f"COPY (SELECT * FROM exchanges) TO '{parquet}'")
    peer = ReportService(_Parquet(parquet, options))
    ours = ReportService(store)
    results: dict[str, Any] = {"disk_mb_per_million": per_million}
    for title, since in (("the last 30 days", NOW - MONTH), ("all rows", None)):
        results[title] = _query_table(title, since, ours, peer, options)
    pages = _timed(lambda: store.page(PageRequest(limit=50)), options.repeats)
    table(
        "The rest",
        ["", "figure"],
        [
            ["disk, MB per million rows", f"{per_million:.1f}"],
            ["the same as Parquet", f"{parquet.stat().st_size / options.rows:.1f}"],
            ["newest 50 exchanges, p95 ms", f"{percentile(pages, 0.95):.1f}"],
        ],
    )
    store.close()
    return results


def _query_table(
    title: str,
    since: datetime | None,
    ours: ReportService,
    peer: ReportService,
    options: argparse.Namespace,
) -> dict[str, Any]:
    rows = []
    figures: dict[str, Any] = {}
    for name, query in QUERIES.items():
        asked = query.between(since, NOW)
        mine = _timed(partial(ours.run, asked, NOW), options.repeats)
        theirs = _timed(partial(peer.run, asked, NOW), max(options.repeats // 4, 2))
        figures[name] = {"ms": mine, "parquet_ms": theirs}
        p50, p95 = percentile(mine, 0.5), percentile(mine, 0.95)
        ratio = percentile(theirs, 0.5) / p50
        rows.append(
            [name, f"{p50:.0f}", f"{p95:.0f}", f"{percentile(theirs, 0.5):.0f}", f"{ratio:.1f}"]
        )
    table(
        f"Queries over {title} of {options.rows:,} rows in {options.days} days, "
        f"{options.threads} cores",
        ["", "p50 ms", "p95 ms", "Parquet p50 ms", "ratio"],
        rows,
    )
    return figures


def _timed(run: Callable[[], object], repeats: int) -> list[float]:
    run()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        run()
        times.append((time.perf_counter() - begun) * 1000)
    return times


if __name__ == "__main__":
    sys.exit(main())
