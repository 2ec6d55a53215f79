"""What a try of an upstream means. Pure: the try and the clock are arguments.

Counterpart: `probe` makes the try, `doctor` prints the findings.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from weighbridge.cli.checks.finding import Finding, Level
from weighbridge.cli.checks.probe import Certificate, Reached

DAY_S: Final = 86_400
SOON_DAYS: Final = 14
# Google refuses signed requests whose clock is five minutes off; budgets are off well before.
SKEW_NOTICED_S: Final = 10
SKEW_HARMFUL_S: Final = 300
_STEPS: Final = ("dns", "tcp", "tls", "http")
_DONE: Final = {"dns": "the name resolves", "tcp": "connections are taken"}
_FAILED: Final = {
    "dns": "the name does not resolve",
    "tcp": "no connection comes about",
    "tls": "TLS fails, so no call can pass",
    "http": "the connection gives no HTTP answer",
}
_MEND: Final = {
    "dns": "check this machine's DNS and way to the internet, and gateway.upstreams.{name}",
    "tcp": "let the gateway out through the firewall: it connects directly and uses no proxy of "
    "the environment; or set gateway.upstreams.{name}",
    "tls": "where a proxy opens TLS, give its authority in gateway.upstream_ca_file; else check "
    "gateway.upstreams.{name} and this machine's clock",
    "http": "check gateway.upstreams.{name}: something else listens there, or a firewall cuts in",
}
_WRONG_PLACE: Final = (
    "check gateway.upstreams.{name}: a proxy, a login page or another service answers there"
)


def upstream_findings(
    name: str, reached: Reached, now: float, *, with_key: bool
) -> Iterator[Finding]:
    """Findings of one upstream.

    Takes: seconds since the epoch, and whether a Google key was sent along.
    """
    for step in _STEPS:
        check = f"upstream.{name}.{step}"
        if step == reached.failed_at:
            seen = f"{reached.url}: {reached.error}"
            yield Finding(check, Level.FAILURE, _FAILED[step], seen, _MEND[step].format(name=name))
            return
        if step == "dns":
            yield Finding(check, Level.OK, _DONE[step], ", ".join(reached.addresses[:4]))
        elif step == "tcp":
            yield Finding(check, Level.OK, _DONE[step], reached.url)
        elif step == "tls":
            yield _tls(check, reached, now)
        else:
            yield _http(check, name, reached, with_key=with_key)


def clock_finding(tries: list[Reached]) -> Finding | None:
    """How far this machine's clock is from the upstreams', or None where no one told the time.

    A listener of this machine has the same clock, or, as a simulator, whichever it likes.
    """
    skews = [
        one.our_clock - one.their_clock
        for one in tries
        if one.their_clock is not None and one.is_google and not _is_here(one.url)
    ]
    if not skews:
        return None
    skew = min(skews, key=abs)
    # `Date` has whole seconds, cut off.
    seconds = max(0, round(abs(skew)) - 1)
    seen = f"{seconds} s {'ahead' if skew > 0 else 'behind'}" if seconds else "within a second"
    if seconds < SKEW_NOTICED_S:
        return Finding("clock", Level.OK, "this machine's clock is right", seen)
    level = Level.FAILURE if seconds >= SKEW_HARMFUL_S else Level.WARNING
    return Finding(
        "clock",
        level,
        "this machine's clock is wrong: rows, budgets and expiries go by it",
        seen,
        "let it be set from the network (NTP)",
    )


def _tls(check: str, reached: Reached, now: float) -> Finding:
    if not reached.tls_version:
        if _is_here(reached.url):
            return Finding(check, Level.NOTE, "not used, on this machine", reached.url)
        return Finding(
            check,
            Level.WARNING,
            "not used: keys and prompts travel in the clear",
            reached.url,
            "give an https:// origin",
        )
    certificate = reached.certificate
    if certificate is None:
        return Finding(check, Level.OK, "the certificate is trusted", reached.tls_version)
    return certificate_finding(check, certificate, now, reached.tls_version)


def certificate_finding(check: str, certificate: Certificate, now: float, with_: str) -> Finding:
    """Whose certificate it is and how long it lasts."""
    days = int((certificate.ends - now) // DAY_S)
    names = ", ".join(certificate.names[:3]) or "no name"
    more = f" and {len(certificate.names) - 3} more" if len(certificate.names) > 3 else ""
    seen = f"{with_}, {names}{more}, issued by {certificate.issuer}, {days} days left"
    if days >= SOON_DAYS:
        return Finding(check, Level.OK, "the certificate is trusted", seen)
    # Authorities of machines make certificates for days; only who renews them can tell.
    return Finding(
        check, Level.WARNING, "the certificate ends soon", seen, "see that it is renewed in time"
    )


def _http(check: str, name: str, reached: Reached, *, with_key: bool) -> Finding:
    status = reached.status
    reason = f" {reached.reason}" if reached.reason else ""
    seen = f"{status}{reason}"
    if not reached.is_google:
        what = _STRANGE.get(status, "an answer that is none of Google's API")
        return Finding(check, Level.FAILURE, what, seen, _WRONG_PLACE.format(name=name))
    if status == 200:
        said = "Google accepts the key" if with_key else "the API answers"
        return Finding(check, Level.OK, said, seen)
    if with_key and status in (400, 401, 403):
        return Finding(check, Level.FAILURE, _REFUSED_KEY[status], seen, _KEY_ADVICE[status])
    if status in (401, 403):
        return Finding(check, Level.OK, "the API answers, and asks for a key as it should", seen)
    if status == 404:
        return Finding(
            check,
            Level.WARNING,
            "a Google API answers, but it does not know this surface's paths",
            seen,
            f"check that gateway.upstreams.{name} is the right host",
        )
    if status == 429:
        return Finding(
            check, Level.WARNING, "the API answers that a quota is used up", seen, "wait, or ask "
            "Google for more",
        )  # fmt: skip
    return Finding(
        check, Level.WARNING, "the API is there, but fails", seen, "see Google's status page"
    )


_STRANGE: Final = {
    301: "a redirection instead of the API",
    302: "a redirection instead of the API: a login page?",
    307: "a redirection instead of the API: a login page?",
    403: "a refusal that is none of Google's API: a firewall?",
    407: "a proxy asks for a password",
    502: "a proxy answers that it cannot reach the API",
    503: "a proxy answers that it cannot reach the API",
}
_REFUSED_KEY: Final = {
    400: "Google does not know the key",
    401: "Google does not accept the key",
    403: "Google knows the key, but it may not do this",
}
_KEY_ADVICE: Final = {
    400: "make a new one at aistudio.google.com, and check that it was copied whole",
    401: "an OAuth token has expired, or the key was deleted; make a new one",
    403: "let the key's restrictions pass the Generative Language API and this machine's address, "
    "and enable that API in its project",
}


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
