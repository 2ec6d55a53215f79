"""A lender never grants more than an account has left, and finds what lies idle elsewhere."""

import pytest

from weighbridge.budgets.books import FINISHED
from weighbridge.budgets.lease import (
    Account,
    Forgotten,
    Grant,
    Holder,
    Holding,
    Mark,
    Report,
    decode,
    encode,
)
from weighbridge.budgets.lender import Decision, Granted, Lender

CARE = Account("bud_care", None, 0)
ONE, TWO = Holder(0, 1), Holder(1, 1)


class Asking:
    """A lender with numbered reports."""

    def __init__(self, limit: int | None = 100, spent: int | None = 0) -> None:
        self.limit = limit
        self.lender = Lender(lambda account, now_us: self.limit)
        self.sequence = 0
        self.lender.arrive(ONE)
        self.lender.arrive(TWO)
        if spent is not None:
            self.lender.refresh(CARE, spent, {})

    def say(self, holder: Holder, *, full: bool = False, **fields: object) -> Decision:
        self.sequence += 1
        segments = fields.pop("segments", ())
        holdings = (Holding(account=CARE, born=1, **fields),) if fields else ()
        self.lender.receive(
            Report(
                holder=holder,
                sequence=self.sequence,
                full=full,
                segments=segments,
                holdings=holdings,
            )
        )
        return self.lender.decide(0)


def grants(decision: Decision) -> dict[Holder, Grant]:
    return {message.holder: message.grants[0] for message in decision.send}


def standing(asking: Asking) -> tuple[int, int, int]:
    """Spent, leased and held, as the lender counts them."""
    found = asking.lender.standing(CARE)
    assert found is not None
    return found.spent, found.leased, found.held


def test_messages_travel() -> None:
    """A report and its answer are the same after the journey, whatever the amount."""
    asking = Asking(limit=10**22)
    decision = asking.say(ONE, least=10**21, like=10**21)
    assert decode(encode(decision.send[0])) == decision.send[0]
    assert grants(decision)[ONE].granted == 10**21


def test_what_is_asked_is_granted_and_kept() -> None:
    """A grant is what a call needs and a share of the rest, to be kept before it is said."""
    decision = Asking().say(ONE, least=10, like=50)
    granted = grants(decision)[ONE].granted
    assert 10 <= granted <= 50
    assert decision.keep == [Granted(ONE, CARE, 1, granted)]


def test_a_repeated_question_grants_nothing_more() -> None:
    """A report that comes twice is answered by the same figure."""
    asking = Asking()
    first = grants(asking.say(ONE, least=10, like=10))[ONE].granted
    again = asking.say(ONE, least=10, like=10)
    assert grants(again)[ONE].granted == first
    assert again.keep == []


def test_nothing_before_the_ledger_was_asked() -> None:
    """An account whose sum is unknown gives nothing, and is named."""
    asking = Asking(spent=None)
    decision = asking.say(ONE, least=10)
    assert (decision.keep, decision.send) == ([], [])
    assert asking.lender.unknown() == [CARE]


def test_idle_money_is_recalled() -> None:
    """Where an asker finds nothing left, whoever has free money is told to return it."""
    asking = Asking()
    asking.say(ONE, least=100, granted=100)
    said = grants(asking.say(TWO, least=30, floor=30))
    assert (said[ONE].recall, said[TWO].recall) == (True, False)
    assert (said[TWO].granted, said[TWO].final) == (0, False)
    said = grants(asking.say(ONE, granted=100, returned=100))
    assert (said[ONE].recall, said[TWO].granted) == (False, 30)


def test_what_is_out_beyond_the_limit_is_called_back() -> None:
    """Rows that came by other ways, or a lower limit: free money would be spent beyond it."""
    asking = Asking()
    asking.say(ONE, least=100, granted=100, held=30)
    asking.lender.refresh(CARE, 1, {})
    told = grants(asking.lender.decide(0))[ONE]
    assert (told.recall, told.spent) == (True, 1)
    assert grants(asking.say(ONE, granted=100, returned=70, held=30))[ONE].recall is False


def test_what_may_count_twice_calls_nothing_back() -> None:
    """Settled money that the sum may have already: for all that is sure nothing is beyond."""
    asking = Asking()
    asking.say(ONE, least=100, granted=100)
    asking.say(ONE, granted=100, settled=40)
    asking.lender.refresh(CARE, 40, {})
    assert asking.lender.decide(0).send == []


def test_the_rest_goes_to_who_would_do_with_it() -> None:
    """An estimate that finds less gets all that is left, once nothing can be recalled."""
    asking = Asking(spent=60)
    said = grants(asking.say(ONE, least=500, floor=1))[ONE]
    assert (said.granted, said.final) == (40, True)


def test_a_settled_row_is_never_counted_as_nothing() -> None:
    """What was settled stays counted until the sum was taken after its segment was loaded."""
    asking = Asking()
    asking.say(ONE, granted=40, least=40)
    asking.say(ONE, granted=40, settled=40, marks=(Mark(1, 40),), segments=("a",))
    assert standing(asking) == (0, 40, 0)
    asking.lender.refresh(CARE, 40, asking.lender.frontier(lambda name: False))
    assert standing(asking) == (40, 40, 0)  # twice, for a moment
    assert asking.lender.moving()
    asking.limit = 60
    told = grants(asking.say(TWO, least=30, floor=30))[TWO]
    assert (told.granted, told.spent, told.leased) == (0, 40, 20)  # not more than there is
    asking.lender.refresh(CARE, 40, asking.lender.frontier(lambda name: True))
    assert standing(asking) == (40, 0, 0)
    assert not asking.lender.moving()


def test_an_overdraft_is_taken_from_the_rest() -> None:
    """A call that cost more than was granted leaves less for the others."""
    asking = Asking()
    asking.say(ONE, granted=10, settled=70, least=10)
    assert grants(asking.say(TWO, least=31, floor=31))[TWO].granted == 0
    assert grants(asking.say(TWO, least=30, floor=30))[TWO].granted == 30


def test_the_dead_keep_theirs_until_they_are_buried() -> None:
    """What a lost holder had counts until its rows are surely in the ledger."""
    asking = Asking()
    asking.say(ONE, least=90, granted=90)
    asking.lender.leave(ONE)
    assert asking.lender.absent() == [ONE]
    assert grants(asking.say(TWO, least=20, floor=20))[TWO].granted == 0
    asking.lender.refresh(CARE, 50, {ONE: FINISHED})
    asking.lender.bury(ONE)
    assert grants(asking.lender.decide(0))[TWO].granted == 20
    asking.say(ONE, granted=90)
    assert standing(asking) == (50, 20, 0)


def test_an_earlier_lenders_grants_count() -> None:
    """After a restart everything that was kept is out until its holder says otherwise."""
    asking = Asking()
    asking.lender.restore([Granted(ONE, CARE, 1, 80)])
    assert grants(asking.say(TWO, least=30, floor=30))[TWO].granted == 0
    assert grants(asking.say(ONE, returned=60, granted=80))[TWO].granted == 30


@pytest.mark.parametrize("full", [True, False])
def test_what_a_holder_forgot_is_dropped(full: bool) -> None:
    """A pocket that its holder keeps no more is closed, and need not be kept."""
    asking = Asking()
    asking.say(ONE, least=80, granted=80)
    asking.say(ONE, granted=80, returned=80)
    if full:
        asking.say(ONE, full=True)
    else:
        gone = (Forgotten(CARE, 1),)
        asking.lender.receive(Report(holder=ONE, sequence=9, forgotten=gone))
    assert asking.lender.drop_closed() == [(ONE, CARE, 1)]
    assert asking.lender.accounts() == []


def test_a_budget_that_is_gone() -> None:
    """Where there is no such budget any more, what is free is asked back."""
    asking = Asking()
    asking.say(ONE, least=80)
    asking.limit = None
    asking.lender.stir()
    assert grants(asking.lender.decide(0))[ONE].unknown


def test_rows_from_elsewhere_are_told() -> None:
    """A refresh says by how much the ledger has more than holders settled."""
    asking = Asking()
    asking.say(ONE, granted=40, least=40)
    asking.say(ONE, granted=40, settled=40, marks=(Mark(1, 40),), segments=("a",))
    frontier = asking.lender.frontier(lambda name: True)
    assert asking.lender.refresh(CARE, 45, frontier) == 0  # rows were on their way
    assert asking.lender.refresh(CARE, 50, frontier) == 5


def test_a_sum_that_shrinks_is_believed() -> None:
    """After rows were priced anew, what is spent is what the ledger says."""
    asking = Asking(spent=80)
    asking.say(ONE, least=10)
    assert asking.lender.refresh(CARE, 30, {}) == -50
    assert standing(asking) == (30, 10, 0)
