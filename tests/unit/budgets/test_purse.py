"""A purse lets a call begin only on money that it surely has, and gives back what it can."""

import pytest

from weighbridge.budgets.lease import Account, Grant, Grants, Holder, Refused
from weighbridge.budgets.pocket import Need, Shortage
from weighbridge.budgets.purse import IDLE_US, Purse

HOLDER = Holder(0, 1)
CARE = Account("bud_care", None, 0)
ALL = Account("bud_all", None, 0)


def purse(*accounts: Account, granted: int = 100) -> Purse:
    made = Purse(HOLDER)
    for account in accounts:
        made.pocket(account)
    hear(made, *[(account, {"granted": granted}) for account in accounts])
    return made


def hear(made: Purse, *words: tuple[Account, dict[str, object]], loaded: int = 0) -> None:
    grants = [
        Grant(
            **{
                "account": account,
                "born": made.pocket(account).born,
                "limit": 1000,
                "answers": made._sequence,
            }
            | fields
        )
        for account, fields in words
    ]
    made.receive(
        Grants(holder=HOLDER, sequence=made._heard + 1, loaded=loaded, grants=tuple(grants))
    )


def test_a_call_holds_everywhere_or_nowhere() -> None:
    """A call that one budget has no room for takes nothing of the other."""
    made = purse(CARE, ALL)
    needs = [Need(CARE, 60, 60), Need(ALL, 60, 60)]
    assert made.hold(needs, 0) is not None
    assert made.hold([Need(CARE, 40, 40), Need(ALL, 41, 41)], 0) is None
    assert (made.pocket(CARE).free, made.pocket(ALL).free) == (40, 40)


def test_settling_frees_what_was_not_used() -> None:
    """The rest of a hold can be held again at once, and a second end changes nothing."""
    made = purse(CARE)
    hold = made.hold([Need(CARE, 100, 100)], 0)
    assert hold is not None
    made.settle(hold, 30)
    made.settle(hold, 30)
    made.release(hold)
    assert made.pocket(CARE).free == 70


def test_a_cost_above_its_hold_is_owed() -> None:
    """What a call cost beyond its hold is missing to the next."""
    made = purse(CARE)
    hold = made.hold([Need(CARE, 10, 10)], 0)
    assert hold is not None
    made.settle(hold, 150)
    assert made.pocket(CARE).free == -50


def test_a_waiting_call_begins_when_it_can() -> None:
    """A call waits for a grant, and is decided once."""
    made = purse(CARE, granted=10)
    ticket = made.wait([Need(CARE, 30, 30)], 0)
    assert made.urgent
    report = made.report(0)
    assert report is not None
    assert report.holdings[0].least == 30
    assert made.decide(0) == []
    hear(made, (CARE, {"granted": 30}))
    assert made.decide(0) == [ticket]
    assert ticket.hold is not None
    assert made.waiting == []


def test_a_call_that_can_never_fit_is_refused_at_once() -> None:
    """Where the ledger alone leaves too little, no return and no settlement can help."""
    made = purse(CARE, granted=0)
    ticket = made.wait([Need(CARE, 30, 30)], 0)
    made.report(0)
    hear(made, (CARE, {"spent": 971, "leased": 5}))
    assert made.decide(0) == [ticket]
    assert ticket.shortage == (CARE, 971, 5, 1000, True, 0)


def test_an_estimate_takes_what_is_left() -> None:
    """A call that would do with less gets all that is left once that is all there is."""
    made = purse(CARE, granted=0)
    ticket = made.wait([Need(CARE, 500, 1)], 0)
    made.report(0)
    hear(made, (CARE, {"granted": 40, "spent": 960}))
    assert made.decide(0) == []
    hear(made, (CARE, {"granted": 40, "spent": 960, "final": True}))
    assert made.decide(0) == [ticket]
    assert ticket.hold is not None
    assert ticket.hold.amounts == (40,)


def test_without_an_answer_nothing_is_known() -> None:
    """A ticket given up before the lender answered says that it could not be checked."""
    made = purse(CARE, granted=0)
    ticket = made.wait([Need(CARE, 30, 30)], 0)
    assert not made.give_up(ticket).known
    assert made.waiting == []


def test_low_water_asks_ahead() -> None:
    """A purse asks for more before it is empty."""
    made = purse(CARE)
    assert made.hold([Need(CARE, 60, 60)], 0) is not None
    assert made.urgent
    report = made.report(0)
    assert report is not None
    assert (report.holdings[0].least, report.holdings[0].like > 100) == (0, True)


def test_recalled_money_goes_back() -> None:
    """What is free is returned when others wait for it; what calls hold is not."""
    made = purse(CARE)
    assert made.hold([Need(CARE, 60, 60)], 0) is not None
    hear(made, (CARE, {"granted": 100, "recall": True}))
    assert made.urgent
    report = made.report(0)
    assert report is not None
    assert (report.holdings[0].returned, report.holdings[0].held) == (40, 60)


def test_idle_money_goes_back() -> None:
    """A pocket that nobody used for a while is emptied."""
    made = purse(CARE)
    made.pocket(CARE).used_us = 10
    assert made.report(IDLE_US + 11) is not None
    assert made.pocket(CARE).returned == 100


def test_marks_follow_the_journal() -> None:
    """A mark says what was settled up to the segment that holds the rows."""
    made = purse(CARE)
    for cost, segment in ((1, "a"), (2, "a"), (4, "b")):
        hold = made.hold([Need(CARE, 10, 10)], 0)
        assert hold is not None
        made.settle(hold, cost)
        made.group_taken()
        late = made.hold([Need(CARE, 10, 10)], 0)
        assert late is not None
        made.settle(late, 10)  # booked after the group was taken: not in this segment yet
        made.group_written(segment)
    assert made.pocket(CARE).marks == [(1, 13), (2, 27)]
    hear(made, (CARE, {"granted": 100}), loaded=2)
    assert made.pocket(CARE).marks == [(2, 27)]
    report = made.report(0)
    assert report is not None
    assert (report.first_segment, report.segments) == (3, ())


def test_a_forgotten_pocket_is_never_filled_again() -> None:
    """A late grant for a pocket that was forgotten gives nothing to the one after it."""
    made = purse(CARE)
    made.report(1)
    made.pocket(CARE).used_us = 1
    made.report(10**12)
    hear(made, (CARE, {"granted": 100}))
    report = made.report(2 * 10**12)
    assert report is not None
    assert list(report.forgotten) == [(CARE, 1)]
    again = made.pocket(CARE)
    hear(made, (CARE, {"granted": 100, "born": 1}))
    assert (again.born, again.granted) == (2, 0)


def test_a_pocket_that_a_call_waits_for_is_not_forgotten() -> None:
    """Though nothing was ever in it: what the lender says next decides the call."""
    made = Purse(HOLDER)
    now_us = 2 * 10**12
    ticket = made.wait([Need(CARE, 60, 60)], now_us)
    made.report(now_us)
    hear(made, (CARE, {"granted": 0, "leased": 1000}))
    assert made.decide(now_us) == []
    made.report(now_us + 2_000_000)
    hear(made, (CARE, {"granted": 0, "spent": 1000}))
    assert made.decide(now_us + 2_000_000) == [ticket]
    assert ticket.shortage is not None


def test_what_an_ended_call_wanted_more_of_is_asked_for_no_more() -> None:
    """Though another call waits, for another account: the lender would keep a place for nobody."""
    made = purse(CARE, ALL)
    hold = made.hold([Need(CARE, 100, 100)], 0)
    assert hold is not None
    assert not made.extend(hold, 50, 0)
    made.wait([Need(ALL, 200, 200)], 0)
    made.settle(hold, 0)
    pocket = made.pocket(CARE)
    assert pocket.least <= pocket.granted
    assert made.pocket(ALL).least > made.pocket(ALL).granted


@pytest.mark.parametrize(
    ("spent", "leased", "needed", "for_good"),
    [(9, 1, 2, True), (9, 1, 1, False), (0, 10, 5, False), (0, 0, 11, False), (10, 0, 10, True)],
    ids=["too little is left", "it is held", "all is held", "larger than all", "all is spent"],
)
def test_a_refusal_is_for_good_where_nothing_that_comes_back_would_do(
    spent: int, leased: int, needed: int, *, for_good: bool
) -> None:
    """Of ten; and what the lender has not answered is never known to be so."""
    assert Shortage(CARE, spent, leased, 10, known=True).is_for_good(needed) == for_good
    assert not Shortage(CARE, spent, leased, 10, known=False).is_for_good(needed)


def test_the_lender_hears_what_was_refused_for_good() -> None:
    """The least at the latest limit, in each word on the account from then on."""
    made = purse(CARE)
    made.report(0)
    for limit, spent, needed in ((100, 50, 60), (100, 50, 80), (100, 10, 20), (100, 60, 55)):
        made.refused(Shortage(CARE, spent, 0, limit, known=True), needed)
    report = made.report(0)
    assert report is not None
    assert [each.refused for each in report.holdings] == [Refused(100, 55)]
    made.refused(Shortage(CARE, 60, 0, 110, known=True), 70)
    assert made.pocket(CARE).holding().refused == Refused(110, 70)
