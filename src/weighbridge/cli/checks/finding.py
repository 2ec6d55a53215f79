"""One finding of `weighbridge doctor`: what was looked at, what was seen, what to do.

Rules for future edits: `check` is stable (scripts read it); no value may hold a key, a token, a
password or a path of a URL, which may hold any of them; what is not ok says what to do.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit


class Level(StrEnum):
    """How a finding stands; only a failure fails the command."""

    OK = "ok"
    NOTE = "note"  # worth knowing, nothing wrong
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's answer."""

    check: str
    level: Level
    what: str
    seen: str | None = None
    advice: str | None = None


def document(findings: Iterable[Finding]) -> dict[str, Any]:
    """All findings for scripts, with their counts."""
    found = list(findings)
    count = {level: sum(one.level is level for one in found) for level in Level}
    return {
        "ok": not count[Level.FAILURE],
        "failures": count[Level.FAILURE],
        "warnings": count[Level.WARNING],
        "findings": [asdict(one) for one in found],
    }


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL: what may be shown of one.

    Example: `http://me:secret@proxy:3128/x` gives `http://proxy:3128`; no URL gives `(no URL)`.
    """
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return "(no URL)"
    if not host:
        return "(no URL)"
    shown = f"[{host}]" if ":" in host else host
    scheme = f"{parts.scheme}://" if parts.scheme else ""
    return f"{scheme}{shown}{f':{port}' if port else ''}"


def size(count: int) -> str:
    """Bytes for people.

    Example: 999 gives `999 B`, 1_500_000 gives `1.5 MB`.
    """
    amount, unit = count, "B"
    tenths = 0
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        tenths = amount % 1000 // 100
        amount, unit = amount // 1000, larger
    return f"{amount} B" if unit == "B" else f"{amount}.{tenths} {unit}"
