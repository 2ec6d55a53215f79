"""The data folder: its layout, and the lock that only one owner of it can hold.

`serve` holds the lock while it runs, a command that opens the folder itself holds it while it
works; a lock that is free means that nobody writes to the ledger.
"""

import fcntl
import os
from pathlib import Path
from typing import Self

from weighbridge.errors import FolderInUseError, StartError

LOCK_NAME = "serve.lock"
ADMIN_SOCKET_NAME = "admin.sock"
ADDRESS_NAME = "gateway.url"
ADMIN_ADDRESS_NAME = "admin.url"
_SOCKET_PATH_LIMIT = 107  # sun_path on Linux, less its final NUL


class DataFolder:
    """A data folder by its path; nothing is touched before `make` or `lock`."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.run = self.root / "run"
        self.journal = self.root / "journal"
        self.ledger = self.root / "ledger.duckdb"
        self.resources = self.root / "resources.sqlite3"
        self.prices = self.root / "prices.json"
        self.cache = self.root / "cache"
        self.admin_socket = self.run / ADMIN_SOCKET_NAME

    def __repr__(self) -> str:
        return f"<DataFolder {self.root}>"

    @property
    def begun(self) -> bool:
        """Whether there is a ledger, or was somebody about to make one."""
        return self.ledger.exists() or (self.run / LOCK_NAME).exists()

    def tell_addresses(self, gateway: str, admin: str) -> None:
        """Leave where both ports listen, which flags and free ports decide, to be found."""
        (self.run / ADDRESS_NAME).write_text(gateway, "utf-8")
        (self.run / ADMIN_ADDRESS_NAME).write_text(admin, "utf-8")

    def told_address(self) -> str | None:
        """Where the gateway that serves the folder listens; of use only while one does."""
        return self._told(ADDRESS_NAME)

    def told_admin(self) -> str | None:
        """Where its admin port listens, likewise."""
        return self._told(ADMIN_ADDRESS_NAME)

    def _told(self, name: str) -> str | None:
        try:
            return (self.run / name).read_text("utf-8") or None
        except OSError:
            return None

    def make(self) -> None:
        """Create what is missing, for this user alone.

        Errors: `StartError` where the folder cannot be made, or its path is too long for
        sockets to live in it.
        """
        if len(os.fsencode(self.admin_socket)) > _SOCKET_PATH_LIMIT:
            raise StartError(
                f"the path of the data folder is too long for sockets in it, got {self.root}; "
                f"choose one of at most {_SOCKET_PATH_LIMIT - 15} bytes"
            )
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.journal.mkdir(mode=0o700, exist_ok=True)
            self.run.mkdir(mode=0o700, exist_ok=True)
            self.run.chmod(0o700)
        except OSError as error:
            reason = (error.strerror or "no access").lower()
            raise StartError(
                f"cannot make the data folder {self.root}: {reason}; choose another with --data"
            ) from None

    def lock(self) -> "FolderLock":
        """Own the folder until the lock is closed.

        Errors: `FolderInUseError` where another process does.
        """
        return FolderLock(self)


class FolderLock:
    """An exclusive hold on a data folder; given up by `close`, or by the process's end."""

    def __init__(self, folder: DataFolder) -> None:
        folder.make()
        path = folder.run / LOCK_NAME
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            who = f" (process {holder})" if holder.isdigit() else ""
            raise FolderInUseError(
                f"another Weighbridge works in {folder.root}{who}; wait for it, stop it, or "
                "choose another folder with --data"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Give the folder up."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
