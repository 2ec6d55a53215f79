"""Errors as RFC 9457 problem documents, whatever raised them.

Rules for future edits: no answer of this API is an error in another shape; all that is wrong
with a request is told at once, in `problems`; an unforeseen error says nothing but that.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from weighbridge import errors
from weighbridge.ledger.stores.base import QueryStoppedError
from weighbridge.reports.query import QueryError

MEDIA_TYPE = "application/problem+json"
_STATUS: dict[type[errors.WeighbridgeError], int] = {
    errors.UnauthenticatedError: 401,
    errors.NotAllowedError: 403,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.TooManyAttemptsError: 429,
    errors.BusyError: 429,
    errors.ClientError: 422,
    errors.LedgerError: 503,
}
# Kinds of pydantic's errors about words of a fixed set, figures and dates: never about a password.
_OF_PLAIN_VALUES = frozenset(
    {
        *("literal_error", "enum", "bool_parsing", "int_parsing", "int_from_float"),
        *("greater_than", "greater_than_equal", "less_than", "less_than_equal"),
        *("date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
    }
)
_BY_BROWSERS = ("GET", "POST")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_log = structlog.get_logger()


class ProblemItem(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="The field or parameter, dotted.")
    message: str = Field(description="What is wrong, the value seen, what to do.")


class ProblemDocument(BaseModel):
    """An error answer, RFC 9457."""

    type: str = Field("about:blank", description="Always `about:blank`: `code` tells kinds apart.")
    title: str = Field(description="The HTTP status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened, for people.")
    code: str = Field(description="Stable code, for programs.")
    problems: list[ProblemItem] = Field([], description="All that is wrong with the request.")


RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {"model": ProblemDocument, "description": "A problem document (RFC 9457)."}
}


def install(app: FastAPI) -> None:
    """Answer every error of an app with a problem document."""
    app.add_exception_handler(errors.WeighbridgeError, _ours)
    app.add_exception_handler(QueryError, _query)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _name_media_type(described())
        return described()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def answer(
    status: int,
    code: str,
    detail: str,
    problems: list[ProblemItem] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A problem document as a response."""
    document = ProblemDocument(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        problems=problems or [],
        type="about:blank",
    )
    return JSONResponse(
        document.model_dump(), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


def _name_media_type(document: dict[str, Any]) -> None:
    """FastAPI describes every model as `application/json`; problem documents are none."""
    for operations in document["paths"].values():
        for operation in operations.values():
            content = operation["responses"].get("default", {}).get("content", {})
            if "application/json" in content:
                content[MEDIA_TYPE] = content.pop("application/json")


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.WeighbridgeError)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    if _is_browsed(request) and status == 401:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?{urlencode({'next': wanted})}", 303)
    if _is_browsed(request) and isinstance(error, errors.CsrfError):
        return RedirectResponse(f"{request.url.path}?{urlencode({'done': 'stale'})}", 303)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    if status == 429:
        headers = {"Retry-After": "1" if isinstance(error, errors.BusyError) else "60"}
    if status >= 500 and not isinstance(error, QueryStoppedError):  # who left is no failure
        _log.error("an answer failed", exc_info=error, code=error.code)
    items = [
        ProblemItem(where=_sayable(one.where), message=_sayable(one.said)) for one in error.problems
    ]
    return answer(status, error.code, error.message, items, headers)


def _is_browsed(request: Request) -> bool:
    """Whether a browser asks for a page or sends its form: it is led on, where programs are told.

    Who must sign in does, and comes back; who sent a form of an old page gets a fresh one.
    """
    asks_html = "text/html" in request.headers.get("accept", "")
    is_api = request.url.path.startswith("/api/") or "authorization" in request.headers
    return request.method in _BY_BROWSERS and asks_html and not is_api


def _sayable(text: str) -> str:
    """The same with half a surrogate pair written out: JSON may hold one, no answer can."""
    return text.encode("utf-8", "backslashreplace").decode()


async def _query(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, QueryError)
    items = [
        ProblemItem(where=where, message=message)
        for where, message in zip(error.fields, error.problems, strict=True)
    ]
    return answer(422, "QUERY_INVALID", "the query cannot be run as asked", items)


async def _validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    items = []
    for detail in error.errors():
        kind, *path = detail["loc"]
        if detail["type"] == "json_invalid":
            message = f"the body is no JSON (character {path[0]}); send an object"
            items.append(ProblemItem(where=str(kind), message=message))
            continue
        where = ".".join(str(part) for part in path) or str(kind)
        items.append(ProblemItem(where=where, message=detail["msg"] + _seen(detail)))
    return answer(422, "REQUEST_INVALID", "the request is not as documented", items)


def _seen(detail: Mapping[str, Any]) -> str:
    """What was sent, where it is a word or a figure; other fields may hold secrets."""
    plain = detail["type"] in _OF_PLAIN_VALUES and isinstance(detail["input"], str | int | float)
    return f", got {str(detail['input'])[:60]!r}" if plain else ""


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = getattr(error, "code", HTTPStatus(error.status_code).name)
    headers = dict(error.headers) if error.headers else None
    if error.status_code == 405:
        headers = {"Allow": ", ".join(_methods_at(request))}
    return answer(error.status_code, code, _DETAILS.get(code, error.detail), headers=headers)


def _methods_at(request: Request) -> list[str]:
    """All methods of the request's path: the router names those of one route alone."""
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.router.routes
        )
    ]


async def _unforeseen(_request: Request, error: Exception) -> JSONResponse:
    _log.error("an answer failed", exc_info=error)
    return answer(500, "INTERNAL", "an error of ours; the log says where")


_DETAILS = {
    "NOT_FOUND": "nothing is at this path; see /api/openapi.json",
    "METHOD_NOT_ALLOWED": "this path does not take that method; see /api/openapi.json",
}
