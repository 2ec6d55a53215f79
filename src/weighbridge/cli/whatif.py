"""`weighbridge whatif`: what a workload would have cost on other models."""

import sys
from decimal import Decimal
from typing import Annotated, Any

import typer

from weighbridge.cli.client import connect
from weighbridge.cli.options import AsJson, Config, Data, Format, ListFormat, configuration
from weighbridge.cli.options import command_app as new_app
from weighbridge.cli.output import print_csv, print_json, print_table
from weighbridge.cli.question import By, Filters, Since, Until, query_of
from weighbridge.reports.result import for_people

app = new_app()
_FIGURES = ("cost", "cost_now", "difference")


@app.command()
def run(  # noqa: PLR0913, PLR0917 - each is a flag
    models: Annotated[
        str, typer.Option("--models", metavar="M,...", help="Models to price it on.")
    ],
    by: By = None,
    since: Since = None,
    until: Until = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", metavar="Z", help="Zone of dates.")
    ] = None,
    filters: Filters = None,
    form: Format = ListFormat.TABLE,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Price what was used on other models."""
    settings = configuration(data, config).settings
    asked = query_of(
        {"group_by": by, "since": since, "until": until, "timezone": timezone},
        filters or [],
        refused="the workload cannot be priced as asked",
    ).as_mapping()
    with connect(settings) as client:
        document = client.post("/api/v1/whatif", {**asked, "models": models})
    if as_json or form is ListFormat.JSON:
        print_json(document)
        return
    dimensions = asked["group_by"]
    rows = [row for model in document["models"] for row in _rows(model, dimensions)]
    columns = ("model", *dimensions, *_FIGURES)
    if form is ListFormat.CSV:
        print_csv(columns, rows)
        return
    shown = [
        [
            for_people(Decimal(row[name]), "USD") if name in _FIGURES else row[name]
            for name in columns
        ]
        for row in rows
    ]
    print_table(columns, shown, numeric=_FIGURES)
    _tell_unmoved(document)


def _rows(model: dict[str, Any], dimensions: list[str]) -> list[dict[str, Any]]:
    parts = model["groups"] if dimensions else [{"group": {}, **model}]
    return [
        {"model": model["model"], **part["group"], **{name: part[name] for name in _FIGURES}}
        for part in parts
    ]


def _tell_unmoved(document: dict[str, Any]) -> None:
    for model in document["models"]:
        units = sorted({each["unit"] for each in model["unmoved"]})
        if units:
            cost = sum((Decimal(each["cost"]) for each in model["unmoved"]), start=Decimal(0))
            sys.stderr.write(
                f"{model['model']}: no price there for {', '.join(units)}; left out, "
                f"{for_people(cost, 'USD')} as it was\n"
            )
    unsaid = Decimal(document["without_charges"])
    if unsaid:
        sys.stderr.write(f"{for_people(unsaid, 'USD')} is of rows without charges; left out\n")
