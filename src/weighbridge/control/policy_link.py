"""A worker's side of `control.sock`: applies policies, sends counters, carries leases.

A worker needs the control process neither to start nor to run: it begins with the snapshot in
`policy.msgpack` and connects again, with a growing pause, whenever the socket is away.
Counterpart: `policy_hub`.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import msgspec
import structlog

from weighbridge.attribution.policy import PolicySnapshot
from weighbridge.control import frames
from weighbridge.control.policy_hub import POLICY_NAME, SOCKET_NAME

COUNTERS_EVERY_S: Final = 1.0
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 0.5
_log = structlog.get_logger()


def read_policy(run: Path) -> PolicySnapshot | None:
    """The policy that was last written down, or None where there is none that can be read."""
    try:
        return PolicySnapshot.decode((run / POLICY_NAME).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("the policy file cannot be read", exc_info=error)
        return None


class LeaseEnd(Protocol):
    """A worker's end of the talk about leased money, as far as the link carries it."""

    def connected(self, send: Callable[[bytes], None]) -> None:
        """The control process can be reached; `send` never blocks and never raises."""
        ...

    def received(self, message: bytes) -> None:
        """A message came."""
        ...

    def disconnected(self) -> None:
        """The control process is away."""
        ...


class PolicyLink:
    """One worker's connection to the control process.

    Takes: the run folder, the worker's index and incarnation (a number that differs after each
    restart), `apply` for each new policy, `counters` for the values to report, `leases` for
    messages about leased money.
    """

    def __init__(
        self,
        run: Path,
        identity: tuple[int, int],
        *,
        apply: Callable[[PolicySnapshot], None],
        counters: Callable[[], Mapping[str, int]],
        leases: LeaseEnd | None = None,
    ) -> None:
        self._socket = str(run / SOCKET_NAME)
        self._worker, self._incarnation = identity
        self._apply = apply
        self._counters = counters
        self._leases = leases
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<PolicyLink of worker {self._worker} to {self._socket}>"

    def start(self) -> None:
        """Begin to connect, and stay connected until `close`."""
        self._task = asyncio.create_task(self._stay_connected())

    async def close(self) -> None:
        """Send the counters a last time and disconnect."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _stay_connected(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._socket)
            except OSError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
                continue
            pause = _FIRST_PAUSE_S
            reporting = asyncio.create_task(self._report(writer))
            if self._leases is not None:
                self._leases.connected(partial(_send_lease, writer))
            try:
                await self._receive(reader, writer)
            except (frames.FrameError, OSError) as error:
                _log.warning("the control process sent no frame", exc_info=error)
            finally:
                reporting.cancel()
                if self._leases is not None:
                    self._leases.disconnected()
                frames.send(writer, self._counters_frame())
                writer.close()
            await asyncio.sleep(pause)

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (message := await frames.read(reader)) is not None:
            if isinstance(message, frames.PolicyUpdate):
                self._apply(message.snapshot)
                ack = frames.Ack(self._worker, message.snapshot.version)
                frames.send(writer, frames.encode(ack))
            elif isinstance(message, frames.Lease) and self._leases is not None:
                self._leases.received(message.message)

    async def _report(self, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            frames.send(writer, self._counters_frame())
            with suppress(OSError):
                await writer.drain()
            await asyncio.sleep(COUNTERS_EVERY_S)

    def _counters_frame(self) -> bytes:
        values = dict(self._counters())
        return frames.encode(frames.Counters(self._worker, self._incarnation, values))


def _send_lease(writer: asyncio.StreamWriter, message: bytes) -> None:
    frames.send(writer, frames.encode(frames.Lease(message)))
