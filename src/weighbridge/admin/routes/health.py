"""`/healthz`, `/readyz`, `/metrics` and the landing page."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST

from weighbridge.admin.auth import Credentials, ServicesOf, SessionSecret, authenticate
from weighbridge.admin.documents import Health
from weighbridge.admin.metrics import exposition
from weighbridge.core.credential import Role
from weighbridge.errors import NotAllowedError

router = APIRouter(tags=["health"])
_LANDING = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Weighbridge</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}
</style>
<h1>Weighbridge</h1>
<p>Weighs every Gemini call: tokens, exact cost, latency, by department, project and agent.</p>
<ul>
<li><a href="api/openapi.json">OpenAPI description</a> of the admin API
(send <code>Authorization: Bearer wbk_…</code>; make a key with
<code>weighbridge key create --name me --role viewer</code>)</li>
<li><a href="metrics">Metrics</a> for Prometheus</li>
<li><a href="readyz">Readiness</a></li>
</ul>
<p>On this machine, <code>weighbridge report</code>, <code>weighbridge tail</code> and
<code>weighbridge models</code> print the same figures.</p>
"""


@router.get("/healthz", summary="Alive")
async def healthz() -> Health:
    """Answers as long as the control process runs."""
    return Health(status="ok", problems=[])


@router.get("/readyz", summary="Ready", responses={503: {"model": Health}})
def readyz(services: ServicesOf, response: Response) -> Health:
    """200 while everything works, 503 with the reasons otherwise."""
    problems = services.vitals.problems()
    response.status_code = 503 if problems else 200
    return Health(status="unavailable" if problems else "ready", problems=problems)


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(
    request: Request, services: ServicesOf, credentials: Credentials, session: SessionSecret
) -> Response:
    """Counters of all gateway workers and gauges of the ledger, in Prometheus' text format."""
    if services.metrics_require_key:
        caller = await authenticate(request, credentials, session, Role.VIEWER)
        if caller.scope:
            raise NotAllowedError("these are figures of everybody, and your view is narrower")
    return Response(exposition(services.vitals.metrics()), media_type=CONTENT_TYPE_LATEST)


@router.get("/", include_in_schema=False, response_class=HTMLResponse)
async def landing() -> str:
    """What this address offers."""
    return _LANDING
