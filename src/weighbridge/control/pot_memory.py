"""What a node keeps of the common pot over its restarts: its id, the epoch, the nodes it has seen.

Hides the file, `nodes.json` in the data folder, synced before anything is done by what it says. The
id is the data folder's, not the host's: who copies a folder copies its node. Counterpart:
`pot_store`, whose store may forget who else there is.
"""

import os
from pathlib import Path
from secrets import token_hex
from typing import Final

import msgspec
import structlog

from weighbridge.control.pot_store import Memory

FILE_NAME: Final = "nodes.json"
_log = structlog.get_logger()


class PotMemory:
    """The file of a data folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def __repr__(self) -> str:
        return f"<PotMemory {self._path}>"

    def load(self) -> Memory:
        """What was kept last; a new id where nothing was, or nothing that can be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Memory)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError) as error:
            _log.error("what is known of other nodes cannot be read; begun anew", exc_info=error)
        made = Memory(token_hex(8))
        self.save(made)
        return made

    def save(self, memory: Memory) -> None:
        """Keep it, on the disk.

        Errors: `OSError`.
        """
        hidden = self._path.with_name(f".{FILE_NAME}")
        fd = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(msgspec.json.encode(memory))
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(self._path)
