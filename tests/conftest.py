"""What holds for every test.

Examples of property tests are the same in every run, and may take their time: a change is refused
for what it breaks, not for what a search happens to find just then, nor for a busy machine.
`WEIGHBRIDGE_TEST_SEARCH=1` looks for other ones.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile(
    "same",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("search" if os.environ.get("WEIGHBRIDGE_TEST_SEARCH") else "same")

_DAY_S = 86_400
_LONG_ENOUGH_S = 120


@pytest.fixture(autouse=True)
def _a_day_that_lasts() -> None:
    """What a test does and what it then asks for is of one day (UTC), and so of one month.

    Processes have the clock that they have: in a day's last two minutes the next one is awaited.
    """
    left_s = _DAY_S - time.time() % _DAY_S
    if left_s < _LONG_ENOUGH_S:
        threading.Event().wait(left_s)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Logging is set up per process: a test that runs a command in this one puts it back.

    Else the tests behind it would write to a stream that its capture has closed.
    """
    configured, config = structlog.is_configured(), structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    raises, hook = logging.raiseExceptions, sys.excepthook
    yield
    if configured:
        structlog.configure(**config)
    else:
        structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level
    logging.raiseExceptions, sys.excepthook = raises, hook
