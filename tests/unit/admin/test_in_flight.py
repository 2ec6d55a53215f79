"""`GET /api/v1/in-flight`: what has begun and not ended."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import msgspec
import pytest

from weighbridge.core.credential import Role
from weighbridge.ledger.in_flight import InFlight

_BEGUN = {
    "exchange_id": "01920000-0000-7000-8000-000000000001",
    "started_at": "2026-11-22T12:00:00.000001Z",
    "ended_at": "2026-11-22T12:00:00.000001Z",
    "operation": "streamGenerateContent",
    "model": "gemini-3.8-flash",
}
_SESSION = {
    "exchange_id": "01920000-0000-7000-8000-000000000002",
    "started_at": "2026-11-22T11:00:00.000001Z",
    "ended_at": "2026-11-22T11:30:00.000001Z",
    "operation": "live",
    "model": "gemini-3.8-live",
    "department": "care",
    "labels": {"env": "prod"},
    "usage_source": "partial",
    "input_tokens": 450,
    "total_tokens": 570,
    "list_cost": "0.001800000000",
    "pricing_status": "priced",
    "charges": [],
    "turns": 3,
}


@pytest.fixture
def _marks(tmp_path: Path, parts: object) -> object:
    marks = InFlight.create(tmp_path / "data" / "run" / "in-flight-0.slots")
    slots = [marks.begin(msgspec.json.encode(mark)) for mark in (_BEGUN, _SESSION)]
    yield
    for slot in slots:
        marks.end(slot)
    marks.close()


@pytest.mark.usefixtures("_marks")
async def test_a_session_tells_what_it_has_come_to(local: httpx.AsyncClient) -> None:
    """S7: a long session is visible while it runs, with turns, tokens and cost so far."""
    listed = (await local.get("/api/v1/in-flight")).json()

    assert listed["total"] == 2
    session, begun = listed["exchanges"]
    assert (session["turns"], session["total_tokens"], session["list_cost"]) == (
        3,
        570,
        "0.001800000000",
    )
    assert session["told_at"] == "2026-11-22T11:30:00.000001Z"
    assert (begun["turns"], begun["total_tokens"], begun["labels"]) == (None, None, {})


@pytest.mark.usefixtures("_marks")
@pytest.mark.parametrize(
    ("query", "models"),
    [
        ("department=care", ["gemini-3.8-live"]),
        ("department=(none)", ["gemini-3.8-flash"]),
        ("label:env=prod", ["gemini-3.8-live"]),
        ("operation=live&operation=streamGenerateContent", ["gemini-3.8-live", "gemini-3.8-flash"]),
        ("limit=1", ["gemini-3.8-live"]),
    ],
)
async def test_it_is_narrowed_like_the_list_of_exchanges(
    local: httpx.AsyncClient, query: str, models: list[str]
) -> None:
    """The same dimensions, the same words."""
    listed = (await local.get(f"/api/v1/in-flight?{query}")).json()

    assert [row["model"] for row in listed["exchanges"]] == models


async def test_it_takes_a_viewer_and_known_parameters(
    local: httpx.AsyncClient,
    remote: httpx.AsyncClient,
    bearer: Mapping[Role, dict[str, str]],
) -> None:
    """Who may read the ledger may read this; a mistyped parameter is an error, not ignored."""
    nobody = await remote.get("/api/v1/in-flight")
    viewer = await remote.get("/api/v1/in-flight", headers=bearer[Role.VIEWER])
    wrong = await local.get("/api/v1/in-flight?departmnt=care")

    assert (nobody.status_code, viewer.status_code, wrong.status_code) == (401, 200, 422)
    assert viewer.json() == {"exchanges": [], "total": 0}
