"""Exchanges under way, read from the marks of all workers."""

from pathlib import Path

import msgspec
from ledger_rows import exchange_id, mark

from weighbridge.control.under_way import UnderWay
from weighbridge.ledger.in_flight import InFlight


def test_the_marks_of_all_workers_are_listed_the_longest_under_way_first(tmp_path: Path) -> None:
    """Nobody is asked: the files are read where they lie."""
    first = InFlight.create(tmp_path / "in-flight-0.slots")
    second = InFlight.create(tmp_path / "in-flight-1.slots")
    for marks, number in ((second, 1), (first, 2), (first, 3)):
        marks.begin(mark(number))
    listed = UnderWay(tmp_path).all()
    for marks in (first, second):
        marks.close()

    assert [row["exchange_id"] for row in listed] == [exchange_id(number) for number in (1, 2, 3)]


def test_a_mark_that_has_just_moved_is_listed_once_as_it_is_now(tmp_path: Path) -> None:
    """Between the new mark and the end of the old one both are there."""
    marks = InFlight.create(tmp_path / "in-flight-0.slots")
    renewed = msgspec.json.encode(msgspec.json.decode(mark(1)) | {"turns": 2, "total_tokens": 9})
    marks.begin(renewed)
    marks.begin(mark(1))
    marks.begin(b"no mark at all")
    listed = UnderWay(tmp_path).all()
    marks.close()

    assert [(row["turns"], row["total_tokens"]) for row in listed] == [(2, 9)]


def test_where_no_worker_runs_nothing_is_under_way(tmp_path: Path) -> None:
    """An empty folder is an answer."""
    assert UnderWay(tmp_path).all() == []
