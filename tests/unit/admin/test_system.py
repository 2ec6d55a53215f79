"""How the gateway is, over the API."""

from typing import Any

import httpx
import pytest

from weighbridge.compose.parts import Parts
from weighbridge.core.user import NewUser


@pytest.mark.usefixtures("rows")
async def test_the_document_tells_of_ledger_and_prices(local: httpx.AsyncClient) -> None:
    """Sizes, instants and what is wrong."""
    document = (await local.get("/api/v1/system")).json()
    assert document["ledger"]["exchanges"] == 3
    assert document["ledger"]["last_exchange_at"].startswith("2026-11-03T12:00:00")
    assert document["journal"]["lag_ms"] == 0
    assert document["workers"] == []
    assert document["problems"] == ["weighbridge serve does not run"]
    assert document["prices"]["as_of"] >= "2026-10-01"
    assert document["free_bytes"] > 0


async def test_who_sees_a_part_does_not_see_the_whole(
    remote: httpx.AsyncClient, parts: Parts
) -> None:
    """A viewer who is bound is refused: the counts are everybody's."""
    bound: Any = NewUser(name="vi", scope={"department": ("care",)})
    session = parts.sessions.begin(parts.users.create(bound).id, "")
    remote.cookies.set("weighbridge_session", session)
    assert (await remote.get("/api/v1/system")).status_code == 403
