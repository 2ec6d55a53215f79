"""The row of an exchange whose end nobody saw: made from its in-flight mark.

A long session's mark tells what it had come to (`usage_source`, cost and all): that stays, as the
lower bound that it is.
Counterpart: `recovery` makes such rows for the dead, `journal` for exchanges whose line had
to be dropped while the disk was full.
"""

from typing import Any

import msgspec

from weighbridge.core.clock import InstantFormatter
from weighbridge.core.exchange import Exchange
from weighbridge.core.outcome import Outcome, PricingStatus, UsageSource

TURNS = "turns"  # what a mark tells beside the columns of its row


def interrupted_row(payload: bytes, ended_unix_us: int) -> Exchange | None:
    """The mark completed to a whole row, or None where it is no mark.

    Takes: the JSON that the gateway marked (at least `exchange_id` and `started_at`).
    Gives: usage `none` and cost unknown, or the mark's own where it tells of usage; status 0
    where it tells of none; no latency, which was not measured. The end is when the interruption
    was found, never before the start.
    """
    try:
        mark = msgspec.json.decode(payload, type=dict[str, Any])
        mark["ended_at"] = max(InstantFormatter()(ended_unix_us), mark["started_at"])
        mark.pop(TURNS, None)
        row = Exchange(**mark)
    except (msgspec.MsgspecError, KeyError, TypeError):
        return None
    row.status = row.status or 0
    row.outcome = Outcome.INTERRUPTED
    row.latency_us = None
    if row.usage_source != UsageSource.PARTIAL:
        row.usage_source = UsageSource.NONE
        row.pricing_status = PricingStatus.UNMETERED
        row.list_cost = None
        row.charges = ()
    return row
