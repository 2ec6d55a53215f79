"""What variables of the environment do to calls: proxies, authorities, base URLs. Pure.

The gateway itself reads none of the proxy variables; Google's SDKs read all of these. The
environment looked at is the one of the shell that asks, which need not be the service's.
"""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from weighbridge.cli.checks.finding import Finding, Level, origin_of

_PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_AUTHORITIES: Final = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip
BASE_URLS: Final = ("GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL")
_VERTEX: Final = "GOOGLE_GENAI_USE_VERTEXAI"
_TRUE: Final = frozenset({"1", "true"})


def environment_findings(
    environment: Mapping[str, str], gateway: str | None, exists: Callable[[str], bool]
) -> list[Finding]:
    """Findings of an environment.

    Takes: the gateway's origin where it is known, and whether a path is there.
    """
    return [
        *_proxies(environment, gateway),
        *_authorities(environment, exists),
        *_base_urls(environment, gateway),
        *_vertex(environment),
    ]


def _proxies(environment: Mapping[str, str], gateway: str | None) -> list[Finding]:
    given = {
        name: environment.get(name) or environment.get(name.lower())
        for name in _PROXIES
        if environment.get(name) or environment.get(name.lower())
    }
    if not given:
        return [Finding("environment.proxy", Level.OK, "no proxy is set")]
    seen = ", ".join(f"{name}={origin_of(str(value))}" for name, value in given.items())
    found = [
        Finding(
            "environment.proxy",
            Level.NOTE,
            "a proxy is set: the gateway does not use it and connects directly",
            seen,
            "where only the proxy leads out, let the gateway through the firewall",
        )
    ]
    host = urlsplit(gateway).hostname if gateway else None
    if host and not _bypassed(environment, host):
        found.append(
            Finding(
                "environment.no_proxy",
                Level.WARNING,
                "SDKs send calls for the gateway to that proxy",
                f"NO_PROXY does not name {host}",
                f"add {host} to NO_PROXY",
            )
        )
    return found


def _bypassed(environment: Mapping[str, str], host: str) -> bool:
    listed = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    entries = [one.strip().lower().partition(":")[0].lstrip(".") for one in listed.split(",")]
    return any(
        one in ("*", host.lower()) or (one and host.lower().endswith(f".{one}")) for one in entries
    )


def _authorities(environment: Mapping[str, str], exists: Callable[[str], bool]) -> list[Finding]:
    given = [name for name in _AUTHORITIES if environment.get(name)]
    missing = [name for name in given if not exists(environment[name])]
    if missing:
        return [
            Finding(
                "environment.authorities",
                Level.WARNING,
                "a file of certificates to trust is not there",
                ", ".join(missing),
                "correct or unset it: TLS fails for who reads it",
            )
        ]
    if not given:
        return [
            Finding("environment.authorities", Level.OK, "the system's authorities are trusted")
        ]
    what = "authorities of your own are trusted; the gateway heeds SSL_CERT_FILE and SSL_CERT_DIR"
    return [Finding("environment.authorities", Level.NOTE, what, ", ".join(given))]


def _base_urls(environment: Mapping[str, str], gateway: str | None) -> list[Finding]:
    found = []
    for name in BASE_URLS:
        check = f"environment.{name.lower()}"
        value = environment.get(name)
        if not value:
            what = f"{name} is not set: SDKs call Google unless the code gives a base URL"
            found.append(Finding(check, Level.NOTE, what))
        elif not urlsplit(value).scheme or not urlsplit(value).hostname:
            advice = "write http(s)://HOST[:PORT]"
            what = f"{name} is no URL"
            found.append(Finding(check, Level.FAILURE, what, origin_of(value), advice))
        elif gateway is None:
            what = f"{name} is set; where the gateway listens is not known"
            found.append(Finding(check, Level.NOTE, what, origin_of(value)))
        elif _same_place(value, gateway):
            what = f"{name} leads to this gateway"
            found.append(Finding(check, Level.OK, what, origin_of(value)))
        else:
            what = f"{name} leads elsewhere than to this gateway"
            advice = f"to have calls weighed here, set it to {gateway}"
            found.append(Finding(check, Level.WARNING, what, origin_of(value), advice))
    return found


def _same_place(url: str, gateway: str) -> bool:
    one, other = urlsplit(url), urlsplit(gateway)
    implied = {"http": 80, "https": 443}
    hosts = {"localhost": "127.0.0.1", "::1": "127.0.0.1"}
    places = [
        (hosts.get(each.hostname or "", each.hostname), each.port or implied.get(each.scheme))
        for each in (one, other)
    ]
    return places[0] == places[1]


def _vertex(environment: Mapping[str, str]) -> list[Finding]:
    """google-genai drops the path of a call where it has a base URL but no project."""
    if environment.get(_VERTEX, "").lower() not in _TRUE:
        return []
    wanted = ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION")
    missing = [name for name in wanted if not environment.get(name)]
    check = "environment.vertex"
    if not missing:
        return [Finding(check, Level.OK, "SDKs call Vertex AI, with project and location", _VERTEX)]
    return [
        Finding(
            check,
            Level.WARNING,
            "SDKs call Vertex AI; with a base URL but no project and location they drop the path",
            f"{', '.join(missing)} not set",
            "set both, or give them in the code",
        )
    ]
