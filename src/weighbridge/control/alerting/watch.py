"""Asks the rules, each at its pace, and hands what they find to the log and the dispatcher.

Rules that follow spend are asked when rows came in, so that a message is out seconds after the
call that crossed a threshold; the others by the clock. However many rows come, a rule rests
between two questions. A rule that fails says so once, and is asked again.
Rules for future edits: a rule's `find` may block and may be slow, so it runs in a thread and one
at a time; what was found goes to the log at once, not after the other rules.
Counterparts: `figures` has the rules, `ledger_keeper` tells of rows.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from weighbridge.control.alerting.alert_log import AlertLog
from weighbridge.core.alert import Occurrence
from weighbridge.errors import WeighbridgeError

# After a rule was asked it rests for as long as it says, or for so many times what it took.
_REST_TIMES: Final = 2.0
_REST_MOST_S: Final = 3.0
_PRUNE_EVERY_S: Final = 3600.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What to ask, how often, and whether also when rows came in, then with `rest_s` in between."""

    name: str
    every_s: float
    find: Callable[[datetime], Iterable[Occurrence]]
    follows_rows: bool = False
    rest_s: float = 1.0


class AlertWatch:
    """Life: construct, `run` as a task, cancel it; `rows_came` from any thread."""

    def __init__(
        self,
        rules: Sequence[Rule],
        log: AlertLog,
        wake: Callable[[], object],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rules = rules
        self._alerts = log
        self._wake_sender = wake
        self._now = now
        self._due_s = dict.fromkeys((rule.name for rule in rules), 0.0)
        self._rested_s = dict.fromkeys((rule.name for rule in rules), 0.0)
        self._fresh: set[str] = set()
        self._failing: set[str] = set()
        self._prune_at_s = 0.0
        self._told: Counter[str] = Counter()
        self._wake: Callable[[], object] = _nobody

    def __repr__(self) -> str:
        return f"<AlertWatch of {', '.join(rule.name for rule in self._rules)}>"

    def rows_came(self) -> None:
        """There are new rows in the ledger."""
        self._fresh.update(rule.name for rule in self._rules if rule.follows_rows)
        self._wake()

    def look_anew(self) -> None:
        """There are rows of any age: every rule is asked as soon as it has rested."""
        self._fresh.update(rule.name for rule in self._rules)
        self._wake()

    def metrics(self) -> Mapping[str, int]:
        """How many alerts were told, and how many rules fail."""
        return {
            "alerts_told_total": sum(self._told.values()),
            "alert_rules_failing": len(self._failing),
        }

    async def run(self) -> None:
        """Ask until cancelled."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        try:
            while True:
                woken.clear()
                await asyncio.to_thread(self.round)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause_s()):
                        await woken.wait()
        finally:
            self._wake = _nobody

    def round(self) -> None:
        """Ask the rules whose time has come."""
        for rule in self._rules:
            if self._at_s(rule) <= time.monotonic():
                self._ask(rule)
        if self._prune_at_s <= time.monotonic():
            self._prune_at_s = time.monotonic() + _PRUNE_EVERY_S
            with suppress(SQLAlchemyError):  # in an hour, then
                self._alerts.prune()

    def _ask(self, rule: Rule) -> None:
        began_s = time.monotonic()
        self._fresh.discard(rule.name)  # before the question, which sees all rows until now
        try:
            told = self._alerts.tell(rule.find(self._now()))
        except (WeighbridgeError, SQLAlchemyError, ValueError) as error:
            if rule.name not in self._failing:
                _log.warning("a rule of alerts fails", where=rule.name, exc_info=error)
            self._failing.add(rule.name)
        else:
            self._failing.discard(rule.name)
            self._tell(rule, len(told))
        ended_s = time.monotonic()
        rest_s = min(max(rule.rest_s, _REST_TIMES * (ended_s - began_s)), _REST_MOST_S)
        self._rested_s[rule.name] = ended_s + rest_s
        self._due_s[rule.name] = ended_s + rule.every_s

    def _tell(self, rule: Rule, count: int) -> None:
        if count:
            self._told[rule.name] += count
            self._wake_sender()
            _log.info("alerts were told", where=rule.name, count=count)

    def _at_s(self, rule: Rule) -> float:
        fresh = rule.name in self._fresh
        return self._rested_s[rule.name] if fresh else self._due_s[rule.name]

    def _pause_s(self) -> float:
        next_s = min((self._at_s(rule) for rule in self._rules), default=self._prune_at_s)
        return max(0.0, min(next_s, self._prune_at_s) - time.monotonic())


def _nobody() -> None:
    """Nothing runs that could be woken."""
