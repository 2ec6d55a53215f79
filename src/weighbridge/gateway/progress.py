"""What a long session has come to so far: told to its mark in flight after each turn.

Hides which columns a mark gains while its exchange goes on: the model that the session's setup
named, the usage so far as `partial`, what it costs, and the number of turns, which no row has.
Rules for future edits: whatever stands here may become the row of a session whose gateway died,
so it is what a row would say; runs in the byte path, so it neither waits nor raises beyond
`tell`, whose caller takes care of it.
Counterparts: `ledger/interrupted` makes that row, `control/under_way` lists the marks.
"""

from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

import msgspec

from weighbridge.attribution.identity import Identity
from weighbridge.core.clock import InstantFormatter
from weighbridge.core.exchange import COLUMNS
from weighbridge.core.money import pico_to_text
from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.pricing.rating import Rating
from weighbridge.providers.base import Reading, Route

if TYPE_CHECKING:
    from weighbridge.gateway.exchange import LiveExchange
    from weighbridge.gateway.tunnel import TunnelObserver

_USAGE_COLUMNS: Final = tuple(name for name in Usage.__struct_fields__ if name in COLUMNS)
_encode: Final = msgspec.json.Encoder().encode


class SessionProgress:
    """Renews the marks of sessions under way.

    Takes: how a mark is made, how a reading is rated, how a slot is renewed.
    """

    __slots__ = ("_instant", "_mark", "_rating", "_update")

    def __init__(
        self,
        *,
        mark: Callable[[Route | None, Identity], bytes],
        rating: "Callable[[LiveExchange, Reading], Rating]",
        update: Callable[[int, bytes], int],
    ) -> None:
        self._mark = mark
        self._rating = rating
        self._update = update
        self._instant = InstantFormatter().text

    def __repr__(self) -> str:
        return "<SessionProgress>"

    def tell(self, exchange: "LiveExchange", observer: "TunnelObserver") -> None:
        """Take over what a session has come to: into the exchange's route and its mark."""
        exchange.route = route = observer.route
        exchange.mark = self._mark(route, exchange.identity)
        reading = observer.so_far()
        lasted_us = (perf_counter_ns() - exchange.started_ns) // 1000
        told_at = self._instant(exchange.started_us + lasted_us)
        members = progress_members(
            reading,
            self._rating(exchange, reading),
            turns=observer.turns,
            request_bytes=exchange.request_bytes,
            response_bytes=exchange.response_bytes,
        )
        payload = b"".join(
            (exchange.started_text.encode(), told_at.encode(), b'",', exchange.mark, members, b"}")
        )
        exchange.slot = self._update(exchange.slot, payload)


def progress_members(reading: Reading, rating: Rating, **more: int) -> bytes:
    """JSON members, without braces, that tell what an exchange has come to; led by a comma.

    Takes: further members with their values.
    Gives: `usage_source` `partial` wherever usage was reported, as more is to come.
    """
    usage = reading.usage
    told: dict[str, Any] = {name: getattr(usage, name) for name in _USAGE_COLUMNS}
    told["usage_source"] = reading.usage_source
    if reading.usage_source is UsageSource.FINAL:
        told["usage_source"] = UsageSource.PARTIAL
    told["service_tier"] = reading.service_tier
    told["pricing_status"] = rating.pricing_status
    if rating.list_cost_pico is not None:
        told["list_cost"] = pico_to_text(rating.list_cost_pico)
        told["charges"] = rating.charges_json
    told["notes"] = tuple(dict.fromkeys((*reading.notes, *rating.notes))) or None
    told |= more
    known = {name: value for name, value in told.items() if value is not None}
    return b"," + _encode(known)[1:-1]
