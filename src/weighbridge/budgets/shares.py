"""A node's side of the common pot: its share of each account, and when to ask for another.

Hides when a node takes from the pot, how much ahead of need, and when it gives back. Its lender
may have out no more than the share (`Terms.most`), so calls and workers know nothing of other
nodes. A share is raised after the pot has written it, and lowered before: whatever is lost between,
the pot has no less than the node. Without the pot a node lends what its share still has, and
answers nobody who needs more.

Rules for future edits: pure, time is an argument; one question of an account at a time; nothing
here is kept over a restart, for the pot and the ledger have it.
Counterparts: `pot` answers, `lender` lends within the share, `control/pot_desk` carries.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from weighbridge.budgets.books import Needs, Terms
from weighbridge.budgets.lease import Account
from weighbridge.budgets.pot import Answer, Ask, Part

IDLE_US: Final = 5_000_000
# What is taken ahead of need doubles where it is used up sooner than this, and halves where it
# lasts longer than `IDLE_US`.
SOON_US: Final = 500_000
_NO_ANSWER: Final = Answer(0)


class Share:
    """What this node may have out of one account, and what it knows of the others."""

    __slots__ = (
        "ahead",
        "answer",
        "dry",
        "filled_us",
        "moved_us",
        "pleased",
        "spent",
        "taken",
        "told",
        "used",
    )

    def __init__(self) -> None:
        self.taken = self.used = self.spent = 0
        self.ahead = self.filled_us = 0
        self.pleased = False  # the pot gave all that was liked
        self.answer: Answer | None = None
        self.told: Part | None = None  # as the pot has it
        self.dry = False  # the pot had less than calls wait for
        self.moved_us = 0

    def __repr__(self) -> str:
        return f"<Share of {self.taken}, {self.used} used>"

    @property
    def part(self) -> Part:
        """What the pot should have of it, where nothing is known of what holders could return."""
        return Part(self.taken, self.spent, self.taken - self.used)

    def liked(self, like: int, limit: int, now_us: int) -> int:
        """Where holders would like more than there is, more than that: for the next times, too."""
        wish = like - self.taken
        if wish <= 0:
            return like
        since_us = now_us - self.filled_us
        if self.pleased and 0 <= since_us < SOON_US:
            self.ahead *= 2
        elif not 0 <= since_us <= IDLE_US:
            self.ahead //= 2
        self.ahead = min(max(self.ahead, wish), limit)
        self.filled_us, self.pleased = now_us, False
        return like + self.ahead

    def settle(self, used: int, spent: int) -> None:
        """So much is spent or lent; the share is never less."""
        self.used, self.spent = used, spent
        self.taken = max(self.taken, used)


class Shares:
    """The shares of all accounts. `reachable`: whether the pot is there to be asked."""

    def __init__(self) -> None:
        self.reachable = False
        self._shares: dict[Account, Share] = {}
        self._wanted: frozenset[Account] = frozenset()

    def __repr__(self) -> str:
        return f"<Shares of {len(self._shares)} accounts>"

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._shares))

    def terms(self, account: Account, limit: int) -> Terms:
        """On what terms the lender may lend."""
        share = self._shares.get(account)
        if share is None:
            return Terms(limit, 0, coming=self.reachable, certain=self.reachable)
        answer = share.answer or _NO_ANSWER
        certain = self.reachable and not answer.silent
        return Terms(
            limit=limit,
            # Where the limit was lowered, the share may be more than is left.
            most=min(share.taken, limit - answer.spent - answer.held),
            spent=answer.spent,
            held=answer.held,
            wanted=account in self._wanted,
            coming=certain and (not share.dry or answer.spare > 0),
            certain=certain,
        )

    def begin_anew(self) -> None:
        """The pot is there, and may have lost what it was told; shares stay."""
        self.reachable = True
        for share in self._shares.values():
            share.told = None

    def want(self, accounts: Iterable[Account]) -> list[Account]:
        """Calls at other nodes wait for these, and for longer than any here.

        Gives: accounts of which that is news, either way.
        """
        former, self._wanted = self._wanted, frozenset(accounts)
        return list(former ^ self._wanted)

    @property
    def wanted(self) -> frozenset[Account]:
        """What calls at other nodes wait for."""
        return self._wanted

    def ask(self, account: Account, needs: Needs | None, limit: int, now_us: int) -> Ask | None:
        """What to ask the pot for now, None where all is well.

        Takes: the lender's needs, None where it has nothing of the account; what may be spent of it
        now. What is given back is given up here and now.
        """
        share = self._shares.setdefault(account, Share())
        if needs is None:
            needs = Needs(share.used, share.spent, 0, 0, 0)
        if needs.used > share.used:
            share.moved_us = now_us
        share.settle(needs.used, needs.spent)
        wanted = account in self._wanted
        idle = not 0 <= now_us - share.moved_us <= IDLE_US
        if share.taken > needs.used and (wanted or (idle and needs.least <= share.taken)):
            share.taken = needs.used
        like = 0 if wanted else share.liked(needs.like, limit, now_us)
        spare = share.taken - needs.used + needs.free
        part = Part(share.taken, needs.spent, spare)
        share.dry = share.dry and needs.least > share.taken
        if max(needs.least, like) <= share.taken and share.told is not None:
            figures_matter = wanted or part.taken != share.told.taken
            if part == share.told or not figures_matter:
                return None
        return Ask(account, share.taken, needs.spent, spare, needs.least, like, limit)

    def answered(self, ask: Ask, answer: Answer) -> None:
        """What the pot said."""
        share = self._shares[ask.account]
        share.taken = answer.taken
        share.told = Part(answer.taken, ask.spent, ask.spare + answer.taken - ask.keep)
        share.dry = ask.least > answer.taken
        share.pleased = max(ask.like, ask.least) <= answer.taken
        share.answer = answer

    def part(self, account: Account) -> Part:
        """What the pot should have of an account."""
        return self._shares[account].part

    def declare(self, sums: Mapping[Account, tuple[int, int]]) -> dict[Account, Part]:
        """The parts of accounts by what is used and spent of each: those that the pot lacks."""
        found = {}
        for account, (used, spent) in sums.items():
            share = self._shares.setdefault(account, Share())
            share.settle(used, spent)
            if share.told is None or share.told[:2] != share.part[:2]:
                found[account] = share.part
        return found

    def declared(self, parts: Mapping[Account, Part]) -> None:
        """The pot has these now."""
        for account, part in parts.items():
            self._shares[account].told = part

    def is_dry(self, account: Account) -> bool:
        """Whether the pot had less than calls wait for, when it was last asked."""
        share = self._shares.get(account)
        return share is not None and share.dry

    def reserved(self) -> list[Account]:
        """What may be given back, or is not as the pot has it."""
        return [
            account
            for account, share in list(self._shares.items())
            if share.taken > share.used or share.told is None or share.told.taken != share.taken
        ]

    def used(self, account: Account) -> int:
        """What was used of an account when it was last known."""
        share = self._shares.get(account)
        return 0 if share is None else share.used

    def elsewhere(self, account: Account) -> Answer:
        """What the others had when the pot was last asked."""
        share = self._shares.get(account)
        return _NO_ANSWER if share is None or share.answer is None else share.answer

    def drop(self, account: Account) -> None:
        """Its window is long over."""
        self._shares.pop(account, None)
