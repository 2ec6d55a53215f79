"""Keys in the environment and a tracking token: what their form and our records say. Pure.

Nothing of a secret is ever part of a finding: not its length where that differs, not an end.
"""

import re
from collections.abc import Mapping
from typing import Final

from weighbridge.attribution.identity import expired
from weighbridge.cli.checks.finding import Finding, Level
from weighbridge.core.clock import InstantFormatter
from weighbridge.core.credential import TrackingToken
from weighbridge.core.ids import ADMIN_KEY_PREFIX, SECRET_LENGTH, TRACKING_TOKEN_PREFIX

# In the order in which Google's SDKs take them.
GOOGLE_KEY_VARIABLES: Final = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
_GOOGLE_KEY: Final = re.compile(r"AIza[0-9A-Za-z_-]{35}")
_AUTH_KEY: Final = re.compile(r"AQ\.[0-9A-Za-z_.-]{20,}")
_SECRET: Final = re.compile(rf"{TRACKING_TOKEN_PREFIX}[0-9A-Za-z]{{{SECRET_LENGTH}}}")
_CHECK: Final = "google_key.form"


def google_key(environment: Mapping[str, str]) -> tuple[str, str] | None:
    """The variable and the key that Google's SDKs would use, or None where there is none."""
    for name in GOOGLE_KEY_VARIABLES:
        if environment.get(name):
            return name, environment[name]
    return None


def google_key_findings(environment: Mapping[str, str]) -> list[Finding]:
    """What the form of the Google key in the environment says."""
    given = google_key(environment)
    if given is None:
        return [
            Finding(
                _CHECK,
                Level.WARNING,
                "no Google key is in the environment",
                f"neither {' nor '.join(GOOGLE_KEY_VARIABLES)}",
                "set GOOGLE_API_KEY for this command",
            )
        ]
    name, key = given
    found = [_form(name, key)]
    if len({environment[name] for name in GOOGLE_KEY_VARIABLES if environment.get(name)}) > 1:
        found.append(
            Finding(
                "google_key.variables",
                Level.WARNING,
                "two different Google keys are in the environment",
                f"{' and '.join(GOOGLE_KEY_VARIABLES)}; SDKs take the first",
                "unset one",
            )
        )
    return found


def sendable(key: str) -> bool:
    """Whether a key has the form of an API key, so that sending it tells something."""
    return bool(_GOOGLE_KEY.fullmatch(key) or _AUTH_KEY.fullmatch(key))


def _form(name: str, key: str) -> Finding:
    if _GOOGLE_KEY.fullmatch(key):
        return Finding(_CHECK, Level.OK, "the form is that of a Google API key", name)
    if _AUTH_KEY.fullmatch(key):
        return Finding(_CHECK, Level.OK, "the form is that of a Google auth key", name)
    if key.startswith("ya29."):
        return Finding(
            _CHECK,
            Level.WARNING,
            "an OAuth access token stands where an API key belongs; it lasts an hour",
            name,
            "send it as `Authorization: Bearer`, which SDKs do for Vertex AI on their own",
        )
    if key.startswith(TRACKING_TOKEN_PREFIX):
        return Finding(
            _CHECK,
            Level.FAILURE,
            "a tracking token stands where the Google key belongs; were the two swapped?",
            name,
            "put the Google key here, and send the token as X-Weighbridge-Key",
        )
    if key.startswith(ADMIN_KEY_PREFIX):
        what = "an admin key of this gateway stands where the Google key belongs"
        return Finding(_CHECK, Level.FAILURE, what, name, "put the Google key here")
    if _GOOGLE_KEY.fullmatch(key.strip().strip("\"'")):
        what = "quotes or blanks stand around the Google key, and are sent with it"
        return Finding(_CHECK, Level.FAILURE, what, name, "take them away")
    what = "too short or too long for a Google key" if key.startswith("AIza") else "no known form"
    advice = "a key begins with AIza and has 39 characters; copy it again from Google"
    return Finding(_CHECK, Level.FAILURE, what, name, advice)


def token_form_finding(token: str) -> Finding | None:
    """What is wrong with a tracking token's form, or None where it may be looked up."""
    if _SECRET.fullmatch(token):
        return None
    if _GOOGLE_KEY.fullmatch(token):
        what = "a Google key stands where the tracking token belongs; were the two swapped?"
    elif token.startswith(ADMIN_KEY_PREFIX):
        what = "an admin key stands where the tracking token belongs"
    elif token.startswith(TRACKING_TOKEN_PREFIX):
        what = "the tracking token was not copied whole"
    else:
        what = "this is no tracking token"
    advice = f"one is {TRACKING_TOKEN_PREFIX} and {SECRET_LENGTH} letters and digits"
    return Finding("token", Level.FAILURE, what, None, advice)


def token_finding(token: TrackingToken | None, now_us: int) -> Finding:
    """Whether a tracking token is in force; names it by its id, never by itself."""
    if token is None:
        advice = "see `weighbridge token list` for those that are, or make one; is --data right?"
        return Finding("token", Level.FAILURE, "the tracking token is not known here", None, advice)
    name = f"{token.id} ({token.name})"
    instant = InstantFormatter()
    if token.revoked_at_us is not None:
        seen = f"{name}, {instant(token.revoked_at_us)}"
        what = "the tracking token was revoked"
        return Finding("token", Level.FAILURE, what, seen, "make a new one")
    if token.expires_at_us is not None and expired(token.expires_at_us, now_us):
        seen = f"{name}, {instant(token.expires_at_us)}"
        advice = f"`weighbridge token update {token.id} --expires 30d`, or make a new one"
        return Finding("token", Level.FAILURE, "the tracking token has expired", seen, advice)
    seen = f"{name}, billing {token.billing}"
    if token.expires_at_us is not None:
        seen += f", until {instant(token.expires_at_us)}"
    return Finding("token", Level.OK, "the tracking token is in force", seen)
