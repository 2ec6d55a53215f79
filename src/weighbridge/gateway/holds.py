"""Money for calls: what each sets aside before its first byte goes up, and how that ends.

Hides how budgets meet the byte path. A call that no budget binds never comes here: that is decided
once per head (`kind_of`). For any other `fund` sizes the hold and takes it from the worker's purse,
or lets the call wait, without holding up the loop, until the lender has answered, somebody has
given money back, or `wait_s` is over; then it goes on or is refused. What a call came to is read
off its row, so that budget and ledger cannot differ.
Rules for future edits: a hold ends in `settle`, and every exchange is booked exactly once; what
waits is in `_waiting` and nowhere else; nothing here blocks or raises into the byte path.
Counterparts: `budgets/purse` decides, `call_kinds` sizes, `exchange` and `booking` call,
`control/policy_link` carries what is said.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from weighbridge.attribution.identity import Identity
from weighbridge.budgets import lease
from weighbridge.budgets.budget import Budget, usd_text
from weighbridge.budgets.history import History
from weighbridge.budgets.hold import LEAST, NOTHING, SOMETHING
from weighbridge.budgets.pocket import Need, Shortage, Ticket
from weighbridge.budgets.purse import Purse
from weighbridge.budgets.rate_limit import RateLimit
from weighbridge.core.outcome import Outcome, Refusal
from weighbridge.gateway.budget_refusals import exhausted, rate_limited, unpriced
from weighbridge.gateway.call_kinds import CallKind, CallKinds, tier_asked_in
from weighbridge.gateway.stakes import Stake, came_to
from weighbridge.providers.base import Route

if TYPE_CHECKING:
    import asyncio

    from weighbridge.gateway.answering import Answering
    from weighbridge.gateway.exchange import LiveExchange
    from weighbridge.gateway.exchange_state import ExchangeState
    from weighbridge.gateway.request_heads import RequestHead

_OK: Final = Outcome.OK
_ANSWERED: Final = 200
# More is set aside when less than this part of what a call came to is left of its hold.
_EARLY: Final = 4
_CUT_AFTER_S: Final = 1.0
# A video is paid for when its result is read, in a row of its own; what it will cost is known when
# it is ordered, and stays set aside for longer than making one takes.
_ORDERS: Final = "predictLongRunning"
_OUTLIVES_S: Final = 600.0
# Of everyday English; what a rate limit takes a prompt for where nobody knows better.
_BYTES_PER_TOKEN: Final = 4


class Holds:
    """The money of one worker's calls.

    Takes: the clocks as functions, monotonic seconds and microseconds since the epoch; the
    loop's own ways to do something soon, or later; how long a call may wait.
    """

    def __init__(  # noqa: PLR0913 - the collaborators, wired once
        self,
        *,
        purse: Purse,
        kinds: CallKinds,
        now: Callable[[], float],
        unix_us: Callable[[], int],
        call_soon: Callable[[Callable[[], None]], object],
        call_later: "Callable[[float, Callable[[], None]], asyncio.TimerHandle]",
        wait_s: float = 5.0,
    ) -> None:
        self.on = False
        self.refused = 0
        self.waited = 0
        self.cut = 0
        self._purse = purse
        self._kinds = kinds
        self._history = History()
        self._now = now
        self._unix_us = unix_us
        self._call_soon = call_soon
        self._call_later = call_later
        self._wait_s = wait_s
        self._waiting: dict[Ticket, LiveExchange] = {}
        self._stirred = False
        self._outdated = False
        self._send: Callable[[bytes], None] | None = None

    def __repr__(self) -> str:
        return f"<Holds {self._purse!r}, {len(self._waiting)} calls wait>"

    def apply(self, budgets: Iterable[Budget], limits: Iterable[RateLimit] = ()) -> None:
        """Put budgets and rate limits in force; what is held is held on, who waits goes by them."""
        self.on = self._kinds.apply(budgets, limits)
        if self._waiting:
            self._outdated = True
            self._stir()

    # Calls.

    def kind_of(
        self, route: Route, identity: Identity, mark: bytes, head: "RequestHead"
    ) -> CallKind | None:
        """What budgets make of the calls of a head; None = nothing, and `fund` need not be asked.

        Takes: the identity as its row has it.
        """
        return self._kinds.of(route, identity, mark, tier_asked_in(head.lines))

    def fund(
        self, exchange: "LiveExchange", kind: CallKind, body: bytes | None, length: int
    ) -> bool:
        """Set aside what a call needs.

        Takes: the body where it is whole, and its length, -1 where nobody knows.
        Gives: whether it may go up now. If not, the exchange is told later (`funded`), or refused
        (`refuse_unfunded`), maybe before this returns.
        """
        route = exchange.route
        assert route is not None
        if kind.depends:
            found = self._kinds.of(route, exchange.recorded_identity(), exchange.mark, kind.tier)
            if found is None:
                return True
            kind = found
        now_us = exchange.started_us
        size = NOTHING
        if kind.bindings:
            found_size = self._kinds.size(kind, route, body, length, now_us)
            if found_size is None and self._refuses_unpriced(exchange, kind):
                return False
            size = found_size or SOMETHING
        money = kind.bindings if size.bound else ()
        if not money and not kind.rates:
            return True
        alike = History.kind(kind.who, route.model, size.bound)
        tokens = 0 if route.free else max(length, 0) // _BYTES_PER_TOKEN + 1
        exchange.stake = stake = Stake(kind, money, size, alike, tokens)
        needs = stake.needs(self._history, now_us, self._now())
        hold = self._purse.hold(needs, now_us)
        if hold is None:
            self._wait(exchange, stake, needs, now_us)
            return False
        stake.take(hold)
        if self._purse.urgent:
            self._stir()
        return True

    def look_after(self, exchange: "Answering", cost: int | None) -> None:
        """A call goes on: set aside more where what it came to by now is near what it holds.

        Takes: that cost, None where nobody knows. Where nothing is left, it ends if its budget
        says so, after a second.
        """
        stake = exchange.stake
        if cost is None or stake is None or stake.hold is None or not stake.may_outgrow:
            return
        hold = stake.hold
        held = min(hold.amounts)
        if cost + cost // _EARLY <= held:
            return
        wanted = cost + cost // 2 - held
        now_us = self._unix_us()
        free = min(pocket.free for pocket in hold.pockets)
        if not self._purse.extend(hold, wanted, now_us) and free > 0:
            self._purse.extend(hold, min(free, wanted), now_us)
        if self._purse.urgent:
            self._stir()
        if cost <= min(hold.amounts):
            stake.short_since = None
        elif stake.short_since is None:
            stake.short_since = self._now()
        elif self._now() - stake.short_since >= _CUT_AFTER_S and stake.cuts(cost):
            self.cut += 1
            exchange.cut_unpaid()

    def settle(self, exchange: "ExchangeState", line: bytes) -> None:
        """A call has ended: its row says what it came to."""
        stake = exchange.stake
        if stake is None:
            return
        came = came_to(line)
        cost = came.cost
        hold, stake.hold = stake.hold, None
        if hold is not None and not cost and _outlives(exchange):
            self._call_later(_OUTLIVES_S, partial(self._purse.settle, hold, 0))
        elif hold is not None:
            self._purse.settle(hold, cost)
        if stake.permits is not None:
            self._purse.settle_each(stake.permits, came.used(stake.permits))
            stake.permits = None
        if exchange.outcome is _OK:
            stake.learn(self._history, came, self._now())
        if self._waiting or self._purse.urgent:
            self._stir()

    def abandon(self, exchange: "ExchangeState") -> None:
        """A call has ended while it waited."""
        stake = exchange.stake
        if stake is not None and stake.ticket is not None:
            self._leave_queue(stake)
            self._stir()

    def remaining_line(self, stake: Stake) -> bytes:
        """The header line that says what is left of the budget that has the least, in US dollars.

        As far as this worker knows: what others hold is as old as the lender's last word.
        """
        if stake.hold is None:
            return b""
        left = min(
            max(pocket.limit - pocket.spent - pocket.leased + pocket.free, 0)
            for pocket in stake.hold.pockets
        )
        return b"X-Weighbridge-Budget-Remaining: %b\r\n" % usd_text(left).encode()

    def counters(self) -> dict[str, int]:
        """Counters and gauges for `/metrics`."""
        return {
            "budget_refused": self.refused,
            "budget_waited": self.waited,
            "budget_cut": self.cut,
            "budget_waiting": len(self._waiting),
        }

    # The link to the lender.

    def connected(self, send: Callable[[bytes], None]) -> None:
        """The lender can be reached."""
        self._send = send
        self._speak(full=True)

    def received(self, message: bytes) -> None:
        """The lender said something."""
        try:
            grants = lease.decode(message)
        except msgspec.MsgspecError as error:
            structlog.get_logger("weighbridge.budgets").warning(
                "lease_unreadable", error_class=type(error).__name__
            )
            return
        if isinstance(grants, lease.Grants):
            self._purse.receive(grants)
            self._decide()

    def disconnected(self) -> None:
        """The lender is away; calls go on with what is here."""
        self._send = None

    def tick(self) -> None:
        """Tell the lender what has changed; called by the worker's ticker."""
        self._speak()

    # Inside.

    def _refuses_unpriced(self, exchange: "LiveExchange", kind: CallKind) -> bool:
        """Refuse a call without a price where a budget wants that (B5)."""
        for binding in kind.bindings:
            if binding.budget.unpriced == "block":
                self.refused += 1
                model = None if exchange.route is None else exchange.route.model
                exchange.refuse_unfunded(unpriced(binding.budget, model))
                return True
        return False

    def _wait(self, exchange: "LiveExchange", stake: Stake, needs: list[Need], now_us: int) -> None:
        self.waited += 1
        stake.ticket = ticket = self._purse.wait(needs, now_us)
        self._waiting[ticket] = exchange
        self._set_timer(stake, ticket)
        self._stir()

    def _set_timer(self, stake: Stake, ticket: Ticket) -> None:
        stake.timer = self._call_later(self._wait_s, partial(self._give_up, ticket))

    def _stir(self) -> None:
        """Look soon who can go on, and tell the lender; once for all that happens until then."""
        if not self._stirred:
            self._stirred = True
            self._call_soon(self._decide)

    def _decide(self) -> None:
        self._stirred = False
        if self._outdated:
            self._reconsider()
        if self._waiting:
            self._resize()
            for ticket in self._purse.decide(self._unix_us()):
                self._end_wait(ticket)
        if self._purse.urgent:
            self._speak()

    def _reconsider(self) -> None:
        """Budgets have changed: who waits may have to wait for others now, or for none."""
        self._outdated = False
        for ticket, exchange in list(self._waiting.items()):
            stake, route = exchange.stake, exchange.route
            if stake is None or route is None or ticket not in self._waiting:
                continue
            identity = exchange.recorded_identity()
            kind = self._kinds.of(route, identity, exchange.mark, stake.kind.tier)
            fresh = None if kind is None else stake.under(kind)
            at_us = exchange.started_us
            needs = [] if fresh is None else fresh.needs(self._history, at_us, self._now())
            if fresh is not None and ticket.is_for(needs):
                stake.kind, stake.money = fresh.kind, fresh.money
                continue
            self._leave_queue(stake)
            if fresh is not None and needs:
                exchange.stake = fresh
                hold = self._purse.hold(needs, self._unix_us())
                if hold is None:
                    self._wait(exchange, fresh, needs, self._unix_us())
                    continue
                fresh.take(hold)
            exchange.funded()

    def _resize(self) -> None:
        """Calls that wait need no more than such calls came to meanwhile."""
        for ticket, exchange in self._waiting.items():
            if exchange.stake is not None:
                needs = exchange.stake.needs(self._history, exchange.started_us, self._now())
                ticket.needs = needs

    def _give_up(self, ticket: Ticket) -> None:
        exchange = self._waiting.get(ticket)
        if exchange is None or exchange.stake is None:
            return
        stake = exchange.stake
        unanswered = any(
            pocket.free < need.amount and not pocket.known
            for pocket, need in zip(ticket.pockets, ticket.needs, strict=True)
        )
        if unanswered and stake.patience and self._send is not None:
            stake.patience -= 1
            self._set_timer(stake, ticket)
            return
        self._purse.give_up(ticket)
        self._end_wait(ticket)

    def _end_wait(self, ticket: Ticket) -> None:
        exchange = self._waiting[ticket]
        stake = exchange.stake
        assert stake is not None
        del self._waiting[ticket]
        stake.ticket = None
        if stake.timer is not None:
            stake.timer.cancel()
        if ticket.hold is not None:
            stake.take(ticket.hold)
            exchange.funded()
        elif ticket.shortage is not None:
            self.refused += 1
            exchange.refuse_unfunded(self._refusal(exchange, stake, ticket, ticket.shortage))

    def _leave_queue(self, stake: Stake) -> None:
        ticket, stake.ticket = stake.ticket, None
        if ticket is not None and ticket in self._waiting:
            del self._waiting[ticket]
            self._purse.give_up(ticket)
        if stake.timer is not None:
            stake.timer.cancel()

    def _refusal(
        self, exchange: "LiveExchange", stake: Stake, ticket: Ticket, shortage: Shortage
    ) -> Refusal:
        for binding, need in zip(stake.money, ticket.needs, strict=False):
            if need.account == shortage.account:
                window = binding.calendar.at(exchange.started_us)
                needed = max(need.floor, LEAST)
                self._purse.refused(shortage, needed)
                return exhausted(binding.budget, shortage, needed, window, self._unix_us())
        for rate in stake.kind.rates:
            if rate.limit.id == shortage.account.budget:
                return rate_limited(rate, shortage)
        raise AssertionError("a shortage of no account of the call's")

    def _speak(self, *, full: bool = False) -> None:
        if self._send is None:
            return
        report = self._purse.report(self._unix_us(), full=full)
        if report is not None:
            self._send(lease.encode(report))


def _outlives(exchange: "ExchangeState") -> bool:
    """Whether a call has ordered what is paid for later, at a price that is known."""
    route = exchange.route
    ordered = route is not None and route.operation == _ORDERS
    return ordered and exchange.outcome is _OK and exchange.status == _ANSWERED
