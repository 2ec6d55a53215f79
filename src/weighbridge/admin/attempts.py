"""How often somebody may try to sign in: per name and per address, in windows of five minutes.

An attempt counts before its password is looked at and is forgiven when it was right, so that
many at once get no further than many in a row. Bounded in memory; a name that is guessed at
from everywhere is shut for the rest of the window, and its open sessions go on.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

WINDOW_S: Final = 300
PER_NAME: Final = 10
PER_ADDRESS: Final = 30
_REMEMBERED: Final = 10_000


class Attempts:
    """Attempts of the current window, by name and by address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._window = 0
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Attempts of {len(self._counts)} names and addresses>"

    def begin(self, name: str, address: str) -> bool:
        """Count an attempt; False where one of both has had too many."""
        window = int(self._clock() // WINDOW_S)
        if window != self._window:
            self._window = window
            self._counts.clear()
        by_name = self._add(("name", name))
        by_address = self._add(("address", address))
        return by_name <= PER_NAME and by_address <= PER_ADDRESS

    def forgive(self, name: str, address: str) -> None:
        """It was right: the name starts afresh, the address has this one back."""
        self._counts.pop(("name", name), None)
        key = ("address", address)
        if self._counts.get(key):
            self._counts[key] -= 1

    def _add(self, key: tuple[str, str]) -> int:
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return count
