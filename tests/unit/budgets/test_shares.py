"""A node's shares: raised after the pot has written them, lowered before."""

from weighbridge.budgets.books import Needs
from weighbridge.budgets.lease import Account
from weighbridge.budgets.pot import Answer, Ask, Part
from weighbridge.budgets.shares import IDLE_US, SOON_US, Shares

CARE = Account("bud_care", None, 0)
LIMIT = 100
NOW_US = 10**12


def needs(used: int = 0, least: int = 0, like: int = 0, free: int = 0, spent: int = 0) -> Needs:
    return Needs(used, spent, free, max(least, used), max(like, least, used))


class Node:
    """Shares, and a pot that gives what it is told to."""

    def __init__(self) -> None:
        self.shares = Shares()
        self.shares.begin_anew()
        self.now_us = NOW_US

    def ask(self, wants: Needs | None) -> Ask | None:
        return self.shares.ask(CARE, wants, LIMIT, self.now_us)

    def get(self, wants: Needs | None, taken: int, **answer: int) -> None:
        asked = self.ask(wants)
        assert asked is not None
        self.shares.answered(asked, Answer(taken, **answer))


def test_nothing_is_lent_before_the_pot_has_answered() -> None:
    """And nobody is told that there is nothing, either."""
    shares = Shares()
    assert shares.terms(CARE, LIMIT)[:2] == (LIMIT, 0)
    assert not shares.terms(CARE, LIMIT).certain
    shares.begin_anew()
    terms = shares.terms(CARE, LIMIT)
    assert (terms.most, terms.coming, terms.certain) == (0, True, True)


def test_a_share_is_what_the_pot_gave() -> None:
    """The others' spend and holds are said with it."""
    node = Node()
    node.get(needs(least=10, like=40), 30, spent=7, held=3)
    terms = node.shares.terms(CARE, LIMIT)
    assert (terms.most, terms.spent, terms.held) == (30, 7, 3)
    assert node.ask(needs(used=10)) is None


def test_a_share_is_never_more_than_a_lowered_limit_leaves() -> None:
    """Whatever the pot gave under the former one."""
    node = Node()
    node.get(needs(least=30), 30, spent=20, held=5)
    assert node.shares.terms(CARE, 40).most == 15


def test_what_is_idle_is_given_up_before_the_pot_hears_of_it() -> None:
    """After some time without use."""
    node = Node()
    node.get(needs(used=10, like=50), 50)
    node.now_us += IDLE_US
    assert node.ask(needs(used=10)) is None
    node.now_us += 1
    asked = node.ask(needs(used=10))
    assert asked is not None
    assert asked.keep == 10
    assert node.shares.terms(CARE, LIMIT).most == 10


def test_what_others_wait_for_is_given_up_at_once() -> None:
    """And holders are told to return what they have to spare, which the pot is told of."""
    node = Node()
    node.get(needs(used=10, like=50), 50)
    assert node.shares.want([CARE]) == [CARE]
    assert node.shares.terms(CARE, LIMIT).wanted
    asked = node.ask(needs(used=10, free=4))
    assert asked is not None
    assert (asked.keep, asked.spare) == (10, 4)
    assert node.shares.want([]) == [CARE]


def test_without_the_pot_the_reserve_is_lent_and_no_more() -> None:
    """Who needs more gets no answer: it is not known."""
    node = Node()
    node.get(needs(least=10, like=30), 30)
    node.shares.reachable = False
    terms = node.shares.terms(CARE, LIMIT)
    assert (terms.most, terms.coming, terms.certain) == (30, False, False)


def test_a_silent_member_makes_it_uncertain() -> None:
    """What it has spent is not known here."""
    node = Node()
    asked = node.ask(needs(least=10))
    assert asked is not None
    node.shares.answered(asked, Answer(0, silent=("b",)))
    assert not node.shares.terms(CARE, LIMIT).certain
    assert node.shares.is_dry(CARE)


def test_who_asked_in_vain_waits_only_for_what_others_could_return() -> None:
    """Until calls need no more than there is."""
    node = Node()
    node.get(needs(least=10), 5, spare=1)
    assert node.shares.terms(CARE, LIMIT).coming
    node.get(needs(least=10), 5)
    assert not node.shares.terms(CARE, LIMIT).coming
    assert node.ask(needs(used=5)) is None
    assert node.shares.terms(CARE, LIMIT).coming


def test_who_got_just_what_it_asked_for_did_not_ask_in_vain() -> None:
    """There may be more."""
    node = Node()
    node.get(needs(least=10), 10)
    assert not node.shares.is_dry(CARE)
    node.get(needs(least=11), 10)
    assert node.shares.is_dry(CARE)


def test_what_was_spent_beyond_the_share_is_told() -> None:
    """Rows come in by other ways, and calls cost more than they held."""
    node = Node()
    node.get(needs(least=10), 10)
    asked = node.ask(needs(used=25))
    assert asked is not None
    assert asked.keep == 25


def test_a_new_session_declares_everything_again_and_then_only_what_moved() -> None:
    """For the pot may have lost it; shares stay as they were."""
    node = Node()
    node.get(needs(least=10, like=30), 30)
    assert node.shares.declare({CARE: (10, 4)}) == {CARE: Part(30, 4, 20)}
    node.shares.declared({CARE: Part(30, 4, 20)})
    assert node.shares.declare({CARE: (10, 4)}) == {}
    node.shares.begin_anew()
    assert node.shares.declare({CARE: (10, 4)}) == {CARE: Part(30, 4, 20)}
    assert node.shares.part(CARE) == Part(30, 4, 20)


def test_what_the_lender_has_let_go_is_given_back() -> None:
    """All but what is spent."""
    node = Node()
    node.get(needs(used=8, like=30), 30)
    assert node.shares.reserved() == [CARE]
    node.shares.want([CARE])
    asked = node.ask(None)
    assert asked is not None
    assert asked.keep == node.shares.used(CARE) == 8


def liked(node: Node, wants: Needs, taken: int | None = None) -> int:
    """What is asked for beyond need; the pot gives it, or so much."""
    asked = node.ask(wants)
    assert asked is not None
    node.shares.answered(asked, Answer(asked.like if taken is None else taken))
    return asked.like


def test_more_is_taken_ahead_where_it_is_used_up_soon() -> None:
    """Twice as much each time, so that a busy node seldom asks; less again where it lasts."""
    node = Node()
    assert liked(node, needs(like=4)) == 8  # the 4 that holders would like, and 4 ahead
    node.now_us += SOON_US - 1
    assert liked(node, needs(used=6, like=9)) == 9 + 8
    node.now_us += SOON_US
    assert liked(node, needs(used=17, like=18)) == 18 + 8
    node.now_us += IDLE_US + 1
    assert liked(node, needs(used=26, like=27)) == 27 + 4


def test_no_more_is_taken_ahead_than_the_pot_gives() -> None:
    """Who asks again and again for the last of it would soon ask for the world."""
    node = Node()
    assert liked(node, needs(like=4), taken=3) == 8
    for _ in range(5):
        node.now_us += 1
        assert liked(node, needs(like=4), taken=3) == 8


def test_what_is_taken_ahead_is_at_most_the_whole_budget() -> None:
    """However fast it is used up."""
    node = Node()
    for used in range(0, 20 * LIMIT, 4 * LIMIT):
        assert liked(node, needs(used=used, like=used + 90)) <= used + 90 + LIMIT
        node.now_us += 1


def test_what_others_wait_for_is_not_taken_ahead() -> None:
    """Only what calls here wait for."""
    node = Node()
    node.shares.want([CARE])
    asked = node.ask(needs(least=3, like=9))
    assert asked is not None
    assert (asked.least, asked.like) == (3, 0)


def test_what_is_used_is_what_was_said_last() -> None:
    """Calls give back what they held: used falls, and using it again is use."""
    node = Node()
    node.get(needs(used=8, like=30), 30)
    node.now_us += IDLE_US
    assert node.ask(needs(used=5)) is None
    assert node.shares.used(CARE) == 5
    node.now_us += 1
    assert node.ask(needs(used=6)) is None
    node.now_us += IDLE_US
    assert node.ask(needs(used=6)) is None, "used a moment ago, so it is kept"


def test_what_was_spent_is_remembered_with_it() -> None:
    """The others hear it again when the lender has let go of the account."""
    node = Node()
    node.get(needs(used=8, like=30, spent=5), 30)
    node.shares.want([CARE])
    asked = node.ask(None)
    assert asked is not None
    assert (asked.keep, asked.spent) == (8, 5)


def test_a_reserve_is_kept_while_calls_wait_for_more() -> None:
    """However long nothing could be used of it."""
    node = Node()
    node.get(needs(used=8, like=30), 30)
    node.now_us += IDLE_US + 1
    asked = node.ask(needs(used=8, least=40))
    assert asked is not None
    assert asked.keep == 30


def test_what_holders_could_return_is_told_while_others_wait() -> None:
    """Nobody else needs to know."""
    node = Node()
    node.get(needs(least=10), 10)
    assert node.ask(needs(used=10, free=4)) is None
    node.shares.want([CARE])
    node.get(needs(used=10, free=4), 10)
    assert node.ask(needs(used=10, free=4)) is None
    asked = node.ask(needs(used=10, free=1))
    assert asked is not None
    assert asked.spare == 1


def test_what_was_just_given_is_not_told_back() -> None:
    """The pot knows that holders have it, and may return it."""
    node = Node()
    node.shares.want([CARE])
    node.get(needs(least=10), 10)
    assert node.ask(needs(used=10, free=10)) is None
