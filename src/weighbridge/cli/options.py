"""Options that several commands share, and how they become a configuration."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from weighbridge.config import Configuration, load_from_process
from weighbridge.errors import ConfigurationError, Problem

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", envvar="WEIGHBRIDGE_DATA", help="Data folder.", show_default=False
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="F",
        envvar="WEIGHBRIDGE_CONFIG",
        help="Configuration file (TOML).",
        show_default=False,
    ),
]
Listen = Annotated[
    str | None, typer.Option("--listen", metavar="H:P", help="Address of the gateway.")
]
AdminListen = Annotated[
    str | None, typer.Option("--admin-listen", metavar="H:P", help="Address of the admin API.")
]
Workers = Annotated[
    str | None, typer.Option("--workers", metavar="N|auto", help="Gateway processes.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


class ListFormat(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


Format = Annotated[ListFormat, typer.Option("--format", help="How to print it.")]


def command_app(summary: str | None = None) -> typer.Typer:
    """The Typer app of one command, or of a group where it has a summary; plain help."""
    return typer.Typer(
        help=summary,
        no_args_is_help=summary is not None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def serving_flags(
    listen: str | None, admin_listen: str | None, workers: str | None
) -> dict[str, tuple[str, Any]]:
    """What says where and how to serve, as flags for `configuration`."""
    return {
        "gateway.listen": ("--listen", listen),
        "admin.listen": ("--admin-listen", admin_listen),
        "gateway.workers": ("--workers", workers),
    }


def configuration(
    data: Path | None,
    config: Path | None,
    flags: Mapping[str, tuple[str, Any]] | None = None,
    problems: Sequence[Problem] = (),
) -> Configuration:
    """The configuration of a command.

    Takes: the shared options, and settings given by flags of the command's own (dotted name →
    flag and value; None = not given), problems that were found with them already.
    Errors: `ConfigurationError` with every problem.
    """
    given = {name: flag for name, flag in (flags or {}).items() if flag[1] is not None}
    if data is not None:
        given["data"] = ("--data", data)
    try:
        found = load_from_process(config, given)
    except ConfigurationError as error:
        raise ConfigurationError([*problems, *error.problems]) from None
    if problems:
        raise ConfigurationError(list(problems))
    return found
