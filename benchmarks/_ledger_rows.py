"""Rows of a made-up company, made inside DuckDB: twelve departments, six models, 240 agents.

Two to four charges a row, labels on a third of them, token counts and latencies spread over
orders of magnitude, so that they compress no better than real ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from _report import progress
from weighbridge.control.folder import DataFolder
from weighbridge.core.exchange import COLUMNS
from weighbridge.ledger import schema
from weighbridge.ledger.schema import JOURNAL_TYPES
from weighbridge.ledger.stores.duckdb import DuckDBStore

if TYPE_CHECKING:
    from pathlib import Path

_ROWS_AT_ONCE = 1_000_000
END_UNIX_US = 1_798_761_600_000_000  # 2027-01-01

_MODELS = (
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "gemini-2.5-flash-lite",
    "gemini-3-pro-preview",
    "gemini-2.0-flash",
    "gemini-embedding-001",
)
_CHARGE = (
    "{{'unit': '{unit}', 'quantity': {quantity}, 'unit_price': {price}::DECIMAL(18,12), "
    "'amount': ({quantity} * {price}::DECIMAL(18,12))::DECIMAL(18,12), "
    "'price_id': 'google/gemini/' || model || '/2025-06-17/standard/{line}'}}"
)


def _charge(unit: str, quantity: str, price: str, line: str) -> str:
    charge = _CHARGE.format(unit=unit, quantity=quantity, price=price, line=line)
    return f"CASE WHEN {quantity} > 0 THEN {charge} END"


_INPUT = ("input_tokens - coalesce(cached_input_tokens, 0)", "0.0000003")
_CHARGES = ", ".join(
    [
        _charge("input_text_token", f"({_INPUT[0]})", _INPUT[1], "input"),
        _charge("cached_input_text_token", "cached_input_tokens", "0.000000075", "cached"),
        _charge("output_text_token", "output_tokens", "0.0000025", "output"),
        _charge("thinking_token", "thinking_tokens", "0.0000025", "output"),
    ]
)


def fill(data: Path, rows: int, *, days: int, threads: int = 2, memory: str = "2GB") -> None:
    """A new data folder whose ledger holds so many rows, spread over so many days."""
    folder = DataFolder(data)
    folder.make()
    store = DuckDBStore.open(folder.ledger, memory_limit=memory, threads=threads)
    for first in range(0, rows, _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, rows)
        with store._transaction() as cursor:  # noqa: SLF001 - rows made by SQL have no other way in
            cursor.execute(schema.insert_from(f"({rows_sql(first, last, rows, days)})"))
        progress(f"filled {last:,} of {rows:,} rows")
    store.checkpoint()
    store.close()


def rows_sql(first: int, last: int, total: int, days: int) -> str:
    """A SELECT of rows number `first` to `last` of `total`, spread over `days`, by start."""
    step_us = days * 86_400_000_000 // total
    start_us = END_UNIX_US - total * step_us
    models = ", ".join(f"'{model}'" for model in _MODELS)
    given = _EXPRESSIONS | {
        "started_at": f"make_timestamp({start_us} + i * {step_us} + (h1 % 200000)::BIGINT)",
        "model": f"[{models}][(h2 % {len(_MODELS)})::INT + 1]",
    }
    base = ", ".join(f"{value} AS {name}" for name, value in given.items())
    columns = ", ".join(
        f"({_DERIVED[name]})::{kind} AS {name}"
        if name in _DERIVED
        else f"{name}::{kind} AS {name}"
        if name in given or name in _ADDED
        else f"NULL::{kind} AS {name}"
        for name, kind in JOURNAL_TYPES.items()
    )
    added = "".join(f", ({value}) AS {name}" for name, value in _ADDED.items())
    return (
        f"SELECT {columns} FROM (SELECT *{added} FROM "
        f"(SELECT i, h1, h2, h3, h4, h5, {base} FROM (SELECT i, hash(i) AS "
        "h1, hash(i * 7 + 1) AS h2, hash(i * 13 + 5) AS h3, hash(i * 17 + 5) AS h4, "
        f"hash(i * 19 + 5) AS h5 FROM range({first}, {last}) AS r(i))))"
    )


_EXPRESSIONS = {
    "node": "'gw-1'",
    "provider": "'google'",
    "surface": "'gemini'",
    "operation": "CASE WHEN h1 % 10 < 5 THEN 'generateContent' WHEN h1 % 10 < 9 "
    "THEN 'streamGenerateContent' ELSE 'embedContent' END",
    "streamed": "h1 % 10 BETWEEN 5 AND 8",
    "status": "CASE WHEN h3 % 40 = 0 THEN 429 ELSE 200 END",
    "outcome": "CASE WHEN h3 % 40 = 0 THEN 'client_error' ELSE 'ok' END",
    "error_type": "CASE WHEN h3 % 40 = 0 THEN 'RESOURCE_EXHAUSTED' END",
    "finish_reason": "CASE WHEN h4 % 30 = 0 THEN 'MAX_TOKENS' ELSE 'STOP' END",
    "usage_source": "'final'",
    "token_id": "'tok_' || (h2 % 40)",
    "department": "'department-' || (h1 % 12)",
    "project": "'project-' || (h1 % 12 * 4 + h3 % 4)",
    "agent": "'agent-' || (h1 % 12 * 20 + h5 % 20)",
    "labels": "CASE WHEN h4 % 3 = 0 THEN MAP {'env': ['prod', 'dev', 'stage'][(h1 % 3)::INT + 1],"
    " 'customer': 'customer-' || ((h1 >> 7) % 300)} ELSE MAP {}::MAP(VARCHAR, VARCHAR) END",
    "service_tier": "'standard'",
    "input_tokens": "(100 + (h3 >> 8) % 1000 * ((h3 >> 20) % 20))::BIGINT",
    "output_tokens": "(20 + (h4 >> 8) % 1000)::BIGINT",
    "thinking_tokens": "CASE WHEN h5 % 3 = 0 THEN ((h5 >> 9) % 2000)::BIGINT END",
    "latency_us": "(500000 + h2 % 65536 * (h3 % 256))::BIGINT",
    "overhead_us": "(200 + h1 % 400)::BIGINT",
    "pricing_status": "'priced'",
}
_ADDED = {
    "cached_input_tokens": "CASE WHEN h5 % 4 = 0 THEN input_tokens * 7 // 10 END",
    "charges": f"list_filter([{_CHARGES}], lambda c: c IS NOT NULL)",
}
_DERIVED = {
    "exchange_id": "format('{:012x}', epoch_ms(started_at)) || '7' || "
    "format('{:03x}', (h1 >> 40) % 4096) || format('{:04x}', 32768 + (h4 >> 33) % 16384) || "
    "format('{:012x}', h5 >> 16)",
    "ended_at": "started_at + to_microseconds(latency_us)",
    "model_version": "model",
    "total_tokens": "input_tokens + output_tokens + coalesce(thinking_tokens, 0)",
    "input_text_tokens": "input_tokens",
    "input_image_tokens": "0",
    "input_audio_tokens": "0",
    "input_video_tokens": "0",
    "input_document_tokens": "0",
    "output_text_tokens": "output_tokens",
    "list_cost": "list_sum(list_transform(charges, lambda c: c.amount))",
    "ttfb_us": "latency_us * (h4 % 100)::BIGINT // 100",
    "request_bytes": "300 + input_tokens * 4 + (h1 >> 30) % 400",
    "response_bytes": "500 + output_tokens * 4 + (h2 >> 30) % 300",
    "notes": "[]",
}
assert set(_EXPRESSIONS) | set(_ADDED) | set(_DERIVED) <= set(COLUMNS)
