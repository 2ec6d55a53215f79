"""`weighbridge token`: tracking tokens."""

import sys
from datetime import UTC, datetime
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
from weighbridge.cli.output import instant, print_done, print_json, text
from weighbridge.core.credential import Billing
from weighbridge.errors import UsageError

app = command_app("Tracking tokens: who a call is for.")
_COLUMNS = (
    "id",
    "name",
    "department",
    "project",
    "agent",
    "labels",
    "rules",
    "billing",
    "expires",
    "state",
    "last_used",
)
Department = Annotated[
    str | None, typer.Option("--department", metavar="D", help="Default department.")
]
Project = Annotated[str | None, typer.Option("--project", metavar="P", help="Default project.")]
Agent = Annotated[str | None, typer.Option("--agent", metavar="A", help="Default agent.")]
Label = Annotated[
    list[str] | None, typer.Option("--label", metavar="K=V", help="Default label; may be repeated.")
]
Require = Annotated[
    list[str] | None,
    typer.Option("--require", metavar="DIM", help="Its calls must carry this dimension."),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="DIM=V,...",
        help="The only values of a dimension that its calls may have.",
    ),
]
Pin = Annotated[
    list[str] | None,
    typer.Option("--pin", metavar="DIM", help="No header beats the token's own value of this."),
]
BillingOf = Annotated[
    Billing | None,
    typer.Option("--billing", help="free: its Google key is unpaid, calls are booked at cost 0."),
]


@app.command()
def create(  # noqa: PLR0913, PLR0917 - each is a flag
    name: Annotated[str, typer.Option("--name", metavar="N", help="For people.")],
    department: Department = None,
    project: Project = None,
    agent: Agent = None,
    label: Label = None,
    require: Require = None,
    allow: Allow = None,
    pin: Pin = None,
    billing: BillingOf = None,
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
        "required": require or [],
        "allowed": _allowed(allow or []),
        "pinned": pin or [],
        "billing": (billing or Billing.PAID).value,
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


@app.command()
def update(  # noqa: PLR0913, PLR0917 - each is a flag
    token_id: Annotated[str, typer.Argument(metavar="ID", help="tok_…")],
    name: Annotated[str | None, typer.Option("--name", metavar="N", help="For people.")] = None,
    department: Department = None,
    project: Project = None,
    agent: Agent = None,
    label: Label = None,
    require: Require = None,
    allow: Allow = None,
    pin: Pin = None,
    billing: BillingOf = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="D", help="30d, 12h, an ISO date, or never.")
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Change a tracking token; what is not given stays, and so does its secret.

    An empty value takes away: --department '' the default, --label '' all labels, --allow '' all
    lists. Labels and rules that are given stand in place of those before.
    """
    wanted: dict[str, Any] = {"name": name, "billing": billing and billing.value}
    changes = {field: value for field, value in wanted.items() if value is not None}
    defaults = {"department": department, "project": project, "agent": agent}
    changes |= {field: value or None for field, value in defaults.items() if value is not None}
    rules = {"required": require, "pinned": pin}
    changes |= {field: _given(values) for field, values in rules.items() if values is not None}
    if label is not None:
        changes["labels"] = _labels(_given(label))
    if allow is not None:
        changes["allowed"] = _allowed(_given(allow))
    if expires is not None:
        changes["expires"] = None if expires == "never" else expires
    if not changes:
        raise UsageError("nothing to change was given; name at least one option, see --help")
    with connect(configuration(data, config).settings) as client:
        token = client.patch(f"/api/v1/tokens/{token_id}", changes)
    print_done(
        token, f"Changed {token['id']} ({token['name']}): {', '.join(changes)}.", as_json=as_json
    )


add_list(
    app,
    "List tracking tokens, newest first.",
    "/api/v1/tokens",
    columns=_COLUMNS,
    rows=lambda document: [_row(one) for one in document["tokens"]],
)


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
    print_done(token, f"Revoked {token['id']} ({token['name']}).", as_json=as_json)


def _labels(given: list[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or key in labels:
            problem = "is given twice" if equals else "has no '='"
            raise UsageError(f"--label {each!r} {problem}; write --label key=value, each key once")
        labels[key] = value
    return labels


def _allowed(given: list[str]) -> dict[str, list[str]]:
    """Lists of values by dimension; a dimension that is repeated gathers them."""
    allowed: dict[str, list[str]] = {}
    for each in given:
        dimension, equals, values = each.partition("=")
        named = [value.strip() for value in values.split(",") if value.strip()]
        if not equals or not named:
            raise UsageError(f"--allow {each!r} names no value; write --allow department=a,b")
        allowed.setdefault(dimension, []).extend(named)
    return allowed


def _given(values: list[str]) -> list[str]:
    """What stands in a repeated option; an empty one says that there shall be none."""
    return [value for value in values if value]


def _row(token: dict[str, Any]) -> dict[str, str]:
    row = {name: text(token.get(name)) for name in _COLUMNS}
    row["rules"] = _rules(token)
    row["expires"] = instant(token["expires_at"])
    row["last_used"] = instant(token["last_used_at"])
    row["state"] = _state(token)
    return row


def _state(token: dict[str, Any]) -> str:
    if token["revoked_at"]:
        return "revoked"
    ends = token["expires_at"]
    over = ends is not None and datetime.fromisoformat(ends) < datetime.now(UTC)
    return "expired" if over else "in force"


def _rules(token: dict[str, Any]) -> str:
    """A token's own rules in the form of the options that made them."""
    rules = [f"require {name}" for name in token["required"]]
    rules += [f"allow {name}={','.join(values)}" for name, values in token["allowed"].items()]
    rules += [f"pin {name}" for name in token["pinned"]]
    return "; ".join(rules) or "-"
