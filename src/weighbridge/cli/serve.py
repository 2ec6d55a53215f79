"""`weighbridge serve`: run the gateway."""

import sys
from typing import Annotated, Any

import typer

from weighbridge.cli.first_link import print_first_link
from weighbridge.cli.options import (
    AdminListen,
    Config,
    Data,
    Listen,
    Workers,
    command_app,
    configuration,
    serving_flags,
)
from weighbridge.compose.serve import Addresses, serve
from weighbridge.errors import Problem
from weighbridge.privacy import log

app = command_app()


@app.command()
def run(  # noqa: PLR0913, PLR0917 - each is a flag
    config: Config = None,
    data: Data = None,
    listen: Listen = None,
    admin_listen: AdminListen = None,
    workers: Workers = None,
    upstream: Annotated[
        list[str] | None,
        typer.Option(
            "--upstream", metavar="NAME=URL", help="Origin of an upstream (gemini, vertex)."
        ),
    ] = None,
    tls_cert: Annotated[
        str | None, typer.Option("--tls-cert", metavar="F", help="Certificate chain, PEM.")
    ] = None,
    tls_key: Annotated[
        str | None, typer.Option("--tls-key", metavar="F", help="Private key, PEM.")
    ] = None,
) -> None:
    """Run the gateway until SIGTERM, then drain.

    Prints one line when all is listening: ready gateway=http://H:P admin=http://H:P
    """
    upstreams, problems = upstream_flags(upstream or [])
    flags: dict[str, tuple[str, Any]] = {
        **serving_flags(listen, admin_listen, workers),
        "gateway.tls_cert": ("--tls-cert", tls_cert),
        "gateway.tls_key": ("--tls-key", tls_key),
        **upstreams,
    }
    settings = configuration(data, config, flags, problems).settings
    log.configure(settings.log.level, settings.log.format)

    def on_ready(addresses: Addresses) -> None:
        print_ready(addresses)
        print_first_link(settings, addresses)

    serve(settings, on_ready)


def upstream_flags(given: list[str]) -> tuple[dict[str, tuple[str, Any]], list[Problem]]:
    """`NAME=URL` flags as settings, and what is wrong with those that are none."""
    flags: dict[str, tuple[str, Any]] = {}
    problems = []
    for each in given:
        name, equals, url = each.partition("=")
        if equals:
            flags[f"gateway.upstreams.{name}"] = ("--upstream", url)
        else:
            problems.append(Problem("--upstream", "expected NAME=URL", repr(each)))
    return flags, problems


def print_ready(addresses: Addresses) -> None:
    """The one line on stdout."""
    sys.stdout.write(f"ready gateway={addresses.gateway} admin={addresses.admin}\n")
    sys.stdout.flush()
