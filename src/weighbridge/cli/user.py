"""`weighbridge user`: people who sign in to the dashboard."""

import sys
from typing import Annotated, Any

import typer

from weighbridge.cli.client import Client, connect
from weighbridge.cli.lists import add_list
from weighbridge.cli.options import (
    AsJson,
    Config,
    Data,
    command_app,
    configuration,
)
from weighbridge.cli.output import instant, print_json
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder
from weighbridge.core.credential import Role

app = command_app("People: who signs in, with which role, seeing what.")
_COLUMNS = ("id", "name", "role", "sees", "signed in", "state")
UserId = Annotated[str, typer.Argument(metavar="ID", help="usr_…")]


@app.command()
def create(  # noqa: PLR0913, PLR0917 - each is a flag
    name: Annotated[str, typer.Option("--name", metavar="N", help="What they sign in by.")],
    role: Annotated[Role, typer.Option("--role", help="What they may do.")] = Role.VIEWER,
    email: Annotated[str | None, typer.Option("--email", metavar="A", help="For people.")] = None,
    department: Annotated[
        list[str] | None,
        typer.Option("--department", metavar="D", help="A viewer sees this one; repeatable."),
    ] = None,
    project: Annotated[
        list[str] | None,
        typer.Option("--project", metavar="P", help="A viewer sees this one; repeatable."),
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Add a person; prints the link by which they choose a password, once."""
    settings = configuration(data, config).settings
    bound = {"department": department or [], "project": project or []}
    wanted = {
        "name": name,
        "role": role.value,
        "email": email,
        "scope": {dimension: values for dimension, values in bound.items() if values},
    }
    with connect(settings, makes=True) as client:
        user = client.post("/api/v1/users", wanted)
        link = _absolute(user["one_time"], settings, client)
    if as_json:
        print_json(user)
        return
    sys.stdout.write(f"{link}\n")
    sys.stderr.write(
        f"Added {user['id']} ({name}, {role.value}). Hand them the link: it works once, until "
        f"{instant(user['one_time']['expires_at'])}.\n"
    )


add_list(
    app,
    "List people, newest first.",
    "/api/v1/users",
    columns=_COLUMNS,
    rows=lambda document: [_row(one) for one in document["users"]],
)


@app.command()
def disable(
    user_id: UserId, as_json: AsJson = False, data: Data = None, config: Config = None
) -> None:
    """End a person's sessions and links, and let them sign in no more."""
    _switch(user_id, configuration(data, config).settings, disabled=True, as_json=as_json)


@app.command()
def enable(
    user_id: UserId, as_json: AsJson = False, data: Data = None, config: Config = None
) -> None:
    """Let a person sign in again."""
    _switch(user_id, configuration(data, config).settings, disabled=False, as_json=as_json)


@app.command("reset-link")
def reset_link(
    user_id: UserId, as_json: AsJson = False, data: Data = None, config: Config = None
) -> None:
    """Print a link by which a person chooses a new password, once."""
    settings = configuration(data, config).settings
    with connect(settings) as client:
        link = client.post(f"/api/v1/users/{user_id}/link", {})
        text = _absolute(link, settings, client)
    if as_json:
        print_json(link)
        return
    sys.stdout.write(f"{text}\n")
    sys.stderr.write(f"It works once, until {instant(link['expires_at'])}.\n")


def _absolute(link: dict[str, Any], settings: Settings, client: Client) -> str:
    """A one-time link with the origin that it is for: where the gateway that runs listens."""
    text = str(link["link"])
    if not text.startswith("/"):
        return text
    told = DataFolder(settings.data).told_admin() if client.live else None
    return (told or f"http://{settings.admin.listen}") + text


def _switch(user_id: str, settings: Settings, *, disabled: bool, as_json: bool) -> None:
    with connect(settings) as client:
        user = client.patch(f"/api/v1/users/{user_id}", {"disabled": disabled})
    if as_json:
        print_json(user)
    else:
        done = "Disabled" if disabled else "Enabled"
        sys.stderr.write(f"{done} {user['id']} ({user['name']}).\n")


def _sees(scope: dict[str, list[str]]) -> str:
    bound = [f"{name}={value}" for name, values in scope.items() for value in values]
    return " ".join(bound) or "everything"


def _row(user: dict[str, Any]) -> dict[str, str]:
    return {
        "id": user["id"],
        "name": user["name"],
        "role": user["role"],
        "sees": _sees(user["scope"]),
        "signed in": instant(user["signed_in_at"]) if user["signed_in_at"] else "never",
        "state": "disabled" if user["disabled_at"] else "in force",
    }
