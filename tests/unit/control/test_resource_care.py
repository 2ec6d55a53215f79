"""The pace of what the control process does for the store of resources."""

from weighbridge.control.resource_care import ResourceCare
from weighbridge.errors import LedgerError

S = 1_000_000


class Wheel:
    """Store and storage at once; notes what was asked, and fails when told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False
        self.now_us = 0

    def _note(self, word: str) -> None:
        self.asked.append(word)
        if self.fails:
            raise LedgerError("the store of resources fails: SQLITE_FULL")

    def sync(self) -> bool:
        self._note("sync")
        return True

    def prune(self, now_us: int) -> int:
        self._note("prune")
        return 0

    def run_once(self, now_us: int) -> int:
        self._note("book")
        return 0

    def asked_at(self, care: ResourceCare, now_us: int) -> list[str]:
        self.asked.clear()
        self.now_us = now_us
        care.round()
        return list(self.asked)


def test_all_is_done_at_the_start_and_each_at_its_pace() -> None:
    """A downtime is caught up with at once; then a second, a minute, an hour."""
    wheel = Wheel()
    care = ResourceCare(wheel, wheel, lambda: wheel.now_us)
    assert wheel.asked_at(care, 1) == ["book", "prune", "sync"]
    assert wheel.asked_at(care, 59 * S) == ["sync"]
    assert wheel.asked_at(care, 61 * S) == ["book", "sync"]
    assert wheel.asked_at(care, 3600 * S + 1) == ["book", "prune", "sync"]


def test_failure_is_kept_and_tried_again() -> None:
    """A full disk ends no care; what was not done is due at the next look."""
    wheel = Wheel()
    care = ResourceCare(wheel, wheel, lambda: wheel.now_us)
    wheel.fails = True
    assert wheel.asked_at(care, 1) == ["book"]
    assert care.failure == "the store of resources fails: SQLITE_FULL"
    wheel.fails = False
    assert wheel.asked_at(care, 2) == ["book", "prune", "sync"]
    assert care.failure is None
