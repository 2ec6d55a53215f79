"""What a worker has of one account, and what its calls have set aside of that.

Values with the rules that hold for one pocket alone. Rules for future edits: `granted`,
`returned` and `settled` never shrink; what is asked for are values of `granted`.
Counterpart: `purse` moves money between calls and the lender.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from weighbridge.budgets.lease import Account, Grant, Holding, Mark, Refused

# A slice is enough for so many calls of the last size at first; it doubles where it is used up
# sooner than `_SOON_US`, and halves where it lasts longer than `_LATE_US`.
_FIRST_CALLS: Final = 4
_SOON_US: Final = 500_000
_LATE_US: Final = 5_000_000
_MOST_MARKS: Final = 256


class Need(NamedTuple):
    """What a call needs of one account.

    It holds `amount`; where all that is left of the account is less, it would do with `floor`.
    """

    account: Account
    amount: int
    floor: int


class Shortage(NamedTuple):
    """Why a call could not begin: the account, and what is known of it.

    `known` is False where the lender has not answered: the budget cannot be checked now.
    `retry_us`, of a rate limit: when there will be enough.
    """

    account: Account
    spent: int
    leased: int
    limit: int
    known: bool
    retry_us: int = 0

    def is_for_good(self, needed: int) -> bool:
        """Whether too little is left for a call, even if nothing were held any more.

        Example: of 10, with 9 spent and 1 held, one that needs 1 may pass later, and one that needs
        2 may not. One that needs 11 is larger than the budget, which says nothing of the budget.
        """
        return self.known and self.spent + needed > self.limit >= needed


class Pocket:
    """What the worker has of one account."""

    __slots__ = (
        "account",
        "answered",
        "asked",
        "born",
        "final",
        "floor",
        "granted",
        "held",
        "leased",
        "least",
        "like",
        "limit",
        "marks",
        "recalled",
        "refilled_us",
        "refused",
        "retry_us",
        "returned",
        "settled",
        "slice",
        "spent",
        "taken",
        "told",
        "used_us",
    )

    def __init__(self, account: Account, born: int) -> None:
        self.account = account
        self.born = born
        # Cumulative, and what is set aside now.
        self.granted = self.returned = self.settled = self.held = 0
        # What is asked for, as values of `granted`; which report asked, which was
        # answered, which was the last to tell of this pocket.
        self.least = self.floor = self.like = 0
        self.asked = self.answered = self.told = 0
        # The lender's last word.
        self.spent = self.leased = self.limit = self.retry_us = 0
        self.final = self.recalled = False
        self.refused: Refused | None = None
        # Settled up to a segment; settled when the group was taken that is being written.
        self.marks: list[Mark] = []
        self.taken = 0
        # How much to ask for at once.
        self.slice = 0
        self.refilled_us = self.used_us = 0

    def __repr__(self) -> str:
        return (
            f"<Pocket {self.account.budget} {self.account.value!r}: {self.free} free, "
            f"{self.held} held, {self.settled} settled of {self.granted - self.returned}>"
        )

    @property
    def free(self) -> int:
        """What a call may hold; below zero where calls cost more than they held."""
        return self.granted - self.returned - self.settled - self.held

    @property
    def known(self) -> bool:
        """Whether the lender has answered the last question."""
        return 0 < self.asked <= self.answered

    @property
    def empty_for_good(self) -> bool:
        """Whether nothing is left, all that was settled has its mark, and the lender knows."""
        marked = self.marks[-1].settled if self.marks else 0
        return (
            self.granted == self.returned + self.settled
            and not self.held
            and marked == self.settled
            and self.told <= self.answered
        )

    def ask(self, least: int, size: int, now_us: int) -> bool:
        """Ask for `least` to be free, better for a slice of calls of this size.

        Gives: whether that is a new question.
        """
        wanted = self.granted + least - self.free if least else 0
        pending = max(self.like, self.least) > self.granted
        if wanted == self.least if least else pending:
            return False  # it is asked already
        if self.like <= self.granted:
            self._resize(now_us)
        self.least = wanted or self.least
        self.slice = max(self.slice, _FIRST_CALLS * size)
        self.like = max(self.granted + self.slice, self.least)
        return True

    def ask_nothing(self) -> None:
        """Nobody waits for it any more."""
        self.least = self.floor = 0
        self.like = min(self.like, self.granted)

    def give_back(self) -> None:
        """Return what is free; what waits here lacks that now, too."""
        free = self.free
        self.returned += free
        if self.least > self.granted:
            self.least += free
            self.floor += free
        self.like = max(min(self.like, self.granted), self.least)

    def take(self, grant: Grant, *, news: bool) -> None:
        """The lender's word; what is no news can only have granted more."""
        self.granted = max(self.granted, grant.granted)
        if not news:
            return
        self.recalled = grant.recall or grant.unknown
        if grant.unknown:
            return  # what is said of it says nothing
        self.spent, self.leased, self.limit = grant.spent, grant.leased, grant.limit
        self.retry_us = grant.retry_us
        self.answered = max(self.answered, grant.answers)
        if self.asked <= self.answered:
            self.like = min(self.like, self.granted)  # the question is over
            self.final = grant.final

    def refuse(self, limit: int, needed: int) -> None:
        """A call was refused for good at that limit."""
        former = self.refused
        if former is None or former.limit != limit or needed < former.needed:
            self.refused = Refused(limit, needed)

    def mark(self, segment: int) -> None:
        """The group that was taken last stands in that segment."""
        mark = Mark(segment, self.taken)
        if self.marks and self.marks[-1].segment == segment:
            self.marks[-1] = mark
            return
        self.marks.append(mark)
        if len(self.marks) > _MOST_MARKS:  # nobody listens; a coarser list is as true
            del self.marks[1:-1:2]

    def forget_marks(self, loaded: int) -> None:
        """Of the marks up to a segment the last is enough."""
        while len(self.marks) > 1 and self.marks[1].segment <= loaded:
            del self.marks[0]

    def holding(self) -> Holding:
        """What the lender is told."""
        return Holding(
            account=self.account,
            born=self.born,
            granted=self.granted,
            returned=self.returned,
            settled=self.settled,
            held=self.held,
            least=self.least,
            floor=self.floor,
            like=self.like,
            marks=tuple(self.marks),
            refused=self.refused,
        )

    def lacks_for_good(self, least: int) -> bool:
        """Whether a call that needs so much waits in vain, whatever others give back.

        Of a budget, where the rest of it is less; of a rate limit, where nobody has any left.
        """
        if not self.known or self.free >= least:
            return False
        return self.final if self.retry_us else self.limit - self.spent < least

    def shortage(self) -> "Shortage":
        """Why a call could not have what it needs of it."""
        known = self.known
        return Shortage(self.account, self.spent, self.leased, self.limit, known, self.retry_us)

    def _resize(self, now_us: int) -> None:
        since_us = now_us - self.refilled_us
        if since_us < _SOON_US:
            self.slice *= 2
        elif since_us > _LATE_US:
            self.slice //= 2
        self.refilled_us = now_us


class Hold:
    """What one call has set aside, account by account, until it ends."""

    __slots__ = ("amounts", "pockets")

    def __init__(self, pockets: tuple[Pocket, ...], amounts: tuple[int, ...]) -> None:
        self.pockets = pockets
        self.amounts = amounts

    def __repr__(self) -> str:
        return f"<Hold of {self.amounts}>" if self.pockets else "<Hold, ended>"


class Ticket:
    """A call that waits: decided once it has a `hold` or a `shortage`.

    `needs` may be exchanged while it waits, for the same accounts in the same order.
    """

    __slots__ = ("hold", "needs", "pockets", "shortage")

    def __init__(self, pockets: tuple[Pocket, ...], needs: Sequence[Need]) -> None:
        self.pockets = pockets
        self.needs = needs
        self.hold: Hold | None = None
        self.shortage: Shortage | None = None

    def __repr__(self) -> str:
        state = "held" if self.hold else "refused" if self.shortage else "waiting"
        return f"<Ticket {state} for {[need.amount for need in self.needs]}>"

    def is_for(self, needs: Sequence[Need]) -> bool:
        """Whether these needs are of the accounts that it waits for."""
        return [need.account for need in needs] == [need.account for need in self.needs]
