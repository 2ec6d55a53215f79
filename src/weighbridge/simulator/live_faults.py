"""What can go wrong in a Live session, by name; and the moves that a session is made of.

Chosen by the header `x-simulator-scenario` of the handshake, or by a model `sim-NAME` in the
setup. Rules for future edits: a name that tests use keeps its
meaning. Counterpart: `scenarios` for what is no websocket.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from weighbridge.simulator.messages import Document

_HUGE_BYTES: Final = 3 * 1024 * 1024


class Say(msgspec.Struct, frozen=True):
    """A message; `tokens` of the answer leave with it."""

    document: Document
    tokens: int = 0


class Pause(msgspec.Struct, frozen=True):
    """Seconds at pace 1."""

    seconds: float


class Hold(msgspec.Struct, frozen=True):
    """Waits for a test's word."""


class Raw(msgspec.Struct, frozen=True):
    """Bytes that are no message."""

    data: bytes


class Close(msgspec.Struct, frozen=True):
    """A close frame, and the end of the connection once it is answered."""

    code: int
    reason: str = ""


class Drop(msgspec.Struct, frozen=True):
    """The end of the connection, without a word."""


Move = Say | Pause | Hold | Raw | Close | Drop
Begin = Callable[[list[Move]], list[Move]]
Turn = Callable[[list[Move], list[Move], int], list[Move]]


def _as_it_is(moves: list[Move]) -> list[Move]:
    return moves


def _whole(pieces: list[Move], end: list[Move], turn: int) -> list[Move]:  # noqa: ARG001
    return [*pieces, *end]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: what it does to the begin, to a turn (pieces, end, which turn), to its end."""

    name: str = ""
    begin: Begin = _as_it_is
    turn: Turn = _whole
    end: Callable[[Document], Document] = dict
    fragments: int = 1


def _half(then: Move) -> Turn:
    """Half of the second turn's pieces, then something else."""

    def turn(pieces: list[Move], end: list[Move], number: int) -> list[Move]:
        return [*pieces[: len(pieces) // 2], then] if number == 2 else [*pieces, *end]

    return turn


def _held(pieces: list[Move], end: list[Move], number: int) -> list[Move]:
    middle = len(pieces) // 2
    return [*pieces[:middle], Hold(), *pieces[middle:], *end] if number == 2 else [*pieces, *end]


def _huge(pieces: list[Move], end: list[Move], number: int) -> list[Move]:  # noqa: ARG001
    data = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "A" * _HUGE_BYTES}}
    return [*pieces, Say({"serverContent": {"modelTurn": {"parts": [data]}}}), *end]


def _going_away(pieces: list[Move], end: list[Move], number: int) -> list[Move]:
    if number < 2:
        return [*pieces, *end]
    return [*pieces, *end, Say({"goAway": {"timeLeft": "0.1s"}}), Close(1001, "going away")]


def _without_usage(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "usageMetadata"}


_QUOTA: Final = Close(1011, "You exceeded your current quota, please check your plan.")
_NO_OPCODE: Final = Raw(b"\x83\x05hello")  # opcode 3 is reserved; RFC 6455 section 5.2
NO_FAULT: Final = Fault()
_FAULTS: Final = {
    fault.name: fault
    for fault in (
        Fault(name="live_quota", begin=lambda _: [_QUOTA]),
        Fault(name="live_close_mid_turn", turn=_half(Close(1011, "Internal error encountered."))),
        Fault(name="live_drop_mid_turn", turn=_half(Drop())),
        Fault(name="live_bad_frame", turn=_half(_NO_OPCODE)),
        Fault(name="live_held_mid_turn", turn=_held),
        Fault(name="live_huge_message", turn=_huge),
        Fault(name="live_go_away", turn=_going_away),
        Fault(name="live_no_usage", end=_without_usage),
        Fault(name="live_fragments", fragments=5),
    )
}


def fault_named(name: str) -> Fault | None:
    """The fault of that name, or None."""
    return _FAULTS.get(name)


def fault_of_model(model: str) -> Fault | None:
    """The fault that a model `sim-NAME` asks for."""
    return fault_named(model.removeprefix("sim-")) if model.startswith("sim-") else None
