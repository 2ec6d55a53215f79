"""What is left of an amount, as a path and as a picture."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from memory_ledger import MemoryLedger

from weighbridge.reports.burn_down import BurnDown, burn_down, burn_down_spec
from weighbridge.reports.chart_files import to_svg
from weighbridge.reports.charts import DARK_LOOK, Look
from weighbridge.reports.compare import Run
from weighbridge.reports.outlook import Outlook
from weighbridge.reports.service import ReportService
from weighbridge.reports.window_spend import Window

DOLLAR = 10**12
NOW = datetime(2026, 11, 11, 12, tzinfo=UTC)
MONTH = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
DAY = (datetime(2026, 11, 11, tzinfo=UTC), datetime(2026, 11, 12, tzinfo=UTC))


def row(at: datetime, cost: str) -> dict[str, Any]:
    return {
        "started_at": at,
        "labels": {},
        "list_cost": Decimal(cost),
        "pricing_status": "priced",
    }


@pytest.fixture
def run() -> Run:
    ledger = MemoryLedger()
    ledger.fill([row(NOW - timedelta(days=n), "2") for n in range(8)])
    service = ReportService(ledger)
    return lambda query: service.run(query, NOW)


def made(run: Run, ends: tuple[datetime, datetime], **more: Any) -> BurnDown:
    window = Window(since=ends[0], until=ends[1], timezone="UTC", filters={})
    given = {"limit": 20 * DOLLAR, "thresholds": (50, 100), "outlook": None}
    return burn_down(window, run, NOW, **{**given, **more})


def test_the_path_is_what_was_spent_by_then(run: Run) -> None:
    """From nothing at the window's start to the sum at the present, never down."""
    drawn = made(run, MONTH)
    assert drawn.spent[0] == (MONTH[0], 0)
    assert drawn.spent[-1] == (NOW, 16 * DOLLAR)
    assert [at for at, _ in drawn.spent] == sorted(at for at, _ in drawn.spent)
    assert [spent for _, spent in drawn.spent] == sorted(spent for _, spent in drawn.spent)
    by_instant = dict(drawn.spent)
    assert by_instant[datetime(2026, 11, 4, tzinfo=UTC)] == 0
    assert by_instant[datetime(2026, 11, 5, tzinfo=UTC)] == 2 * DOLLAR


def test_a_short_window_goes_by_hours(run: Run) -> None:
    """A day of one call at noon is flat before it, and ends at the present."""
    window = Window(since=DAY[0], until=DAY[1], timezone="UTC", filters={})
    now = NOW + timedelta(minutes=30)
    drawn = burn_down(window, run, now, limit=DOLLAR, thresholds=(), outlook=None)
    assert drawn.spent == [(DAY[0], 0), (NOW, 0), (now, 2 * DOLLAR)]


def test_what_is_expected_goes_on_from_here(run: Run) -> None:
    """A day after the other, and no further than the window's end."""
    ahead = Outlook(
        3 * DOLLAR, DOLLAR, 9, "level", ((date(2026, 11, 11), DOLLAR), (date(2026, 11, 12), DOLLAR))
    )
    drawn = made(run, (MONTH[0], datetime(2026, 11, 12, 6, tzinfo=UTC)), outlook=ahead)
    assert drawn.expected == [
        (NOW, 16 * DOLLAR),
        (datetime(2026, 11, 12, tzinfo=UTC), 17 * DOLLAR),
        (datetime(2026, 11, 12, 6, tzinfo=UTC), 18 * DOLLAR),
    ]
    assert drawn.margin == DOLLAR


def test_a_window_without_ends_begins_with_its_first_call(run: Run) -> None:
    """And has nothing to expect."""
    window = Window(since=None, until=None, timezone="UTC", filters={})
    drawn = burn_down(window, run, NOW, limit=DOLLAR, thresholds=(), outlook=None)
    assert drawn.since == datetime(2026, 11, 4, tzinfo=UTC)
    assert (drawn.until, drawn.expected) == (NOW, [])
    empty = burn_down(
        Window(since=None, until=None, timezone="UTC", filters={"agent": ("x",)}),
        run,
        NOW,
        limit=DOLLAR,
        thresholds=(),
        outlook=None,
    )
    assert {spent for _, spent in empty.spent} == {0}


@pytest.mark.parametrize("look", [Look(), DARK_LOOK, Look(fills_container=True)])
@pytest.mark.parametrize("limit", [1, 20 * DOLLAR, 10**6 * DOLLAR])
def test_it_is_drawn_whatever_the_amount(run: Run, look: Look, limit: int) -> None:
    """Also far beyond its limit: the picture's foot stays near nothing."""
    ahead = Outlook(3 * DOLLAR, DOLLAR, 9, "level", ((date(2026, 11, 30), 3 * DOLLAR),))
    spec = burn_down_spec(made(run, MONTH, limit=limit, outlook=ahead), look)
    text = str(spec)
    assert "http" not in text.replace("https://vega.github.io/schema", "")
    assert "<svg" in to_svg({**spec, "width": 300})
    domains = [
        layer["encoding"]["y"]["scale"]["domain"]
        for layer in spec["layer"]
        if "scale" in layer.get("encoding", {}).get("y", {})
    ]
    assert domains
    assert all(-limit / 10**12 <= low <= 0 <= high for low, high in domains)
