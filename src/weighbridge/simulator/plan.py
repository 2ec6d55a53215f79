"""What to do on the connection, as data: the steps that `protocol` plays in order.

Everything odd that a scenario does on the wire is said in these few words.
"""

import msgspec


class Send(msgspec.Struct, frozen=True, tag=True):
    """Write these bytes."""

    data: bytes


class Wait(msgspec.Struct, frozen=True, tag=True):
    """Let time pass: scaled by the pace, unless a fault needs it whole."""

    seconds: float
    paced: bool = True


class Repeat(msgspec.Struct, frozen=True, tag=True):
    """Write the same bytes many times, with backpressure; a large body that nobody holds."""

    data: bytes
    times: int


class Hold(msgspec.Struct, frozen=True, tag=True):
    """Wait until the test releases it, or the client leaves."""


class End(msgspec.Struct, frozen=True, tag=True):
    """Close the connection: in an orderly way, or by a reset."""

    reset: bool = False


LARGE_BYTES = 131_072

Step = Send | Wait | Repeat | Hold | End
Plan = tuple[Step, ...]


def at_pace(plan: Plan, pace: float) -> Plan:
    """The plan with its paced waits scaled; what then follows without a wait is one write.

    Example: at pace 0 an answer without faults is a single `Send`, unless it is a large one.
    """
    steps: list[Step] = []
    for step in plan:
        if isinstance(step, Wait) and step.paced:
            if pace > 0 and step.seconds > 0:
                steps.append(Wait(step.seconds * pace, paced=False))
        elif (
            isinstance(step, Send)
            and steps
            and isinstance(steps[-1], Send)
            and len(step.data) < LARGE_BYTES
        ):
            steps[-1] = Send(steps[-1].data + step.data)
        elif not isinstance(step, Send) or step.data:
            steps.append(step)
    return tuple(steps)
