"""`/sign-in`, `/welcome/SECRET`, `/sign-out`: plain forms that work without a script.

Before there is a session, a form is tied to the browser that it was shown to: `weighbridge_form`
holds a random word, and the form repeats what is derived of it, as `cookies` says.
Rules for future edits: one answer to every failed sign-in; nothing that was typed is shown again
but the name; whatever is shown is autoescaped; no inline script or style, the policy forbids it.
"""

from secrets import token_urlsafe
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from weighbridge.admin.auth import ServicesOf, csrf_token_of
from weighbridge.admin.cookies import (
    CSRF_FIELD,
    FORM_COOKIE,
    SESSION_COOKIE,
    csrf_fits,
    csrf_token,
    drop_cookie,
    is_secure,
    set_cookie,
)
from weighbridge.admin.ports import Services
from weighbridge.admin.signin.views import page, stylesheet
from weighbridge.core.user import OneTimeLink, User, name_key
from weighbridge.errors import ClientError
from weighbridge.reports.look import mark

router = APIRouter(include_in_schema=False)
_WRONG: Final = "This name and password do not belong together."
_STALE: Final = "The page was too old. Please try again."
_TOO_MANY: Final = "Too many attempts. Please wait five minutes."
_GONE: Final = "This link was used already or has run out. Ask an administrator for a new one."


@router.get("/sign-in")
async def sign_in_form(request: Request, services: ServicesOf, next: str = "/") -> Response:  # noqa: A002 - the parameter's name
    """The form of a name and a password."""
    return form_page(request, services, "sign_in", {"next": safe_path(next)})


@router.post("/sign-in")
async def sign_in(request: Request, services: ServicesOf) -> Response:
    """Begin a session, and go where the person wanted to."""
    form = await _fields(request)
    name, target = form.get("name", ""), safe_path(form.get("next", "/"))

    def again(status: int, message: str) -> Response:
        shown = {"next": target, "name": name[:128], "message": message}
        return form_page(request, services, "sign_in", shown, status)

    if not _is_from_our_form(request, form):
        return again(403, _STALE)
    address = request.client.host if request.client else ""
    attempts = request.app.state.attempts
    if not attempts.begin(name_key(name), address):
        return again(429, _TOO_MANY)
    user = await run_in_threadpool(services.users.check, name, form.get("password", "")[:1024])
    if user is None:
        return again(401, _WRONG)
    attempts.forgive(name_key(name), address)
    return await begin_session(request, services, user, target)


@router.get("/welcome/{secret}")
async def welcome_form(request: Request, services: ServicesOf, secret: str) -> Response:
    """The form of a new password; looking at it does not use the link up."""
    link = await run_in_threadpool(services.links.find, secret)
    if link is None:
        return form_page(request, services, "gone", {"message": _GONE}, 404)
    return form_page(request, services, "welcome", _invited(link))


@router.post("/welcome/{secret}")
async def welcome(request: Request, services: ServicesOf, secret: str) -> Response:
    """Set the password, use the link up, and begin a session."""
    form = await _fields(request)
    link = await run_in_threadpool(services.links.find, secret)
    if link is None:
        return form_page(request, services, "gone", {"message": _GONE}, 404)
    problems = []
    if not _is_from_our_form(request, form):
        problems.append(_STALE)
    elif form.get("password", "") != form.get("again", ""):
        problems.append("Both passwords must be the same.")
    else:
        try:
            accept, chosen = services.links.accept, form.get("password", "")
            user = await run_in_threadpool(accept, secret, chosen, form.get("name"))
            return await begin_session(request, services, user, "/")
        except ClientError as error:
            problems += [f"{p.where}: {p.message}" for p in error.problems] or [error.message]
    shown = _invited(link) | {"message": " ".join(problems)}
    if link.user is None:
        shown["name"] = form.get("name", "")[:128]
    return form_page(request, services, "welcome", shown, 422)


@router.get("/sign-out")
async def sign_out_form(request: Request, services: ServicesOf) -> Response:
    """A button, since reading a page must not sign anybody out."""
    return page(request, "sign_out", {"token": csrf_token_of(request), **_offers(services)})


@router.post("/sign-out")
async def sign_out(request: Request, services: ServicesOf) -> Response:
    """End the session and take its cookie back."""
    secret = request.cookies.get(SESSION_COOKIE)
    form = await _fields(request)
    if secret is not None and not csrf_fits(secret, form.get(CSRF_FIELD)):
        return await sign_out_form(request, services)
    if secret is not None:
        await run_in_threadpool(services.sessions.end, secret)
    response = RedirectResponse("/sign-in", 303)
    drop_cookie(response, SESSION_COOKIE, secure=is_secure(request, services.public_url))
    return response


@router.get("/sign-in/style.css")
async def style() -> Response:
    """The pages' style sheet."""
    return Response(stylesheet(), media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@router.get("/sign-in/mark.svg")
async def mark_of_ours() -> Response:
    """The mark above the forms."""
    return Response(mark(), media_type="image/svg+xml", headers={"Cache-Control": "max-age=3600"})


def safe_path(wanted: str) -> str:
    """Where to go after a sign-in: a path of ours, never another site.

    Example: `/agents?by=model` stays; `//evil.example` and `https://evil.example` become `/`.
    """
    plain = wanted.isprintable() and "\\" not in wanted
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else "/"


async def begin_session(
    request: Request, services: Services, user: User, target: str
) -> RedirectResponse:
    """A session in a cookie; whatever session the browser had before ends."""
    former = request.cookies.get(SESSION_COOKIE)
    agent = request.headers.get("user-agent", "")
    secret = await run_in_threadpool(services.sessions.begin, user.id, agent, former)
    response = RedirectResponse(target, 303)
    secure = is_secure(request, services.public_url)
    set_cookie(response, SESSION_COOKIE, secret, secure=secure, max_age_s=services.session_max_s)
    drop_cookie(response, FORM_COOKIE, secure=secure)
    return response


def form_page(
    request: Request, services: Services, name: str, shown: dict[str, Any], status: int = 200
) -> Response:
    """A page whose form is tied to this browser."""
    word = form_word(request)
    shown = {"name": "", "message": "", "token": csrf_token(word), **_offers(services), **shown}
    response = page(request, name, shown, status)
    secure = is_secure(request, services.public_url)
    set_cookie(response, FORM_COOKIE, word, secure=secure)
    return response


def form_word(request: Request) -> str:
    """The word that ties forms to a browser; a new one where it has none."""
    return request.cookies.get(FORM_COOKIE) or token_urlsafe(24)


def _offers(services: Services) -> dict[str, Any]:
    """What else the pages offer: a provider to sign in with, where one is configured."""
    return {"provider": services.oidc.name if services.oidc is not None else None}


def _invited(link: OneTimeLink) -> dict[str, Any]:
    return {"is_first": link.user is None, "name": link.user.name if link.user else ""}


def _is_from_our_form(request: Request, form: dict[str, str]) -> bool:
    word = request.cookies.get(FORM_COOKIE)
    return word is not None and csrf_fits(word, form.get(CSRF_FIELD))


async def _fields(request: Request) -> dict[str, str]:
    """A form's fields; one that is no form has none."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}
