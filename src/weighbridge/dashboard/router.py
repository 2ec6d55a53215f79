"""The dashboard's routes: each page as HTML, JSON, CSV, and its charts.

Rules for future edits: the same `Content` is behind every form; a page needs no script of
another origin, no inline script or style (`CSP`); who may see what comes from the dependency
that `compose` gives, never from the request.
Counterpart: `site` lists the pages, `templates` draws them.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from weighbridge.core.credential import Role
from weighbridge.dashboard.asking import Desk, Reports, Visit
from weighbridge.dashboard.assets import Assets
from weighbridge.dashboard.content import Chart
from weighbridge.dashboard.drawing import Drawing, Frame
from weighbridge.dashboard.site import PAGES, Page
from weighbridge.dashboard.state import parse_state
from weighbridge.errors import NotFoundError
from weighbridge.reports.charts import to_svg
from weighbridge.reports.query import QueryError

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FOR_EVER: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}
# Parameters of a form of a page, no part of its state.
_OF_THE_FORM: Final = frozenset({"table", "theme"})

Visitor = Callable[[Role], Callable[..., Any]]


def dashboard_router(visitor: Visitor, assets: Assets, clock: Callable[[], datetime]) -> APIRouter:
    """The routes of all pages.

    Takes: `visitor`, which gives for a role the dependency that refuses whoever has less, and
    gives the `Visit` of everybody else.
    """
    router = APIRouter(include_in_schema=False)
    drawing = Drawing(assets)
    _add_assets(router, assets)
    for page in PAGES:
        _add_page(router, _Served(page, drawing, clock), Depends(visitor(page.role)))
    return router


class _Served:
    """A page in its forms."""

    def __init__(self, page: Page, drawing: Drawing, clock: Callable[[], datetime]) -> None:
        self.page = page
        self._drawing = drawing
        self._clock = clock

    def __repr__(self) -> str:
        return f"<_Served {self.page.path}>"

    async def html(self, request: Request, visit: Visit) -> Response:
        theme = request.cookies.get("theme", "")
        frame = Frame(page=self.page, path=request.url.path, theme=theme, visit=visit)

        def work(reports: Reports) -> str:
            desk = self._desk(request, visit, reports)
            content, charts = self.page.build(desk), self.page.charts(desk)
            return self._drawing.page(frame, desk, content, charts)

        try:
            return HTMLResponse(await visit.answer(work), headers=_HEADERS)
        except QueryError as error:
            status, problems = 422, list(error.problems)
        except NotFoundError as error:
            status, problems = 404, [error.message]
        text = self._drawing.refusal(frame, problems)
        return HTMLResponse(text, status, _HEADERS)

    async def json(self, request: Request, visit: Visit) -> Response:
        def work(reports: Reports) -> Mapping[str, Any]:
            desk = self._desk(request, visit, reports)
            return {**self.page.build(desk).as_json(), "state": desk.state.query_string()}

        return _json(await visit.answer(work))

    async def csv(self, request: Request, visit: Visit) -> Response:
        table = request.query_params.get("table", "")

        def work(reports: Reports) -> str:
            return self.page.build(self._desk(request, visit, reports)).as_csv(table)

        text = await visit.answer(work)
        return Response(text, media_type="text/csv; charset=utf-8", headers=_HEADERS)

    async def chart(self, request: Request, visit: Visit, file: str) -> Response:
        name, _, form = file.rpartition(".")
        theme = request.query_params.get("theme", "light")

        def work(reports: Reports) -> Response:
            chart = self._chart(self._desk(request, visit, reports), name)
            spec = chart.spec(theme, form == "json")
            if form == "svg":
                return Response(to_svg(spec), media_type="image/svg+xml", headers=_HEADERS)
            return _json(spec)

        return await visit.answer(work)

    def _chart(self, desk: Desk, name: str) -> Chart:
        for chart in self.page.charts(desk):
            if chart.name == name:
                return chart
        raise NotFoundError(f"this page has no chart {name[:60]!r}")

    def _desk(self, request: Request, visit: Visit, reports: Reports) -> Desk:
        pairs = [(k, v) for k, v in request.query_params.multi_items() if k not in _OF_THE_FORM]
        return Desk(
            reports=reports,
            sources=visit.sources,
            principal=visit.principal,
            state=parse_state(pairs),
            now=self._clock().astimezone(UTC),
            name=str(request.path_params.get("name", "")),
        )


def _add_assets(router: APIRouter, assets: Assets) -> None:
    @router.get("/assets/{name}")
    def asset(name: str) -> Response:
        found = assets.get(name)
        if found is None:
            raise NotFoundError(f"there is no file {name[:60]!r}; reload the page")
        packed = {"Content-Encoding": "gzip"} if found.gzipped else {}
        return Response(found.body, media_type=found.media_type, headers={**_FOR_EVER, **packed})

    @router.get("/favicon.ico")
    def icon() -> Response:
        # For pages without a link to it, such as those of signing in.
        mark = assets.path("mark.svg").rpartition("/")[2]
        return asset(mark)


def _add_page(router: APIRouter, served: _Served, visitor: Any) -> None:
    async def html(request: Request, visit: Annotated[Visit, visitor]) -> Response:
        return await served.html(request, visit)

    async def as_json(request: Request, visit: Annotated[Visit, visitor]) -> Response:
        return await served.json(request, visit)

    async def as_csv(request: Request, visit: Annotated[Visit, visitor]) -> Response:
        return await served.csv(request, visit)

    async def chart(request: Request, visit: Annotated[Visit, visitor], file: str) -> Response:
        return await served.chart(request, visit, file)

    path = served.page.path
    # What ends in `.json` goes first: `{name}` would take the ending as well.
    forms: dict[str, Callable[..., Any]] = {
        f"{path}.json": as_json,
        f"{path}.csv": as_csv,
        f"{path}/chart/{{file}}": chart,
    }
    if served.page is PAGES[0]:
        forms["/"] = html
    for address, endpoint in (forms | {path: html}).items():
        router.add_api_route(address, endpoint, response_model=None)


def _json(document: Mapping[str, Any]) -> Response:
    return Response(
        json.dumps(document, ensure_ascii=False), media_type="application/json", headers=_HEADERS
    )
