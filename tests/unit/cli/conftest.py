"""Commands run in this process, on a data folder of the test's own that nothing serves."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from weighbridge.cli.app import run


class Done(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Done]


@pytest.fixture
def _own_log() -> Iterator[None]:
    """Commands set the process's log up; this puts it back."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    raising = logging.raiseExceptions
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook
    logging.raiseExceptions = raising


@pytest.fixture
def command(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    _own_log: None,
) -> Command:
    """Runs `weighbridge …` with the folder's `--data`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEIGHBRIDGE_DATA", str(tmp_path / "data"))

    def call(*arguments: str) -> Done:
        capfd.readouterr()
        status = run(arguments)
        out, err = capfd.readouterr()
        return Done(status, out, err)

    return call
