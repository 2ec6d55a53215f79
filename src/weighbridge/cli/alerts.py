"""`weighbridge alerts`: what wants a look, and what was told."""

from typing import Annotated, Any

import typer

from weighbridge.cli.client import Client, connect
from weighbridge.cli.named import Named
from weighbridge.cli.options import (
    AsJson,
    Config,
    Data,
    Format,
    ListFormat,
    command_app,
    configuration,
)
from weighbridge.cli.output import instant, print_json, print_rows

app = command_app()
_COLUMNS = ("at", "severity", "kind", "title", "messages")
_STANDING = ("since", "severity", "kind", "title")
_BUDGETS = Named("/api/v1/budgets", "budgets", "budget", "budget")
_BUDGET_PREFIX = "bud_"


@app.command()
def alerts(  # noqa: PLR0913, PLR0917 - each is a flag
    standing: Annotated[
        bool, typer.Option("--standing", help="Only what wants a look now.")
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="ID", help="Only those about it: bud_…, or its name."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000)] = 50,
    form: Format = ListFormat.TABLE,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print the latest alerts, newest first, and what became of their messages."""
    asked: dict[str, Any] = {"limit": limit}
    with connect(configuration(data, config).settings) as client:
        if budget is not None:
            asked["budget_id"] = _budget_id(client, budget)
        if standing:
            document = client.get("/api/v1/alerts")
            if budget is not None:
                wanted, alerts = asked["budget_id"], document["alerts"]
                document["alerts"] = [one for one in alerts if one["budget_id"] == wanted]
        else:
            document = client.get("/api/v1/alerts/history", asked)
    if as_json or form is ListFormat.JSON:
        print_json(document)
        return
    columns = _STANDING if standing else _COLUMNS
    rows = [_row(alert, columns) for alert in document["alerts"]]
    print_rows(columns, rows, as_csv=form is ListFormat.CSV)


def _budget_id(client: Client, word: str) -> str:
    """The id of a budget; one that was removed has no name any more, and its alerts are kept."""
    if word.startswith(_BUDGET_PREFIX):
        return word
    return str(_BUDGETS.get(client, word)["id"])


def _row(alert: dict[str, Any], columns: tuple[str, ...]) -> dict[str, str]:
    row = {name: str(alert.get(name)) for name in columns}
    first = columns[0]
    row[first] = instant(alert[first])
    if "messages" in columns:
        row["messages"] = " ".join(map(_delivery, alert["deliveries"])) or "-"
    return row


def _delivery(delivery: dict[str, Any]) -> str:
    why = f" ({delivery['reason']})" if delivery["reason"] else ""
    return f"{delivery['channel']}: {delivery['state']}{why}"
