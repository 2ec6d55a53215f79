"""How the sign-in pages are rendered, and the headers that every one of them carries."""

from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from weighbridge.reports import look

_THEMES: Final = ("dark", "light")
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    # A one-time link stands in its page's address and must not travel.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page(request: Request, name: str, shown: dict[str, Any], status: int = 200) -> Response:
    """A page of `templates/`, under the policy that forbids scripts altogether."""
    root = request.scope.get("root_path", "")
    theme = request.cookies.get("theme", "")
    shown = {"root": root, "theme": theme if theme in _THEMES else "", **shown}
    text = _environment().get_template(f"{name}.html").render(**shown)
    return Response(text, status, media_type="text/html", headers=_HEADERS)


@cache
def stylesheet() -> bytes:
    """The style sheet, read once: what all pages share, then what these add."""
    return look.sheet() + (files(__package__) / "templates" / "signin.css").read_bytes()


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("weighbridge.admin.signin"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
