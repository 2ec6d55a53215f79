"""A gateway worker's process: `python -m weighbridge.compose.worker --index I --fd N`.

Builds the worker from the settings, ties it to its supervisor and to the control process.
Counterparts: `gateway/worker` does the work, `compose/serve` starts this.
"""

import argparse
import asyncio
import functools
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import structlog
import uvloop

from weighbridge.attribution.policy import LabelRules, PolicySnapshot
from weighbridge.budgets.lease import Holder
from weighbridge.budgets.purse import Purse
from weighbridge.compose.node import node_name
from weighbridge.compose.prices import price_book
from weighbridge.compose.tls import server_context, upstream_context
from weighbridge.config import Settings
from weighbridge.control.child import Leash, read_settings
from weighbridge.control.folder import DataFolder
from weighbridge.control.life import LifeSign
from weighbridge.control.policy_link import PolicyLink, read_policy
from weighbridge.errors import ConfigurationError, WeighbridgeError
from weighbridge.gateway.call_kinds import CallKinds
from weighbridge.gateway.holds import Holds
from weighbridge.gateway.resources import ResourceKeeper
from weighbridge.gateway.settings import CorsSettings, GatewaySettings, Origin
from weighbridge.gateway.worker import Worker
from weighbridge.ledger.in_flight import InFlight
from weighbridge.ledger.journal import Journal, Timing
from weighbridge.ledger.resources import Resources
from weighbridge.ledger.segments import worker_name
from weighbridge.pricing import overrides
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.parts import rate_parts
from weighbridge.privacy import log
from weighbridge.providers.registry import Registry

_GAUGES: Final = frozenset({"live_exchanges", "open_connections", "budget_waiting"})
_NOT_SUMMABLE: Final = frozenset({"policy_version"})
# How long a call may wait for another process's transaction, which takes microseconds.
_STORE_WAIT_MS: Final = 250
_log = structlog.get_logger()


def main() -> int:
    """Run until the supervisor ends it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--index", type=int, required=True)
    parser.add_argument("--fd", type=int, required=True)
    arguments = parser.parse_args()
    settings = Settings.model_validate_json(read_settings())
    log.configure(settings.log.level, settings.log.format)
    listener = socket.socket(fileno=arguments.fd)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(settings, arguments.index, listener))
    except ConfigurationError as error:
        for problem in error.problems:
            _log.error(str(problem), code=error.code)
        return 2
    except WeighbridgeError as error:
        _log.error(error.message, code=error.code)
        return 1
    return 0


@dataclass(slots=True)
class BuiltWorker:
    """A worker with what it writes to."""

    worker: Worker
    journal: Journal
    in_flight: InFlight
    resources: ResourceKeeper
    store: Resources
    book: PriceBook
    own_prices: bytes = b""

    def apply(self, snapshot: PolicySnapshot) -> None:
        """Put a policy in force, and the operator's own rates where they have changed."""
        if snapshot.prices != self.own_prices:
            self.own_prices = snapshot.prices
            self.book.override(overrides.decode(snapshot.prices))
            self.worker.forget_prices()
        self.worker.apply_policy(snapshot)

    def close(self) -> None:
        """Let go of the files, once the worker is closed."""
        self.in_flight.close()
        self.store.close()

    def metrics(self) -> dict[str, int]:
        """Counters and gauges under the names of `/metrics`."""
        return metric_names(self.worker.counters()) | {
            "journal_pending_bytes": self.journal.pending_bytes,
            "journal_failing": int(not self.journal.healthy),
            "journal_rows_written_total": self.journal.written,
            "journal_rows_dropped_total": self.journal.dropped,
            "resources_settled_total": self.resources.settled,
            "resources_failed_total": self.resources.failed,
        }


class Money:
    """What a worker needs for the budgets of its calls; needs a running loop."""

    def __init__(self, settings: Settings, holder: Holder, book: PriceBook) -> None:
        loop = asyncio.get_running_loop()
        self.purse = Purse(holder)
        self.holds = Holds(
            purse=self.purse,
            kinds=CallKinds(book, node_name(settings)),
            now=loop.time,
            unix_us=_unix_us,
            call_soon=loop.call_soon,
            call_later=loop.call_later,
            wait_s=settings.budgets.wait_s,
        )

    def __repr__(self) -> str:
        return f"<Money {self.holds!r}>"


def _unix_us() -> int:
    return time.time_ns() // 1000


def build_worker(  # noqa: PLR0913, PLR0917 - the parts of a worker, put together once
    settings: Settings,
    index: int,
    listener: socket.socket,
    policy: PolicySnapshot,
    book: PriceBook,
    money: Money,
) -> BuiltWorker:
    """A worker with its journal and marks; needs a running loop.

    Errors: `ConfigurationError` for price overrides or certificates that cannot be used.
    """
    folder = DataFolder(settings.data)
    gateway = gateway_settings(settings)
    in_flight = InFlight.create(folder.run / f"in-flight-{index}.slots")
    journal = Journal(
        folder.journal,
        worker_name(gateway.node, index),
        in_flight,
        max_pending_bytes=settings.journal.max_pending_bytes,
        timing=Timing(sync_ms=settings.journal.sync_ms, seal_ms=settings.journal.seal_ms),
        groups=money.purse,
    )
    book.override(overrides.decode(policy.prices))
    store = Resources.open(folder.resources, wait_ms=_STORE_WAIT_MS)
    resources = ResourceKeeper(store, functools.partial(rate_parts, book), node=gateway.node)
    worker = Worker(
        settings=gateway,
        listener=listener,
        registry=Registry(),
        policy=policy,
        rates=book,
        journal=journal,
        in_flight=in_flight,
        server_tls=server_context(settings),
        upstream_tls=upstream_context(settings),
        resources=resources,
        holds=money.holds,
    )
    return BuiltWorker(worker, journal, in_flight, resources, store, book, policy.prices)


def gateway_settings(settings: Settings) -> GatewaySettings:
    """The byte path's settings from the configuration; names are the same."""
    given = settings.gateway.model_dump(include=set(GatewaySettings.__struct_fields__))
    given["node"] = node_name(settings)
    given["upstreams"] = {name: _origin(url) for name, url in settings.gateway.upstreams.items()}
    cors = CorsSettings(
        allowed_origins=tuple(settings.cors.allowed_origins), max_age_s=settings.cors.max_age_s
    )
    labels = settings.labels.model_dump(include=set(LabelRules.__struct_fields__))
    return GatewaySettings(**given, labels=LabelRules(**labels), cors=cors)


def metric_names(values: Mapping[str, int]) -> dict[str, int]:
    """Prometheus' names: what only grows ends in `_total`.

    Example: `{"exchanges": 2, "live_exchanges": 1}` gives
    `{"exchanges_total": 2, "live_exchanges": 1}`.
    """
    return {
        name if name in _GAUGES else f"{name}_total": value
        for name, value in values.items()
        if name not in _NOT_SUMMABLE
    }


class _Seat:
    """Where policies arrive: before there is a worker they wait, then it applies them."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.policy: PolicySnapshot | None = None
        self.built: BuiltWorker | None = None

    def apply(self, snapshot: PolicySnapshot) -> None:
        self.policy = snapshot
        self.first.set()
        if self.built is not None:
            self.built.apply(snapshot)

    def counters(self) -> dict[str, int]:
        return self.built.metrics() if self.built is not None else {}


async def _run(settings: Settings, index: int, listener: socket.socket) -> None:
    leash = Leash.attach()
    seat = _Seat()
    run = DataFolder(settings.data).run
    holder = Holder(index, time.time_ns())
    sign = LifeSign.create(run, holder)
    book = price_book(settings)
    money = Money(settings, holder, book)
    link = PolicyLink(run, holder, apply=seat.apply, counters=seat.counters, leases=money.holds)
    link.start()
    policy = read_policy(run) or await _first_policy(seat, leash)
    if policy is not None:
        built = build_worker(settings, index, listener, seat.policy or policy, book, money)
        await built.worker.start()
        seat.built = built
        if seat.policy is not None:
            built.apply(seat.policy)
        leash.ready()
        await leash.stop.wait()
        built.worker.begin_drain()
        await built.worker.drained()
        await built.worker.close()
        money.holds.tick()
        built.close()
    await link.close()
    sign.close()


async def _first_policy(seat: _Seat, leash: Leash) -> PolicySnapshot | None:
    """The first policy of a new folder, or None where the end comes before it."""
    waits = [asyncio.create_task(event.wait()) for event in (seat.first, leash.stop)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return seat.policy


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    assert parts.hostname is not None
    tls = parts.scheme == "https"
    return Origin(
        host=parts.hostname,
        port=parts.port or (443 if tls else 80),
        tls=tls,
        host_header=parts.netloc.encode("idna" if not parts.netloc.isascii() else "ascii"),
    )


if __name__ == "__main__":
    sys.exit(main())
