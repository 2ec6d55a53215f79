"""Rows that the ledger gave lately, so that what is asked again costs nothing.

Hides how long an answer holds. It holds until a row comes, whichever: twenty readers of a ledger at
rest cost as much as one. Whoever asks for the second part of a page (`recalling`) is given the
first part's answers as they were, for they are of that instant; the two parts then agree.

Rules for future edits: a statement and its parameters say whose answer it is, for a scope is among
them; bounded by how many figures are held; rows are never changed by who gets them.
Counterpart: `service` asks here first, `ledger/stores` counts what came in.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

# Figures take some 60 bytes each; twenty pages of fifty agents are a tenth of this.
MOST_FIGURES: Final = 200_000

Rows = list[tuple[Any, ...]]
Asked = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is asked: what had come into the ledger, and the instant it is asked for."""

    generation: int
    as_of: datetime | None = None


class Answers:
    """Those given last, up to a bound; from any thread."""

    def __init__(self, most_figures: int = MOST_FIGURES) -> None:
        self._most = most_figures
        self._held = 0
        self._kept: OrderedDict[Asked, tuple[Moment, Rows]] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Answers, {self._held} figures of {len(self._kept)} statements>"

    def find(self, asked: Asked, now: Moment, *, recalling: bool = False) -> Rows | None:
        """What the statement gave, where it would give the same now or is recalled."""
        with self._lock:
            kept = self._kept.get(asked)
            if kept is None:
                return None
            then, rows = kept
            same_instant = recalling and now.as_of is not None and then.as_of == now.as_of
            if then.generation != now.generation and not same_instant:
                return None
            self._kept.move_to_end(asked)
            return rows

    def keep(self, asked: Asked, now: Moment, rows: Rows) -> None:
        """Hold an answer; what was asked longest ago makes room. Half the room is too much."""
        size = _figures(rows)
        with self._lock:
            self._drop(asked)
            if size > self._most // 2:
                return
            self._kept[asked] = (now, rows)
            self._held += size
            while self._held > self._most:
                self._drop(next(iter(self._kept)))

    def _drop(self, asked: Asked) -> None:
        kept = self._kept.pop(asked, None)
        if kept is not None:
            self._held -= _figures(kept[1])


def _figures(rows: Sequence[Sequence[Any]]) -> int:
    """How many figures rows have, those in lists included; an empty answer is one."""
    if not rows:
        return 1
    lists = sum(len(value) for value in rows[0] if isinstance(value, list))
    return len(rows) * (len(rows[0]) + lists)
