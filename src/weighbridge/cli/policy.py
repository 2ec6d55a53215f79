"""`weighbridge policy`: what calls must say, changed while the gateway runs."""

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
from weighbridge.cli.output import instant, print_json, print_rows
from weighbridge.config import layers, show
from weighbridge.config.policy import POLICY_SETTINGS
from weighbridge.errors import UsageError

app = command_app("What calls must say, changed while the gateway runs.")
_COLUMNS = ("name", "value", "origin", "changed")
_PATH = "/api/v1/policy"


@app.command("show")
def show_policy(
    form: Format = ListFormat.TABLE,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print every setting of the policy, and whether configuration or policy set it."""
    with connect(configuration(data, config).settings) as client:
        document = client.get(_PATH)
    _print(document, as_json=as_json, form=form)


@app.command("set")
def set_policy(
    pairs: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUE...", help="Lists as JSON or with commas."),
    ],
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Change settings, in force at once: `policy set attribution.required=department,agent`."""
    wanted = dict(_pair(text) for text in pairs)
    with connect(configuration(data, config).settings, makes=True) as client:
        document = client.patch(_PATH, wanted)
    _done(document, list(wanted), as_json=as_json)


@app.command("unset")
def unset_policy(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Settings' names.")],
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Take away what the policy set, so that the default holds again."""
    wanted = {_known(name): None for name in names}
    with connect(configuration(data, config).settings) as client:
        document = client.patch(_PATH, wanted)
    _done(document, list(wanted), as_json=as_json)


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"expected NAME=VALUE, got {text[:60]!r}")
    # Written as in the environment: the same words mean the same.
    given = layers.from_environment({show.variable(_known(name.strip())): value.strip()})
    return name.strip(), given[0].value


def _known(name: str) -> str:
    if name not in POLICY_SETTINGS:
        raise UsageError(
            f"{name[:60]!r} is no setting of the policy; it has {', '.join(POLICY_SETTINGS)}"
        )
    return name


def _done(document: dict[str, Any], names: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    for setting in document["settings"]:
        if setting["name"] in names:
            sys.stderr.write(f"{setting['name']} = {show.text(setting['value'])}\n")


def _print(document: dict[str, Any], *, as_json: bool, form: ListFormat) -> None:
    if as_json or form is ListFormat.JSON:
        print_json(document)
        return
    rows = [
        {
            "name": setting["name"],
            "value": show.text(setting["value"]),
            "origin": setting["origin"],
            "changed": instant(setting["changed_at"]),
        }
        for setting in document["settings"]
    ]
    print_rows(_COLUMNS, rows, as_csv=form is ListFormat.CSV)
