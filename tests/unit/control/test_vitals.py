"""Why the service is not ready, as the control process sees it."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from weighbridge.control.vitals import Vitals


def _vitals(*, connected: int = 2, failure: str | None = None, stopping: bool = False) -> Vitals:
    hub: Any = SimpleNamespace(workers=connected)
    keeper: Any = SimpleNamespace(failure=failure)
    store: Any = SimpleNamespace()
    return Vitals(
        hub,
        keeper,
        store,
        workers=2,
        price_age=dt.timedelta,
        stopping=lambda: stopping,
        noisy_label_keys=lambda: 0,
    )


@pytest.mark.parametrize(
    ("state", "problems"),
    [
        ({}, []),
        ({"connected": 1}, ["1 of 2 gateway workers are connected"]),
        ({"failure": "disk full"}, ["the ledger takes no rows: disk full"]),
        ({"stopping": True}, ["the service is stopping"]),
        ({"stopping": True, "connected": 0}, ["the service is stopping"]),
    ],
)
def test_what_keeps_it_from_being_ready(state: dict[str, Any], problems: list[str]) -> None:
    """S9: workers that go while it stops are no second problem."""
    assert _vitals(**state).problems() == problems
