"""The running gateway: whether it answers on its socket and its port, and what it says.

Asks only this machine: `admin.sock` in the data folder, and the configured or given address.
"""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from weighbridge.cli.checks.finding import Finding, Level, origin_of
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, never bound


def gateway_url(settings: Settings) -> str | None:
    """Where the configured gateway is to be found from this machine; None for a free port."""
    listen = settings.gateway.listen
    if not listen.port:
        return None
    host = _ANYWHERE.get(listen.host, listen.host)
    scheme = "http" if settings.gateway.tls_cert is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{listen.port}"


def serves(folder: DataFolder, timeout_s: float) -> bool | None:
    """Whether a gateway serves the folder; None where its socket is there and nobody answers."""
    if not folder.admin_socket.exists():
        return False
    try:
        with socket.socket(socket.AF_UNIX) as probe:  # httpx forgets a socket that is refused
            probe.settimeout(timeout_s)
            probe.connect(str(folder.admin_socket))
        return _ask_socket(folder.admin_socket, "/healthz", timeout_s).is_success or None
    except (OSError, httpx.HTTPError):
        return None


def running_findings(
    folder: DataFolder, running: bool | None, timeout_s: float
) -> Iterator[Finding]:
    """Findings of the control process of a folder. Takes: what `serves` found."""
    if running:
        yield Finding("gateway.running", Level.OK, "the gateway runs", str(folder.root))
        yield _ready(folder.admin_socket, timeout_s)
        yield from _alerts(folder.admin_socket, timeout_s)
    elif running is None:
        advice = "see its log; if no `weighbridge serve` runs here, the socket is a remnant"
        seen = str(folder.admin_socket)
        yield Finding("gateway.running", Level.FAILURE, "the gateway does not answer", seen, advice)
    else:
        what = "no gateway serves this data folder now"
        yield Finding("gateway.running", Level.NOTE, what, str(folder.root))


def _ready(path: Path, timeout_s: float) -> Finding:
    check = "gateway.ready"
    try:
        answer = _ask_socket(path, "/readyz", timeout_s)
        problems = [str(one) for one in answer.json()["problems"]]
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        what = "the control process does not say whether it is ready"
        return Finding(check, Level.FAILURE, what, type(error).__name__, "see its log")
    if problems:
        seen, advice = "; ".join(problems), "see its log"
        return Finding(check, Level.FAILURE, "the gateway is not ready", seen, advice)
    return Finding(check, Level.OK, "workers are there and rows reach the ledger")


def _alerts(path: Path, timeout_s: float) -> Iterator[Finding]:
    """What the gateway itself warns of, such as a label key with too many values."""
    try:
        alerts = [
            Finding(f"alert.{one['kind']}", Level.WARNING, str(one["message"]))
            for one in _ask_socket(path, "/api/v1/alerts", timeout_s).json()["alerts"]
        ]
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        yield Finding("alert", Level.NOTE, "alerts cannot be read", type(error).__name__)
        return
    yield from alerts or [Finding("alert", Level.OK, "no alert stands")]


def port_finding(url: str, certificate: Path | None, timeout_s: float) -> Finding:
    """Whether the gateway takes calls at an address. Takes: its own certificate, to be trusted."""
    check, seen = "gateway.port", origin_of(url)
    try:
        answer = httpx.get(
            f"{url.rstrip('/')}/-/readyz",
            timeout=timeout_s,
            trust_env=False,
            verify=_trusting(certificate) if certificate else True,
        )
    except httpx.HTTPError as error:
        advice = "is that where it listens? See gateway.listen, or give --gateway"
        seen = f"{seen}: {type(error).__name__}"
        return Finding(check, Level.FAILURE, "the gateway's port does not answer", seen, advice)
    except ssl.SSLError:
        return Finding(
            check, Level.FAILURE, "gateway.tls_cert cannot be read", seen, "give a PEM file"
        )
    if answer.status_code == 200:
        return Finding(check, Level.OK, "the gateway takes calls", seen)
    what = "starting or draining" if answer.status_code == 503 else "something else answers there"
    return Finding(
        check,
        Level.FAILURE,
        what,
        f"{seen}: {answer.status_code}",
        "try again, or see gateway.listen",
    )


def _trusting(certificate: Path) -> ssl.SSLContext:
    """Trusts the gateway's own certificate, whatever name it was made for: this asks locally."""
    context = ssl.create_default_context(cafile=str(certificate))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def _ask_socket(file: Path, path: str, timeout_s: float) -> Any:
    transport = httpx.HTTPTransport(uds=str(file))
    with httpx.Client(transport=transport, timeout=timeout_s) as client:
        return client.get(f"http://weighbridge{path}")
