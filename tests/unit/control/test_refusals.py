"""What workers refused for good: the least at the latest limit of an account, until it is told."""

import pytest

from weighbridge.budgets.lease import Account, Holder, Holding, Refused, Report
from weighbridge.control.refusals import Refusals

CARE = Account("bud_care", None, 0)
ALL = Account("bud_all", None, 0)


class Heard:
    """Refusals, and how often there was news."""

    def __init__(self) -> None:
        self.news = 0
        self.refusals = Refusals()
        self.refusals.on_news = self._more

    def _more(self) -> None:
        self.news += 1

    def says(self, account: Account, limit: int, needed: int, worker: int = 0) -> None:
        holding = Holding(account=account, refused=Refused(limit, needed))
        report = Report(holder=Holder(worker, 1), sequence=1, holdings=(holding,))
        self.refusals.heard(report)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_workers_that_repeat_themselves_are_no_news(heard: Heard) -> None:
    """The least that any of them refused is kept."""
    for worker, needed in ((0, 5), (1, 3), (0, 5), (1, 3)):
        heard.says(CARE, 10, needed, worker)
    assert heard.refusals.untold() == [(CARE, Refused(10, 3))]
    assert heard.news == 1


def test_a_report_of_no_refusal_is_none(heard: Heard) -> None:
    """Most reports are."""
    quiet = Report(holder=Holder(0, 1), sequence=1, holdings=(Holding(account=CARE),))
    heard.refusals.heard(quiet)
    assert (heard.refusals.untold(), heard.news) == ([], 0)


def test_what_is_told_is_not_offered_again_but_at_another_limit(heard: Heard) -> None:
    """Each account on its own."""
    heard.says(CARE, 10, 5)
    heard.says(ALL, 10, 5)
    heard.refusals.settle(CARE, Refused(10, 5))
    heard.says(CARE, 10, 4)
    assert heard.refusals.untold() == [(ALL, Refused(10, 5))]
    heard.says(CARE, 12, 6)
    assert heard.refusals.untold() == [(ALL, Refused(10, 5)), (CARE, Refused(12, 6))]
    assert heard.news == 3


def test_what_nobody_has_anything_of_is_forgotten(heard: Heard) -> None:
    """And heard anew, should it come back."""
    heard.says(CARE, 10, 5)
    heard.says(ALL, 10, 5)
    heard.refusals.settle(CARE, Refused(10, 5))
    heard.refusals.tidy(lambda account: account == ALL)
    assert heard.refusals.untold() == [(ALL, Refused(10, 5))]
    heard.says(CARE, 10, 5)
    assert (CARE, Refused(10, 5)) in heard.refusals.untold()


def test_who_repeats_an_old_limit_hides_no_refusal_at_another(heard: Heard) -> None:
    """A worker that has refused nothing since says its last word with each of its reports."""
    heard.says(CARE, 10, 5, worker=0)
    heard.refusals.settle(CARE, Refused(10, 5))
    heard.says(CARE, 12, 6, worker=1)
    for _ in range(3):
        heard.says(CARE, 10, 5, worker=0)
        heard.says(CARE, 12, 6, worker=1)
        heard.says(CARE, 10, 5, worker=0)
    assert heard.refusals.untold() == [(CARE, Refused(12, 6))]
    assert heard.news == 2
