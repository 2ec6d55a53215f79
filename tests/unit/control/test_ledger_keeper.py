"""The ledger thread: recovery first, then loading, whatever fails."""

from pathlib import Path

from weighbridge.control.ledger_keeper import LedgerKeeper
from weighbridge.errors import LedgerError
from weighbridge.ledger.loader import LoadResult
from weighbridge.ledger.recovery import RecoveryResult


class _Parts:
    """A loader and a recovery that do as told and remember when they were called."""

    def __init__(self, *results: LoadResult | LedgerError) -> None:
        self.calls: list[str] = []
        self._results = list(results)
        self.recovery = self
        self.loader = _Loader(self)

    def run_once(self, now_unix_us: int) -> RecoveryResult:
        self.calls.append("recover")
        return RecoveryResult(sealed=1, interrupted=2)

    def next_result(self) -> LoadResult:
        self.calls.append("load")
        result = self._results.pop(0) if self._results else LoadResult()
        if isinstance(result, LedgerError):
            raise result
        return result


class _Loader:
    def __init__(self, parts: _Parts) -> None:
        self._parts = parts

    def run_once(self) -> LoadResult:
        return self._parts.next_result()


def _keeper(parts: _Parts) -> LedgerKeeper:
    return LedgerKeeper(parts.loader, parts.recovery, 0.001, lambda: 1)  # type: ignore[arg-type]


def test_what_the_dead_left_is_recovered_before_the_first_load() -> None:
    """So that it is loaded with the first round already."""
    parts = _Parts(LoadResult(rows=3, segments=1))
    keeper = _keeper(parts)
    assert keeper.round() == 3
    assert parts.calls == ["recover", "load"]
    assert keeper.interrupted == 2
    keeper.round()
    assert parts.calls == ["recover", "load", "load"]


def test_a_failure_is_kept_until_the_ledger_takes_rows_again() -> None:
    """D1: readiness tells it, nothing stops."""
    keeper = _keeper(_Parts(LedgerError("disk"), LoadResult(waiting=2, failure="full")))
    keeper.round()
    assert keeper.failure == "disk"
    keeper.round()
    assert (keeper.failure, keeper.waiting) == ("full", 2)
    keeper.round()
    assert (keeper.failure, keeper.waiting) == (None, 0)


def test_stopping_takes_in_what_was_sealed_last() -> None:
    """S9: rows of a drain are in the ledger when the process ends."""
    parts = _Parts(LoadResult(rows=1), LoadResult(rows=1), LoadResult(rows=5))
    keeper = _keeper(parts)
    keeper.round()
    keeper.round()
    keeper.stop()
    assert keeper.loaded.rows == 7
    assert parts.calls[-2:] == ["recover", "load"]


def test_the_thread_runs_rounds_until_it_is_stopped(tmp_path: Path) -> None:
    """`start` and `stop` bracket it."""
    parts = _Parts(LoadResult(rows=1))
    keeper = _keeper(parts)
    keeper.start()
    keeper.stop()
    assert not keeper._thread.is_alive()
    assert keeper.loaded.rows == 1


class _Outbox:
    """An outbox that fails the first time."""

    def __init__(self, parts: _Parts) -> None:
        self._calls = parts.calls

    def run_once(self, now_unix_us: int) -> int:
        self._calls.append("hand over")
        if self._calls.count("hand over") == 1:
            raise LedgerError("the store of resources fails: SQLITE_FULL")
        return 0


def test_rows_that_are_due_without_an_exchange_come_before_the_load() -> None:
    """An outbox that fails is told of, and holds up no other row."""
    parts = _Parts(LoadResult(rows=3), LoadResult(rows=2))
    keeper = LedgerKeeper(
        parts.loader,  # type: ignore[arg-type]
        parts.recovery,  # type: ignore[arg-type]
        0.001,
        lambda: 1,
        outbox=_Outbox(parts),  # type: ignore[arg-type]
    )
    assert keeper.round() == 3
    assert keeper.failure == "the store of resources fails: SQLITE_FULL"
    assert keeper.round() == 2
    assert keeper.failure is None
    assert parts.calls == ["recover", "hand over", "load", "hand over", "load"]


def test_whoever_found_a_death_has_it_looked_into_at_once() -> None:
    """The next round recovers, however long the last one is ago."""
    parts = _Parts()
    keeper = _keeper(parts)
    keeper.round()
    keeper.recover_soon()
    keeper.round()
    keeper.round()
    assert parts.calls == ["recover", "load", "recover", "load", "load"]
    assert keeper.recoveries == 2
