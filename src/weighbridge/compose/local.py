"""The admin app over a data folder that nothing serves: what commands use without `serve`.

Holds the folder's lock, recovers and loads what the journal holds first, so that figures are
those that a running gateway would give.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from starlette.types import ASGIApp

from weighbridge.admin.app import create_app
from weighbridge.admin.auth import LocalAdmin
from weighbridge.compose.parts import open_parts
from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder


class _NoWorkers:
    """Policy where no worker runs: the next `serve` reads the control database."""

    async def publish(self) -> None:
        """There is nobody to tell."""


class _AtRest:
    """Vitals of a gateway that does not run."""

    def metrics(self) -> Mapping[str, int | float]:
        """No counter of a process that is not there."""
        return {}

    def problems(self) -> list[str]:
        """Why it is not ready."""
        return ["weighbridge serve does not run"]


@contextmanager
def local_app(settings: Settings) -> Iterator[ASGIApp]:
    """The app, for as long as the folder is held.

    Errors: `FolderInUseError` where another process holds the folder.
    """
    folder = DataFolder(settings.data)
    with folder.lock():
        parts = open_parts(folder, settings)
        try:
            while parts.keeper.round():
                pass
            yield LocalAdmin(create_app(parts.services(_NoWorkers(), _AtRest(), settings.admin)))
        finally:
            parts.close()
