"""What is known of one exchange: what its row is made of, and where its two halves stand.

Rules for future edits: values alone, no decision; a field that only one half uses is that half's.
Counterparts: `answering` and `exchange` are the halves, `booking` makes the row.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.attribution.identity import Identity
from weighbridge.core.outcome import Note, Outcome, Reason
from weighbridge.gateway.answer_heads import AnswerHead
from weighbridge.gateway.lifecycle import OK, QUEUED, Phase
from weighbridge.gateway.request_heads import RequestHead
from weighbridge.gateway.tee import Observer
from weighbridge.gateway.tunnel import TunnelObserver
from weighbridge.providers.base import NOTHING_ASKED, Asked, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.gateway.call_kinds import CallKind
    from weighbridge.gateway.client import ClientConnection
    from weighbridge.gateway.gate import Gate
    from weighbridge.gateway.stakes import Stake
    from weighbridge.gateway.upstream import UpstreamConnection

NOBODY = Identity()


@dataclass(slots=True, eq=False, repr=False)
class ExchangeState:
    """One request and its answer.

    Some thirty of its fields are set anew in a call, which takes a quarter of the time that it
    would take in a `msgspec.Struct`.
    """

    _gate: "Gate"
    _client: "ClientConnection"
    head: RequestHead
    method: bytes
    _content_length: int
    _chunk_up: bool
    _close_after: bool
    phase: Phase = QUEUED
    route: Route | None = None
    identity: Identity = NOBODY
    exchange_id: str = ""
    mark: bytes = b""
    slot: int = -1
    started_text: bytes = b""
    started_us: int = 0
    started_ns: int = 0
    first_byte_ns: int = 0
    ended_ns: int = 0
    overhead_ns: int = 0
    status: int = 0
    outcome: Outcome = OK
    reason: Reason | None = None
    request_bytes: int = 0
    response_bytes: int = 0
    request_done: bool = False
    complete: bool = False
    streamed: bool = False
    upstream_began: bool = False
    observer: Observer | TunnelObserver | None = None
    answered: AnswerHead | None = None  # of an answer that came whole, which nobody observed yet
    unread: "Sequence[bytes]" = ()
    asked: Asked = NOTHING_ASKED
    notes: tuple[Note, ...] = ()
    labels_sent: dict[str, str] | None = None
    answer_lines: bytes = b""  # what a browser is to be told
    upload_base: bytes = b""  # our own origin, where an answer may name upload URLs
    tunnel: TunnelObserver | None = None
    kind: "CallKind | None" = None  # what budgets make of it, None where none may bind it
    stake: "Stake | None" = None
    _plain: bool = False  # a planned call: only its phase can keep its answer from passing whole
    _upstream: "UpstreamConnection | None" = None
    _last_upstream: float = 0.0
    _early: list[bytes] | None = None  # for a tunnel that is not open yet

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.exchange_id} {self.phase.name} status {self.status}>"
