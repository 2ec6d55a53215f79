"""How a long job goes: the states that it shows, one reading after the other.

Time passes by being asked, so that tests need no clock: the first reading shows the first
state, and the last state stays.
"""

import msgspec

DONE = "succeeded"
_ENDED = {"succeeded", "failed", "cancelled", "expired"}


class Course(msgspec.Struct, kw_only=True):
    """The states of one job; `reads` counts how often it was asked."""

    states: tuple[str, ...] = (DONE,)
    reads: int = 0

    @property
    def state(self) -> str:
        """The state as of the last reading; before the first one it is pending."""
        if self.reads == 0:
            return "pending"
        return self.states[min(self.reads, len(self.states)) - 1]

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in _ENDED

    def read(self) -> str:
        """The state that this reading shows."""
        self.reads += 1
        return self.state

    def end(self, state: str) -> None:
        """Ends the job at once, as a cancellation does."""
        self.states, self.reads = (state,), max(self.reads, 1)
