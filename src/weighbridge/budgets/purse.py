"""A worker's money: what it was granted of each account, what its calls hold and have spent.

Hides the worker's side of the leases. A call holds before its first byte goes upstream, on every
account that it counts towards or on none; at its end it settles at its cost, which frees the
rest. Where a pocket runs low the purse asks for more ahead of need; where one is too empty for
a call, the call waits as a `Ticket` until an answer decides it. Nothing is taken by guess: what
is free is what surely was granted, less everything else.

Rules for future edits: pure, time is an argument; a pocket's `granted`, `returned` and `settled`
never shrink; a hold ends exactly once; nothing here walks over pockets while a call is admitted
or booked. Counterparts: `lender` grants, `lease` has the messages, the gateway's link carries
them and its booking settles.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from weighbridge.budgets.lease import Account, Forgotten, Grants, Holder, Report
from weighbridge.budgets.pocket import Hold, Need, Pocket, Shortage, Ticket

IDLE_US: Final = 5_000_000
_FORGET_US: Final = 600_000_000
_SWEEP_US: Final = 1_000_000


class Purse:
    """All pockets of one worker's life.

    `urgent` says that a report should leave now: a call waits, money runs low or is recalled.
    """

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        self.urgent = False
        self.waiting: list[Ticket] = []
        self._pockets: dict[Account, Pocket] = {}
        self._changed: set[Pocket] = set()
        self._births = 0
        self._sequence = 0
        self._heard = 0
        self._swept_us = 0
        # The journal: settled since the last group was taken; that group; the segments so far.
        self._settling: set[Pocket] = set()
        self._group: set[Pocket] = set()
        self._segments: list[str] = []
        self._loaded = 0

    def __repr__(self) -> str:
        return f"<Purse {self.holder}: {len(self._pockets)} pockets, {len(self.waiting)} waiting>"

    # Calls.

    def pocket(self, account: Account) -> Pocket:
        """The pocket of an account; it may be kept for as long as the window lasts."""
        found = self._pockets.get(account)
        if found is None:
            self._births += 1
            found = self._pockets[account] = Pocket(account, self._births)
        return found

    def hold(self, needs: Sequence[Need], now_us: int) -> Hold | None:
        """Set aside what a call needs, on every account or on none; None: it has to `wait`."""
        pockets = tuple([self.pocket(need.account) for need in needs])
        for pocket, need in zip(pockets, needs, strict=True):
            if pocket.free < need.amount:
                return None
        return self._take(pockets, tuple([need.amount for need in needs]), now_us)

    def wait(self, needs: Sequence[Need], now_us: int) -> Ticket:
        """Ask for what a call lacks; the ticket is decided by `decide`, or given up."""
        ticket = Ticket(tuple([self.pocket(need.account) for need in needs]), needs)
        self.waiting.append(ticket)
        for pocket in ticket.pockets:
            pocket.used_us = now_us  # one that a call waits for is not forgotten
        self._ask_for(ticket, now_us)
        return ticket

    def give_up(self, ticket: Ticket) -> Shortage:
        """A ticket has waited long enough: the first account that lacks, as it is known."""
        if ticket in self.waiting:
            self.waiting.remove(ticket)
        if ticket.shortage is None:
            ticket.shortage = self._lack(ticket)
        self._withdraw(ticket.pockets)
        return ticket.shortage

    def refused(self, shortage: Shortage, needed: int) -> None:
        """A call that would have done with so much was refused: people hear where that stays so."""
        if shortage.is_for_good(needed):
            pocket = self.pocket(shortage.account)
            pocket.refuse(shortage.limit, needed)
            self._changed.add(pocket)

    def extend(self, hold: Hold, amount: int, now_us: int) -> bool:
        """Set aside more for a call under way, on every account or on none."""
        if any(pocket.free < amount for pocket in hold.pockets):
            for pocket in hold.pockets:
                self._ask(pocket, amount, amount, now_us)
            return False
        for pocket in hold.pockets:
            pocket.held += amount
            self._touch(pocket, amount, now_us)
        hold.amounts = tuple([each + amount for each in hold.amounts])
        return True

    def settle(self, hold: Hold, cost: int) -> None:
        """A call ended and cost so much, whatever it held; a second end changes nothing."""
        self.settle_each(hold, [cost] * len(hold.pockets))

    def settle_each(self, hold: Hold, costs: Sequence[int]) -> None:
        """The same, where accounts count different things: money, requests, tokens."""
        for pocket, amount, cost in zip(hold.pockets, hold.amounts, costs, strict=False):
            pocket.settled += cost
            self._settling.add(pocket)
            self._let_go(pocket, amount)
        hold.pockets = hold.amounts = ()

    def release(self, hold: Hold) -> None:
        """A call ended before it could cost anything."""
        for pocket, amount in zip(hold.pockets, hold.amounts, strict=True):
            self._let_go(pocket, amount)
        hold.pockets = hold.amounts = ()

    def decide(self, now_us: int) -> list[Ticket]:
        """The waiting calls that can begin now, or surely cannot; oldest first.

        To be asked after each answer, and where calls wait, after each end of a call.
        """
        decided, still = [], []
        for ticket in self.waiting:
            amounts = self._amounts(ticket)
            if amounts is not None:
                ticket.hold = self._take(ticket.pockets, amounts, now_us)
                decided.append(ticket)
            elif (shortage := self._hopeless(ticket)) is not None:
                ticket.shortage = shortage
                decided.append(ticket)
            else:
                still.append(ticket)
        self.waiting = still
        asked: set[Pocket] = set()
        for ticket in still:  # the first of each pocket speaks for it
            if asked.isdisjoint(ticket.pockets):
                self._ask_for(ticket, now_us)
            asked.update(ticket.pockets)
        for ticket in decided:
            self._withdraw(ticket.pockets)
        return decided

    # The journal: which segment holds the rows of what was settled.

    def group_taken(self) -> None:
        """The journal takes the rows booked so far, to write them as one group."""
        self._group, self._settling = self._settling, set()
        for pocket in self._group:
            pocket.taken = pocket.settled

    def group_written(self, segment: str) -> None:
        """The group taken last stands in the segment of that name."""
        if not self._segments or self._segments[-1] != segment:
            self._segments.append(segment)
        number = self._loaded + len(self._segments)
        for pocket in self._group:
            pocket.mark(number)
            self._changed.add(pocket)
        self._group = set()

    # Messages.

    def receive(self, message: Grants) -> None:
        """Take the lender's word; `decide` tells what follows for those who wait."""
        if message.holder != self.holder:
            return
        news = message.sequence > self._heard
        self._heard = max(self._heard, message.sequence)
        self._forget_segments(message.loaded)
        for grant in message.grants:
            pocket = self._pockets.get(grant.account)
            if pocket is not None and pocket.born == grant.born:
                pocket.take(grant, news=news)
                if pocket.recalled and pocket.free > 0:
                    self._changed.add(pocket)
                    self.urgent = True

    def report(self, now_us: int, *, full: bool = False) -> Report | None:
        """What the lender should know now, None where nothing has changed.

        Takes: `full`, to be true for the first report of each connection.
        """
        if full:
            self._heard = 0  # another lender may count anew
        forgotten = self._look_around(now_us, full=full)
        self.urgent = False
        pockets = list(self._pockets.values()) if full else list(self._changed)
        if not pockets and not forgotten and not full:
            return None
        self._sequence += 1
        self._changed = set()
        for pocket in pockets:
            pocket.told = self._sequence
        return Report(
            holder=self.holder,
            sequence=self._sequence,
            full=full,
            first_segment=self._loaded + 1,
            segments=tuple(self._segments),
            holdings=tuple([pocket.holding() for pocket in pockets]),
            forgotten=tuple(forgotten),
        )

    # Inside.

    def _look_around(self, now_us: int, *, full: bool) -> list[Forgotten]:
        """Return what is to spare; once in a while look at every pocket for that."""
        if not full and 0 <= now_us - self._swept_us < _SWEEP_US:
            self._give_back(self._changed, now_us)
            return []
        self._swept_us = now_us
        self._give_back(self._pockets.values(), now_us)
        return self._forget(now_us)

    def _let_go(self, pocket: Pocket, amount: int) -> None:
        pocket.held -= amount
        self._changed.add(pocket)
        if pocket.least > pocket.granted and not self._waits_for(pocket):
            pocket.ask_nothing()  # an extension was asked for, and the call has ended
        if pocket.recalled:
            self.urgent = True

    def _take(self, pockets: tuple[Pocket, ...], amounts: tuple[int, ...], now_us: int) -> Hold:
        for pocket, amount in zip(pockets, amounts, strict=True):
            pocket.held += amount
            self._touch(pocket, amount, now_us)
        return Hold(pockets, amounts)

    def _touch(self, pocket: Pocket, amount: int, now_us: int) -> None:
        """A call took some: ask for more before the pocket is empty."""
        self._changed.add(pocket)
        pocket.used_us = now_us
        if pocket.recalled or pocket.final:
            return  # others need it more, or there is no more
        if pocket.free < max(pocket.slice // 2, amount):
            self._ask(pocket, 0, amount, now_us)

    def _ask_for(self, ticket: Ticket, now_us: int) -> None:
        for pocket, need in zip(ticket.pockets, ticket.needs, strict=True):
            if pocket.free < need.amount:
                pocket.floor = pocket.granted + need.floor - pocket.free
                self._ask(pocket, need.amount, need.amount, now_us)

    def _ask(self, pocket: Pocket, least: int, size: int, now_us: int) -> None:
        if pocket.ask(least, size, now_us):
            pocket.asked = self._sequence + 1
            pocket.final = False
            self._changed.add(pocket)
            self.urgent = True

    def _withdraw(self, pockets: Iterable[Pocket]) -> None:
        """Ask no more for what no call waits for."""
        for pocket in pockets:
            if not self._waits_for(pocket):
                pocket.ask_nothing()
                self._changed.add(pocket)

    def _waits_for(self, pocket: Pocket) -> bool:
        return any(pocket in other.pockets for other in self.waiting)

    def _amounts(self, ticket: Ticket) -> tuple[int, ...] | None:
        """What a ticket can hold now, None where it has to wait on."""
        amounts = []
        for pocket, need in zip(ticket.pockets, ticket.needs, strict=True):
            free = pocket.free
            if free >= need.amount:
                amounts.append(need.amount)
            elif pocket.final and pocket.known and free >= need.floor > 0:
                amounts.append(free)
            else:
                return None
        return tuple(amounts)

    def _hopeless(self, ticket: Ticket) -> Shortage | None:
        """The account that leaves too little for a call, whatever others give back."""
        for pocket, need in zip(ticket.pockets, ticket.needs, strict=True):
            least = min(need.floor or need.amount, need.amount)
            if pocket.lacks_for_good(least):
                return pocket.shortage()
        return None

    def _lack(self, ticket: Ticket) -> Shortage:
        for pocket, need in zip(ticket.pockets, ticket.needs, strict=True):
            if pocket.free < need.amount:
                return pocket.shortage()
        return ticket.pockets[0].shortage()

    def _give_back(self, pockets: Iterable[Pocket], now_us: int) -> None:
        """Return what is free where others wait for it, or where nobody uses it here."""
        for pocket in list(pockets):
            if pocket.free > 0 and (pocket.recalled or now_us - pocket.used_us > IDLE_US):
                if pocket.least > pocket.granted:
                    pocket.asked = self._sequence + 1
                pocket.give_back()
                self._changed.add(pocket)

    def _forget(self, now_us: int) -> list[Forgotten]:
        """Drop pockets that nobody has used for long and that have nothing to say."""
        gone = []
        for account, pocket in list(self._pockets.items()):
            loaded = not pocket.marks or pocket.marks[-1].segment <= self._loaded
            long = now_us - pocket.used_us > _FORGET_US
            if long and loaded and pocket.empty_for_good and pocket not in self._changed:
                gone.append(Forgotten(account, pocket.born))
                del self._pockets[account]
        return gone

    def _forget_segments(self, loaded: int) -> None:
        """Segments up to `loaded` are in the ledger for good; their last mark is the base."""
        gone = loaded - self._loaded
        if 0 < gone <= len(self._segments):
            del self._segments[:gone]
            self._loaded = loaded
            for pocket in self._pockets.values():
                pocket.forget_marks(loaded)
