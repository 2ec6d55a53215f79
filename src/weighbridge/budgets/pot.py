"""The common pot of an account that several nodes spend from: what each may take of it.

A node (a gateway with a ledger of its own) is to the pot what a worker is to its lender. For each
account the pot holds one `Part` a node, which that node alone overwrites; it is no counter. The sum
that must hold, for every account at every moment:

    sum over nodes of what each has taken  <=  limit

`taken` is what a node's calls may have come to at most: what its ledger has, what its lender has
out, and what it keeps in reserve. So a node whose lender stays within `taken` cannot break it.
A node without a part has nothing, but only where it has *declared* the budget: it has said what it
spent, and it enforces the same definition. Until every member has, nothing more is given.

Rules for future edits: pure; a node's part never falls below what the node says that it keeps, and
rises only here; whole numbers without an end, so no arithmetic of the store is used.
Counterparts: `shares` is a node's side, `control/pot_store` runs this in a transaction.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from weighbridge.budgets.lease import Account


class Part(NamedTuple):
    """A node's word on an account: taken in all, of that in its ledger, and held by no call."""

    taken: int
    spent: int
    spare: int


class Declared(NamedTuple):
    """A node enforces a budget that counts so, and has said what it spent since that instant."""

    counts: str
    since_us: int


class Ask(NamedTuple):
    """What a node has of an account, and where it wants to be; all are values of `taken`.

    It keeps `keep` whatever the answer; calls that wait could begin at `least`, and at `like` it
    would be at ease. `limit` is what all nodes may spend together.
    """

    account: Account
    keep: int
    spent: int
    spare: int
    least: int
    like: int
    limit: int


class Answer(NamedTuple):
    """What a node has now, and what the others have: spent, held beyond that, and could give back.

    `silent` are members that have not declared the budget: what they spent is not known here.
    """

    taken: int
    spent: int = 0
    held: int = 0
    spare: int = 0
    silent: tuple[str, ...] = ()


class Table(NamedTuple):
    """An account as the store has it: parts and declarations by node, and who else is there.

    `reached` are the nodes that were heard of just now; the reserve of others can't be called
    back. `ahead` says that another node has waited for longer.
    """

    parts: Mapping[str, Part]
    declared: Mapping[str, Declared]
    members: Collection[str]
    reached: Collection[str]
    ahead: bool = False


def serve(table: Table, node: str, ask: Ask, counts: str) -> tuple[Part, Answer]:
    """The node's part after its question, and the answer.

    Takes: `counts`, what of the definition says which rows count.
    Example: with 10 left of the limit, who needs 4 gets 4, who needs 12 gets 10 if it waited
    longest, else nothing; who would like 8 gets a share of what is left.
    """
    others = {name: part for name, part in table.parts.items() if name != node}
    silent = silent_of(table, node, ask.account, counts)
    taken = ask.keep
    most = ask.limit - sum(part.taken for part in others.values())
    if not silent and max(ask.least, ask.like) > ask.keep and most > ask.keep:
        taken = _raised(ask, most, len(table.members), ahead=table.ahead)
    part = Part(taken, ask.spent, ask.spare + taken - ask.keep)
    answer = Answer(
        taken=taken,
        spent=sum(each.spent for each in others.values()),
        held=sum(each.taken - each.spent for each in others.values()),
        spare=sum(each.spare for name, each in others.items() if name in table.reached),
        silent=silent,
    )
    return part, answer


def silent_of(table: Table, node: str, account: Account, counts: str) -> tuple[str, ...]:
    """Other members of whom it is not known what they have spent of an account."""
    return tuple(
        name
        for name in sorted(table.members)
        if name != node and not _has_told(table.declared.get(name), account, counts)
    )


def _has_told(declared: Declared | None, account: Account, counts: str) -> bool:
    return (
        declared is not None
        and declared.counts == counts
        and declared.since_us <= account.window_us
    )


def _raised(ask: Ask, most: int, nodes: int, *, ahead: bool) -> int:
    if ask.least > most:
        return ask.keep if ahead else most
    base = max(ask.least, ask.keep)
    return min(max(ask.like, base), base + (most - base) // (2 * max(nodes, 1)))
