"""The first administrator's link, printed when a gateway serves whom nobody can administer yet.

It goes to stderr after the `ready` line, in the log's form but not through the log, which takes
secrets out. Each start makes a new one, which ends the one before: it is printed once, works
once, ends after a day, and is worth nothing as soon as somebody is there.
"""

import sys
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from weighbridge.compose.serve import Addresses
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder

_TIMEOUT_S = 10.0
_TEXT = "nobody can sign in yet; this link makes the first administrator, once, within a day"


def print_first_link(settings: Settings, addresses: Addresses) -> None:
    """Print the link where there is neither a person nor an admin key; else nothing."""
    url = first_link(settings, addresses)
    if url is None:
        return
    is_json = settings.log.format == "json" or (
        settings.log.format == "auto" and not sys.stderr.isatty()
    )
    if is_json:
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        line = {"event": _TEXT, "level": "info", "link": url, "timestamp": at}
        sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
    else:
        sys.stderr.write(f"weighbridge: {_TEXT}:\n  {url}\n")
    sys.stderr.flush()


def first_link(settings: Settings, addresses: Addresses) -> str | None:
    """The link where there is neither a person nor an admin key; it ends the one before."""
    link = _ask(DataFolder(settings.data))
    if link is None:
        return None
    url: str = link["link"]
    return url if "://" in url else addresses.admin + url


def _ask(folder: DataFolder) -> dict[str, Any] | None:
    """The link; None where there is none to give, or where the next start shall print it."""
    transport = httpx.HTTPTransport(uds=str(folder.admin_socket))
    try:
        with httpx.Client(transport=transport, timeout=_TIMEOUT_S) as client:
            answer = client.post("http://weighbridge/api/v1/setup-link")
    except httpx.HTTPError:
        return None
    return answer.json() if answer.status_code == 201 else None
