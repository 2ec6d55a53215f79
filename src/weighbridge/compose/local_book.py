"""The price book behind the admin API's own route, and its update: neither needs a data folder.

So `weighbridge models` answers on a machine where nothing was ever served, and makes nothing
there. Counterpart: `compose/local` is the whole app over a folder.
"""

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.types import ASGIApp

from weighbridge.admin import problems
from weighbridge.admin.auth import LocalAdmin, services_of
from weighbridge.admin.routes import models
from weighbridge.compose.prices import PriceUpdate, price_book, update_prices
from weighbridge.config import Settings
from weighbridge.control.audit import AuditLog
from weighbridge.control.database import FILE_NAME, Database
from weighbridge.control.folder import DataFolder
from weighbridge.control.price_overrides import stated
from weighbridge.core.principal import OPERATOR
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.overrides import override_file
from weighbridge.pricing.pricefile import PriceFile


@dataclass(frozen=True, slots=True)
class _Book:
    """The one service that the route asks for."""

    models: PriceBook


def book_in_force(settings: Settings) -> PriceBook:
    """The price book with the rates that the data folder keeps, where there is one.

    Errors: `ConfigurationError`, `ControlError`.
    """
    book = price_book(settings)
    book.override(own_rates(settings))
    return book


def own_rates(settings: Settings) -> PriceFile | None:
    """The rates that the data folder keeps; None where there is no folder, or it keeps none.

    Errors: `ControlError`.
    """
    root = DataFolder(settings.data).root
    if not (root / FILE_NAME).exists():
        return None
    database = Database.open(root)
    try:
        return override_file(stated(database))
    finally:
        database.close()


def update_book(settings: Settings, *, dry_run: bool) -> PriceUpdate:
    """`update_prices` beside the rates that the data folder keeps, noted in its audit log.

    Errors: those of `update_prices`; `ControlError` where the control database cannot be used.
    """
    found = update_prices(settings, dry_run=dry_run, own=own_rates(settings))
    if found.written:
        database = Database.open(DataFolder(settings.data).root)
        told = {"origin": found.origin, "as_of": found.as_of, "changes": len(found.changes)}
        try:
            AuditLog(database).note(OPERATOR, ("prices.update", found.file.name), told)
        finally:
            database.close()
    return found


def book_app(settings: Settings) -> ASGIApp:
    """The app, for the operator.

    Errors: `ConfigurationError` where the price data cannot be used.
    """
    book = _Book(book_in_force(settings))
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(models.router)
    app.dependency_overrides[services_of] = lambda: book
    return LocalAdmin(app)
