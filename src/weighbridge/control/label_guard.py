"""Watches for labels that make reports unreadable: a timestamp, a request id as a value.

Hides how often is looked and what was said already. A key over the threshold is a warning in
`/api/v1/alerts`, a line in the log once a day, and a count in the metrics; where folding is on,
workers book its values as `(many)`, and go on until a day has passed without it.
Rules for future edits: no label goes to the log, for clients choose their text; a ledger that
does not answer changes nothing; one look at a time.
Counterparts: `reports/label_keys` counts, `attribution/joined_labels` folds.
"""

import asyncio
import math
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import structlog

from weighbridge.errors import LedgerError
from weighbridge.reports.label_keys import LabelKey

KIND: Final = "label_cardinality"
WINDOW: Final = timedelta(hours=24)
EVERY_S: Final = 600.0
FRESH_S: Final = 5.0
_log = structlog.get_logger()

Find = Callable[[datetime, int], list[LabelKey]]


@dataclass(frozen=True, slots=True)
class LabelAlert:
    """A label key with too many values; `since` is when it was first seen so."""

    kind: str
    key: str
    values: int
    since: datetime
    message: str


class LabelGuard:
    """Life: construct; `run` while the control process lives, or only `all` where nothing serves.

    Takes: `find`, which counts values since an instant; the threshold, 0 for no guard.
    """

    def __init__(
        self,
        find: Find,
        *,
        threshold: int,
        fold: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._find = find
        self._threshold = threshold
        self._fold = fold
        self._now = now
        self._alerts: list[LabelAlert] = []
        self._folded: list[str] = []
        self._since: dict[str, datetime] = {}
        self._logged: dict[str, date] = {}
        self._looked_at: float | None = None
        self._looking = threading.Lock()
        self._unpublished = False
        self._wake: Callable[[], object] = _nobody

    def __repr__(self) -> str:
        return f"<LabelGuard {len(self._alerts)} over {self._threshold}>"

    @property
    def noisy(self) -> int:
        """How many keys were over the threshold at the last look."""
        return len(self._alerts)

    def all(self) -> list[LabelAlert]:
        """The warnings that stand now; looks anew where the last look is not fresh."""
        self._look(max_age_s=FRESH_S)
        return list(self._alerts)

    def folded_keys(self) -> list[str]:
        """Keys whose values workers shall fold; the first call looks."""
        if self._fold and self._looked_at is None:
            self._look(max_age_s=FRESH_S)
            self._unpublished = False  # whoever asks first is the one to be told
        return list(self._folded)

    def watch(self, *, threshold: int, fold: bool) -> None:
        """Go by another threshold or folding from now on; the next look is due at once."""
        if (threshold, fold) == (self._threshold, self._fold):
            return
        self._threshold, self._fold = threshold, fold
        if not threshold:
            self._alerts = []
        if not (threshold and fold):
            self._folded = []
        if self._looked_at is not None:
            self._looked_at = -math.inf
        self._wake()

    async def run(self, publish: Callable[[], Awaitable[None]]) -> None:
        """Look every few minutes; `publish` tells workers of what is folded."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        try:
            while True:
                await asyncio.to_thread(self._look, max_age_s=FRESH_S)
                if self._unpublished:
                    self._unpublished = False
                    await publish()
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_S):
                        await woken.wait()
                woken.clear()
        finally:
            self._wake = _nobody

    def _look(self, *, max_age_s: float) -> None:
        if not self._threshold:
            return
        with self._looking:
            if self._looked_at is not None and time.monotonic() - self._looked_at < max_age_s:
                return
            now = self._now()
            try:
                found = self._find(now - WINDOW, self._threshold)
            except LedgerError as error:
                _log.warning("labels could not be counted", error=error.message)
            else:
                self._take(found, now)
            self._looked_at = time.monotonic()

    def _take(self, found: list[LabelKey], now: datetime) -> None:
        self._since = {each.key: self._since.get(each.key, now) for each in found}
        self._alerts = [self._alert(each) for each in found]
        for each in found:
            if self._logged.get(each.key) != now.date():
                self._logged[each.key] = now.date()
                _log.warning(
                    "a label key has too many distinct values; /api/v1/alerts names it",
                    count=each.values,
                    limit=self._threshold,
                )
        self._logged = {key: day for key, day in self._logged.items() if day == now.date()}
        folded = sorted(each.key for each in found) if self._fold else []
        if folded != self._folded:
            self._folded = folded
            self._unpublished = True
            self._wake()

    def _alert(self, found: LabelKey) -> LabelAlert:
        what = f"label {found.key!r} had {found.values:,} distinct values in 24 hours"
        if self._fold:
            advice = "its values are booked as (many) until it has not been sent for a day"
        else:
            advice = (
                f"more than labels.cardinality_warn = {self._threshold:,}: reports by it cannot be "
                "read; send a value that many calls share, or set labels.fold"
            )
        since = self._since[found.key]
        return LabelAlert(KIND, found.key, found.values, since, f"{what}; {advice}")


def _nobody() -> None:
    """Nothing runs that could be woken."""
