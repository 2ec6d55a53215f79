"""`weighbridge key`: admin API keys."""

import sys
from typing import Annotated, Any

import typer

from weighbridge.cli.client import connect
from weighbridge.cli.lists import add_list
from weighbridge.cli.options import (
    AsJson,
    Config,
    Data,
    command_app,
    configuration,
)
from weighbridge.cli.output import instant, print_done, print_json
from weighbridge.core.credential import Role

app = command_app("Admin API keys: who may read and change.")
_COLUMNS = ("id", "name", "role", "hint", "created", "state")


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", metavar="N", help="For people.")],
    role: Annotated[Role, typer.Option("--role", help="viewer reads, editor makes tokens.")],
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Make an admin API key; its secret is shown once."""
    with connect(configuration(data, config).settings, makes=True) as client:
        key = client.post("/api/v1/keys", {"name": name, "role": role.value})
    if as_json:
        print_json(key)
        return
    sys.stdout.write(f"{key['key']}\n")
    sys.stderr.write(
        f"Made {key['id']} ({name}, {role.value}). Send the key as `Authorization: Bearer`; "
        "it is not shown again.\n"
    )


add_list(
    app,
    "List admin API keys, newest first.",
    "/api/v1/keys",
    columns=_COLUMNS,
    rows=lambda document: [_row(one) for one in document["keys"]],
)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="key_…")],
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Take an admin API key out of force for good."""
    with connect(configuration(data, config).settings) as client:
        key = client.delete(f"/api/v1/keys/{key_id}")
    print_done(key, f"Revoked {key['id']} ({key['name']}).", as_json=as_json)


def _row(key: dict[str, Any]) -> dict[str, str]:
    return {
        "id": key["id"],
        "name": key["name"],
        "role": key["role"],
        "hint": f"…{key['hint']}",
        "created": instant(key["created_at"]),
        "state": "revoked" if key["revoked_at"] else "in force",
    }
