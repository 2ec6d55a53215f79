"""`weighbridge models`: the price book at any date."""

from typing import Annotated, Any

import typer

from weighbridge.cli.client import connect
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

app = command_app()
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


@app.command()
def run(  # noqa: PLR0913, PLR0917 - each is a flag
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
    params = {"provider": provider, "surface": surface, "at": at}
    with connect(configuration(data, config).settings) as client:
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
