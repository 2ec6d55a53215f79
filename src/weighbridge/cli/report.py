"""`weighbridge report`: any query, as a table, JSON, CSV or a chart."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from weighbridge.cli.client import connect
from weighbridge.cli.options import AsJson, Config, Data, command_app, configuration
from weighbridge.cli.output import print_json, print_table
from weighbridge.cli.question import By, Filters, Since, Until, query_of
from weighbridge.errors import UsageError
from weighbridge.reports.cost_query import CostQuery, QueryError
from weighbridge.reports.result import Column, QueryResult
from weighbridge.reports.unpriced import asking

app = command_app()


class ReportFormat(StrEnum):
    """How a report is given."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PNG = "png"
    SVG = "svg"


@app.command()
def run(  # noqa: PLR0913, PLR0917 - each is a flag
    by: By = None,
    since: Since = None,
    until: Until = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", metavar="Z", help="Zone of days and months.")
    ] = None,
    granularity: Annotated[
        str | None,
        typer.Option("--granularity", metavar="G", help="none, minute, hour, day, week, month."),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option("--metrics", metavar="M,...", help="What to measure.")
    ] = None,
    filters: Filters = None,
    order_by: Annotated[
        str | None, typer.Option("--order-by", metavar="M", help="cost, or -cost for most first.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="Keep N groups, sum the rest.")
    ] = None,
    form: Annotated[
        ReportFormat, typer.Option("--format", help="How to give it.")
    ] = ReportFormat.TABLE,
    as_json: AsJson = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="F", help="Write to a file.")
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Ask the ledger what calls cost."""
    form = ReportFormat.JSON if as_json else form
    settings = configuration(data, config).settings
    query = query_of(
        {
            "group_by": by,
            "since": since,
            "until": until,
            "timezone": timezone,
            "granularity": granularity,
            "metrics": metrics,
            "order_by": order_by,
            "limit": limit,
        },
        filters or [],
        refused="the report cannot be made as asked",
    )
    if form in (ReportFormat.PNG, ReportFormat.SVG) and output is None and sys.stdout.isatty():
        raise UsageError(f"--format {form} would fill the terminal; add --output FILE")
    asked = replace(query, metrics=asking(query.metrics)) if form is ReportFormat.TABLE else query
    with connect(settings) as client:
        document = client.post("/api/v1/query", asked.as_mapping())
    _give(query, document, form, output)


def result_of(query: CostQuery, document: Mapping[str, Any]) -> QueryResult:
    """A result as reports and charts take it, from the API's document."""
    columns = tuple(Column(each["name"], each["unit"]) for each in document["columns"])
    units = {column.name: column.unit for column in columns}

    def typed(row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: _typed(value, units.get(name, "")) for name, value in row.items()}

    return QueryResult(
        query=query,
        columns=columns,
        rows=[typed(row) for row in document["rows"]],
        totals=typed(document["totals"]),
        completeness=document["completeness"],
        as_of=datetime.fromisoformat(document["as_of"]),
    )


def _give(
    query: CostQuery, document: dict[str, Any], form: ReportFormat, output: Path | None
) -> None:
    result = result_of(query, document)
    match form:
        case ReportFormat.PNG | ReportFormat.SVG:
            _write(_drawn(result, form), output)
        case ReportFormat.CSV:
            _write(result.as_csv().encode(), output)
        case ReportFormat.JSON if output is None:
            print_json(document)
        case ReportFormat.JSON:
            _write(import_module("json").dumps(document, indent=2).encode(), output)
        case _:
            _print_result(result)


def _drawn(result: QueryResult, form: ReportFormat) -> bytes:
    """The result as a picture. Drawing takes half a second to load, so only who draws does."""
    try:
        spec = import_module("weighbridge.reports.charts").chart_spec(result)
    except QueryError as error:
        raise UsageError(str(error)) from None
    files = import_module("weighbridge.reports.chart_files")
    picture: bytes = files.to_png(spec) if form is ReportFormat.PNG else files.to_svg(spec).encode()
    return picture


def _print_result(result: QueryResult) -> None:
    hidden = [name for name in asking(result.query.metrics) if name not in result.query.metrics]
    headings, rows, totals = result.as_table(hidden)
    numeric = [column.name for column in result.columns if column.unit not in ("text", "time")]
    if totals and headings and headings[0] not in numeric:
        totals = ["total", *totals[1:]]
    print_table(headings, rows, numeric=numeric, footer=totals)
    unknown = {
        name: count for name, count in result.completeness.items() if name != "exchanges" and count
    }
    if unknown:
        parts = ", ".join(f"{count:,} {name}" for name, count in unknown.items())
        sys.stderr.write(f"of {result.completeness['exchanges']:,} exchanges: {parts}\n")


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        reason = (error.strerror or "unwritable").lower()
        raise UsageError(f"cannot write {str(output)!r}: {reason}; name another file") from None


def _typed(value: Any, unit: str) -> Any:
    return Decimal(value) if unit in ("USD", "seconds") and isinstance(value, str) else value
