"""Ledger rows as JSON: instants and decimals as text, in one form everywhere.

Decimals are fixed-point (`0.000000300000`, never `3.00000E-7`), instants end in `Z` and have
microseconds. Counterpart: the command line's `tail` and every list of exchanges print these.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from weighbridge.core.clock import InstantFormatter, to_unix_us
from weighbridge.core.exchange import COLUMNS


def row_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with every column of the contract, in its order; null where it has none."""
    return {name: _plain(row.get(name)) for name in COLUMNS} | {
        "labels": _texts(row.get("labels")),
        "labels_sent": _texts(row.get("labels_sent")) or None,
        "charges": [_plain(charge) for charge in row.get("charges") or ()],
        "notes": list(row.get("notes") or ()),
    }


def _texts(labels: Mapping[str, str | None] | None) -> dict[str, str]:
    return {key: value for key, value in (labels or {}).items() if value is not None}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return InstantFormatter()(to_unix_us(value))
        case Decimal():
            return f"{value:f}"
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case _:
            return value
