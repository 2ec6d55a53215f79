"""The desk for budgets that several gateways share, where a store for that is configured."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from weighbridge.compose.node import node_name
from weighbridge.config import Settings
from weighbridge.control.budget_sharing import BudgetSharing
from weighbridge.control.budgets import BudgetService
from weighbridge.control.database import Database
from weighbridge.control.spend import Reports
from weighbridge.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from weighbridge.control.pot_desk import PotDesk


def pot_desk(
    settings: Settings,
    opened: tuple[Database, BudgetService, Reports],
    publish: Callable[[], Awaitable[None]],
) -> "PotDesk | None":
    """The desk, or None where budgets are this gateway's own.

    Errors: `ConfigurationError` where the extra is missing.
    """
    url = settings.budgets.shared
    if url is None:
        return None
    if find_spec("redis") is None:
        message = "needs a package that is not installed; run pip install 'weighbridge[redis]'"
        raise ConfigurationError([Problem("budgets.shared", message)])
    database, budgets, reports = opened
    # Imported here, so that a gateway of its own does not load the client.
    desk: type[PotDesk] = import_module("weighbridge.control.pot_desk").PotDesk
    memory = import_module("weighbridge.control.pot_memory").PotMemory(settings.data)
    sharing = BudgetSharing(database, budgets, publish)
    return desk(url.get_secret_value(), memory, node_name(settings), reports, sharing)
