"""A served gateway whose ledger has a company in it: weeks of calls, budgets, people, channels.

Hides how the demo's history gets into a ledger of a test's own, quickly.
Counterpart: `simulator/backfill` and `simulator/company`, which `weighbridge demo` uses too.
"""

from datetime import UTC, datetime
from typing import Any

from processes import PATIENCE_S, Bridge, wait_until

from weighbridge.pricing.catalogue import PriceBook
from weighbridge.simulator.backfill import History, write_history
from weighbridge.simulator.company import BUDGETS

ROWS = 3000
DAYS = 21


def settle(bridge: Bridge) -> int:
    """Move the company in; gives how many calls it has made, up to now.

    One budget is surely used up, so that an alert stands whatever the day: it is awaited.
    """
    made = [_make(bridge, "/api/v1/budgets", dict(budget)) for budget in BUDGETS]
    assert len(made) == len(BUDGETS)
    _make(bridge, "/api/v1/channels", {"name": "Operations", "url": "json://127.0.0.1:9/"})
    _make(
        bridge,
        "/api/v1/price-overrides",
        {
            "models": ["gemini-2.5-pro"],
            "source": "framework contract",
            "rates": {"input_text_token": "1.10"},
        },
    )
    _make(bridge, "/api/v1/rate-limits", {"name": "Everybody", "requests_per_minute": 6000})
    token = _make(bridge, "/api/v1/tokens", {"name": "helpdesk", "department": "customer-care"})
    history = History(
        until=datetime.now(UTC), days=DAYS, rows=ROWS, token_ids={"helpdesk": token["id"]}
    )
    file = bridge.folder / "history.ndjson"
    written = write_history(file, history, PriceBook.load())
    _make(bridge, "/api/v1/budgets", {"name": "Used up", "limit_usd": "0.01", "period": "total"})
    bridge.command("import", str(file))
    wait_until(
        lambda: bridge.admin.get("/api/v1/alerts").json()["alerts"],
        PATIENCE_S,
        "no alert stands of a budget that is used up",
    )
    return written


def _make(bridge: Bridge, path: str, document: dict[str, Any]) -> Any:
    answer = bridge.admin.post(path, json=document)
    assert answer.status_code == 201, (path, answer.text)
    return answer.json()
