"""The admin app: routers, errors, and the OpenAPI description, put together.

One app serves both the TCP port and `admin.sock`, and the command line calls it in its own
process where nothing serves, so every way gives the same answer.
"""

from collections.abc import Iterable
from importlib.metadata import version

from fastapi import APIRouter, FastAPI

from weighbridge.admin import problems
from weighbridge.admin.attempts import Attempts
from weighbridge.admin.auth import Failures
from weighbridge.admin.content_type import JsonBodies
from weighbridge.admin.limits import BodyLimit
from weighbridge.admin.ports import Services
from weighbridge.admin.questions import Questions
from weighbridge.admin.routes import (
    alerts,
    analyses,
    audit,
    budgets,
    channels,
    exchanges,
    health,
    imports,
    in_flight,
    keys,
    me,
    models,
    nodes,
    policy,
    price_overrides,
    query,
    rate_limits,
    system,
    tokens,
    users,
    whatif,
)
from weighbridge.admin.signin import oidc, pages
from weighbridge.admin.signin.oidc import Flows

OPENAPI_PATH = "/api/openapi.json"
_ROUTES = (
    *(query, analyses, whatif, exchanges, in_flight, models, imports, alerts, channels),
    *(
        budgets,
        nodes,
        rate_limits,
        tokens,
        keys,
        users,
        policy,
        price_overrides,
        system,
        audit,
        me,
        pages,
        oidc,
        health,
    ),
)


def create_app(
    services: Services,
    extra_routers: Iterable[APIRouter] = (),
    questions: Questions | None = None,
) -> FastAPI:
    """The app over these services.

    Takes: routers of pages, which come before our own: a dashboard's `/` beats the landing page;
    `questions`, where their threads are of another kind.
    """
    app = FastAPI(
        title="Weighbridge",
        summary="What Gemini calls cost, by department, project, agent and label.",
        version=version("weighbridge"),
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    app.state.failures = Failures()
    app.state.questions = questions or Questions()
    app.state.attempts = Attempts()
    app.state.flows = Flows()
    app.add_middleware(JsonBodies)
    app.add_middleware(BodyLimit)
    problems.install(app)
    for router in extra_routers:
        app.include_router(router)
    for module in _ROUTES:
        app.include_router(module.router)
    return app
