"""What is booked for a resource after its call: a batch's results, a cache's storage.

Hides which columns such a row takes from the record: whoever created the resource pays, there
is no answer (status 0), and the id is made of resource and instant, so that a row made twice is
one. Counterparts: `gateway/resources` settles, `control/cache_storage` accrues,
`ledger/outbox` hands the rows over.
"""

from typing import NamedTuple

import msgspec

from weighbridge.core.clock import InstantFormatter
from weighbridge.core.exchange import Exchange
from weighbridge.core.money import pico_to_text
from weighbridge.core.outcome import Outcome, UsageSource
from weighbridge.ledger.resource_rows import DueRow, Record, row_id
from weighbridge.pricing.rating import Rating


class Charged(NamedTuple):
    """What is charged for a resource, from one instant (included) to another.

    Times in microseconds since the epoch.
    """

    operation: str | None
    model: str | None
    usage_source: UsageSource
    rating: Rating
    from_us: int
    to_us: int


class LaterRows:
    """Makes rows of one node."""

    def __init__(self, node: str | None) -> None:
        self._node = node
        self._instant = InstantFormatter().text

    def __repr__(self) -> str:
        return f"<LaterRows of {self._node}>"

    def row(self, record: Record, charged: Charged) -> Exchange:
        """The row, without token columns; `list_cost` is null where the rating knows none."""
        called, identity, rating = record.called, record.identity, charged.rating
        cost = rating.list_cost_pico
        return Exchange(
            exchange_id=row_id(record.key, charged.from_us),
            started_at=self._instant(charged.from_us),
            ended_at=self._instant(charged.to_us),
            node=self._node,
            provider=called.provider,
            surface=called.surface,
            operation=charged.operation,
            location=called.location,
            cloud_project=called.cloud_project,
            model=charged.model,
            streamed=False,
            status=0,
            outcome=Outcome.OK,
            usage_source=charged.usage_source,
            token_id=identity.token_id,
            department=identity.department,
            project=identity.project,
            agent=identity.agent,
            labels=identity.labels,
            list_cost=None if cost is None else pico_to_text(cost),
            pricing_status=rating.pricing_status,
            charges=rating.charges,
            notes=rating.notes,
        )


def due(row: Exchange) -> DueRow:
    """A row as the outbox takes it."""
    return DueRow(row.exchange_id, msgspec.json.encode(row))
