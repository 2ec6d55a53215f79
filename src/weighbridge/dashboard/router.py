"""The dashboard's routes: each page as HTML, JSON, CSV, and its charts.

Rules for future edits: the same `Content` is behind every form; a page needs no script of
another origin, no inline script or style (`CSP`); who may see what comes from the dependency
that `compose` gives, never from the request.
Counterpart: `site` lists the pages, `templates` draws them.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from weighbridge.core.credential import Role
from weighbridge.dashboard.asking import Desk, Reports, Visit
from weighbridge.dashboard.assets import Assets
from weighbridge.dashboard.content import Chart
from weighbridge.dashboard.drawing import Drawing, Frame
from weighbridge.dashboard.errands import Act, Errand, Outcome, acted, parse_form
from weighbridge.dashboard.first_call import first_call
from weighbridge.dashboard.forms import filled, notice_of
from weighbridge.dashboard.moments import Moment
from weighbridge.dashboard.site import PAGES, Page, nothing_late
from weighbridge.dashboard.state import State, parse_state
from weighbridge.errors import BusyError, NotFoundError, WeighbridgeError
from weighbridge.reports.chart_files import to_svg
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
_OF_THE_FORM: Final = frozenset({"table", "theme", "done", "whole"})

# Errors that a page tells; any other is ours, and the log has it.
_STATUS: Final[dict[type[WeighbridgeError], int]] = {NotFoundError: 404, BusyError: 429}
_PATIENCE_S: Final = 0.03
_log = structlog.get_logger()

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
        served = _Served(page, drawing, clock)
        _add_page(router, served, Depends(visitor(page.role)))
        if page.act is not None:
            _add_act(router, served, page.act, Depends(visitor(page.act_role)))
    return router


class _Served:
    """A page in its forms."""

    def __init__(self, page: Page, drawing: Drawing, clock: Callable[[], datetime]) -> None:
        self.page = page
        self._drawing = drawing
        self._clock = clock
        # Whether a page of one thing's name exists, its status has to say.
        self._patience_s = None if "{" in page.path else _PATIENCE_S

    def __repr__(self) -> str:
        return f"<_Served {self.page.path}>"

    async def post(self, request: Request, visit: Visit, act: Act) -> Response:
        """Do what a form asks for; the page again where there is something to show of it."""
        errand = Errand(
            principal=visit.principal,
            administration=visit.sources.administration,
            sent=parse_form(await request.body()),
            gateway=visit.sources.gateway,
            now=self._now(),
            name=_name(request),
        )
        outcome = await run_in_threadpool(acted, act, errand)
        if outcome.publish:
            await visit.publish()
        if outcome.to:
            return RedirectResponse(outcome.to, 303)
        return await self.html(request, visit, outcome)

    async def html(
        self, request: Request, visit: Visit, outcome: Outcome | None = None
    ) -> Response:
        """The page; its frame goes ahead where the ledger takes longer than `_PATIENCE_S`.

        A page whose percentiles would keep its sums waiting comes in two parts: without them, and
        whole where `whole` asks for it, as of the instant of the first part if it names that.
        Takes: what a form came to, whose status then is the page's.
        """
        moment = self._moment(request)
        theme = request.cookies.get("theme", "")
        title, path = self.page.title, request.url.path
        frame = Frame(page=self.page, path=path, theme=theme, visit=visit, heading=title)
        try:
            if self.page.heading is not None:
                named = await run_in_threadpool(self.page.heading, visit.sources, _name(request))
                frame = replace(frame, heading=named)
            drawn = self._drawing.begin(frame, _state(request), moment.at)
        except (QueryError, NotFoundError) as error:
            return self._refused(frame, error)

        def work(reports: Reports) -> str:
            desk = self._desk(request, visit, reports, moment, outcome)
            desk = replace(desk, sums_only=not moment.whole)
            content = self.page.build(desk)
            content.forms = [filled(form, desk.outcome.posted) for form in content.forms]
            content.notice = content.notice or desk.outcome.notice
            content.first_call = first_call(desk) if content.never_called else None
            return drawn.finish(content, self.page.charts(desk))

        answer = asyncio.ensure_future(visit.answer(work))
        answer.add_done_callback(_look_at)
        patience_s = self._patience_s if outcome is None else None
        await asyncio.wait({answer}, timeout=patience_s)
        if not answer.done():
            rest = self._rest(drawn.head, answer)
            return StreamingResponse(rest, media_type="text/html", headers=_HEADERS)
        try:
            status = 200 if outcome is None else outcome.status
            return HTMLResponse(drawn.head + answer.result(), status, _HEADERS)
        except (QueryError, WeighbridgeError) as error:
            return self._refused(frame, error)

    def _refused(self, frame: Frame, error: QueryError | WeighbridgeError) -> Response:
        if isinstance(error, QueryError):
            status, problems = 422, list(error.problems)
        else:
            status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 0)
            problems = [error.message]
        if not status:
            raise error
        headers = {**_HEADERS, "Retry-After": "1"} if status == 429 else _HEADERS
        return HTMLResponse(self._drawing.refusal(frame, problems), status, headers)

    async def _rest(self, head: str, answer: "asyncio.Future[str]") -> AsyncIterator[str]:
        """The frame at once, then what it frames, or why there is nothing."""
        try:
            yield head
            try:
                yield await answer
            except (QueryError, WeighbridgeError) as error:
                _log.warning("a page could not be finished", where=self.page.path, exc_info=error)
                yield self._drawing.failure(error)
        finally:
            answer.cancel()

    async def json(self, request: Request, visit: Visit) -> Response:
        def work(reports: Reports) -> Mapping[str, Any]:
            desk = self._desk(request, visit, reports)
            content = self.page.build(desk)
            content.tables += self.page.late(desk)
            return {**content.as_json(), "state": desk.state.query_string()}

        return _json(await visit.answer(work))

    async def csv(self, request: Request, visit: Visit) -> Response:
        table = request.query_params.get("table", "")

        def work(reports: Reports) -> str:
            desk = self._desk(request, visit, reports)
            content = self.page.build(desk)
            if table not in {one.name for one in content.tables}:
                content.tables = [*self.page.late(desk), *content.tables]
            return content.as_csv(table)

        text = await visit.answer(work)
        return Response(text, media_type="text/csv; charset=utf-8", headers=_HEADERS)

    async def late(self, request: Request, visit: Visit) -> Response:
        """The tables that follow a page, as HTML to stand in it."""

        def work(reports: Reports) -> str:
            desk = self._desk(request, visit, reports)
            return self._drawing.tables(self.page, desk.state, self.page.late(desk))

        return HTMLResponse(await visit.answer(work), headers=_HEADERS)

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
        charts = {chart.name: chart for chart in self.page.charts(desk)}
        if name not in charts:
            known = ", ".join(charts) or "none"
            raise NotFoundError(f"this page has no chart {name[:60]!r}; it has {known}")
        return charts[name]

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _moment(self, request: Request) -> Moment:
        return Moment.of(request.query_params.get("whole"), self._now())

    def _desk(
        self,
        request: Request,
        visit: Visit,
        reports: Reports,
        moment: Moment | None = None,
        outcome: Outcome | None = None,
    ) -> Desk:
        moment = moment or self._moment(request)
        done = notice_of(request.query_params.get("done", ""))
        return Desk(
            reports=reports.recalling() if moment.recalls else reports,
            sources=visit.sources,
            principal=visit.principal,
            state=_state(request),
            now=moment.at,
            name=_name(request),
            outcome=outcome or Outcome(notice=done),
        )


def _state(request: Request) -> State:
    pairs = [(k, v) for k, v in request.query_params.multi_items() if k not in _OF_THE_FORM]
    return parse_state(pairs)


def _look_at(answer: "asyncio.Future[str]") -> None:
    """An error that nobody waits for any more is no news."""
    if not answer.cancelled():
        answer.exception()


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

    async def late(request: Request, visit: Annotated[Visit, visitor]) -> Response:
        return await served.late(request, visit)

    async def chart(request: Request, visit: Annotated[Visit, visitor], file: str) -> Response:
        return await served.chart(request, visit, file)

    path = served.page.path
    # What ends in `.json` goes first: `{name}` would take the ending as well.
    forms: dict[str, Callable[..., Any]] = {
        f"{path}.json": as_json,
        f"{path}.csv": as_csv,
        f"{path}/chart/{{file}}": chart,
    }
    if served.page.late is not nothing_late:
        forms[f"{path}/late"] = late
    if served.page is PAGES[0]:
        forms["/"] = html
    for address, endpoint in (forms | {path: html}).items():
        router.add_api_route(address, endpoint, response_model=None)


def _add_act(router: APIRouter, served: _Served, act: Act, visitor: Any) -> None:
    @router.post(served.page.path, response_model=None)
    async def post(request: Request, visit: Annotated[Visit, visitor]) -> Response:
        return await served.post(request, visit, act)


def _name(request: Request) -> str:
    """The variable part of the address, where it has one."""
    return str(request.path_params.get("name", ""))


def _json(document: Mapping[str, Any]) -> Response:
    return Response(
        json.dumps(document, ensure_ascii=False), media_type="application/json", headers=_HEADERS
    )
