"""A control database with channels and an alert log, and a clock that tests set."""

import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from alerts import Clock

from weighbridge.control.alerting.alert_log import AlertLog
from weighbridge.control.alerting.apprise_sender import AppriseSender
from weighbridge.control.alerting.channels import ChannelService
from weighbridge.control.alerting.sealing import Seal
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.privacy import log


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def sender() -> AppriseSender:
    return AppriseSender()


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    return Seal(tmp_path / "channels.key", may_make=True)


@pytest.fixture
def channels(database: Database, seal: Seal, sender: AppriseSender, clock: Clock) -> ChannelService:
    return ChannelService(database, seal, sender, Mint(now_us=clock))


@pytest.fixture
def alerts(database: Database, clock: Clock) -> AlertLog:
    return AlertLog(database, Mint(now_us=clock))


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
