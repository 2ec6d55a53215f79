"""All rows of a served ledger, page by page."""

from collections.abc import Iterable
from typing import Any

from processes import PATIENCE_S, Bridge, wait_until


def all_rows(bridge: Bridge, **filters: str) -> list[dict[str, Any]]:
    """Every exchange in the ledger now, newest first."""
    rows: list[dict[str, Any]] = []
    params = {"limit": "500", **filters}
    while True:
        answer = bridge.admin.get("/api/v1/exchanges", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows += page["exchanges"]
        if page["next_cursor"] is None:
            return rows
        params["cursor"] = page["next_cursor"]


def rows_by_id(bridge: Bridge, wanted: Iterable[str]) -> dict[str, Any]:
    """All rows by exchange id, once those that are wanted are there; none may be there twice."""
    missing = set(wanted)

    def complete() -> list[dict[str, Any]] | None:
        rows = all_rows(bridge)
        missing.difference_update(row["exchange_id"] for row in rows)
        return None if missing else rows

    rows = wait_until(complete, PATIENCE_S, lambda: f"{len(missing)} exchanges have no row")
    found = {row["exchange_id"]: row for row in rows}
    assert len(found) == len(rows), "an exchange has two rows"
    return found
