"""When a token shall end, as people write it: `30d`, `12h`, a date, an instant."""

import re
from datetime import UTC, datetime

from weighbridge.core.clock import to_unix_us
from weighbridge.errors import ClientError, Problem

_SPAN = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_expiry(text: str, now_us: int) -> int:
    """The instant, in microseconds since the epoch, that a text means.

    Takes: a span from now (`45s`, `90m`, `12h`, `30d`, `4w`), or an ISO 8601 date or
    instant; without a zone it is UTC, and a date means its first instant.
    Errors: `ClientError` where it is neither.
    """
    span = _SPAN.fullmatch(text.strip())
    if span:
        return now_us + int(span[1]) * _SECONDS[span[2]] * 1_000_000
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        message = f"expected a span (30d, 12h) or an ISO 8601 date or instant, got {text[:40]!r}"
        raise ClientError(message, problems=(Problem("expires", message),)) from None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return to_unix_us(instant)
