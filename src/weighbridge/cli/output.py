"""How commands print: JSON and CSV for scripts, tables for people."""

import csv
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

# What a terminal would act on: control characters, and those that turn the text's direction.
_ACTED_ON = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_WIDE = 200  # a table that goes to a file is not folded at 80 columns


def print_json(document: Any) -> None:
    """A document as JSON, indented."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def print_done(document: Any, sentence: str, *, as_json: bool) -> None:
    """What a command has done: the document for scripts, else a sentence on stderr for people."""
    if as_json:
        print_json(document)
    else:
        sys.stderr.write(sentence + "\n")


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows as CSV with a header line; null is an empty field."""
    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row[name] is None else row[name] for name in columns])


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: Iterable[str] = (),
    footer: Sequence[str] | None = None,
) -> None:
    """Rows of text as a table; `numeric` columns are aligned to the right."""
    right = set(numeric)
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=footer is not None)
    for index, name in enumerate(columns):
        table.add_column(
            name,
            justify="right" if name in right else "left",
            footer=footer[index] if footer else "",
            footer_style="bold",
            no_wrap=name in right,
        )
    for row in rows:
        table.add_row(*(plain(cell) for cell in row))
    console().print(table)


def print_rows(columns: Sequence[str], rows: Sequence[Mapping[str, str]], *, as_csv: bool) -> None:
    """Rows by column name, as CSV or as a table."""
    if as_csv:
        print_csv(columns, rows)
    else:
        print_table(columns, [[row[name] for name in columns] for row in rows])


def console() -> Console:
    """The console for stdout; as wide as its content where stdout is no terminal."""
    wide = None if sys.stdout.isatty() else _WIDE
    return Console(width=wide, highlight=False, markup=False, emoji=False)


def text(value: Any) -> str:
    """A value in a table; `-` for null."""
    if value is None or value == {}:
        return "-"
    if isinstance(value, dict):
        return ",".join(f"{name}={inner}" for name, inner in value.items())
    return str(value)


def plain(value: str) -> str:
    """Text for a terminal, which does nothing but show it."""
    return _ACTED_ON.sub("\ufffd", value)


def instant(value: str | None) -> str:
    """An instant of the API to the second, UTC."""
    return "-" if value is None else f"{value[:10]} {value[11:19]}"
