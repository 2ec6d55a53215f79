"""The price book behind the admin API's own route, and nothing else: it needs no data folder.

So `weighbridge models` answers on a machine where nothing was ever served, and makes nothing
there. Counterpart: `compose/local` is the whole app over a folder.
"""

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.types import ASGIApp

from weighbridge.admin import problems
from weighbridge.admin.auth import LocalAdmin, services_of
from weighbridge.admin.routes import models
from weighbridge.compose.prices import price_book
from weighbridge.config import Settings
from weighbridge.pricing.catalogue import PriceBook


@dataclass(frozen=True, slots=True)
class _Book:
    """The one service that the route asks for."""

    models: PriceBook


def book_app(settings: Settings) -> ASGIApp:
    """The app, for the operator.

    Errors: `ConfigurationError` where the price data cannot be used.
    """
    book = _Book(price_book(settings))
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(models.router)
    app.dependency_overrides[services_of] = lambda: book
    return LocalAdmin(app)
