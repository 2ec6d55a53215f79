"""`weighbridge serve`: lock the folder, bind the sockets, run the children.

Counterpart: `compose/control` and `compose/worker` are the children.
"""

import asyncio
import os
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass

from weighbridge.compose.prices import price_book
from weighbridge.compose.tls import server_context, upstream_context
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder
from weighbridge.control.listeners import bind_admin, bind_gateway, url
from weighbridge.control.policy_hub import POLICY_NAME
from weighbridge.control.supervisor import ChildPlan, Supervisor
from weighbridge.errors import ConfigurationError, Problem

_AFTER_DRAIN_S = 15.0
_CONTROL_STOP_S = 60.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything listens, as URLs."""

    gateway: str
    admin: str


def _nothing() -> None:
    """What is done beside stopping, where nobody asked for more."""


def serve(
    settings: Settings,
    on_ready: Callable[[Addresses], None],
    on_stopping: Callable[[], None] = _nothing,
) -> None:
    """Run the gateway until SIGTERM or SIGINT, then drain.

    Takes: `on_ready`, called once when everything listens; `on_stopping`, before the drain.
    Errors: `ConfigurationError`, `FolderInUseError`, `StartError`.
    """
    _check(settings)
    _forbid_core_dumps()
    folder = DataFolder(settings.data)
    with folder.lock():
        # Workers shall begin with the policy of this configuration, not with an earlier one's.
        (folder.run / POLICY_NAME).unlink(missing_ok=True)
        count = worker_count(settings)
        gateway = bind_gateway(settings.gateway.listen, count)
        admin = None
        try:
            admin = bind_admin(settings.admin.listen)
            addresses = Addresses(
                url(gateway[0], settings.gateway.listen.host, tls=bool(settings.gateway.tls_cert)),
                url(admin, settings.admin.listen.host),
            )
            folder.tell_addresses(addresses.gateway, addresses.admin)
            children = Supervisor(_plans(settings, gateway, admin))

            def let_go() -> None:
                """From here on the workers alone hold the port, and free it when they are done."""
                on_stopping()
                for each in gateway:
                    each.close()

            asyncio.run(_supervise(children, lambda: on_ready(addresses), let_go))
        finally:
            for each in [*gateway, admin] if admin else gateway:
                each.close()


def _forbid_core_dumps() -> None:
    """No crash writes memory, which holds keys and bodies, to a file; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def _check(settings: Settings) -> None:
    """What children would stumble over, told before any is started and all at once."""
    problems: list[Problem] = []
    for build in (price_book, server_context, upstream_context):
        try:
            build(settings)
        except ConfigurationError as error:
            problems += error.problems
    if problems:
        raise ConfigurationError(problems)


def worker_count(settings: Settings) -> int:
    """How many gateway workers to run."""
    wanted = settings.gateway.workers
    if wanted != "auto":
        return wanted
    # Where the system has no affinities (macOS), all cores are ours.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def _supervise(
    children: Supervisor, on_ready: Callable[[], None], on_stopping: Callable[[], None]
) -> None:
    children.watch_signals()
    await children.run(on_ready, on_stopping)


def _plans(
    settings: Settings, gateway: list[socket.socket], admin: socket.socket
) -> list[ChildPlan]:
    # What is not given stays so: children know what the configuration leaves to the policy.
    document = settings.model_dump_json(exclude_unset=True).encode()
    drain = settings.gateway.drain_timeout_s + settings.gateway.drain_grace_s + _AFTER_DRAIN_S
    control = ChildPlan(
        name="control",
        command=(
            "-m",
            "weighbridge.compose.control",
            f"--fd={admin.fileno()}",
            f"--workers={len(gateway)}",
        ),
        settings=document,
        sockets=(admin.fileno(),),
        rank=1,
        stop_timeout_s=_CONTROL_STOP_S,
    )
    workers = [
        ChildPlan(
            name=f"worker {index}",
            command=(
                "-m",
                "weighbridge.compose.worker",
                f"--index={index}",
                f"--fd={bound.fileno()}",
            ),
            settings=document,
            sockets=(bound.fileno(),),
            rank=0,
            stop_timeout_s=drain,
        )
        for index, bound in enumerate(gateway)
    ]
    return [control, *workers]
