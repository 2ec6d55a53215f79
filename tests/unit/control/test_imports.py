"""Imports as jobs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from weighbridge.control.imports import ImportRunner
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import ClientError
from weighbridge.ledger.stores.base import Imported


class _Store:
    def __init__(self, failure: Exception | None = None) -> None:
        self._failure = failure

    def import_files(
        self, paths: list[Path], progress: Callable[[int, int], None] | None = None
    ) -> Imported:
        assert progress is not None
        progress(5, 10)
        if self._failure:
            raise self._failure
        return Imported(3, 1)


class _Log:
    def __init__(self) -> None:
        self.entries: list[tuple[Principal, str, str, Mapping[str, Any]]] = []

    def note(self, by: Principal, change: tuple[str, str], after: Mapping[str, Any]) -> None:
        self.entries.append((by, *change, after))


def test_somebody_is_told_of_rows() -> None:
    """Where some were added, once the job has ended."""
    told = Event()
    runner = ImportRunner(_Store(), _Log())
    runner.tell_of_rows(told.set)
    job = runner.start(Path("a.ndjson"))
    assert told.wait(60)
    assert (job.state, job.imported) == ("done", 3)
    runner.close()


def test_a_job_ends_with_its_counts() -> None:
    """What was added and what was there already, also in the audit log."""
    log = _Log()
    runner = ImportRunner(_Store(), log)
    job = runner.start(Path("a.ndjson"))
    runner._thread.shutdown(wait=True)
    assert (job.state, job.imported, job.skipped, job.done_bytes) == ("done", 3, 1, 5)
    assert runner.get(job.id) is job
    assert runner.get("imp_x") is None
    told = {"file": "a.ndjson", "imported": 3, "skipped": 1}
    assert log.entries == [(OPERATOR, "ledger.import", job.id, told)]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ClientError("line 3 is no row"), "line 3 is no row"),
        (RuntimeError("canary"), "an error of ours (RuntimeError); the log says where"),
    ],
)
def test_a_job_that_fails_says_why_but_quotes_nothing(failure: Exception, told: str) -> None:
    """Our own errors are told as they are; anything else by its type alone (P1)."""
    log = _Log()
    runner = ImportRunner(_Store(failure), log)
    job = runner.start(Path("a.ndjson"))
    runner._thread.shutdown(wait=True)
    assert (job.state, job.error) == ("failed", told)
    assert log.entries == []
