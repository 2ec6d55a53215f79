"""Calls that cost one cent at real gateways, all at once, and budgets over them."""

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from processes import Bridge
from raw_exchange import exchange

PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
UNDECLARED = b'{"contents":[{"parts":[{"text":"hello"}]}]}'
DECLARED = (
    b'{"contents":[{"parts":[{"text":"hello"}]}],"generationConfig":{"maxOutputTokens":3997}}'
)
HTTP_TOO_MANY = 429


def request(token: str, body: bytes = UNDECLARED, agent: str = "a", path: str = PATH) -> bytes:
    return (
        b"POST %b HTTP/1.1\r\nHost: gw\r\nX-Weighbridge-Key: %b\r\nX-Agent: %b\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n%b"
        % (path.encode(), token.encode(), agent.encode(), len(body), body)
    )


def statuses(bridge: Bridge, calls: list[bytes]) -> Counter[int]:
    """Sends all calls at once, each on a connection of its own; what their clients saw."""
    port = urlsplit(bridge.url).port
    assert port is not None

    async def one(call: bytes) -> int:
        try:
            return (await exchange(port, call, silent_after_s=30)).status
        except OSError:
            return 0

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*(one(call) for call in calls))

    return Counter(asyncio.run(all_at_once()))


def budget(bridge: Bridge, limit: str, *options: str, name: str = "all") -> str:
    made = bridge.command(
        *("budget", "set", "--name", name, "--limit", limit, "--period", "day"),
        *("--action", "block", *options),
    )
    return str(made["id"])


def status(bridge: Bridge, budget_id: str) -> dict[str, Any]:
    answer = bridge.admin.get(f"/api/v1/budgets/{budget_id}/status")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def spent_in_the_end(bridge: Bridge, budget_id: str, rows: int) -> Decimal:
    """What the budget says is spent, once all rows are in the ledger."""
    bridge.wait_for_rows(rows, outcome="ok", operation="generateContent")
    return Decimal(status(bridge, budget_id)["spent"])
