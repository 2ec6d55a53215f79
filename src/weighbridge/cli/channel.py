"""`weighbridge channel`: where alerts go."""

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
from weighbridge.errors import ControlError, Problem, UsageError

app = command_app("Channels that alerts go through: Slack, mail, Teams, PagerDuty, webhooks.")
_COLUMNS = ("id", "name", "service", "takes", "quiet", "created", "state")
_SENT = "sent"

ChannelId = Annotated[str, typer.Argument(metavar="CHANNEL", help="chn_…, or its name.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="K", help="Only alerts of this kind; may be repeated."),
]
QuietHours = Annotated[
    str | None,
    typer.Option(
        "--quiet", metavar="HH:MM-HH:MM", help="Only critical alerts in these hours; `none` ends."
    ),
]
Timezone = Annotated[
    str, typer.Option("--timezone", metavar="Z", help="Whose clock the quiet hours follow.")
]


@app.command()
def add(  # noqa: PLR0913, PLR0917 - each is a flag
    name: Annotated[str, typer.Option("--name", metavar="N", help="For people and budgets.")],
    url: Annotated[
        str,
        typer.Option("--url", metavar="URL", help="As apprise writes it; `-` reads it from stdin."),
    ],
    kinds: Kinds = None,
    quiet: QuietHours = None,
    timezone: Timezone = "UTC",
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Add a channel; its URL is stored encrypted and never shown."""
    wanted = {
        "name": name,
        "url": _url(url),
        "kinds": list(kinds or ()),
        "quiet": _quiet(quiet, timezone),
    }
    with connect(configuration(data, config).settings, makes=True) as client:
        channel = client.post("/api/v1/channels", wanted)
    _say(channel, as_json, f"Added {channel['id']} ({name}, {channel['service']}). Try it with")


add_list(
    app,
    "List channels, newest first, without their URLs.",
    "/api/v1/channels",
    columns=_COLUMNS,
    rows=lambda document: [_row(one) for one in document["channels"]],
)


@app.command("set")
def change(  # noqa: PLR0913, PLR0917 - each is a flag
    channel_id: ChannelId,
    name: Annotated[str | None, typer.Option("--name", metavar="N", help="Another name.")] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="Another URL; `-` reads it from stdin."),
    ] = None,
    kinds: Kinds = None,
    quiet: QuietHours = None,
    timezone: Timezone = "UTC",
    enabled: Annotated[
        bool | None,
        typer.Option("--enabled/--disabled", help="Whether anything is sent.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Change a channel; what is not given stays."""
    given: dict[str, Any] = {
        "name": name,
        "url": None if url is None else _url(url),
        "kinds": None if kinds is None else [kind for kind in kinds if kind != "all"],
        "enabled": enabled,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    if quiet is not None:
        changes["quiet"] = _quiet(quiet, timezone)
    with connect(configuration(data, config).settings) as client:
        channel = client.patch(f"/api/v1/channels/{channel_id}", changes)
    _say(channel, as_json, f"Changed {channel['id']} ({channel['name']}). Try it with")


@app.command("test")
def try_out(
    channel_id: ChannelId, as_json: AsJson = False, data: Data = None, config: Config = None
) -> None:
    """Send a message through a channel now, and say how it went."""
    with connect(configuration(data, config).settings) as client:
        delivery = client.post(f"/api/v1/channels/{channel_id}/test", {})
    if as_json:
        print_json(delivery)
    if delivery["state"] != _SENT:
        raise ControlError(
            f"the channel {delivery['channel']} did not take the message ({delivery['reason']}); "
            "check its service and set its URL again with `weighbridge channel set`"
        )
    if not as_json:
        sys.stderr.write(f"Sent through {delivery['channel']}.\n")


@app.command()
def remove(
    channel_id: ChannelId, as_json: AsJson = False, data: Data = None, config: Config = None
) -> None:
    """Forget a channel and its URL for good."""
    with connect(configuration(data, config).settings) as client:
        channel = client.delete(f"/api/v1/channels/{channel_id}")
    print_done(channel, f"Removed {channel['id']} ({channel['name']}).", as_json=as_json)


def _say(channel: dict[str, Any], as_json: bool, done: str) -> None:
    print_done(channel, f"{done} `weighbridge channel test {channel['id']}`.", as_json=as_json)


def _url(given: str) -> str:
    return sys.stdin.readline().strip() if given == "-" else given


def _quiet(given: str | None, timezone: str) -> dict[str, str] | None:
    if given is None or given == "none":
        return None
    begins, dash, ends = given.partition("-")
    if not dash:
        problem = Problem("--quiet", "expected HH:MM-HH:MM, like 22:00-07:00", seen=repr(given))
        raise UsageError("the quiet hours cannot be read", problems=(problem,))
    return {"begins": begins.strip(), "ends": ends.strip(), "timezone": timezone}


def _hours(quiet: dict[str, str] | None) -> str:
    return "-" if quiet is None else f"{quiet['begins']}-{quiet['ends']} {quiet['timezone']}"


def _row(channel: dict[str, Any]) -> dict[str, str]:
    return {
        "id": channel["id"],
        "name": channel["name"],
        "service": channel["service"],
        "takes": " ".join(channel["kinds"]) or "all",
        "quiet": _hours(channel["quiet"]),
        "created": instant(channel["created_at"]),
        "state": "enabled" if channel["enabled"] else "disabled",
    }
