"""The admin app over a real ledger and control database in a folder of the test's own."""

import io
import logging
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx
import msgspec
import pytest
import structlog
from fastapi import FastAPI

from weighbridge.admin.app import create_app
from weighbridge.admin.attempts import Attempts
from weighbridge.admin.auth import Failures, LocalAdmin
from weighbridge.compose.parts import Parts, open_parts
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder
from weighbridge.core.credential import Role
from weighbridge.core.exchange import Charge, Exchange
from weighbridge.privacy import log


class Told:
    """The policy's way to workers: counts how often it was taken."""

    def __init__(self) -> None:
        self.published = 0

    async def publish(self) -> None:
        self.published += 1


class Well:
    """Vitals that a test sets."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.values: dict[str, int] = {"exchanges_total;outcome=ok": 3, "workers": 2}

    def metrics(self) -> Mapping[str, int]:
        return self.values

    def problems(self) -> list[str]:
        return self.found


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """What the process logs, through the pipeline that it has when it serves."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    out = io.StringIO()
    log.configure("info", "json", out)
    yield out
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    folder = DataFolder(tmp_path / "data")
    folder.make()
    opened = open_parts(folder, Settings(data=folder.root))
    yield opened
    opened.close()


@pytest.fixture
def policy() -> Told:
    return Told()


@pytest.fixture
def vitals() -> Well:
    return Well()


@pytest.fixture
def app(parts: Parts, policy: Told, vitals: Well) -> FastAPI:
    made = create_app(parts.services(policy, vitals))
    made.state.attempts = Attempts(lambda: 0.0)  # no window turns while a test counts
    made.state.failures = Failures(lambda: 0.0)
    return made


@pytest.fixture
async def local(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Over the Unix socket: the operator."""
    transport = httpx.ASGITransport(LocalAdmin(app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://local") as client:
        yield client


@pytest.fixture
async def remote(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Over TCP: nobody, until a key is shown."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://remote") as client:
        yield client


@pytest.fixture
def bearer(parts: Parts) -> Mapping[Role, dict[str, str]]:
    """A header with a key of each role."""
    return {role: {"Authorization": f"Bearer {parts.keys.create(role, role)[1]}"} for role in Role}


@pytest.fixture
def rows(parts: Parts, tmp_path: Path) -> list[Exchange]:
    """Three exchanges in the ledger, oldest first."""
    made = [
        Exchange(
            exchange_id=f"01920000-0000-7000-8000-00000000000{index}",
            started_at=f"2026-11-0{index}T12:00:00.000001Z",
            ended_at=f"2026-11-0{index}T12:00:01.000001Z",
            node="n",
            provider="google",
            surface="gemini",
            operation="generateContent",
            model="gemini-2.5-flash",
            status=200,
            outcome="ok",
            usage_source="final",
            department=department,
            labels={"env": "prod"},
            input_tokens=10,
            total_tokens=10,
            list_cost="0.000000300000",
            pricing_status="priced",
            charges=[Charge("input_text_token", "10", "0.000000030000", "0.000000300000", "p1")],
            latency_us=1_000_000,
        )
        for index, department in ((1, "care"), (2, "care"), (3, None))
    ]
    file = tmp_path / "rows.ndjson"
    file.write_bytes(b"\n".join(msgspec.json.encode(row) for row in made))
    parts.store.import_files([file])
    return made
