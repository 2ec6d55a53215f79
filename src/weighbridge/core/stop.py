"""A wish that reaches across threads: whoever asked has left, so what runs for them may end.

Hides the order of wish and work: a wish that comes first stops what begins later.
Rules for future edits: wishing twice is as good as once, and harmless after the end.
Counterpart: `admin/questions` wishes, `ledger/stores` heeds.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stop:
    """May be wished by one thread while another works."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._halts: list[Callable[[], object]] = []
        self.wished = False

    def __repr__(self) -> str:
        return f"<Stop {'wished' if self.wished else 'not wished'}, {len(self._halts)} at work>"

    def wish(self) -> None:
        """Halt what runs now, and let nothing more begin."""
        with self._lock:
            self.wished = True
            for halt in self._halts:
                halt()

    @contextmanager
    def calling(self, halt: Callable[[], object]) -> Iterator[None]:
        """While the block runs, a wish calls `halt`, in the thread that wishes."""
        with self._lock:
            self._halts.append(halt)
        try:
            yield
        finally:
            with self._lock:
                self._halts.remove(halt)
