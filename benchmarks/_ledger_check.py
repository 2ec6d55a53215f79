"""Whether the work was done: the ledger against the load that went through."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import _process
import _proxies
import _traffic

if TYPE_CHECKING:
    from pathlib import Path


def check(data: Path, completed: int, in_flight: int) -> dict[str, int]:
    """Compares rows and cost in the ledger with what the load generator saw.

    Takes: the requests that wrk completed, and the most that were under way when it stopped.
    Gives: what was found. Every completed request is one row, and a request that wrk gave up on
    may be one; each `ok` row is priced, and all of them cost exactly what their answers reported.
    Errors: ends the script, for figures of work not done are no figures.
    """
    deadline = time.monotonic() + 30
    while True:
        rows = _rows(data)
        exchanges = sum(int(row["exchanges"]) for row in rows)
        if exchanges >= completed or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    found = {"completed": completed, "rows": exchanges, "in_flight_at_most": in_flight}
    if not completed <= exchanges <= completed + in_flight:
        _process.fail(f"the ledger does not hold the load: {found}")
    _check_cost(rows, completed)
    print(
        f"\nLedger: {exchanges:,} rows for {completed:,} completed requests "
        f"(≤ {in_flight:,} more were under way at the ends of runs), each at its exact cost.",
    )
    return found


def _check_cost(rows: list[dict[str, Any]], completed: int) -> None:
    cost = {model.name: model.cost_pico_usd for model in _traffic.MODELS}
    ok = 0
    for row in rows:
        exchanges = int(row["exchanges"])
        if row["outcome"] == "ok":
            ok += exchanges
            expected = exchanges * cost[row["model"]]
            if row["pricing_status"] != "priced" or _pico(row["cost"]) != expected:
                _process.fail(f"cost in the ledger is not {expected} pico-USD: {row}")
        elif row["outcome"] != "client_closed":
            _process.fail(f"an exchange failed: {row}")
    if ok < completed:
        _process.fail(f"only {ok} of {completed} completed requests are `ok` in the ledger")


def _pico(text: str) -> int:
    """Decimal dollars in full precision → pico-dollars; exact, as no float is involved."""
    whole, _, fraction = str(text).partition(".")
    return int(whole) * 10**12 + int(fraction.ljust(12, "0"))


def _rows(data: Path) -> list[dict[str, Any]]:
    report = _proxies.weighbridge_json(
        data,
        "report",
        "--by",
        "model,outcome,pricing_status",
        "--format",
        "json",
    )
    assert isinstance(report, dict)
    columns = [column["name"] for column in report["columns"]]
    return [
        row if isinstance(row, dict) else dict(zip(columns, row, strict=True))
        for row in report["rows"]
    ]
