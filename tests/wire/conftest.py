"""Fixtures of the wire tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from bench_wire import Wire, start_wire

WireFactory = Callable[..., Awaitable[Wire]]


@pytest.fixture
async def make_wire() -> AsyncIterator[WireFactory]:
    """Start workers with any setting changed; they stop with the test."""
    started: list[Wire] = []

    async def make(**changes: Any) -> Wire:
        wire = await start_wire(**changes)
        started.append(wire)
        return wire

    yield make
    for wire in started:
        await wire.worker.close()
        await wire.peer.stop()


@pytest.fixture
async def wire(make_wire: WireFactory) -> Wire:
    """A worker with the usual settings."""
    return await make_wire()
