"""Imports as jobs: one after another in a thread, with progress that can be asked for.

Rules for future edits: rows that came this way move every figure, so the audit log has who
brought them.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from weighbridge.control.secrets import Mint
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import WeighbridgeError
from weighbridge.ledger.stores.base import Imported

_REMEMBERED = 256
_log = structlog.get_logger()


class Importer(Protocol):
    """What imports need of a store."""

    def import_files(
        self, paths: list[Path], progress: Callable[[int, int], None] | None = None
    ) -> Imported:
        """Rows of files, those known already skipped."""
        ...


class Log(Protocol):
    """Where changes are written down."""

    def note(self, by: Principal, change: tuple[str, str], after: Mapping[str, Any]) -> None:
        """An entry: the action and the id of what it was done to, and how that is now."""
        ...


@dataclass(slots=True, kw_only=True)
class ImportJob:
    """How far an import is; `state` is `running`, `done` or `failed`."""

    id: str
    file: str
    state: str = "running"
    done_bytes: int = 0
    total_bytes: int = 0
    imported: int = 0
    skipped: int = 0
    error: str | None = None


class ImportRunner:
    """Runs imports; remembers the last few."""

    def __init__(self, store: Importer, log: Log, mint: Mint | None = None) -> None:
        self._store = store
        self._log = log
        self._mint = mint or Mint()
        self._jobs: OrderedDict[str, ImportJob] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "import")
        self._rows_came: Callable[[], object] = _nobody

    def __repr__(self) -> str:
        return f"<ImportRunner {len(self._jobs)} jobs>"

    def tell_of_rows(self, rows_came: Callable[[], object]) -> None:
        """Have somebody told, in the import's thread, when rows were added."""
        self._rows_came = rows_came

    def start(self, file: Path, by: Principal = OPERATOR) -> ImportJob:
        """Begin to import a file, after those begun before."""
        job = ImportJob(id=self._mint.identifier("imp_"), file=str(file))
        with self._lock:
            self._jobs[job.id] = job
            while len(self._jobs) > _REMEMBERED:
                self._jobs.popitem(last=False)
        self._thread.submit(self._run, job, file, by)
        return job

    def get(self, job_id: str) -> ImportJob | None:
        """How far a job is."""
        return self._jobs.get(job_id)

    def close(self) -> None:
        """Let the one under way finish; drop the rest."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: ImportJob, file: Path, by: Principal) -> None:
        def progress(done: int, total: int) -> None:
            job.done_bytes, job.total_bytes = done, total

        try:
            result = self._store.import_files([file], progress)
            job.imported, job.skipped = result.rows, result.skipped
            told = {"file": file.name, "imported": result.rows, "skipped": result.skipped}
            self._log.note(by, ("ledger.import", job.id), told)
        except WeighbridgeError as error:
            job.error = error.message
        except Exception as error:  # noqa: BLE001 - a job ends in a state, whatever happens
            _log.exception("an import failed")
            job.error = f"an error of ours ({type(error).__name__}); the log says where"
        job.state = "failed" if job.error else "done"
        if job.imported:
            self._rows_came()


def _nobody() -> None:
    """Nobody wants to know of rows."""
