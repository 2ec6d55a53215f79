"""How an exchange can end: a table to be reviewed as data.

Hides every decision of the kind "what if the upstream dies now". An exchange has one phase at
a time; an event in a phase has one ending. Rules for future edits: a new event needs a line for
every phase it can meet (a test asks for it); actions are carried out by `gateway/answering`.
"""

from enum import IntEnum, auto
from typing import Final, NamedTuple

from weighbridge.core.outcome import Outcome, Reason


class Phase(IntEnum):
    """Where the answer stands; whether the request is sent is kept apart, as they overlap."""

    QUEUED = auto()  # pipelined behind another exchange: not begun, no row
    AWAITING = auto()  # no answer head yet
    ANSWERING = auto()  # the head went to the client
    DRAINING = auto()  # the client left; the answer is read on for its usage
    TUNNEL = auto()  # 101: bytes pass both ways
    ENDED = auto()


# The phases as plain names: reading a member off its enum costs as much as a function call,
# and the byte path asks for the phase a dozen times an exchange.
QUEUED: Final = Phase.QUEUED
AWAITING: Final = Phase.AWAITING
ANSWERING: Final = Phase.ANSWERING
DRAINING: Final = Phase.DRAINING
TUNNEL: Final = Phase.TUNNEL
ENDED: Final = Phase.ENDED


class Event(IntEnum):
    """What can cut an exchange short."""

    CONNECT_FAILED = auto()  # DNS, TCP or TLS
    CONNECT_TIMEOUT = auto()
    UPSTREAM_LOST = auto()  # closed or reset before the answer's end
    UPSTREAM_MALFORMED = auto()  # bytes that are no HTTP
    UPSTREAM_TIMEOUT = auto()  # first byte, or silence between bytes
    CLIENT_LOST = auto()
    CLIENT_TIMEOUT = auto()  # a stalled body, or nobody reads
    CLIENT_MALFORMED = auto()  # framing broken inside the body
    DRAIN_OVER = auto()  # the gateway stops and its drain time is over
    BUDGET_SPENT = auto()  # it outgrew what it holds, nothing is left, and the budget cuts


class Act(IntEnum):
    """What to do to the client's side."""

    REPLY = auto()  # an error answer of our own
    CUT = auto()  # close mid-answer: the client must see that it is not whole
    DRAIN = auto()  # read the answer on, if so configured
    NOTHING = auto()


class Ending(NamedTuple):
    """What an event means: the row's outcome and code, and the act."""

    act: Act
    outcome: Outcome
    reason: Reason | None = None


_LOST = Ending(Act.REPLY, Outcome.UPSTREAM_FAILED, Reason.UPSTREAM_UNREACHABLE)
_SLOW = Ending(Act.REPLY, Outcome.UPSTREAM_FAILED, Reason.UPSTREAM_TIMEOUT)
_LOST_MIDWAY = Ending(Act.CUT, Outcome.UPSTREAM_FAILED, Reason.UPSTREAM_UNREACHABLE)
_SLOW_MIDWAY = Ending(Act.CUT, Outcome.UPSTREAM_FAILED, Reason.UPSTREAM_TIMEOUT)
_GONE = Ending(Act.DRAIN, Outcome.CLIENT_CLOSED)
_GONE_AGAIN = Ending(Act.NOTHING, Outcome.CLIENT_CLOSED)
_STALLED = Ending(Act.CUT, Outcome.CLIENT_CLOSED)
_STOPPED = Ending(Act.CUT, Outcome.INTERRUPTED)
_UNPAID = Ending(Act.CUT, Outcome.INTERRUPTED, Reason.BUDGET_EXHAUSTED)
_GARBLED = Ending(Act.REPLY, Outcome.REFUSED, Reason.BAD_REQUEST)

ENDINGS: Final[dict[tuple[Phase, Event], Ending]] = {
    (Phase.AWAITING, Event.CONNECT_FAILED): _LOST,
    (Phase.AWAITING, Event.CONNECT_TIMEOUT): _SLOW,
    (Phase.AWAITING, Event.UPSTREAM_LOST): _LOST,
    (Phase.AWAITING, Event.UPSTREAM_MALFORMED): _LOST,
    (Phase.AWAITING, Event.UPSTREAM_TIMEOUT): _SLOW,
    (Phase.AWAITING, Event.CLIENT_LOST): _GONE,
    (Phase.AWAITING, Event.CLIENT_TIMEOUT): _STALLED,
    (Phase.AWAITING, Event.CLIENT_MALFORMED): _GARBLED,
    (Phase.AWAITING, Event.DRAIN_OVER): _STOPPED,
    (Phase.AWAITING, Event.BUDGET_SPENT): _UNPAID,
    (Phase.ANSWERING, Event.UPSTREAM_LOST): _LOST_MIDWAY,
    (Phase.ANSWERING, Event.UPSTREAM_MALFORMED): _LOST_MIDWAY,
    (Phase.ANSWERING, Event.UPSTREAM_TIMEOUT): _SLOW_MIDWAY,
    (Phase.ANSWERING, Event.CLIENT_LOST): _GONE,
    (Phase.ANSWERING, Event.CLIENT_TIMEOUT): _STALLED,
    (Phase.ANSWERING, Event.CLIENT_MALFORMED): _STALLED,
    (Phase.ANSWERING, Event.DRAIN_OVER): _STOPPED,
    (Phase.ANSWERING, Event.BUDGET_SPENT): _UNPAID,
    (Phase.DRAINING, Event.CONNECT_FAILED): _GONE_AGAIN,
    (Phase.DRAINING, Event.CONNECT_TIMEOUT): _GONE_AGAIN,
    (Phase.DRAINING, Event.UPSTREAM_LOST): _GONE_AGAIN,
    (Phase.DRAINING, Event.UPSTREAM_MALFORMED): _GONE_AGAIN,
    (Phase.DRAINING, Event.UPSTREAM_TIMEOUT): _GONE_AGAIN,
    (Phase.DRAINING, Event.CLIENT_TIMEOUT): _GONE_AGAIN,
    (Phase.DRAINING, Event.DRAIN_OVER): _GONE_AGAIN,
    (Phase.DRAINING, Event.BUDGET_SPENT): _GONE_AGAIN,
    (Phase.TUNNEL, Event.UPSTREAM_LOST): Ending(Act.CUT, Outcome.OK),
    (Phase.TUNNEL, Event.UPSTREAM_TIMEOUT): _SLOW_MIDWAY,
    (Phase.TUNNEL, Event.CLIENT_LOST): Ending(Act.CUT, Outcome.OK),
    (Phase.TUNNEL, Event.CLIENT_TIMEOUT): _STALLED,
    (Phase.TUNNEL, Event.DRAIN_OVER): _STOPPED,
    (Phase.TUNNEL, Event.BUDGET_SPENT): _UNPAID,
}

# What a client is told where an ending replies.
FAILURE_MESSAGES: Final[dict[Reason, str]] = {
    Reason.UPSTREAM_UNREACHABLE: "the upstream could not be reached, or closed the connection "
    "before it answered; check its address, DNS and TLS, then try again",
    Reason.UPSTREAM_TIMEOUT: "the upstream did not answer in time; try again, or raise the "
    "gateway's upstream timeouts",
    Reason.BAD_REQUEST: "the request's body breaks the rules of HTTP/1.1; the connection is closed",
}

OK: Final = Outcome.OK


def outcome_of_status(status: int) -> Outcome:
    """Outcome of a whole answer by its status, before errors inside the body are known."""
    if status < 400:
        return OK
    return Outcome.CLIENT_ERROR if status < 500 else Outcome.UPSTREAM_ERROR
