"""The admin app: routers, errors, and the OpenAPI description, put together.

One app serves both the TCP port and `admin.sock`, and the command line calls it in its own
process where nothing serves, so every way gives the same answer.
"""

from importlib.metadata import version

from fastapi import FastAPI

from weighbridge.admin import problems
from weighbridge.admin.auth import Failures
from weighbridge.admin.content_type import JsonBodies
from weighbridge.admin.limits import BodyLimit
from weighbridge.admin.ports import Services
from weighbridge.admin.routes import (
    alerts,
    exchanges,
    health,
    imports,
    in_flight,
    keys,
    models,
    query,
    tokens,
)

OPENAPI_PATH = "/api/openapi.json"


def create_app(services: Services) -> FastAPI:
    """The app over these services."""
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
    app.add_middleware(JsonBodies)
    app.add_middleware(BodyLimit)
    problems.install(app)
    for module in (query, exchanges, in_flight, tokens, keys, models, imports, alerts, health):
        app.include_router(module.router)
    return app
