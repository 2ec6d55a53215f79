"""The dashboard over a real ledger in a folder of the test's own, asked as the operator."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from ledger_rows import write_lines

from weighbridge.admin.app import create_app
from weighbridge.admin.auth import LocalAdmin
from weighbridge.compose.dashboard import dashboard
from weighbridge.compose.parts import Parts, open_parts
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder
from weighbridge.core.credential import Role
from weighbridge.core.exchange import Charge, Exchange
from weighbridge.core.user import NewUser

Whose = tuple[str | None, str | None]
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


class Quiet:
    """Policy and vitals that nobody looks at."""

    async def publish(self) -> None:
        pass

    def metrics(self) -> dict[str, int]:
        return {}

    def problems(self) -> list[str]:
        return []


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.make()
    return made


@pytest.fixture
def parts(folder: DataFolder) -> Iterator[Parts]:
    opened = open_parts(folder, Settings(data=folder.root))
    yield opened
    opened.close()


@pytest.fixture
def app(parts: Parts, folder: DataFolder) -> FastAPI:
    pages = dashboard(folder, Settings(data=folder.root), clock=lambda: NOW)
    return create_app(parts.services(Quiet(), Quiet()), [pages])


@pytest.fixture
async def local(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The operator's client."""
    transport = httpx.ASGITransport(LocalAdmin(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://local") as client:
        yield client


@pytest.fixture
async def remote(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client that nobody knows yet."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://remote") as client:
        yield client


@pytest.fixture
def as_role(remote: httpx.AsyncClient, parts: Parts) -> Callable[[Role], httpx.AsyncClient]:
    """A browser in which somebody of a role has signed in."""

    def sign_in(role: Role) -> httpx.AsyncClient:
        user = parts.users.create(NewUser(name=f"the {role.value}", role=role))
        remote.cookies.set("weighbridge_session", parts.sessions.begin(user.id, ""))
        return remote

    return sign_in


@pytest.fixture
def rows(parts: Parts, tmp_path: Path) -> list[Exchange]:
    """Six exchanges of two departments and of none, on three days."""
    made = [
        _exchange(1, "20", ("care", "triage"), "gemini-2.5-flash", "0.250000000000"),
        _exchange(2, "20", ("care", "<b>&bold"), "gemini-2.5-pro", "1.500000000000"),
        _exchange(3, "21", ("care", "triage"), "gemini-2.5-flash", "0.000000300000"),
        _exchange(4, "21", (None, None), "gemini-2.5-flash", "2.000000000000"),
        _exchange(5, "22", ("labs", "triage"), "gemini-2.5-pro", "4.000000000000"),
        _exchange(6, "22", ("labs", "scout"), "unheard-of", None),
    ]
    file = tmp_path / "rows.ndjson"
    file.write_bytes(b"\n".join(msgspec.json.encode(row) for row in made))
    parts.store.import_files([file])
    return made


@pytest.fixture
def fill(parts: Parts, tmp_path: Path) -> Callable[..., None]:
    """Puts rows into the ledger, as `ledger_rows.line` writes them."""

    def put(*lines: bytes) -> None:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.ndjson"
        parts.store.import_files([write_lines(file, *lines)])

    return put


def _exchange(number: int, day: str, whose: Whose, model: str, cost: str | None) -> Exchange:
    department, agent = whose
    return Exchange(
        exchange_id=f"01920000-0000-7000-8000-00000000000{number}",
        started_at=f"2026-11-{day}T12:00:00.000001Z",
        ended_at=f"2026-11-{day}T12:00:01.000001Z",
        node="n",
        provider="google",
        surface="gemini",
        operation="generateContent",
        model=model,
        status=200,
        outcome="ok",
        usage_source="final",
        department=department,
        agent=agent,
        labels={"env": "prod"},
        input_tokens=10,
        total_tokens=10,
        list_cost=cost,
        pricing_status="unpriced" if cost is None else "priced",
        charges=[]
        if cost is None
        else [Charge("input_text_token", "10", "0.000000030000", cost, "p1")],
        latency_us=1_000_000,
    )
