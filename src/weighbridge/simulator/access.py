"""Who may call: any key passes but one, none at all does not.

Covers every form that Google takes: `?key=`, `x-goog-api-key`, bearer, `?access_token=`.
"""

from weighbridge.simulator.messages import Request
from weighbridge.simulator.problems import INVALID_KEY, MISSING_KEY, MISSING_LOGIN, Problem
from weighbridge.simulator.targets import Call

BAD_KEY = "AIzaSyTEST-bad"


def credential(request: Request, call: Call) -> str | None:
    """The key or token that the caller sent, whichever way."""
    if header := request.header(b"x-goog-api-key"):
        return header.decode("latin-1")
    for name in ("key", "access_token", "oauth_token"):
        if value := call.query.get(name):
            return value
    header = request.header(b"authorization") or b""
    scheme, _, value = header.decode("latin-1").partition(" ")
    return value.strip() if scheme.lower() in {"bearer", "token"} and value.strip() else None


def refusal(request: Request, call: Call) -> Problem | None:
    """What is wrong with the caller's credentials, if anything.

    The second step of an upload needs none: its upload id stands for it.
    """
    if call.kind == "discovery" or (call.kind == "upload" and "upload_id" in call.query):
        return None
    given = credential(request, call)
    if given == BAD_KEY:
        return INVALID_KEY
    if given is None:
        return MISSING_LOGIN if call.vertex else MISSING_KEY
    return None
