"""`weighbridge models`: the price book at any date; `models update` brings it up to date."""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer

from weighbridge.cli.client import connect_to_book
from weighbridge.cli.options import (
    AsJson,
    Config,
    Data,
    Format,
    ListFormat,
    configuration,
)
from weighbridge.cli.output import print_csv, print_json, print_table
from weighbridge.errors import UsageError

app = typer.Typer(
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_COLUMNS = (
    "provider",
    "model",
    "surface",
    "tier",
    "location",
    "unit",
    "usd",
    "per",
    "above_tokens",
    "since",
    "until",
    "price_id",
    "source",
    "read",
)
_SHOWN = ("model", "surface", "tier", "location", "unit", "price", "from prompt size", "until")


@app.callback()
def run(  # noqa: PLR0913, PLR0917 - each is a flag
    context: typer.Context,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="P", help="Only models of this maker.")
    ] = None,
    surface: Annotated[
        str | None, typer.Option("--surface", metavar="S", help="Only gemini, or only vertex.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="DATE", help="Prices in force then.")
    ] = None,
    form: Format = ListFormat.TABLE,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print the price book."""
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    params = {"provider": provider, "surface": surface, "at": at}
    with connect_to_book(configuration(data, config).settings) as client:
        given = {name: value for name, value in params.items() if value is not None}
        document = client.get("/api/v1/models", given)
    if as_json or form is ListFormat.JSON:
        print_json(document)
        return
    lines = [
        {"provider": model["provider"], "model": model["model"], **price}
        for model in document["models"]
        for price in model["prices"]
    ]
    if form is ListFormat.CSV:
        print_csv(_COLUMNS, lines)
    else:
        print_table(_SHOWN, [_shown(line) for line in lines], numeric=("price", "from prompt size"))
    if not lines:
        asked = ", ".join(f"{name} {value!r}" for name, value in given.items())
        sys.stderr.write(f"No price is in force for {asked}; `weighbridge models` lists all.\n")


@app.command()
def update(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would change.")
    ] = False,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Bring the price book up to date.

    Reads the installed genai-prices package (upgrade that first: nothing is fetched), prints
    every price that changes, and writes DIR/prices.json. In force when serve starts next.
    """
    settings = configuration(data, config).settings
    found = import_module("weighbridge.compose.local_book").update_book(settings, dry_run=dry_run)
    if as_json:
        print_json(_document(found))
        return
    for change in found.changes:
        sys.stdout.write(f"{change}\n")
    count = f"changes: {len(found.changes):,}" if found.changes else "nothing changes"
    sys.stdout.write(f"{count}; {found.origin}, checked {found.as_of}\n")
    if found.written:
        sys.stderr.write(f"Wrote {found.file}; in force when `weighbridge serve` starts next.\n")
    elif found.changes:
        sys.stderr.write("Nothing was written.\n")
    else:
        sys.stderr.write("For newer data upgrade the package genai-prices, then run this again.\n")


def _refuse_options_before(context: typer.Context) -> None:
    """Options of the list have no meaning for what comes after it."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            command = context.invoked_subcommand
            flag = {"form": "format", "as_json": "json"}.get(name, name)
            raise UsageError(f"--{flag} stands before {command!r}; write it after, if at all")


def _document(found: Any) -> dict[str, Any]:
    return {
        "origin": found.origin,
        "as_of": found.as_of,
        "file": str(found.file),
        "written": found.written,
        "changes": [
            {
                "since": each.since and each.since.isoformat(),
                "price": each.change.what,
                "before": each.change.before,
                "after": each.change.after,
            }
            for each in found.changes
        ],
    }


def _shown(line: dict[str, Any]) -> list[str]:
    above = line["above_tokens"]
    return [
        line["model"],
        line["surface"],
        line["tier"],
        line["location"],
        line["unit"],
        f"${line['usd']} / {_amount(line['per'])}",
        "-" if above is None else f"> {above:,}",
        line["until"] or "-",
    ]


def _amount(per: int) -> str:
    """`1M`, `1k` or the number itself."""
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if per >= size and per % size == 0:
            return f"{per // size}{sign}"
    return str(per)
