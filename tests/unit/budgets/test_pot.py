"""What the common pot gives a node: never more than the others leave."""

from weighbridge.budgets.lease import Account
from weighbridge.budgets.pot import Answer, Ask, Declared, Part, Table, serve, silent_of

CARE = Account("bud_care", None, 1_000)
COUNTS = "everything"


def ask(least: int = 0, like: int = 0, keep: int = 0, limit: int = 100) -> Ask:
    return Ask(CARE, keep=keep, spent=0, spare=0, least=least, like=like, limit=limit)


def table(*others: Part, ahead: bool = False) -> Table:
    names = [chr(ord("b") + n) for n in range(len(others))]
    declared = dict.fromkeys(["a", *names], Declared(COUNTS, 0))
    parts = dict(zip(names, others, strict=True))
    return Table(parts, declared, ["a", *names], {"a", *names}, ahead)


def taken(given: Table, question: Ask) -> int:
    part, answer = serve(given, "a", question, COUNTS)
    assert part.taken == answer.taken
    return answer.taken


def test_what_calls_wait_for_is_given_as_far_as_others_leave_it() -> None:
    """Up to the last, which only who waits for longest may gather."""
    others = Part(taken=90, spent=50, spare=0)
    assert taken(table(others), ask(least=10)) == 10
    assert taken(table(others), ask(least=11)) == 10
    assert taken(table(others, ahead=True), ask(least=11)) == 0
    assert taken(table(others, ahead=True), ask(least=10)) == 10


def test_what_is_liked_is_a_share_of_the_rest() -> None:
    """So one node does not take all of it ahead of need."""
    assert taken(table(Part(20, 0, 0)), ask(like=100)) == 20  # of 80, for two nodes
    assert taken(table(Part(20, 0, 0)), ask(like=5)) == 5
    assert taken(table(Part(20, 0, 0)), ask(least=40, like=100)) == 50


def test_a_node_that_would_like_more_keeps_what_it_has() -> None:
    """Its calls need less than that; what it gets is on top."""
    assert taken(table(Part(0, 0, 0)), ask(keep=50, least=40, like=60)) == 60
    assert taken(table(Part(0, 0, 0)), ask(keep=50, least=40, like=99)) == 62


def test_what_was_given_is_to_spare_until_the_node_says_otherwise() -> None:
    """Others may wait for it: calls have not taken it yet."""
    asked = ask(least=10, keep=4)._replace(spent=1, spare=3)
    part, _ = serve(table(Part(20, 0, 0)), "a", asked, COUNTS)
    assert part == Part(taken=10, spent=1, spare=9)


def test_what_a_node_keeps_stays_whatever_is_left() -> None:
    """It is spent already, or lent; where the limit was passed nothing is given."""
    assert taken(table(Part(90, 90, 0)), ask(keep=30)) == 30
    assert taken(table(Part(90, 90, 0)), ask(keep=30, least=40)) == 30
    assert taken(table(Part(90, 90, 0)), ask(keep=3, limit=10)) == 3


def test_nothing_is_given_before_every_member_has_told_what_it_spent() -> None:
    """One that counts otherwise has not told, nor one that told of later windows alone."""
    members = ["a", "b", "c", "d"]
    declared = {
        "b": Declared(COUNTS, 1_000),
        "c": Declared(COUNTS, 1_001),
        "d": Declared("something else", 0),
    }
    found = Table({}, declared, members, members)
    assert silent_of(found, "a", CARE, COUNTS) == ("c", "d")
    assert taken(found, ask(least=1, keep=5)) == 5


def test_an_answer_tells_what_the_others_have() -> None:
    """What could be called back is only at nodes that were heard of just now."""
    near, far = Part(taken=30, spent=10, spare=5), Part(taken=20, spent=20, spare=7)
    given = table(near, far)._replace(reached={"a", "b"})
    _, answer = serve(given, "a", ask(), COUNTS)
    assert answer == Answer(taken=0, spent=30, held=20, spare=5)


def test_a_node_that_is_gone_still_counts() -> None:
    """Nobody waits for its word, and what it took is taken."""
    gone = Table({"b": Part(95, 90, 0)}, {}, ["a"], {"a"})
    assert taken(gone, ask(least=10)) == 5
