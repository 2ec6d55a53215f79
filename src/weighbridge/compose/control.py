"""The control process: `python -m weighbridge.compose.control --fd N --workers N`.

Owns the ledger and the control database, serves the admin API, hands the policy to workers.
Workers run on without it; its supervisor starts it again. Counterpart: `compose/serve`.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import functools
import os
import socket
import sys

import structlog
import uvloop

from weighbridge.admin.app import create_app
from weighbridge.admin.questions import Questions
from weighbridge.admin.server import AdminServer
from weighbridge.attribution.policy import PolicySnapshot
from weighbridge.budgets.budget import decode_budgets
from weighbridge.budgets.rate_limit import decode_rate_limits
from weighbridge.compose.dashboard import dashboard
from weighbridge.compose.node import node_name
from weighbridge.compose.parts import Parts, open_parts
from weighbridge.compose.pot import pot_desk
from weighbridge.config import Settings
from weighbridge.control.cache_storage import CacheStorage
from weighbridge.control.child import Leash, read_settings
from weighbridge.control.folder import DataFolder
from weighbridge.control.lease_hub import LeaseHub
from weighbridge.control.lease_store import LeaseStore
from weighbridge.control.policy_hub import PolicyHub
from weighbridge.control.quiet_loading import threads_of_the_store
from weighbridge.control.resource_care import ResourceCare
from weighbridge.control.stepping_back import all_step_back, step_back
from weighbridge.control.vitals import Vitals
from weighbridge.errors import ConfigurationError, WeighbridgeError
from weighbridge.pricing.storage import rate_storage
from weighbridge.privacy import log
from weighbridge.reports.service import ReportService

_PRICE_CHECK_EVERY_S = 6 * 3600
_NICENESS = 5
_SETTLE_S = 5.0
_log = structlog.get_logger()


def main() -> int:
    """Run until the supervisor ends it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    arguments = parser.parse_args()
    settings = Settings.model_validate_json(read_settings())
    log.configure(settings.log.level, settings.log.format)
    _yield_to_workers()
    bound = socket.socket(fileno=arguments.fd)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, bound, arguments.workers))
    except ConfigurationError as error:
        for problem in error.problems:
            _log.error(str(problem), code=error.code)
        return 2
    except WeighbridgeError as error:
        _log.error(error.message, code=error.code)
        return 1
    return 0


def _yield_to_workers() -> None:
    """Step back where cores are short: a report may wait a moment, an answer may not.

    Called before any thread begins, for each inherits it. Best effort: where the system
    forbids it, everything works as before.
    """
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)


async def _serve(settings: Settings, bound: socket.socket, workers: int) -> None:
    leash = Leash.attach()
    folder = DataFolder(settings.data)
    folder.make()
    parts = await asyncio.to_thread(open_parts, folder, settings)
    all_step_back(threads_of_the_store())
    try:
        await _serve_parts(settings, bound, workers, (leash, folder, parts))
    finally:
        await asyncio.to_thread(parts.close)


async def _serve_parts(
    settings: Settings,
    bound: socket.socket,
    workers: int,
    owned: tuple[Leash, DataFolder, Parts],
) -> None:
    leash, folder, parts = owned
    granted = LeaseStore.open(folder.root)
    reports = ReportService(parts.store)

    async def publish() -> None:
        """What other nodes define is in force here as what is defined here."""
        await hub.publish()

    pot = pot_desk(settings, (parts.database, parts.budgets, reports), publish)
    heard = parts.alerting.refusals
    leases = LeaseHub(folder.run, granted, reports, parts.keeper, pot=pot, refusals=heard)
    leases.start()
    hub = PolicyHub(folder.run, functools.partial(_policy, parts, leases), leases)
    await hub.start()
    vitals = Vitals(
        hub,
        parts.keeper,
        parts.store,
        workers=workers,
        price_age=lambda: parts.book.age(dt.datetime.now(dt.UTC)),
        stopping=lambda: leash.service_stopping,
        noisy_label_keys=lambda: parts.labels.noisy,
        leases=leases.metrics,
        alerts=parts.alerting.metrics,
    )
    parts.system.attach(hub, workers, vitals.problems)
    services = parts.services(hub, vitals, settings.admin, leases, pot)
    questions = Questions(thread_begins=step_back)
    app = create_app(services, [dashboard(folder, settings)], questions)
    server = AdminServer(app, bound, folder.admin_socket)
    parts.keeper.tell_of_rows(parts.alerting.rows_came)
    parts.imports.tell_of_rows(parts.alerting.look_anew)
    parts.alerting.share(pot)
    parts.keeper.start()
    await server.start()
    prices = asyncio.create_task(_watch_prices(parts, settings))
    labels = asyncio.create_task(parts.labels.run(hub.publish))
    care = asyncio.create_task(_resource_care(parts, settings).run())
    watches = [asyncio.create_task(each.run()) for each in parts.alerting.watches]
    sending = asyncio.create_task(parts.alerting.dispatcher.run())
    await leases.settled_down(_SETTLE_S)
    leash.ready()
    await leash.stop.wait()
    prices.cancel()
    care.cancel()
    labels.cancel()
    for watch in watches:
        watch.cancel()
    sending.cancel()
    await server.close()
    await hub.close()
    await leases.close()
    granted.close()


def _policy(parts: Parts, leases: LeaseHub) -> PolicySnapshot:
    """The policy for workers; who lends them money learns of its budgets before they do."""
    snapshot = parts.policy()
    leases.learn(decode_budgets(snapshot.budgets))
    leases.learn_limits(decode_rate_limits(snapshot.rate_limits))
    parts.alerting.rows_came()  # a budget that was set may be beyond a threshold already,
    parts.alerting.dispatcher.wake()  # and its address the first channel that there is
    return snapshot


def _resource_care(parts: Parts, settings: Settings) -> ResourceCare:
    rate = functools.partial(rate_storage, parts.book)
    storage = CacheStorage(parts.resources, rate, node=node_name(settings))
    return ResourceCare(parts.resources, storage)


async def _watch_prices(parts: Parts, settings: Settings) -> None:
    while True:
        now = dt.datetime.now(dt.UTC)
        if parts.book.is_stale(now, dt.timedelta(days=settings.pricing.max_age_days)):
            _log.warning(
                "the price data is old; upgrade genai-prices, then `weighbridge models update`",
                age_days=parts.book.age(now).days,
                limit=settings.pricing.max_age_days,
            )
        await asyncio.sleep(_PRICE_CHECK_EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
