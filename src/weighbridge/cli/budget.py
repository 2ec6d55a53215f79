"""`weighbridge budget`: limits on spend, and how they stand."""

import sys
from typing import Annotated, Any

import typer

from weighbridge.cli import budget_options as given
from weighbridge.cli.budget_tables import DEFINITION, audit_rows, definition_rows, status_rows
from weighbridge.cli.client import connect
from weighbridge.cli.lists import add_list
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
from weighbridge.cli.output import (
    instant,
    print_csv,
    print_done,
    print_json,
    print_rows,
    print_table,
)
from weighbridge.errors import ControlError, UsageError

app = command_app("Budgets: limits on spend that hold, and how they stand.")
_PATH = "/api/v1/budgets"
_PERIODS = {"total": "in all", "hour": "an hour"}
_BUDGETS = Named(_PATH, "budgets", "budget", "budget")
Budget = Annotated[str, typer.Argument(metavar="ID", help="bud_…, or a name that only one has.")]


@app.command("set")
def set_(  # noqa: PLR0913, PLR0917 - each is a flag
    budget: Annotated[
        str | None, typer.Argument(metavar="ID", help="The one to change: bud_…, or its name.")
    ] = None,
    name: given.Name = None,
    limit: given.Limit = None,
    period: given.PeriodOf = None,
    timezone: given.Timezone = None,
    scope: given.ScopeOf = None,
    per: given.Per = None,
    action: given.ActionOf = None,
    thresholds: given.Thresholds = None,
    unpriced: given.UnpricedOf = None,
    channel: given.Channel = None,
    hold: given.Hold = None,
    on_exhausted: given.Exhausted = None,
    grace: given.Grace = None,
    enable: given.Enabled = None,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Make a budget, or change the one of that ID or name; what is not given stays.

    An empty value takes away: --scope '' counts everything, --per '' is one for all.
    """
    wanted = given.definition(
        name=name,
        limit_usd=limit,
        period=period,
        timezone=timezone,
        scope=scope,
        per=per,
        action=action,
        thresholds=thresholds,
        unpriced=unpriced,
        channels=channel,
        hold=hold,
        on_exhausted=on_exhausted,
        grace_percent=grace,
        enabled=enable,
    )
    if budget is None and name is None:
        raise UsageError("no budget was named; give --name for a new one, or the ID of another")
    with connect(configuration(data, config).settings, makes=budget is None) as client:
        made, done = _BUDGETS.put(client, wanted, budget)
    print_done(made, f"{done} {made['id']} ({made['name']}): {_sentence(made)}.", as_json=as_json)


add_list(
    app,
    "List budgets, newest first.",
    _PATH,
    columns=DEFINITION,
    rows=lambda document: definition_rows(document["budgets"]),
)


@app.command()
def show(budget: Budget, as_json: AsJson = False, data: Data = None, config: Config = None) -> None:
    """Show a budget's definition and its raises."""
    with connect(configuration(data, config).settings) as client:
        document = _BUDGETS.get(client, budget)
    if as_json:
        print_json(document)
        return
    facts = [(name, value) for name, value in document.items() if name != "raises"]
    print_table(("field", "value"), [[name, _text(value)] for name, value in facts])
    for each in document["raises"]:
        ended = f", withdrawn {instant(each['withdrawn_at'])}" if each["withdrawn_at"] else ""
        why = f": {each['reason']}" if each["reason"] else ""
        sys.stdout.write(
            f"{each['id']}: {each['amount_usd']} USD more until {instant(each['until'])}, "
            f"by {each['author']}{ended}{why}\n"
        )


@app.command()
def remove(
    budget: Budget, as_json: AsJson = False, data: Data = None, config: Config = None
) -> None:
    """Take a budget away for good."""
    with connect(configuration(data, config).settings) as client:
        former = client.delete(f"{_PATH}/{_BUDGETS.get(client, budget)['id']}")
    print_done(former, f"Removed {former['id']} ({former['name']}).", as_json=as_json)


@app.command()
def status(  # noqa: PLR0913, PLR0917 - each is a flag
    budget: Annotated[
        str | None, typer.Argument(metavar="ID", help="bud_…, or its name; else all.")
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option("--value", metavar="V", help="Only this value of a split; repeatable."),
    ] = None,
    form: Format = ListFormat.TABLE,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Show what is spent, held and left in each budget's window of now."""
    if value and budget is None:
        raise UsageError("--value is of one budget; name it, see `budget list`")
    with connect(configuration(data, config).settings) as client:
        if budget is None:
            document = client.get(f"{_PATH}/status")
        else:
            path = f"{_PATH}/{_BUDGETS.get(client, budget)['id']}/status"
            document = client.get(path, {"value": value} if value else None)
    if as_json or form is ListFormat.JSON:
        print_json(document)
        return
    is_csv = form is ListFormat.CSV
    statuses = document["statuses"] if budget is None else [document]
    columns, rows = status_rows(statuses, exact=is_csv)
    if is_csv:
        print_csv(columns, rows)
        return
    figures = ("limit", "spent", "held", "elsewhere", "remaining", "used", "forecast")
    print_table(columns, [[row[name] for name in columns] for row in rows], numeric=figures)


@app.command()
def audit(
    budget: Annotated[
        str | None, typer.Argument(metavar="ID", help="bud_…, or its name; else all.")
    ] = None,
    form: Format = ListFormat.TABLE,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Recompute what is spent from the ledger, beside what enforcement goes by.

    Exit status 1 where the two disagree.
    """
    with connect(configuration(data, config).settings) as client:
        wanted = [_BUDGETS.get(client, budget)] if budget else client.get(_PATH)["budgets"]
        audits = [client.get(f"{_PATH}/{one['id']}/audit") for one in wanted]
    if as_json or form is ListFormat.JSON:
        print_json(audits[0] if budget else {"audits": audits})
    else:
        columns, rows = audit_rows(audits)
        print_rows(columns, rows, as_csv=form is ListFormat.CSV)
    if not all(one["consistent"] for one in audits):
        raise ControlError("ledger and enforcement disagree; see the lines that say so")


@app.command("raise")
def raise_(  # noqa: PLR0913, PLR0917 - each is a flag
    budget: Budget,
    amount: Annotated[str, typer.Option("--amount", metavar="USD", help="More than the limit.")],
    until: Annotated[str, typer.Option("--until", metavar="T", help="12h, 3d, an ISO date.")],
    reason: Annotated[str | None, typer.Option("--reason", metavar="R", help="Why.")] = None,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Give a budget more room for a while."""
    wanted = {"amount_usd": amount, "until": until, "reason": reason}
    with connect(configuration(data, config).settings) as client:
        made = client.post(f"{_PATH}/{_BUDGETS.get(client, budget)['id']}/raises", wanted)
    if as_json:
        print_json(made)
    else:
        ends = instant(made["until"])
        sys.stderr.write(f"{made['id']}: {made['amount_usd']} USD more until {ends} UTC.\n")


@app.command()
def withdraw(
    budget: Budget,
    raise_id: Annotated[str, typer.Argument(metavar="RAISE", help="rse_…")],
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """End a raise before its time."""
    with connect(configuration(data, config).settings) as client:
        path = f"{_PATH}/{_BUDGETS.get(client, budget)['id']}/raises/{raise_id}"
        gone = client.delete(path)
    print_done(gone, f"Withdrew {gone['id']} ({gone['amount_usd']} USD).", as_json=as_json)


@app.command()
def nodes(
    remove: Annotated[
        str | None,
        typer.Option("--remove", metavar="ID", help="One that is gone for good: wait no more."),
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """List the gateways that share budgets with this one, or take one away."""
    with connect(configuration(data, config).settings) as client:
        if remove is not None:
            gone = client.delete(f"/api/v1/nodes/{remove}")
            print_done(gone, f"{gone['name']} is waited for no more.", as_json=as_json)
            return
        document = client.get("/api/v1/nodes")
    if as_json:
        print_json(document)
        return
    print_table(("id", "name", "state"), [_node(one) for one in document["nodes"]])
    if document["problem"]:
        sys.stderr.write(f"Budgets cannot be checked now: {document['problem']}.\n")
    elif not document["shared"]:
        sys.stderr.write("Budgets are this gateway's own: budgets.shared is not set.\n")


def _node(one: dict[str, Any]) -> list[str]:
    states = {"gone": one["gone"], "this one": one["own"], "there": one["reached"]}
    return [one["id"], one["name"], next((name for name, is_so in states.items() if is_so), "away")]


def _sentence(budget: dict[str, Any]) -> str:
    per = f" for each {budget['per']}" if budget["per"] else ""
    period = _PERIODS.get(budget["period"], f"a {budget['period']}")
    does = "refuses calls at" if budget["action"] == "block" else "tells of"
    off = "" if budget["enabled"] else "; disabled"
    return f"{does} {budget['limit_usd']} USD {period}{per}, {budget['timezone']}{off}"


def _text(value: Any) -> str:
    match value:
        case None | [] | {}:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(str(each) for each in value)
        case dict():
            return "; ".join(f"{name}={','.join(each)}" for name, each in value.items())
        case _:
            return str(value)
