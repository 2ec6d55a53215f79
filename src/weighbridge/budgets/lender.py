"""The control process's side of the leases: who was granted what, and what may still be granted.

Hides the one sum that must hold, for every account at every moment:

    ledger's sum + what all holders have beyond it  <=  what may be spent

A holder has `granted - returned`, less what of its settled calls is in the ledger's sum already
(`credited`). Which part that is, is only ever changed together with the sum, by `refresh`, with a
`Frontier` that was taken before the ledger was asked: a row may be counted twice for a moment,
never not at all. Where more was settled than granted (a call cost more than it held), that
counts. Money that cannot be found at once is waited for: whoever has some to spare is told to
return it, and askers are served in the order in which they came, as far as each can be. Where more
is out than there is (an import, a limit that was lowered), whoever has some to spare returns it.

All that touches the sum stands in this one file, to be read together.

Rules for future edits: pure, time is an argument; a grant is only what `room` allows; nothing
that a holder says can raise the room but what it returned, and what the ledger has.
Counterparts: `purse` is the holder's side, `lease` has the messages, `control/lease_hub` keeps
each grant durably before it is sent.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import count
from typing import NamedTuple

from weighbridge.budgets.audit import Borrower, Lent
from weighbridge.budgets.books import (
    FINISHED,
    Book,
    Frontier,
    Line,
    Needs,
    Segments,
    Standing,
    Terms,
)
from weighbridge.budgets.lease import Account, Grant, Grants, Holder, Report


class Granted(NamedTuple):
    """What must be kept before it is said: so much was granted in all."""

    holder: Holder
    account: Account
    born: int
    granted: int


class Decision(NamedTuple):
    """What to keep, and then what to send; and the accounts that were looked at."""

    keep: list[Granted]
    send: list[Grants]
    accounts: Collection[Account] = ()


class Lender:
    """Grants slices of what accounts have left.

    Takes: what may be spent of an account at a time, None where it is no hard limit's;
    the numbers of its messages, above all that an earlier lender gave, and shared by those who
    talk to the same holders. With `wait_us`, how long an account takes to get so much more, there
    is no ledger: what is used is used. With `shared`, of an account and what may be spent of it,
    others lend of the same accounts, and this says on what terms.
    """

    def __init__(
        self,
        limit_of: Callable[[Account, int], int | None],
        numbers: Iterator[int] | None = None,
        wait_us: Callable[[Account, int], int] | None = None,
        shared: Callable[[Account, int], Terms] | None = None,
    ) -> None:
        self._limit_of = limit_of
        self._shared = shared
        self._wait_us = wait_us
        self._numbers = numbers or count(1)
        self._order = 0
        self._books: dict[Account, Book] = {}
        self._segments: dict[Holder, Segments] = {}
        self._present: set[Holder] = set()
        self._buried: set[Holder] = set()
        self._stirred: dict[Account, None] = {}

    def __repr__(self) -> str:
        return f"<Lender of {len(self._books)} accounts to {len(self._present)} holders>"

    # Who is there.

    def restore(self, granted: Iterable[Granted]) -> None:
        """Take up what an earlier lender had granted and kept."""
        for each in granted:
            line = self._line(each.holder, each.account, each.born)
            line.granted = max(line.granted, each.granted)

    def arrive(self, holder: Holder) -> None:
        """A holder can be reached."""
        self._present.add(holder)

    def leave(self, holder: Holder) -> None:
        """A holder cannot be reached; what it has stays its own until it is buried."""
        self._present.discard(holder)
        self._stir_all(holder)

    def absent(self) -> list[Holder]:
        """Holders that have something, and that cannot be reached."""
        having = {line.holder for book in list(self._books.values()) for line in book.held()}
        return sorted((having | set(self._segments)) - self._present)

    def bury(self, holder: Holder) -> None:
        """Forget a dead holder, every account of whose was refreshed with `FINISHED`."""
        self._buried.add(holder)
        self._present.discard(holder)
        self._segments.pop(holder, None)
        for book in self._books.values():
            gone = [key for key in book.lines if key[0] == holder]
            for key in gone:
                del book.lines[key]
                self._stirred[book.account] = None

    # What holders say.

    def receive(self, report: Report) -> None:
        """Take a holder's word; `decide` tells what follows."""
        holder = report.holder
        if holder in self._buried:
            return
        self._take_segments(report)
        mentioned = set()
        for holding in report.holdings:
            line = self._line(holder, holding.account, holding.born)
            mentioned.add((holding.account, holding.born))
            fresh = not line.sequence
            line.take(holding, report.sequence)
            if fresh and self._wait_us is not None:
                line.credited = line.used  # of an earlier lender, who counted it
            if line.sequence == report.sequence:
                self._queue(line)
            self._stirred[holding.account] = None
        for account, born in report.forgotten:
            self._line(holder, account, born).close()
            self._stirred[account] = None
        if report.full:
            self._close_others(report, mentioned)

    def frontier(self, is_loaded: Callable[[str], bool]) -> dict[Holder, int]:
        """How far each holder's segments are in the ledger now; to be taken before its sums.

        Takes: whether the ledger has surely loaded a segment that once was there.
        """
        for segments in self._segments.values():
            segments.advance(is_loaded)
        return {holder: segments.loaded for holder, segments in self._segments.items()}

    # What the ledger says.

    def accounts(self) -> list[Account]:
        """Accounts that holders have something of, or ask for: their sums are wanted."""
        return [account for account, book in list(self._books.items()) if book.lines]

    def unknown(self) -> list[Account]:
        """Those of them whose sum is not known yet, so that nothing is granted."""
        return [book.account for book in self._books.values() if book.lines and book.spent is None]

    def refresh(self, account: Account, spent: int, frontier: Frontier) -> int:
        """Take the ledger's sum over an account, asked for after the frontier was taken.

        Gives: by how much it differs from the last, where no holder's rows were on their way:
        rows that came by other ways, or cost something else now.
        """
        book = self._books.setdefault(account, Book(account))
        still = book.settling() == 0
        for key, line in list(book.lines.items()):
            line.credit(frontier)
            if frontier.get(line.holder) == FINISHED:
                del book.lines[key]
        self._stirred[account] = None
        before, book.spent = book.spent, spent
        return spent - before if still and before is not None else 0

    def moving(self) -> bool:
        """Whether rows that were settled are not known to be in the sums yet."""
        return any(book.settling() for book in self._books.values())

    def doubt(self, budget: str) -> None:
        """A budget counts other rows now: nothing is granted until its sums are asked anew."""
        for account, book in self._books.items():
            if account.budget == budget:
                book.spent = None

    def settle_for_good(self, account: Account, frontier: Frontier) -> None:
        """Without a ledger: what the finished used is spent."""
        book = self._books[account]
        book.spent = (book.spent or 0) + sum(
            line.committed for line in book.held() if frontier.get(line.holder) == FINISHED
        )
        self.refresh(account, book.spent, frontier)

    def discard(self, account: Account) -> None:
        """Forget an account that nobody has anything of."""
        self._books.pop(account, None)

    def used(self, account: Account) -> int:
        """What is spent of an account and what holders have of it, at least."""
        book = self._books.get(account)
        return 0 if book is None else book.used()

    def standing(self, account: Account) -> Standing | None:
        """How an account stands, None where nothing is known of it here."""
        book = self._books.get(account)
        return None if book is None or book.spent is None else book.standing()

    def lent(self, account: Account) -> Lent | None:
        """An account with everybody who has something of it, None where nothing is known."""
        book = self._books.get(account)
        if book is None or book.spent is None:
            return None
        borrowers = tuple(Borrower.of(line) for line in book.held())
        return Lent(in_ledger=book.spent, borrowers=borrowers)

    def needs(self, account: Account) -> Needs | None:
        """What an account takes for all to be pleased, None where that is not known."""
        book = self._books.get(account)
        return None if book is None else book.needs()

    def knows(self, account: Account) -> bool:
        """Whether holders have something of an account, or ask for it."""
        return account in self._books

    def drop_closed(self) -> list[tuple[Holder, Account, int]]:
        """Let go of what holders have forgotten and the ledger has; what need not be kept."""
        gone = []
        for account, book in list(self._books.items()):
            for (holder, born), line in list(book.lines.items()):
                if line.closed and self._wait_us is not None:
                    book.spent = (book.spent or 0) + line.committed
                elif line.committed:
                    continue
                if line.closed:
                    del book.lines[holder, born]
                    gone.append((holder, account, born))
            if not book.lines and self._wait_us is None:
                del self._books[account]
        return gone

    # What follows.

    def stir(self, accounts: Iterable[Account] | None = None) -> None:
        """Look at accounts again, all unless told: limits have changed, or time has passed."""
        self._stirred.update(dict.fromkeys(self._books if accounts is None else accounts))

    def decide(self, now_us: int) -> Decision:
        """Grants for all that was reported and refreshed since the last time."""
        keep: list[Granted] = []
        said: dict[Holder, list[Grant]] = {}
        stirred, self._stirred = self._stirred, {}
        for account in stirred:
            book = self._books.get(account)
            if book is not None:
                self._decide(book, now_us, keep, said)
        messages = [self._message(holder, grants) for holder, grants in said.items()]
        return Decision(keep, messages, stirred)

    def _decide(
        self, book: Book, now_us: int, keep: list[Granted], said: dict[Holder, list[Grant]]
    ) -> None:
        terms = self._terms(book.account, now_us)
        if terms is not None and book.spent is None:
            return
        before = {key: line.granted for key, line in book.lines.items()}
        waited = {key for key, line in book.lines.items() if line.lacks}
        if terms is not None:
            self._serve(book, terms)
        scarce = terms is not None and any(line.lacks for line in book.lines.values())
        first = min((line.asked for line in book.lines.values() if line.lacks), default=0)
        overdrawn = terms is not None and book.room(terms.left) + book.settling() < 0
        for key, line in book.lines.items():
            raised = line.granted > before[key]
            if raised:
                keep.append(Granted(line.holder, line.account, line.born, line.granted))
            wanted = terms is None or terms.wanted or overdrawn
            wanted = wanted or (scarce and line.asked != first)
            recall = line.free > 0 and wanted
            if raised or line.due or key in waited or recall or line.recalled != recall:
                line.due = False
                line.recalled = recall
                grant = self._grant(book, line, terms)
                said.setdefault(line.holder, []).append(grant)

    def _terms(self, account: Account, now_us: int) -> Terms | None:
        limit = self._limit_of(account, now_us)
        if limit is None:
            return None
        return Terms(limit, limit) if self._shared is None else self._shared(account, limit)

    def _serve(self, book: Book, terms: Terms) -> None:
        """First what calls wait for, in the order in which they came; then what would be liked."""
        for line in sorted(book.lines.values(), key=lambda line: line.asked):
            if not line.lacks:
                continue
            most = line.returned + line.used + max(book.room(terms.most), 0)
            if line.least <= most:
                line.granted = line.least
            elif line.floor <= most and terms.certain and not self._to_come(book, line, terms):
                line.granted = max(line.granted, most)
        if any(line.lacks for line in book.lines.values()):
            return
        for line in sorted(book.lines.values(), key=lambda line: line.asked):
            room = book.room(terms.most)
            if line.like > line.granted and room > 0:
                share = room // (2 * max(len(self._present), 1))
                line.granted = min(line.like, max(line.returned + line.used + share, line.granted))
            book.wish += max(line.like - line.granted, 0)
            line.like = 0

    def _to_come(self, book: Book, asker: Line, terms: Terms) -> bool:
        """Whether somebody could still make more room: other holders, or other lenders."""
        return terms.coming or self._recallable(book, asker) > 0

    def _recallable(self, book: Book, asker: Line) -> int:
        """What others of an account could still be told to return."""
        return sum(
            line.free
            for line in book.lines.values()
            if line is not asker and line.holder in self._present
        )

    def _grant(self, book: Book, line: Line, terms: Terms | None) -> Grant:
        if terms is None:
            return Grant(
                account=line.account,
                born=line.born,
                granted=line.granted,
                answers=line.sequence,
                unknown=True,
            )
        standing = book.standing().once(terms.limit - terms.spent)
        scarce = book.room(terms.most) <= 0 or line.lacks
        open_ = line.lacks and not terms.certain  # no answer to who waits
        return Grant(
            account=line.account,
            born=line.born,
            granted=line.granted,
            spent=standing.spent + terms.spent,
            leased=standing.leased + terms.held,
            limit=terms.limit,
            answers=0 if open_ else line.sequence,
            recall=line.recalled,
            final=scarce and not open_ and not self._to_come(book, line, terms),
            retry_us=self._retry_us(book, line, terms.most),
        )

    def _retry_us(self, book: Book, line: Line, limit: int) -> int:
        if self._wait_us is None or not line.lacks:
            return 0
        lacking = line.least - (line.returned + line.used) - book.room(limit)
        return self._wait_us(book.account, max(lacking, 1))

    def _message(self, holder: Holder, grants: list[Grant]) -> Grants:
        segments = self._segments.get(holder)
        return Grants(
            holder=holder,
            sequence=next(self._numbers),
            loaded=segments.loaded if segments else 0,
            grants=tuple(grants),
        )

    # Inside.

    def _line(self, holder: Holder, account: Account, born: int) -> Line:
        book = self._books.setdefault(account, Book(account))
        if self._wait_us is not None:
            book.spent = book.spent or 0
        line = book.lines.get((holder, born))
        if line is None:
            line = book.lines[holder, born] = Line(holder, account, born)
            for other in book.lines.values():
                if other.holder == holder and other.born < born:
                    other.close()
        return line

    def _queue(self, line: Line) -> None:
        """Owe a line an answer, and keep its place in the queue while it lacks something."""
        line.due = True
        if not line.lacks:
            line.asked = 0
        elif not line.asked:
            self._order += 1
            line.asked = self._order

    def _take_segments(self, report: Report) -> None:
        segments = self._segments.get(report.holder)
        if segments is None:
            segments = self._segments[report.holder] = Segments(report.first_segment)
        segments.take(report)

    def _close_others(self, report: Report, mentioned: set[tuple[Account, int]]) -> None:
        """A full report leaves out what its holder has forgotten."""
        for account, book in self._books.items():
            for (holder, born), line in book.lines.items():
                fresh = line.sequence < report.sequence and (account, born) not in mentioned
                if holder == report.holder and fresh:
                    line.close()
                    self._stirred[account] = None

    def _stir_all(self, holder: Holder) -> None:
        for account, book in self._books.items():
            if any(key[0] == holder for key in book.lines):
                self._stirred[account] = None
