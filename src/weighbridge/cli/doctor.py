"""`weighbridge doctor`: what keeps calls from passing, being weighed or being priced.

Hides the order of the checks and how their findings are printed; each kind of check is a module
in `cli/checks`. Everything has a bound, and nothing is sent anywhere but a GET without a key.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer
from rich.console import Console

from weighbridge.cli.checks import keys
from weighbridge.cli.checks.environment import environment_findings
from weighbridge.cli.checks.finding import Finding, Level, document, origin_of
from weighbridge.cli.checks.folder import folder_findings
from weighbridge.cli.checks.probe import reach
from weighbridge.cli.checks.running import gateway_url, port_finding, running_findings, serves
from weighbridge.cli.checks.upstreams import clock_finding, upstream_findings
from weighbridge.cli.options import AsJson, Config, Data, command_app, configuration
from weighbridge.cli.output import plain, print_json, print_table
from weighbridge.config import Settings, process_environment
from weighbridge.control.folder import DataFolder
from weighbridge.errors import ConfigurationError, UsageError, WeighbridgeError
from weighbridge.providers.gemini import HOST as GEMINI_HOST
from weighbridge.providers.vertex import GLOBAL_HOST as VERTEX_HOST

app = command_app()
# Read-only methods that Google answers without a key: with 403, and with the description.
_PATHS: Final = {"gemini": "/v1beta/models?pageSize=1", "vertex": "/$discovery/rest?version=v1"}
_HOSTS: Final = {"gemini": GEMINI_HOST, "vertex": VERTEX_HOST}
_COLUMNS: Final = ("", "check", "finding")
_MARKS: Final = {
    Level.OK: "ok",
    Level.NOTE: "note",
    Level.WARNING: "WARNING",
    Level.FAILURE: "FAILURE",
}


@app.command()
def run(  # noqa: PLR0913, PLR0917 - each is a flag
    token: Annotated[
        str | None,
        typer.Option(
            "--token", metavar="trk_…", envvar="WEIGHBRIDGE_TOKEN", help="Look a token up, too."
        ),
    ] = None,
    google_key_form: Annotated[
        bool,
        typer.Option(
            "--google-key-form",
            help="Look at the form of GOOGLE_API_KEY or GEMINI_API_KEY; it is not sent.",
        ),
    ] = False,
    send_key: Annotated[
        bool, typer.Option("--send-key", help="Ask Google whether that key is accepted.")
    ] = False,
    gateway: Annotated[
        str | None,
        typer.Option("--gateway", metavar="URL", help="Where the gateway is reached by clients."),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not try the upstreams.")] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, max=60, help="Seconds that a step may take.")
    ] = 5.0,
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> int:
    """Find what keeps calls from passing, being weighed or being priced.

    Tries both upstreams without a key, the running gateway, the data folder, the price data and
    the environment. Exit status 1 where anything fails; no key and no token is ever printed.
    """
    if send_key and offline:
        raise UsageError("--send-key asks Google, --offline asks nobody; give one of them")
    settings = configuration(data, config).settings
    url = _checked(gateway) if gateway else None
    environment = process_environment()
    findings: list[Finding] = []
    with _progress(quiet=as_json) as step:
        folder = DataFolder(settings.data)
        step("the running gateway")
        running = serves(folder, timeout)
        url = url or (folder.told_address() if running else None) or gateway_url(settings)
        findings += running_findings(folder, running, timeout)
        if url is not None and (running or gateway):
            findings.append(port_finding(url, settings.gateway.tls_cert, timeout))
        step("the data folder")
        findings += folder_findings(folder, running=bool(running))
        findings.append(_prices(settings))
        if token is not None:
            findings.append(_token(folder, token))
        findings += environment_findings(environment, url, lambda path: Path(path).exists())
        if google_key_form or send_key:
            findings += keys.google_key_findings(environment)
        if offline:
            findings.append(Finding("upstream", Level.NOTE, "not tried (--offline)"))
        else:
            step("the upstreams")
            key = keys.google_key(environment) if send_key else None
            findings += _upstreams(settings, key[1] if key else None, timeout)
    _print(findings, as_json=as_json)
    return int(any(one.level is Level.FAILURE for one in findings))


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--gateway is no address, got {origin_of(url)!r}; write http://HOST:PORT")
    return origin_of(url)


def _upstreams(settings: Settings, key: str | None, timeout_s: float) -> Iterable[Finding]:
    try:
        context = import_module("weighbridge.compose.tls").upstream_context(settings)
    except ConfigurationError as error:
        yield Finding("upstream.tls", Level.FAILURE, error.message)
        return
    sent = key if key is not None and keys.sendable(key) else None
    sent_to = {"gemini": sent, "vertex": None}  # an API key of the one opens nothing at the other
    origins = {name: f"https://{host}" for name, host in _HOSTS.items()}
    origins |= {str(name): url for name, url in settings.gateway.upstreams.items()}
    with ThreadPoolExecutor(len(sent_to)) as threads:
        tries = [
            threads.submit(reach, origins[name], _PATHS[name], context, timeout_s, _headers(given))
            for name, given in sent_to.items()
        ]
        reached = [one.result() for one in tries]
    now = time.time()
    for (name, given), one in zip(sent_to.items(), reached, strict=True):
        yield from upstream_findings(name, one, now, with_key=given is not None)
    clock = clock_finding(reached)
    if clock is not None:
        yield clock


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    return headers if key is None else {**headers, "x-goog-api-key": key}


def _prices(settings: Settings) -> Finding:
    check = "prices"
    try:
        book = import_module("weighbridge.compose.prices").price_book(settings)
    except WeighbridgeError as error:
        advice = "mend the file, or take pricing.overrides out"
        return Finding(check, Level.FAILURE, "the price book cannot be made", error.message, advice)
    age: timedelta = book.age(datetime.now(UTC))
    seen = f"checked {book.as_of}, {age.days} days ago"
    if age.days <= settings.pricing.max_age_days:
        return Finding(check, Level.OK, "the price data is recent", seen)
    advice = "upgrade the package genai-prices, then `weighbridge models update`"
    return Finding(check, Level.WARNING, "the price data is old", seen, advice)


def _token(folder: DataFolder, token: str) -> Finding:
    malformed = keys.token_form_finding(token)
    if malformed is not None:
        return malformed
    databases = import_module("weighbridge.control.database")
    if not (folder.root / databases.FILE_NAME).exists():
        return keys.token_finding(None, 0)
    try:
        database = databases.Database.open(folder.root)
    except WeighbridgeError as error:
        return Finding("token", Level.FAILURE, "the token cannot be looked up", error.message)
    try:
        found = import_module("weighbridge.control.tokens").TokenService(database).find(token)
    finally:
        database.close()
    return keys.token_finding(found, time.time_ns() // 1000)


def _print(findings: list[Finding], *, as_json: bool) -> None:
    found = document(findings)
    if as_json:
        print_json(found)
        return
    print_table(
        _COLUMNS,
        [
            [_MARKS[one.level], one.check, f"{one.what} ({one.seen})" if one.seen else one.what]
            for one in findings
        ],
    )
    for one in findings:
        if one.advice is not None:
            sys.stdout.write(f"\n{one.check}: {plain(one.advice)}")
    sys.stdout.write("\n" if any(one.advice for one in findings) else "")
    sys.stdout.write(
        f"\n{len(findings)} checks, {found['failures']} failures, {found['warnings']} warnings\n"
    )


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Says on a terminal what is being looked at."""
    console = Console(stderr=True, quiet=quiet or not sys.stderr.isatty())
    with console.status("Looking around") as status:

        def say(what: str) -> None:
            status.update(f"Looking at {what}")

        yield say
