"""Rows of other people's files: NDJSON or Parquet in the contract's columns.

Hides how a file is checked before a row of it counts: unknown columns, values that do not
fit, words that are not of the closed lists, ids known already. Any complaint names file, line
and value, and nothing of that file is imported.

Rules for future edits: an absent column is null (but `ended_at` follows from the latency);
a null stays null; the first of several rows with one id wins; decimals are read as text, since
the engine would round in silence what has more places than the ledger. Counterpart:
`core.exchange`.
"""

import difflib
import re
from pathlib import Path

import duckdb
import msgspec

from weighbridge.core.exchange import COLUMNS
from weighbridge.ledger import schema
from weighbridge.ledger.stores.base import ImportDataError, Imported
from weighbridge.ledger.stores.duckdb_progress import Progress

_PARQUET = {".parquet", ".pq"}
# Beyond these a time is a mistake of units or fields, and one such row would stretch every chart
# to where calendars end.
_EARLIEST, _LATEST = 2000, 2100
_LINE = re.compile(r"in line (\d+)[.:] ?(.*)")
# Decimals with their places, and charges, whose decimals have theirs.
_DECIMALS = {"list_cost": 12, "video_seconds": 6}
_CHARGE_DECIMALS = {"quantity": 6, "unit_price": 12, "amount": 12}
# Sums are by unit, of all quantities; and a ledger shows an amount that it was not given as
# quantity times price, which nobody said.
_LACKING = "c.unit IS NULL OR c.quantity IS NULL OR c.amount IS NULL"
_AS_TEXT = dict.fromkeys(_DECIMALS, "VARCHAR") | {
    "charges": re.sub(r"DECIMAL\([0-9,]+\)", "VARCHAR", schema.CHARGES_TYPE)
}
# Offsets in foreign times count; the journal's own times are always UTC.
_IMPORT_TYPES = (
    schema.JOURNAL_TYPES | {"started_at": "TIMESTAMPTZ", "ended_at": "TIMESTAMPTZ"} | _AS_TEXT
)


def import_file(cursor: duckdb.DuckDBPyConnection, path: Path, progress: Progress) -> Imported:
    """Import one file inside the caller's transaction.

    Errors: `ImportDataError`; the caller rolls back.
    """
    if not path.is_file():
        raise ImportDataError(f"{path}: no such file")
    _stage(cursor, path, progress)
    progress.phase(80, 100)
    try:
        _check_rows(cursor, path)
        return _insert_new(cursor)
    finally:
        cursor.execute("DROP TABLE staged")


def _stage(cursor: duckdb.DuckDBPyConnection, path: Path, progress: Progress) -> None:
    parquet = path.suffix in _PARQUET
    try:
        progress.phase(0, 20)
        given = _columns(cursor, path, parquet=parquet)
        _check_columns(path, given)
        source = "read_parquet($1)" if parquet else _read_ndjson(given)
        values = ", ".join(_staged(name, given) for name in COLUMNS)
        progress.phase(20, 80)
        cursor.execute(
            "CREATE TEMP TABLE staged AS SELECT row_number() OVER () AS line, "  # noqa: S608
            f"{values} FROM {source}",
            [str(path)],
        )
    except duckdb.Error as error:
        raise ImportDataError(_complaint(path, error)) from error


def _columns(cursor: duckdb.DuckDBPyConnection, path: Path, *, parquet: bool) -> list[str]:
    if parquet:
        cursor.execute("DESCRIBE SELECT * FROM read_parquet($1)", [str(path)])
    else:
        cursor.execute(
            "SELECT DISTINCT unnest(json_keys(json)) FROM "
            "read_json_objects($1, format = 'newline_delimited')",
            [str(path)],
        )
    return [str(row[0]) for row in cursor.fetchall()]


def _check_columns(path: Path, given: list[str]) -> None:
    for name in given:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, 1)
            hint = f"did you mean {near[0]!r}?" if near else "see the ledger's columns"
            raise ImportDataError(f"{path}: unknown column {name!r}; {hint}")
    for name in ("exchange_id", "started_at"):
        if name not in given:
            raise ImportDataError(f"{path}: column {name!r} is missing; every row needs it")


def _read_ndjson(given: list[str]) -> str:
    columns = ", ".join(f"{name}: '{_IMPORT_TYPES[name]}'" for name in given)
    return (
        f"read_json($1, format = 'newline_delimited', auto_detect = false, columns = {{{columns}}})"
    )


def _staged(name: str, given: list[str]) -> str:
    """A column of the contract; beside a decimal its text, which the checks look at."""
    value = _converted(name, given)
    kind = schema.JOURNAL_TYPES[name]
    if name not in _AS_TEXT:
        return f"({value})::{kind} AS {name}"
    text = f"({value})::{_AS_TEXT[name]}"
    return f"TRY_CAST({text} AS {kind}) AS {name}, {text} AS {_given(name)}"


def _given(name: str) -> str:
    return f"{name}_given"


def _converted(name: str, given: list[str]) -> str:
    value = name if name in given else "NULL"
    if schema.JOURNAL_TYPES[name] == "TIMESTAMP":
        value = f"timezone('UTC', {value}::TIMESTAMPTZ)"
    if name == "ended_at" and "latency_us" in given:
        started = _converted("started_at", given)
        value = f"coalesce({value}, {started} + to_microseconds(latency_us::BIGINT))"
    return value


def _check_rows(cursor: duckdb.DuckDBPyConnection, path: Path) -> None:
    """What the types alone do not say."""
    checks = _checks()
    anything = " OR ".join(f"({wrong})" for wrong, _ in checks.values())
    cursor.execute(f"SELECT line FROM staged WHERE {anything} ORDER BY line LIMIT 1")  # noqa: S608
    found = cursor.fetchone()
    if found is None:
        return
    (line,) = found
    for name, (wrong, expected) in checks.items():
        shown = _given(name) if name in _AS_TEXT else name
        cursor.execute(
            f"SELECT {shown}::VARCHAR FROM staged WHERE line = $1 AND ({wrong})",  # noqa: S608
            [line],
        )
        bad = cursor.fetchone()
        if bad is not None:
            seen = "nothing" if bad[0] is None else repr(bad[0])
            raise ImportDataError(f"{path}:{line}: {name} is {seen}, expected {expected}")


def _checks() -> dict[str, tuple[str, str]]:
    """Per column the condition of a wrong value, and what was expected."""
    checks = {"exchange_id": ("exchange_id IS NULL", "a UUID")}
    for name, words in schema.WORDS.items():
        allowed = ", ".join(f"'{word}'" for word in words)
        checks[name] = (f"{name} NOT IN ({allowed})", f"one of {', '.join(words)}")
    for name, kind in schema.JOURNAL_TYPES.items():
        if kind == "BIGINT":
            checks[name] = (f"{name} < 0", "a value from 0")
    for name, places in _DECIMALS.items():
        expected = f"a decimal from 0 with at most {places} places, as nothing is rounded here"
        checks[name] = (_wrong_decimal(_given(name), places), expected)
    wrong = " OR ".join(
        f"({_wrong_decimal(f'c.{name}', places)})" for name, places in _CHARGE_DECIMALS.items()
    )
    checks["charges"] = (
        f"len(list_filter({_given('charges')}, lambda c: {wrong} OR {_LACKING})) > 0",
        "decimals from 0 with at most 12 places, quantities 6; unit, quantity and amount of each",
    )
    span = f"BETWEEN TIMESTAMP '{_EARLIEST}-01-01' AND TIMESTAMP '{_LATEST}-01-01'"
    expected = f"a time between {_EARLIEST} and {_LATEST}"
    checks["started_at"] = (f"started_at IS NULL OR started_at NOT {span}", expected)
    checks["ended_at"] = (f"ended_at NOT {span}", expected)
    return checks


def _wrong_decimal(text: str, places: int) -> str:
    """The condition that a text is no decimal, or negative, or would be rounded.

    Takes: an expression of the text, and how many places the ledger keeps.
    Example: with 6 places `0.5`, `5e-1` and `0.50000000` are right, `0.1234567` and `-1` wrong.
    """
    kept = f"TRY_CAST({text} AS DECIMAL(18,{places}))"
    return (
        f"{text} IS NOT NULL AND ({kept} IS NULL OR {kept} < 0 "
        f"OR TRY_CAST({text} AS DECIMAL(38,24)) <> {kept} "
        f"OR regexp_matches({text}, '^[0-9]*\\.[0-9]{{{places}}}[0-9]*[1-9][0-9]*$'))"
    )


def _insert_new(cursor: duckdb.DuckDBPyConnection) -> Imported:
    cursor.execute("SELECT count(*), count(DISTINCT exchange_id) FROM staged")
    (rows, distinct) = cursor.fetchall()[0]
    if distinct < rows:
        cursor.execute(
            "DELETE FROM staged WHERE line NOT IN "
            "(SELECT min(line) FROM staged GROUP BY exchange_id)"
        )
    # The few known ones first: an anti-join would hash the ids of the whole ledger.
    cursor.execute(
        "DELETE FROM staged WHERE line IN "
        "(SELECT line FROM staged JOIN exchange_rows USING (exchange_id))"
    )
    source = f"(SELECT {', '.join(COLUMNS)} FROM staged)"  # noqa: S608
    counted = cursor.execute(schema.insert_from(source)).fetchone()
    inserted = int(counted[0]) if counted else 0
    return Imported(rows=inserted, skipped=int(rows) - inserted)


def _complaint(path: Path, error: duckdb.Error) -> str:
    """The engine's complaint in one line: file, line where it knows it, what."""
    text = str(error).splitlines()[0].partition(": ")[2] or str(error).splitlines()[0]
    where = _LINE.search(text)
    if where is None:
        return f"{path}: {text}"
    if text.startswith("Malformed JSON"):
        return f"{path}:{_first_malformed(path) or where[1]}: not a JSON object"
    return f"{path}:{where[1]}: {where[2]}"


def _first_malformed(path: Path) -> int | None:
    """The line that is no object, looked for anew: the engine names a later one."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    msgspec.json.decode(line, type=dict[str, msgspec.Raw])
                except msgspec.MsgspecError:
                    return number
    return None
