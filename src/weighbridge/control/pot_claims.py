"""Claims of gateways that share budgets on the alerts that all of them find, in their store.

Hides keys, their ends, and a store that cannot be reached, or says what nobody can read: then an
alert is this gateway's to send, for one that comes twice is better than none. Nothing here lies
under the pot's epoch: what was told stays told where the store has lost what was spent.

Rules for future edits: asked from the threads that send, with a connection of their own; a claim
that is not made good ends by itself. Counterparts: `budgets/alerts/once` decides, `dispatch` asks,
`pot_store` tells which budgets name channels.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from weighbridge.budgets.alerts.once import Claim, Verdict, judge
from weighbridge.control.pot_store import NAMING
from weighbridge.core.alert import Alert

_TOLD: Final = "weighbridge:told:"
_TIMEOUT_S: Final = 1.0
# For as long as sending once can take.
_CLAIM_MS: Final = 60_000
# Whoever finds it later finds it told: for 8 days after its window, as parts are kept, but not for
# ever where there is no end.
_MARGIN_MS: Final = 8 * 24 * 3600 * 1000
_LONGEST_MS: Final = 400 * 24 * 3600 * 1000
_DROP: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
_log = structlog.get_logger()


class PotClaims:
    """Claims of one node. Life: construct, `close`."""

    def __init__(
        self, url: str, node: str, now_us: Callable[[], int] = lambda: time.time_ns() // 1000
    ) -> None:
        self._node = node
        self._now_us = now_us
        self._alone = False
        self._mine = msgspec.json.encode(Claim(node)).decode()
        self._client: Any = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )

    def __repr__(self) -> str:
        return f"<PotClaims of {self._node}>"

    def claim(self, alert: Alert) -> Verdict:
        """Whether this gateway sends it; what is about no budget is its own."""
        if alert.occurrence.budget_id is None:
            return Verdict.OURS
        try:
            verdict = self._claim(alert, alert.occurrence.budget_id)
        except (RedisError, OSError, msgspec.MsgspecError) as error:
            if not self._alone:
                _log.warning("other nodes may tell the same alerts", error=type(error).__name__)
            self._alone = True
            return Verdict.OURS
        self._alone = False
        return verdict

    def settle(self, alert: Alert, *, sent: bool) -> None:
        """A channel took the message, or did not: then others may try."""
        if alert.occurrence.budget_id is None:
            return
        key = _TOLD + alert.occurrence.key
        try:
            if sent:
                told = msgspec.json.encode(Claim(self._node, sent=True)).decode()
                self._client.set(key, told, pxat=self._end_ms(alert))
            else:
                self._client.eval(_DROP, 1, key, self._mine)
        except (RedisError, OSError) as error:
            _log.warning("other nodes may tell the same alert", error=type(error).__name__)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _claim(self, alert: Alert, budget: str) -> Verdict:
        key = _TOLD + alert.occurrence.key
        raw, naming = self._client.get(key), self._client.hgetall(NAMING)
        found = None if raw is None else msgspec.json.decode(raw, type=Claim)
        budgets = {node: msgspec.json.decode(text, type=list[str]) for node, text in naming.items()}
        verdict = judge(found, self._node, budgets, (budget, self._now_us() - alert.at_us))
        if verdict is not Verdict.OURS or (found is not None and found.sent):
            return verdict
        free = found is None
        made = self._client.set(key, self._mine, px=_CLAIM_MS, nx=free, xx=not free)
        return Verdict.OURS if made else Verdict.LATER

    def _end_ms(self, alert: Alert) -> int:
        longest_ms = self._now_us() // 1000 + _LONGEST_MS
        return min(alert.occurrence.stands_until_us // 1000 + _MARGIN_MS, longest_ms)
