"""What the lender (control process) and a purse (worker) tell each other about leased money.

An *account* is a budget's, for one value and one window. Control hands slices of what an account
has left to *holders*: a worker between its start and its end. Amounts are whole pico-dollars and
**cumulative** since the holder began, and no message says "so much more": one that is lost,
comes twice or comes late is harmless. Of a quantity that only grows the larger counts, of any
other the one with the higher `sequence`.

    granted   by the lender: what the holder got in all
    returned  by the holder: what it gave back in all
    settled   by the holder: what its finished calls came to
    held      by the holder: what its calls under way have set aside, at this moment
    marks     by the holder: (segment, settled) pairs: when the ledger has loaded the holder's
              journal segments up to that one, so much of what was settled is in its sum

Rules for future edits: a field is cumulative or tagged by `sequence`; messages are JSON, whose
integers have no end. docs/explanation/budgets.md draws the protocol, decision 0015 says why.
Counterparts: `lender` and `purse` decide, `control/lease_hub` and the gateway's link carry.
"""

from typing import Final, NamedTuple

import msgspec


class Holder(NamedTuple):
    """A worker's life: its index, and a number that differs after each restart."""

    worker: int
    incarnation: int


class Account(NamedTuple):
    """A budget's, for one value of its `per` (None where it has none) and one window's start."""

    budget: str
    value: str | None
    window_us: int


class Mark(NamedTuple):
    """Up to a holder's segment of this number, so much was settled."""

    segment: int
    settled: int


class Refused(NamedTuple):
    """Of this limit too little was left for a call that would have done with so much.

    Spent, not held: no end of another call would have let it pass. The least that was refused.
    """

    limit: int
    needed: int


class Forgotten(NamedTuple):
    """A pocket that its holder keeps no more: nothing was left in it, and the lender knew."""

    account: Account
    born: int


class Holding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A holder's word on one account.

    `least` and `like` are values of `granted`: at `least` the first call that waits can begin,
    at `like` the holder would be at ease. `floor` is a value of `granted`, too: the call would
    do with so much if it were all that is left. None of them above `granted`: nothing is asked.
    `born` tells two pockets of one account apart, where the first was forgotten. `refused` is
    what was refused at the latest limit; nothing is lent by it.
    """

    account: Account
    born: int = 0
    granted: int = 0
    returned: int = 0
    settled: int = 0
    held: int = 0
    least: int = 0
    floor: int = 0
    like: int = 0
    marks: tuple[Mark, ...] = ()
    refused: Refused | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True, tag="report", tag_field="kind"):
    """Holder to lender: the accounts that changed, or all of them where `full`.

    `segments` names the holder's journal segments, the first having number `first_segment`.
    """

    holder: Holder
    sequence: int
    full: bool = False
    first_segment: int = 1
    segments: tuple[str, ...] = ()
    holdings: tuple[Holding, ...] = ()
    forgotten: tuple[Forgotten, ...] = ()


class Grant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The lender's word on one account of a holder.

    `spent` is the ledger's sum, `leased` what all holders have beyond that, what is settled and
    not loaded yet included; `limit` what may be spent. `answers` is the sequence of the
    last report that this takes into account. `recall`: return what is free, others wait for it.
    `final`: no more can come but by a call that ends. `unknown`: there is no such account (the
    budget was removed or its window changed); what is free is to be returned. `retry_us`, of a
    rate limit: so long until there will be as much as is asked for.
    """

    account: Account
    born: int = 0
    granted: int = 0
    spent: int = 0
    leased: int = 0
    limit: int = 0
    answers: int = 0
    recall: bool = False
    final: bool = False
    retry_us: int = 0
    unknown: bool = False


class Grants(msgspec.Struct, frozen=True, kw_only=True, tag="grants", tag_field="kind"):
    """Lender to holder; `loaded` is the holder's last segment up to which all are loaded."""

    holder: Holder
    sequence: int
    loaded: int = 0
    grants: tuple[Grant, ...] = ()


Message = Report | Grants
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    """A message's bytes."""
    return _ENCODER.encode(message)


def decode(data: bytes) -> Message:
    """A message from its bytes.

    Errors: `msgspec.DecodeError` or `msgspec.ValidationError` where they are none.
    """
    message: Message = _DECODER.decode(data)
    return message
