"""Counters across workers and their restarts."""

from weighbridge.control.counters import WorkerCounters


def test_workers_are_summed() -> None:
    """A scrape sees one gateway, however many processes it has."""
    counters = WorkerCounters()
    counters.update(0, 1, {"x_total": 2, "open": 1})
    counters.update(1, 1, {"x_total": 3, "open": 4})
    assert counters.totals() == {"open": 5, "x_total": 5}


def test_a_restart_loses_no_count() -> None:
    """What a worker counted before it died stays counted."""
    counters = WorkerCounters()
    counters.update(0, 1, {"x_total": 5, "open": 9})
    counters.away(0)
    assert counters.totals() == {"x_total": 5}
    counters.update(0, 2, {"x_total": 2, "open": 1})
    assert counters.totals() == {"open": 1, "x_total": 7}


def test_a_lost_connection_counts_nothing_twice() -> None:
    """The same worker on a new connection goes on from where it was."""
    counters = WorkerCounters()
    counters.update(0, 1, {"x_total;outcome=ok": 5})
    counters.away(0)
    counters.update(0, 1, {"x_total;outcome=ok": 6})
    assert counters.totals() == {"x_total;outcome=ok": 6}
