"""`weighbridge limit`: limits on calls and tokens a minute."""

from typing import Annotated, Any

import typer

from weighbridge.cli.budget_options import pairs
from weighbridge.cli.budget_tables import scope_text
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
from weighbridge.cli.output import print_done, print_json, print_rows
from weighbridge.errors import UsageError

app = command_app("Rate limits: calls and tokens a minute.")
_PATH = "/api/v1/rate-limits"
_LIMITS = Named(_PATH, "rate_limits", "rate limit", "limit")
_COLUMNS = ("id", "name", "requests", "tokens", "scope", "per", "state")
_LEFT = ("limit", "value", "requests", "requests left", "tokens", "tokens left")
Limit = Annotated[str, typer.Argument(metavar="ID", help="lim_…, or a name that only one has.")]


@app.command("set")
def set_(  # noqa: PLR0913, PLR0917 - each is a flag
    limit: Annotated[
        str | None, typer.Argument(metavar="ID", help="The one to change: lim_…, or its name.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="N", help="For people.")] = None,
    requests: Annotated[
        int | None, typer.Option("--requests", metavar="N", help="Calls a minute; 0 = any number.")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option("--tokens", metavar="N", help="Tokens a minute; 0 = any number.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="DIM=V,...", help="Which calls count; repeatable."),
    ] = None,
    per: Annotated[
        str | None, typer.Option("--per", metavar="DIM", help="One of this size for each value.")
    ] = None,
    enable: Annotated[
        bool | None, typer.Option("--enable/--disable", help="In force, or kept for later.")
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Make a rate limit, or change the one of that ID or name; what is not given stays.

    An empty value takes away: --scope '' counts every call, --per '' is one for all.
    """
    if limit is None and name is None:
        raise UsageError("no limit was named; give --name for a new one, or the ID of another")
    wanted: dict[str, Any] = {"name": name, "enabled": enable}
    wanted = {field: value for field, value in wanted.items() if value is not None}
    rates = {"requests_per_minute": requests, "tokens_per_minute": tokens}
    wanted |= {field: value or None for field, value in rates.items() if value is not None}
    wanted |= {"per": per or None} if per is not None else {}
    wanted |= {"scope": pairs("--scope", scope)} if scope is not None else {}
    with connect(configuration(data, config).settings, makes=limit is None) as client:
        made, done = _LIMITS.put(client, wanted, limit)
    print_done(made, f"{done} {made['id']} ({made['name']}): {_sentence(made)}.", as_json=as_json)


add_list(
    app,
    "List rate limits, newest first.",
    _PATH,
    columns=_COLUMNS,
    rows=lambda document: [_row(one) for one in document["rate_limits"]],
)


@app.command()
def remove(limit: Limit, as_json: AsJson = False, data: Data = None, config: Config = None) -> None:
    """Take a rate limit away for good."""
    with connect(configuration(data, config).settings) as client:
        former = client.delete(f"{_PATH}/{_LIMITS.get(client, limit)['id']}")
    print_done(former, f"Removed {former['id']} ({former['name']}).", as_json=as_json)


@app.command()
def status(
    limit: Annotated[
        str | None, typer.Argument(metavar="ID", help="lim_…, or its name; else all.")
    ] = None,
    form: Format = ListFormat.TABLE,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Show how many calls and tokens are left at once."""
    with connect(configuration(data, config).settings) as client:
        if limit is None:
            document = client.get(f"{_PATH}/status")
        else:
            document = client.get(f"{_PATH}/{_LIMITS.get(client, limit)['id']}/status")
    if as_json or form is ListFormat.JSON:
        print_json(document)
        return
    statuses = document["statuses"] if limit is None else [document]
    rows = [
        {
            "limit": one["name"],
            "value": bucket["value"] or "-",
            "requests": _count(one["requests_per_minute"]),
            "requests left": _count(bucket["requests_left"]),
            "tokens": _count(one["tokens_per_minute"]),
            "tokens left": _count(bucket["tokens_left"]),
        }
        for one in statuses
        for bucket in (one["buckets"] or [_full(one)])
    ]
    print_rows(_LEFT, rows, as_csv=form is ListFormat.CSV)


def _full(one: dict[str, Any]) -> dict[str, Any]:
    """A split limit that nobody uses now: each value's bucket is full."""
    requests, tokens = one["requests_per_minute"], one["tokens_per_minute"]
    return {"value": "(each)", "requests_left": requests, "tokens_left": tokens}


def _sentence(limit: dict[str, Any]) -> str:
    rates = (("calls", limit["requests_per_minute"]), ("tokens", limit["tokens_per_minute"]))
    told = " and ".join(f"{rate:,} {what}" for what, rate in rates if rate is not None)
    per = f" for each {limit['per']}" if limit["per"] else ""
    return f"{told} a minute{per}"


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _row(one: dict[str, Any]) -> dict[str, str]:
    return {
        "id": one["id"],
        "name": one["name"],
        "requests": _count(one["requests_per_minute"]),
        "tokens": _count(one["tokens_per_minute"]),
        "scope": scope_text(one["scope"]),
        "per": one["per"] or "-",
        "state": "in force" if one["enabled"] else "disabled",
    }
