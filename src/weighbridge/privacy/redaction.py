"""What a log line may hold: codes, counts and names from a closed list; never content.

Hides the rules that make a leak impossible rather than unlikely: a field that is not on the
list loses its value, a value of a type that could carry a body loses it too, text that looks
like a credential or a query string is cut out, and long text is cut short. Rules for future
edits: add a field to `FIELDS` only if no client or upstream can choose its text freely.
Counterpart: `log` puts this into the logging pipeline.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

FIELDS: Final = frozenset(
    {
        "address",
        "admin",
        "age_days",
        "attempt",
        "bytes",
        "channel_id",
        "child",
        "code",
        "count",
        "delay_s",
        "duration_ms",
        "error",
        "exception",
        "exchange_id",
        "fields",
        "file",
        "folder",
        "gateway",
        "key_id",
        "level",
        "limit",
        "logger",
        "node",
        "nodes",
        "outcome",
        "pending_bytes",
        "pid",
        "policy_version",
        "port",
        "provider",
        "reason",
        "rejected",
        "role",
        "rows",
        "segment",
        "segments",
        "signal",
        "status",
        "timestamp",
        "token_id",
        "upstream",
        "version",
        "where",
        "worker",
        "workers",
    }
)
WITHHELD: Final = "[withheld]"
REDACTED: Final = "[redacted]"
LONGEST: Final = 200

# Google API keys, OAuth access tokens and ephemeral tokens, our own secrets, other providers'
# keys, JSON web tokens, anything after an authorization scheme, and credential parameters.
_CREDENTIAL: Final = re.compile(
    r"""AIza[0-9A-Za-z_-]+
    | ya29\.[0-9A-Za-z_.-]+
    | auth_tokens/[^\s&"']+
    | (?:trk|wb[kls])_[0-9A-Za-z]+
    | \bsk-[0-9A-Za-z_-]{8,}
    | \beyJ[0-9A-Za-z_-]{8,}[0-9A-Za-z_.-]*
    | (?i:\b(?:bearer|basic|token)\s+[0-9a-z_.~+/=-]{6,})
    | (?i:\b[a-z_-]*(?:key|token|secret|password)["']?\s*[=:]\s*["']?[^\s&"',;]+)
    """,
    re.VERBOSE,
)
_QUERY_STRING: Final = re.compile(r"\?[^\s\"'<>]*=[^\s\"'<>]*")


def clean_text(text: str) -> str:
    """Text without credentials and query strings, cut to `LONGEST` characters.

    Example: `"GET /v1/models?key=AIzaSy…"` gives `"GET /v1/models?[redacted]"`.
    """
    # Cut first: a pattern must not run over a body, and what is cut away cannot leak. A
    # credential that the cut halves still matches, as every pattern takes a prefix.
    short = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return _CREDENTIAL.sub(REDACTED, _QUERY_STRING.sub(f"?{REDACTED}", short))


def clean_value(value: object) -> Any:
    """A field's value as it may be written: numbers, truth values, short clean text, lists."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [clean_value(item) for item in list(value)[:20]]
    if isinstance(value, BaseException):
        return describe(value)
    if hasattr(value, "__fspath__"):
        return clean_text(str(value))
    return WITHHELD


def clean_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """A whole log event: its message and the fields of the closed list."""
    cleaned: dict[str, Any] = {}
    for name, value in event.items():
        if name == "event":
            cleaned[name] = clean_text(value) if isinstance(value, str) else WITHHELD
        elif name in FIELDS:
            cleaned[name] = clean_value(value)
        elif name.isidentifier() and len(name) <= 40:
            cleaned[name] = WITHHELD
    return cleaned


def describe(error: BaseException) -> str:
    """An exception as its type and the places in code it passed, innermost last.

    Gives: never its message or arguments, which may quote what a client or upstream sent.
    Example: `"KeyError at ledger/loader.py:81 < ledger/loader.py:40"`.
    """
    places = []
    trace = error.__traceback__
    while trace is not None:
        file = "/".join(trace.tb_frame.f_code.co_filename.split("/")[-2:])
        places.append(f"{file}:{trace.tb_lineno}")
        trace = trace.tb_next
    kind = type(error).__name__
    if not places:
        return kind
    return f"{kind} at {' < '.join(reversed(places[-4:]))}"
