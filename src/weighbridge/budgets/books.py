"""What a lender knows: who has what of an account, and which journal segments are loaded.

Values with the sums over them. Rules for future edits: `credited` only changes together with the
ledger's sum; of a quantity that only grows the larger counts, whatever message it came in.
Counterpart: `lender` decides.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from weighbridge.budgets.lease import Account, Holder, Holding, Mark, Report

Frontier = Mapping[Holder, int]
"""Up to which number each holder's segments are in the ledger."""

FINISHED: Final = 1 << 62
"""The number for a holder that is dead, and whose every segment is in the ledger."""


class Standing(NamedTuple):
    """An account at a moment: `spent` in the ledger, `leased` to holders beyond that.

    What is settled and not known to be loaded is a part of `leased`, and so much `settling`; `held`
    is the part that calls under way have set aside, as far as is known.
    """

    spent: int
    leased: int
    held: int
    settling: int = 0

    def once(self, limit: int, in_ledger: int = 0) -> "Standing":
        """The same for people to read, with each row counted once as far as that can be told.

        Takes: what may be spent; a sum of the ledger that may be newer than this.
        Gives: `spent` and `leased` that come to no more than the limit, unless more is out.
        Example: where 10 are spent, and 1 is settled that may be among them, of 10 nothing is
        leased, and of 12 one is.
        """
        spent = max(self.spent, in_ledger)
        loaded = spent - self.spent
        twice = min(self.settling, max(0, spent + self.leased - limit))
        leased = max(0, self.leased - max(loaded, twice))
        settling = min(self.settling, leased)
        return Standing(spent, leased, min(self.held, leased), settling)


class Terms(NamedTuple):
    """On what terms a lender lends of an account that others may lend of, too.

    `limit` is what may be spent of it in all, `most` what may be spent by this lender's holders.
    `spent` and `held` are the others'. `wanted`: others wait for what is free here. `coming`:
    `most` may still be raised. `certain` is False where nobody can tell now whether it could be.
    """

    limit: int
    most: int
    spent: int = 0
    held: int = 0
    wanted: bool = False
    coming: bool = False
    certain: bool = True

    @property
    def left(self) -> int:
        """What the others leave of the limit."""
        return self.limit - self.spent - self.held


class Needs(NamedTuple):
    """What a lender's holders have of an account, and what it would take to please them.

    All but `free` count from nothing, as `Terms.most` does: `used` is spent or lent, of that
    `spent` in the ledger's sum and `free` in the hands of holders who could return it; at `least`
    nobody would have to wait, at `like` all would be at ease.
    """

    used: int
    spent: int
    free: int
    least: int
    like: int


class Line:
    """What one holder has of one account."""

    def __init__(self, holder: Holder, account: Account, born: int) -> None:
        self.holder = holder
        self.account = account
        self.born = born
        self.granted = self.returned = self.settled = self.held = 0
        self.credited = 0  # of the settled, what is in the ledger's sum
        self.marks: tuple[Mark, ...] = ()
        self.least = self.floor = self.like = 0
        self.sequence = 0
        self.asked = 0  # its place in the queue, 0 where it asks for nothing
        self.due = False  # it is owed an answer
        self.recalled = False
        self.closed = False

    def __repr__(self) -> str:
        return f"<Line {self.holder}: {self.used} used, {self.free} free, {self.credited} loaded>"

    @property
    def used(self) -> int:
        """What the holder's calls took of the account: more than it was granted, if they did."""
        return max(self.granted - self.returned, self.settled + self.held)

    @property
    def committed(self) -> int:
        """What it has beyond the ledger's sum."""
        return self.used - self.credited

    @property
    def free(self) -> int:
        """What it could return, as far as is known."""
        return max(self.granted - self.returned - self.settled - self.held, 0)

    @property
    def lacks(self) -> bool:
        """Whether a call of this holder waits for more."""
        return self.least > self.granted

    def close(self) -> None:
        """The holder has forgotten it, so what it had left was nothing."""
        self.held = self.least = self.floor = self.like = 0
        self.returned = max(self.returned, self.granted - self.settled)
        self.due = self.recalled = False
        self.closed = True

    def take(self, holding: Holding, sequence: int) -> None:
        """The holder's word, which may be an old one."""
        self.granted = max(self.granted, holding.granted)
        self.returned = max(self.returned, holding.returned)
        self.settled = max(self.settled, holding.settled)
        if sequence <= self.sequence or self.closed:
            return
        self.sequence = sequence
        self.held = holding.held
        self.marks = holding.marks
        self.least, self.floor, self.like = holding.least, holding.floor, holding.like

    def credit(self, frontier: Frontier) -> None:
        """Count what is loaded up to the frontier as part of the ledger's sum."""
        through = frontier.get(self.holder)
        if through is not None:
            settled = [mark.settled for mark in self.marks if mark.segment <= through]
            self.credited = max([self.credited, *settled])


class Book:
    """One account: the ledger's sum and what its holders have beyond it.

    Of what is settled some may be in the sum already and not be known to be: for a moment it counts
    twice. Never in `spent`, which is the sum alone: what surely is gone.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.spent: int | None = None
        self.lines: dict[tuple[Holder, int], Line] = {}
        self.wish = 0  # what holders would have liked, and there was no room for

    def __repr__(self) -> str:
        return f"<Book {self.account}: {self.spent} spent, {len(self.lines)} lines>"

    def held(self) -> list[Line]:
        """What each holder has, at one moment: other threads ask how things stand."""
        return list(self.lines.values())

    def room(self, limit: int) -> int:
        """What may be granted yet; below zero where more was spent than may be."""
        assert self.spent is not None
        return limit - self.spent - sum(line.committed for line in self.lines.values())

    def used(self) -> int:
        """What is spent, and what holders have or had beyond it: at least what is really gone."""
        return (self.spent or 0) + sum(line.committed for line in self.held())

    def settling(self) -> int:
        """What is settled and not known to be in the ledger's sum."""
        return sum(line.settled - line.credited for line in self.held())

    def needs(self) -> Needs | None:
        """What this account takes, None where its sum is not known; a wish is told once."""
        if self.spent is None:
            return None
        used = self.used()
        lines = self.held()
        lacking = sum(line.least - line.returned - line.used for line in lines if line.lacks)
        wish, self.wish = self.wish, 0
        least = used + max(lacking, 0)
        return Needs(used, self.spent, sum(line.free for line in lines), least, least + wish)

    def standing(self) -> Standing:
        """How the account stands."""
        lines = self.held()
        lent = sum(line.committed for line in lines)
        held = sum(line.held for line in lines)
        return Standing(self.spent or 0, lent, held, self.settling())


class Segments:
    """One holder's journal segments, as far as they are not known to be loaded."""

    def __init__(self, first: int) -> None:
        self.loaded = first - 1
        self.names: dict[int, str] = {}

    def __repr__(self) -> str:
        return f"<Segments {self.loaded} loaded, {len(self.names)} not>"

    def take(self, report: Report) -> None:
        """Names that a holder tells."""
        for number, name in enumerate(report.segments, report.first_segment):
            if number > self.loaded:
                self.names[number] = name

    def advance(self, is_loaded: Callable[[str], bool]) -> None:
        """Go on to the last segment up to which all are loaded."""
        while (name := self.names.get(self.loaded + 1)) is not None and is_loaded(name):
            self.loaded += 1
            del self.names[self.loaded]
