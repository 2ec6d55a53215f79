"""Which names are time zones that mean the same on every machine."""

from typing import Final
from zoneinfo import ZoneInfo

# Files beside the zones that say what this machine is set to, or that nothing is.
_OF_THE_MACHINE: Final = frozenset({"localtime", "posixrules", "Factory"})


def is_zone(name: str) -> bool:
    """Whether a name is a zone of the IANA database.

    Example: `Europe/Berlin` is one; `localtime`, which differs from machine to machine, is none.
    """
    if name in _OF_THE_MACHINE:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # not there, a folder, or a path that leads out
        return False
    return True
