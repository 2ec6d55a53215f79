"""The ledger's table in DuckDB: contract columns outside, a narrow layout inside.

Hides the layout. Queries read the view `exchanges`, which has exactly the columns of design
B4 (and `notes`); rows live in `exchange_rows`. What follows from other columns is stored as
its difference from what is expected of it, which is nearly always zero or null and so costs
nearly nothing; the view adds it back, exactly: `ended_at` (start + latency), the text splits
(what the other modalities leave); `charge_layout` has the charges. Sums of many charges read
`exchange_lines`, which has them as they are stored: the view's take thirty times as long. Closed
words are enums: every query counts by them, and comparing small integers halves a dashboard
query's time over 10 M rows (as does keeping `total_tokens` as it is). Measured over 10 M rows of
two to four charges: 89 MB per million as plain columns, 57 MB so.

Rules for future edits: a migration that was released never changes, a new one is appended;
the three lists (`core.exchange.COLUMNS`, `JOURNAL_TYPES`, the view) agree (a test compares
them). Counterpart: `stores/duckdb`.
"""

from enum import StrEnum
from typing import Final

from weighbridge.core import charge_columns
from weighbridge.core.exchange import COLUMNS
from weighbridge.core.outcome import Outcome, PricingStatus, UsageSource
from weighbridge.ledger import charge_layout

CHARGES_TYPE: Final = (
    "STRUCT(unit VARCHAR, quantity DECIMAL(18,6), unit_price DECIMAL(18,12), "
    "amount DECIMAL(18,12), price_id VARCHAR)[]"
)
_TYPES: Final[dict[str, str]] = {
    "exchange_id": "UUID",
    "started_at": "TIMESTAMP",
    "ended_at": "TIMESTAMP",
    "streamed": "BOOLEAN",
    "status": "INTEGER",
    "labels": "MAP(VARCHAR, VARCHAR)",
    "labels_sent": "MAP(VARCHAR, VARCHAR)",
    "video_seconds": "DECIMAL(18,6)",
    "list_cost": "DECIMAL(18,12)",
    "charges": CHARGES_TYPE,
    "notes": "VARCHAR[]",
}
_WHOLE_NUMBERS: Final = ("_tokens", "_queries", "_us", "_bytes", "images")
JOURNAL_TYPES: Final[dict[str, str]] = {
    name: _TYPES.get(name, "BIGINT" if name.endswith(_WHOLE_NUMBERS) else "VARCHAR")
    for name in COLUMNS
}

# A word that is added needs a migration: `ALTER TYPE … ADD VALUE`.
WORDS: Final[dict[str, type[StrEnum]]] = {
    "outcome": Outcome,
    "usage_source": UsageSource,
    "pricing_status": PricingStatus,
}

_INPUT_TEXT: Final = (
    "coalesce(input_tokens, 0) - coalesce(input_image_tokens, 0) - coalesce(input_audio_tokens, 0)"
    " - coalesce(input_video_tokens, 0) - coalesce(input_document_tokens, 0)"
)
_OUTPUT_TEXT: Final = (
    "coalesce(output_tokens, 0) - coalesce(output_image_tokens, 0)"
    " - coalesce(output_audio_tokens, 0)"
)
_ENDED: Final = "started_at + to_microseconds(latency_us)"

# How each column is stored, where it is not stored as it is: name, type, expression over the
# contract's columns; and how the view makes the contract's column of it again.
_STORED: Final[dict[str, tuple[str, str, str]]] = {
    "ended_at": ("ended_at_unless_latency", "TIMESTAMP", f"nullif(ended_at, {_ENDED})"),
    "input_text_tokens": (
        "input_text_tokens_extra",
        "BIGINT",
        f"input_text_tokens - ({_INPUT_TEXT})",
    ),
    "output_text_tokens": (
        "output_text_tokens_extra",
        "BIGINT",
        f"output_text_tokens - ({_OUTPUT_TEXT})",
    ),
    "labels": ("labels", "MAP(VARCHAR, VARCHAR) NOT NULL", "coalesce(labels, MAP {})"),
    "notes": ("notes", "VARCHAR[] NOT NULL", "coalesce(notes, [])"),
} | {name: (name, f"{name}_word", f"{name}::{name}_word") for name in WORDS}
_SEEN: Final[dict[str, str]] = {
    "ended_at": f"coalesce(ended_at_unless_latency, {_ENDED})",
    "input_text_tokens": f"input_text_tokens_extra + ({_INPUT_TEXT})",
    "output_text_tokens": f"output_text_tokens_extra + ({_OUTPUT_TEXT})",
    "charges": charge_layout.SEEN,
}
_REQUIRED: Final = ("exchange_id", "started_at")

# Columns that came after the first version of the schema, one entry a version.
_LATER: Final[tuple[tuple[str, ...], ...]] = (("labels_sent",),)
# Before this version all charges stood in the list.
_PLAIN_CHARGES: Final = 4


def _create_words(name: str) -> str:
    words = ", ".join(f"'{word}'" for word in WORDS[name])
    return f"CREATE TYPE {name}_word AS ENUM ({words})"


def _columns_of(version: int) -> list[str]:
    """The contract's columns as they were at a version of the schema."""
    later = {name for names in _LATER[version - 1 :] for name in names}
    return [name for name in COLUMNS if name not in later]


def _stored_as(name: str) -> str:
    if name == "charges":
        return f"{charge_columns.LINES} {charge_layout.LINES_TYPE}"
    stored, kind, _ = _STORED.get(name, (name, JOURNAL_TYPES[name], name))
    return f"{stored} {kind}"


def _create_rows() -> str:
    columns = ", ".join(
        _stored_as(name) + (" NOT NULL" if name in _REQUIRED else "") for name in _columns_of(1)
    )
    return f"CREATE TABLE exchange_rows ({columns})"


def _create_view(version: int) -> str:
    seen = dict(_SEEN)
    if version < _PLAIN_CHARGES:
        seen["charges"] = charge_layout.SEEN_IN_LINES
    columns = ", ".join(f"{seen.get(name, name)} AS {name}" for name in _columns_of(version))
    return f"CREATE OR REPLACE VIEW exchanges AS SELECT {columns} FROM exchange_rows"  # noqa: S608


def _create_lines(version: int) -> str:
    """Rows with their charges as stored, for sums of many; not of the contract."""
    names = [name for name in _columns_of(version) if name != "charges"]
    columns = [f"{_SEEN.get(name, name)} AS {name}" for name in names]
    plain = version >= _PLAIN_CHARGES
    columns += charge_layout.COLUMNS if plain else [charge_columns.LINES]
    return (
        "CREATE OR REPLACE VIEW exchange_lines AS "  # noqa: S608
        f"SELECT {', '.join(columns)} FROM exchange_rows"
    )


def _add_columns(version: int) -> tuple[str, ...]:
    """The migration to a version that brought columns; rows from before have null in them."""
    added = (
        f"ALTER TABLE exchange_rows ADD COLUMN {_stored_as(name)}" for name in _LATER[version - 2]
    )
    return (*added, _create_view(version))


def _add_plain_charges() -> tuple[str, ...]:
    added = (
        f"ALTER TABLE exchange_rows ADD COLUMN {name} {kind}" for name, kind in charge_layout.ADDED
    )
    return (*added, _create_view(_PLAIN_CHARGES), _create_lines(_PLAIN_CHARGES))


def insert_from(source: str) -> str:
    """The statement that stores rows of `source`, a relation of the contract's columns."""
    others = [name for name in COLUMNS if name != "charges"]
    names = [_STORED.get(name, (name,))[0] for name in others]
    values = [_STORED[name][2] if name in _STORED else name for name in others]
    return (
        f"INSERT INTO exchange_rows ({', '.join([*names, *charge_layout.COLUMNS])}) "  # noqa: S608
        f"SELECT {', '.join([*values, *charge_layout.STORED])} "
        f"FROM {charge_layout.sorted_out(source)}"
    )


def read_journal(files: str) -> str:
    """A relation over NDJSON segments; `files` is the parameter that names them."""
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in JOURNAL_TYPES.items())
    return (
        f"read_json({files}, format = 'newline_delimited', auto_detect = false, "
        f"columns = {{{columns}}})"
    )


# One entry a released version, oldest first; each runs in a transaction of its own.
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        *map(_create_words, WORDS),
        _create_rows(),
        _create_view(1),
        "CREATE TABLE loaded_segments (name VARCHAR NOT NULL)",
    ),
    _add_columns(2),
    (_create_lines(3),),
    _add_plain_charges(),
)
