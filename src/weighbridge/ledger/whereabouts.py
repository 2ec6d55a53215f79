"""Which exchanges have a line in a journal segment, told without decoding a row.

Counterparts: `recovery` and `outbox` ask before they write a row that may be there already.
"""

import mmap
import re
from pathlib import Path
from typing import Final

_ID: Final = re.compile(rb'"exchange_id":"([0-9a-f-]{36})"')


def ids_in(path: Path) -> set[str]:
    """Exchange ids of the whole lines of a segment; none where it is gone or empty."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            whole = data.rfind(b"\n") + 1
            return {match[1].decode() for match in _ID.finditer(data, 0, whole)}
    except (FileNotFoundError, ValueError):  # moved on meanwhile, or empty
        return set()
