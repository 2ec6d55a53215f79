"""The control process's desk for permits of rate limits: keeps how full buckets are.

Rules for future edits: as for `lease_hub`, whose loop this runs on and who carries its talk;
nothing is said before the level that it leaves is kept.
Counterparts: `budgets/permits` decides, `lease_store` keeps.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec
import structlog

from weighbridge.budgets.lease import Grants, Holder, Report
from weighbridge.budgets.permits import Level, Permits
from weighbridge.budgets.rate_limit import ID_PREFIX, RateLimit
from weighbridge.control.lease_store import LeaseStore
from weighbridge.errors import ControlError

_MINUTE_US: Final = 60_000_000
_log = structlog.get_logger()


def split(report: Report) -> tuple[Report, Report]:
    """What of a report is about money, and what about permits."""
    permits = [each for each in report.holdings if each.account.budget.startswith(ID_PREFIX)]
    money = [each for each in report.holdings if not each.account.budget.startswith(ID_PREFIX)]
    gone = [each for each in report.forgotten if each.account.budget.startswith(ID_PREFIX)]
    left = [each for each in report.forgotten if not each.account.budget.startswith(ID_PREFIX)]
    replace = msgspec.structs.replace
    return (
        replace(report, holdings=tuple(money), forgotten=tuple(left)),
        replace(report, holdings=tuple(permits), forgotten=tuple(gone), segments=()),
    )


class PermitDesk:
    """Life: construct, `restore`, then as its hub calls."""

    def __init__(
        self, store: LeaseStore, numbers: Iterator[int], now_us: Callable[[], int]
    ) -> None:
        self.failures = 0
        self._store = store
        self._now_us = now_us
        self._permits = Permits(numbers)
        self._unkept: list[Level] = []

    def __repr__(self) -> str:
        return f"<PermitDesk {self._permits!r}>"

    def restore(self) -> None:
        """Go on with the levels that were kept."""
        self._permits.restore(self._store.levels())

    def learn(self, limits: Iterable[RateLimit]) -> None:
        """The rate limits in force."""
        self._permits.learn(limits)

    def heard(self, report: Report) -> None:
        """A worker's word."""
        self._permits.lender.arrive(report.holder)
        self._permits.receive(report)

    def leave(self, holder: Holder) -> None:
        """A worker cannot be reached."""
        self._permits.lender.leave(holder)

    def bury(self, holder: Holder) -> None:
        """A worker is dead."""
        self._permits.bury(holder)

    def decide(self) -> list[Grants]:
        """What to say, once it is kept."""
        levels, messages = self._permits.decide(self._now_us())
        self._unkept += levels
        if not self._unkept:
            return messages
        try:
            self._store.keep_levels(self._unkept)
        except ControlError as error:
            self.failures += 1
            _log.error("permits cannot be kept, so none are given", error=error.message)
            return []
        self._unkept = []
        return messages

    def tidy(self) -> None:
        """Forget what is full."""
        now_us = self._now_us()
        self._permits.tidy(now_us)
        self._store.drop_levels(now_us - _MINUTE_US)

    def left(self, limit_id: str) -> dict[tuple[str | None, int], int]:
        """How many whole permits are left of a limit's buckets, by value and kind."""
        return self._permits.left(limit_id, self._now_us())
