"""`weighbridge price`: negotiated rates, over those of the price book."""

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
from weighbridge.cli.output import print_json, text
from weighbridge.errors import UsageError

app = command_app("Negotiated rates, over those of the price book.")
_COLUMNS = ("id", "models", "surface", "tier", "since", "until", "rates", "source")
_PATH = "/api/v1/price-overrides"


@app.command()
def add(  # noqa: PLR0913, PLR0917 - each is a flag
    model: Annotated[
        list[str], typer.Option("--model", metavar="M", help="Its name; may be repeated.")
    ],
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Where the rates stand.")],
    rate: Annotated[
        list[str] | None,
        typer.Option("--rate", metavar="UNIT=USD", help="Per unit's quote; may be repeated."),
    ] = None,
    free: Annotated[bool, typer.Option("--free", help="They cost nothing.")] = False,
    above: Annotated[
        int | None, typer.Option("--above", metavar="TOKENS", help="A prompt size.")
    ] = None,
    rate_above: Annotated[
        list[str] | None,
        typer.Option("--rate-above", metavar="UNIT=USD", help="Beyond that prompt size."),
    ] = None,
    surface: Annotated[
        str | None, typer.Option("--surface", metavar="S", help="gemini or vertex; else both.")
    ] = None,
    tier: Annotated[
        str, typer.Option("--tier", metavar="T", help="standard, flex, priority or batch.")
    ] = "standard",
    since: Annotated[
        str | None, typer.Option("--since", metavar="DAY", help="First day, UTC; else always.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="First day after it, UTC.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would change.")
    ] = False,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Put own rates in force for calls that end from now on, and print what changes."""
    wanted = {
        "models": model,
        "surface": surface,
        "tier": tier,
        "since": since,
        "until": until,
        "rates": _rates(rate),
        "above_tokens": above,
        "rates_above": _rates(rate_above),
        "free": free,
        "source": source,
    }
    path = f"{_PATH}/preview" if dry_run else _PATH
    with connect(configuration(data, config).settings, makes=not dry_run) as client:
        document = client.post(path, wanted)
    if as_json:
        print_json(document)
        return
    _print_changes(document["changes"])
    sys.stderr.write("Nothing was stored.\n" if dry_run else f"Made {document['id']}.\n")


add_list(
    app,
    "Print own rates, the earliest made first; the later beats the earlier.",
    _PATH,
    columns=_COLUMNS,
    rows=lambda document: [_row(one) for one in document["price_overrides"]],
)


@app.command()
def remove(
    override_id: Annotated[str, typer.Argument(metavar="ID", help="prc_…, see `price list`.")],
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Take own rates back, and print what changes; rows that are booked keep their cost."""
    with connect(configuration(data, config).settings) as client:
        document = client.delete(f"{_PATH}/{override_id}")
    if as_json:
        print_json(document)
        return
    _print_changes(document["changes"])
    sys.stderr.write(f"Removed {document['id']}.\n")


def _rates(pairs: list[str] | None) -> dict[str, str]:
    rates = {}
    for pair in pairs or ():
        unit, equals, usd = pair.partition("=")
        if not equals:
            raise UsageError(f"expected UNIT=USD such as input_text_token=0.21, got {pair[:60]!r}")
        rates[unit.strip()] = usd.strip()
    return rates


def _print_changes(changes: list[dict[str, Any]]) -> None:
    for change in changes:
        since, before, after = (change[name] for name in ("since", "before", "after"))
        line = f"{since or 'always'} {change['price']}: {before or 'none'} -> {after or 'none'}"
        sys.stdout.write(f"{line}\n")
    if not changes:
        sys.stderr.write("No price changes: these rates hold already, or others beat them.\n")


def _shown(one: dict[str, Any], name: str) -> str:
    if name == "models":
        return ",".join(one["models"])
    if name == "rates" and one["free"]:
        return "free"
    if name == "rates" and one["above_tokens"]:
        return f"{text(one['rates'])} above {one['above_tokens']:,}: {text(one['rates_above'])}"
    return text(one[name])


def _row(override: dict[str, Any]) -> dict[str, str]:
    return {name: _shown(override, name) for name in _COLUMNS}
