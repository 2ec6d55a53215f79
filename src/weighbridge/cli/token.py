"""`weighbridge token`: tracking tokens."""

import sys
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
from weighbridge.cli.output import instant, print_json, print_rows, text
from weighbridge.errors import UsageError

app = command_app("Tracking tokens: who a call is for.")
_COLUMNS = (
    "id",
    "name",
    "department",
    "project",
    "agent",
    "labels",
    "expires",
    "state",
    "last_used",
)


@app.command()
def create(  # noqa: PLR0913, PLR0917 - each is a flag
    name: Annotated[str, typer.Option("--name", metavar="N", help="For people.")],
    department: Annotated[
        str | None, typer.Option("--department", metavar="D", help="Default department.")
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", metavar="P", help="Default project.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="A", help="Default agent.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="K=V", help="Default label.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="D", help="30d, 12h, or an ISO date.")
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Make a tracking token; its secret is shown once."""
    wanted = {
        "name": name,
        "department": department,
        "project": project,
        "agent": agent,
        "labels": _labels(label or []),
        "expires": expires,
    }
    with connect(configuration(data, config).settings, makes=True) as client:
        token = client.post("/api/v1/tokens", wanted)
    if as_json:
        print_json(token)
        return
    sys.stdout.write(f"{token['token']}\n")
    sys.stderr.write(
        f"Made {token['id']} ({name}). Send the token as X-Weighbridge-Key; "
        "it is not shown again.\n"
    )


@app.command("list")
def show(
    form: Format = ListFormat.TABLE,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """List tracking tokens, newest first."""
    with connect(configuration(data, config).settings) as client:
        document = client.get("/api/v1/tokens")
    if as_json or form is ListFormat.JSON:
        print_json(document)
        return
    rows = [_row(token) for token in document["tokens"]]
    print_rows(_COLUMNS, rows, as_csv=form is ListFormat.CSV)


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="tok_…")],
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Take a tracking token out of force for good."""
    with connect(configuration(data, config).settings) as client:
        token = client.delete(f"/api/v1/tokens/{token_id}")
    if as_json:
        print_json(token)
    else:
        sys.stderr.write(f"Revoked {token['id']} ({token['name']}).\n")


def _labels(given: list[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or key in labels:
            problem = "is given twice" if equals else "has no '='"
            raise UsageError(f"--label {each!r} {problem}; write --label key=value, each key once")
        labels[key] = value
    return labels


def _row(token: dict[str, Any]) -> dict[str, str]:
    row = {name: text(token.get(name)) for name in _COLUMNS}
    row["expires"] = instant(token["expires_at"])
    row["last_used"] = instant(token["last_used_at"])
    row["state"] = "revoked" if token["revoked_at"] else "in force"
    return row
