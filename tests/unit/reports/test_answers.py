"""Answers are given again while nothing came in, and never to another question."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from weighbridge.reports.answers import Answers, Moment
from weighbridge.reports.query import CostQuery
from weighbridge.reports.service import ReportService

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


class CountingStore:
    """Answers every statement with one row of totals, and counts how often it was asked."""

    dialect = "duckdb"

    def __init__(self) -> None:
        self.generation = 0
        self.asked = 0

    def fetch(
        self, sql: str, params: Sequence[Any], *, timeout_ms: int | None = None, stop: object = None
    ) -> list[tuple[Any, ...]]:
        self.asked += 1
        return [(1, self.asked, 0, 0, 0, None, 0, None)]

    def first_started_at(self) -> datetime | None:
        return None


def calls(reports: ReportService, now: datetime = NOW) -> int:
    return int(reports.run(CostQuery(), now).totals["exchanges"])


def test_same_question_is_asked_once_while_nothing_comes() -> None:
    """A ledger at rest is asked once, however many look; the answer is as of who asks."""
    reports = ReportService(CountingStore(), Answers())
    assert [calls(reports), calls(reports, LATER)] == [1, 1]
    assert reports.run(CostQuery(), LATER).as_of == LATER


def test_rows_that_came_are_seen() -> None:
    """Whatever comes in, the ledger is asked anew."""
    store = CountingStore()
    reports = ReportService(store, Answers())
    first = calls(reports)
    store.generation += 1
    assert (first, calls(reports, LATER)) == (1, 2)


def test_recalled_for_the_same_instant_only() -> None:
    """The second part of a page is given the first part's answers; another instant is not."""
    store = CountingStore()
    reports = ReportService(store, Answers())
    first = calls(reports)
    store.generation += 1
    assert (first, calls(reports.recalling()), calls(reports.recalling(), LATER)) == (1, 1, 2)


def test_scope_is_part_of_the_question() -> None:
    """Who is bound to a department is never given what others were told."""
    reports = ReportService(CountingStore(), Answers())
    bound = reports.within({"department": ("care",)})
    other = reports.within({"department": ("labs",)})
    assert [calls(reports), calls(bound), calls(other), calls(bound)] == [1, 2, 3, 2]


def test_without_answers_every_question_is_asked() -> None:
    """Leases and alerts count anew each time."""
    reports = ReportService(CountingStore())
    assert [calls(reports), calls(reports)] == [1, 2]


def test_the_longest_unasked_makes_room() -> None:
    """What is held is bounded; what was asked for lately stays."""
    answers, now = Answers(most_figures=4), Moment(0)
    for name in ("a", "b"):
        answers.keep((name, ()), now, [(1, 2)])
    answers.find(("a", ()), now)
    answers.keep(("c", ()), now, [(1, 2)])
    found = [name for name in "abc" if answers.find((name, ()), now) is not None]
    assert found == ["a", "c"]
    assert repr(answers) == "<Answers, 4 figures of 2 statements>"


def test_what_would_fill_half_the_room_is_not_held() -> None:
    """One huge answer pushes nothing out; figures in lists count."""
    answers, now = Answers(most_figures=6), Moment(0)
    answers.keep(("small", ()), now, [(1,)])
    answers.keep(("huge", ()), now, [([1, 2, 3],)])
    assert answers.find(("huge", ()), now) is None
    assert answers.find(("small", ()), now) == [(1,)]
