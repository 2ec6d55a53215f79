"""The session cookie, and the token that a page must repeat to change anything with it.

A cookie is sent by the browser whoever wrote the page, so a request that a cookie authorises
and that is no plain reading also carries the session's CSRF token, in `X-CSRF-Token` or in a
form's `csrf_token`; pages of other sites can neither read nor guess it. It is derived from the
session's secret, so nothing is stored and it ends with the session.
Rules for future edits: HttpOnly always, Secure wherever people come by TLS, SameSite=Lax (Strict
would show a sign-in page to everyone who follows a link from a chat or from the OIDC provider).
"""

import hashlib
import hmac
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

SESSION_COOKIE: Final = "weighbridge_session"
FORM_COOKIE: Final = "weighbridge_form"
CSRF_HEADER: Final = "x-csrf-token"
CSRF_FIELD: Final = "csrf_token"
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def csrf_token(secret: str) -> str:
    """The token that belongs to a cookie's secret."""
    return hmac.new(secret.encode("utf-8", "replace"), b"csrf", hashlib.sha256).hexdigest()


def csrf_fits(secret: str, given: str | None) -> bool:
    """Whether a request repeats the token of its cookie."""
    expected = csrf_token(secret).encode()
    return hmac.compare_digest(expected, (given or "").encode("utf-8", "replace"))


def is_secure(request: Request, public_url: str | None) -> bool:
    """Whether people reach this server by TLS, its own or a proxy's in front."""
    return urlsplit(public_url or "").scheme == "https" or request.url.scheme == "https"


def set_cookie(
    response: Response, name: str, value: str, *, secure: bool, max_age_s: int | None = None
) -> None:
    """Hand a browser one of our cookies."""
    response.set_cookie(
        name, value, max_age=max_age_s, path="/", secure=secure, httponly=True, samesite="lax"
    )


def drop_cookie(response: Response, name: str, *, secure: bool) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")
