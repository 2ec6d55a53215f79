"""Counters of all workers as one, which only grow while the control process lives.

Hides restarts: a worker that starts anew counts from zero, so what its predecessor had counted
is kept as a base. Pure. Counterpart: `policy_hub` feeds it, `admin/metrics` prints it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple


class _Report(NamedTuple):
    incarnation: int
    values: dict[str, int]


class WorkerCounters:
    """Sum of the workers' counters; names that end in `_total` outlive their worker.

    Example: worker 0 reports 5, dies, and reports 2 after its restart: the total is 7. A worker
    that only lost its connection reports 6 next, and the total is 6.
    """

    def __init__(self) -> None:
        self._base: Counter[str] = Counter()
        self._last: dict[int, _Report] = {}

    def __repr__(self) -> str:
        return f"<WorkerCounters of {sorted(self._last)}>"

    def update(self, worker: int, incarnation: int, values: Mapping[str, int]) -> None:
        """Take a worker's counters since it started; `incarnation` differs after a restart."""
        last = self._last.get(worker)
        if last is not None and last.incarnation != incarnation:
            self._base.update(_totals_of(last.values))
        self._last[worker] = _Report(incarnation, dict(values))

    def away(self, worker: int) -> None:
        """A worker's connection ended: its gauges say nothing any more, its counts stay."""
        last = self._last.get(worker)
        if last is not None:
            self._last[worker] = _Report(last.incarnation, _totals_of(last.values))

    def of(self, worker: int) -> Mapping[str, int]:
        """What one worker last reported of itself."""
        last = self._last.get(worker)
        return {} if last is None else last.values

    def totals(self) -> dict[str, int]:
        """Every counter and gauge, summed over workers, by name."""
        total = Counter(self._base)
        for report in self._last.values():
            total.update(report.values)
        return dict(sorted(total.items()))


def is_total(name: str) -> bool:
    """Whether a name is that of a counter, not a gauge: `NAME_total` or `NAME_total;k=v`."""
    return name.partition(";")[0].endswith("_total")


def _totals_of(values: Mapping[str, int]) -> dict[str, int]:
    return {name: value for name, value in values.items() if is_total(name)}
