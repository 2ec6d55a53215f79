"""What holds for every test."""

import logging
import sys
from collections.abc import Iterator

import pytest
import structlog


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
