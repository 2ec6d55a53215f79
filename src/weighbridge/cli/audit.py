"""`weighbridge audit`: who changed what, and when."""

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
from weighbridge.cli.output import instant, print_json, print_rows
from weighbridge.core.clock import from_unix_us

app = command_app()
_COLUMNS = ("at", "who", "action", "subject", "change")
_INSTANT = "_at_us"


@app.command()
def audit(  # noqa: PLR0913, PLR0917 - each is a flag
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="ID", help="Only changes of this.")
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--by", metavar="WHO", help="Only changes by this name or id.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000)] = 50,
    form: Format = ListFormat.TABLE,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print the latest changes of settings and the sign-ins, newest first."""
    only = {"subject": subject, "actor": actor}
    asked: dict[str, Any] = {"limit": limit} | {name: one for name, one in only.items() if one}
    with connect(configuration(data, config).settings) as client:
        document = client.get("/api/v1/audit", asked)
    if as_json or form is ListFormat.JSON:
        print_json(document)
        return
    rows = [
        {
            "at": instant(entry["at"]),
            "who": entry["actor_name"],
            "action": entry["action"],
            "subject": entry["subject"],
            "change": _change(entry["before"], entry["after"]),
        }
        for entry in document["entries"]
    ]
    print_rows(_COLUMNS, rows, as_csv=form is ListFormat.CSV)


def _change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    if before is None or after is None:
        given = {name: value for name, value in (before or after or {}).items() if value}
        return " ".join(f"{_name(name)}={_text(name, value)}" for name, value in given.items())
    return " ".join(
        f"{_name(name)}={_text(name, value)}→{_text(name, after.get(name))}"
        for name, value in before.items()
    )


def _name(name: str) -> str:
    return name.removesuffix(_INSTANT)


def _text(name: str, value: Any) -> str:
    """A value as the options of commands take it; `-` is none."""
    if value is None or value in ([], {}):
        return "-"
    if name.endswith(_INSTANT):
        return from_unix_us(value).isoformat(" ", "seconds").removesuffix("+00:00")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(str(each) for each in value)
    if isinstance(value, dict):
        return ";".join(f"{key}={_text('', each)}" for key, each in value.items())
    return str(value)
