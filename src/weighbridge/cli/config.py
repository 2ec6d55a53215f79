"""`weighbridge config show`: every setting with its origin."""

from typing import Annotated

import typer

from weighbridge.cli.options import (
    AsJson,
    Config,
    Data,
    Format,
    ListFormat,
    command_app,
    configuration,
)
from weighbridge.cli.output import print_csv, print_json, print_table
from weighbridge.config import show

app = command_app("The configuration.")
_COLUMNS = ("name", "value", "origin")


@app.callback()
def _config() -> None:
    """Hold the commands together."""


@app.command("show")
def show_configuration(
    form: Format = ListFormat.TABLE,
    as_json: AsJson = False,
    given_only: Annotated[
        bool, typer.Option("--given", help="Only what is not a default.")
    ] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print every setting, its value and where that came from; secrets hidden."""
    rows = [
        row
        for row in show.rows(configuration(data, config))
        if not given_only or row.origin != "default"
    ]
    if as_json or form is ListFormat.JSON:
        print_json([{"name": row.name, "value": row.value, "origin": row.origin} for row in rows])
        return
    table = [{"name": r.name, "value": show.text(r.value), "origin": r.origin} for r in rows]
    if form is ListFormat.CSV:
        print_csv(_COLUMNS, table)
    else:
        print_table(_COLUMNS, [[row[name] for name in _COLUMNS] for row in table])
