"""One try of an upstream, step by step: name, connection, TLS, one harmless answer.

Hides sockets. Every step has the same bound, so a try takes at most four times that, also where
the resolver hangs. Nothing of a body is kept but whether it has the form of Google's API, and a
reason's code. Counterpart: `upstreams` says what a `Reached` means.
"""

import contextlib
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

from weighbridge.core.outcome import keep_word

_LONGEST_BODY: Final = 256 * 1024
_IMPLIED_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an upstream's certificate says; `ends` is in seconds since the epoch."""

    names: tuple[str, ...]
    issuer: str
    ends: float


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a try came.

    `failed_at` is `dns`, `tcp`, `tls` or `http`, None where it came through; `error` says why in
    the system's words. Instants are seconds since the epoch.
    """

    url: str
    failed_at: str | None = None
    error: str = ""
    addresses: tuple[str, ...] = ()
    tls_version: str = ""
    certificate: Certificate | None = None
    status: int = 0
    is_google: bool = False
    reason: str | None = None
    their_clock: float | None = None
    our_clock: float = 0.0
    took_ms: int = 0


class _StepError(Exception):
    """A step did not come through."""

    def __init__(self, step: str, error: str) -> None:
        super().__init__(step)
        self.step = step
        self.error = error


def reach(
    url: str, path: str, context: ssl.SSLContext, timeout_s: float, headers: dict[str, str]
) -> Reached:
    """Try an origin with one GET.

    Takes: `http(s)://HOST[:PORT]`, the bound of each step in seconds, headers to send along.
    """
    parts = urlsplit(url)
    assert parts.hostname is not None
    port = parts.port or _IMPLIED_PORTS[parts.scheme]
    began = time.monotonic()
    reached = Reached(url)
    with contextlib.ExitStack() as opened:
        try:
            addresses = _resolve(parts.hostname, port, timeout_s)
            reached = replace(reached, addresses=tuple(dict.fromkeys(a[4][0] for a in addresses)))
            sock = opened.enter_context(_connect(addresses, timeout_s))
            if parts.scheme == "https":
                sock = opened.enter_context(_secure(sock, context, parts.hostname))
                reached = replace(
                    reached, tls_version=sock.version() or "", certificate=_certificate(sock)
                )
            reached = _ask(reached, sock, path, {"Host": parts.netloc, **headers})
        except _StepError as failure:
            reached = replace(reached, failed_at=failure.step, error=failure.error)
    return replace(reached, took_ms=round((time.monotonic() - began) * 1000))


def _resolve(host: str, port: int, timeout_s: float) -> list[Any]:
    """Addresses of a name; in a thread, for the system's resolver knows no bound."""
    answers: list[Any] = []
    errors: list[str] = []

    def ask() -> None:
        try:
            answers.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            errors.append(_words(error))

    thread = threading.Thread(target=ask, name="resolver", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if answers:
        return answers
    raise _StepError("dns", errors[0] if errors else f"no answer within {timeout_s:g} s")


def _connect(addresses: list[Any], timeout_s: float) -> socket.socket:
    """A connection to the first address that takes one, within one bound for all."""
    give_up_at = time.monotonic() + timeout_s
    error = "no address"
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        left = give_up_at - time.monotonic()
        if left <= 0:
            break
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(left / (len(addresses) - number))
        try:
            sock.connect(address)
        except OSError as failure:
            error = _words(failure)
            sock.close()
            continue
        sock.settimeout(timeout_s)
        return sock
    raise _StepError("tcp", error)


def _secure(sock: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(sock, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise _StepError("tls", error.verify_message.lower()) from None
    except OSError as error:
        raise _StepError("tls", _words(error)) from None


def _certificate(sock: ssl.SSLSocket) -> Certificate | None:
    given: Any = sock.getpeercert()
    if not given:
        return None
    issuer = {name: value for part in given.get("issuer", ()) for name, value in part}
    return Certificate(
        names=tuple(value for _, value in given.get("subjectAltName", ())),
        issuer=issuer.get("organizationName") or issuer.get("commonName") or "unnamed",
        ends=ssl.cert_time_to_seconds(given["notAfter"]),
    )


def _ask(reached: Reached, sock: socket.socket, path: str, headers: dict[str, str]) -> Reached:
    connection = HTTPConnection(headers["Host"])
    connection.sock = sock
    before = time.time()
    try:
        connection.request("GET", path, headers={**headers, "Connection": "close"})
        answer = connection.getresponse()
        now = (before + time.time()) / 2
        body = answer.read(_LONGEST_BODY)
    except (OSError, HTTPException) as error:
        raise _StepError("http", _words(error)) from None
    is_google, reason = _form_of(body)
    return replace(
        reached,
        status=answer.status,
        is_google=is_google,
        reason=reason,
        their_clock=_instant(answer.getheader("Date")),
        our_clock=now,
    )


def _form_of(body: bytes) -> tuple[bool, str | None]:
    """Whether a body has the form of Google's APIs, and the code of its error's reason."""
    try:
        document = json.loads(body)
        if isinstance(document, list) and document:
            document = document[0]
        if not isinstance(document, dict):
            return False, None
        if "models" in document or str(document.get("kind", "")).startswith("discovery#"):
            return True, None
        error = document["error"]
        reasons = [one["reason"] for one in error.get("details", ()) if "reason" in one]
        return isinstance(error["code"], int), keep_word((reasons or [error["status"]])[0])
    except (ValueError, LookupError, TypeError, AttributeError):
        # A long document is cut; the beginning of Google's discovery tells it.
        return b'"discovery#restDescription"' in body, None


def _instant(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None


def _words(error: Exception) -> str:
    """An error in the system's words, or by its kind; never with what was sent."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    said = getattr(error, "strerror", None) or getattr(error, "reason", None)
    return str(said).lower() if said else type(error).__name__
