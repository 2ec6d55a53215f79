"""What one call has set aside: money of budgets, permits of rate limits; and what it used of them.

Hides which account of a call counts what. Rules for future edits: needs stand in one order, the
budgets' first, then each rate limit's requests and tokens; a call's permits are gone whatever it
came to, its money is what its row says; pure but for the timer that it carries.
Counterparts: `holds` takes and settles, `call_kinds` says what binds a call.
"""

from typing import TYPE_CHECKING, Final

import msgspec

from weighbridge.budgets.history import History
from weighbridge.budgets.history import Kind as Alike
from weighbridge.budgets.hold import SOMETHING, Size, ask
from weighbridge.budgets.lease import Account
from weighbridge.budgets.pocket import Hold, Need, Ticket
from weighbridge.budgets.rate_limit import PERMIT, REQUESTS, TOKENS
from weighbridge.budgets.scope import Binding
from weighbridge.gateway.call_kinds import CallKind

if TYPE_CHECKING:
    import asyncio

# How often a call waits again for a lender that is there and has not answered: it asks the ledger
# first, which takes its time after a start.
_PATIENCE: Final = 1
# What an answer is taken for where nobody knows; at most this part of a minute's worth, so that so
# many calls can begin side by side.
_SHORT_ANSWER_TOKENS: Final = 1_000
_SIDE_BY_SIDE: Final = 8


class Stake:
    """What one call has set aside, or waits for.

    `money` are the budgets that it pays, `size` what it may cost, `tokens` how many its prompt is
    taken for where a rate limit counts them, 0 where it has none to count.
    """

    __slots__ = (
        "alike",
        "hold",
        "kind",
        "money",
        "patience",
        "permits",
        "short_since",
        "size",
        "ticket",
        "timer",
        "tokens",
    )

    def __init__(
        self, kind: CallKind, money: tuple[Binding, ...], size: Size, alike: Alike, tokens: int
    ) -> None:
        self.kind = kind
        self.money = money
        self.size = size
        self.alike = alike
        self.tokens = tokens
        self.patience = _PATIENCE
        self.hold: Hold | None = None
        self.permits: Hold | None = None
        self.ticket: Ticket | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.short_since: float | None = None

    def __repr__(self) -> str:
        return f"<Stake {self.hold or self.permits or self.ticket} of {self.kind!r}>"

    @property
    def may_outgrow(self) -> bool:
        """Whether a call may come to more than it holds."""
        held = min(self.hold.amounts) if self.hold is not None else 0
        return self.size is SOMETHING or held < self.size.bound

    def under(self, kind: CallKind) -> "Stake":
        """The same call, as other budgets and rate limits bind it."""
        money = kind.bindings if self.size.bound else ()
        return Stake(kind, money, self.size, self.alike, self.tokens)

    def needs(self, history: History, at_us: int, now: float) -> list[Need]:
        """What the call has to set aside, and the least that it would do with.

        Takes: when it began, and the clock of the history.
        """
        needs = []
        recent = history.recent(self.alike, now) if self.money else None
        others = None
        if recent is None and self.money:
            others = history.recent(History.of_anybody(self.alike), now)
        for budget, value, calendar in self.money:
            strict = budget.hold == "bound"
            limit = 0 if strict else budget.ceiling_at(at_us)
            least, most = ask(self.size, strict=strict, recent=recent, others=others, limit=limit)
            needs.append(Need(Account(budget.id, value, calendar.at(at_us).start_us), most, least))
        for rate in self.kind.rates:
            most_a_minute = rate.limit.per_minute(REQUESTS)
            if most_a_minute is not None:
                needs.append(Need(rate.account(REQUESTS), PERMIT, PERMIT))
            most_a_minute = rate.limit.per_minute(TOKENS)
            if most_a_minute is not None and self.tokens:
                permits = self._likely_tokens(history, most_a_minute) * PERMIT
                needs.append(Need(rate.account(TOKENS), permits, permits))
        return needs

    def learn(self, history: History, came: "Came", now: float) -> None:
        """The call went well: what it came to tells of such calls."""
        if came.cost:
            history.learn(self.alike, came.cost, now)
            history.learn(History.of_anybody(self.alike), came.cost, now)
        if self.tokens and self.kind.rates:
            alike = self._alike_in_tokens()
            history.learn_tokens(alike, came.tokens)
            history.learn_tokens(History.of_anybody(alike), came.tokens)

    def _likely_tokens(self, history: History, most_a_minute: int) -> int:
        """How many tokens the call is taken for: what such calls came to, else a short answer."""
        alike = self._alike_in_tokens()
        usual = history.usual_tokens(alike)
        if usual is None:
            usual = history.usual_tokens(History.of_anybody(alike))
        if usual is None:
            usual = self.tokens + min(_SHORT_ANSWER_TOKENS, most_a_minute // _SIDE_BY_SIDE)
        return min(max(usual, 1), most_a_minute)

    def _alike_in_tokens(self) -> Alike:
        who, model, _ = self.alike
        return History.kind(who, model, self.tokens)

    def take(self, hold: Hold) -> None:
        """The call has what it needs."""
        count = len(self.money)
        if count == len(hold.pockets):
            self.hold = hold
            return
        if count:
            self.hold = Hold(hold.pockets[:count], hold.amounts[:count])
        self.permits = Hold(hold.pockets[count:], hold.amounts[count:])

    def cuts(self, cost: int) -> bool:
        """Whether a budget that has too little for what the call came to cuts it."""
        amounts = () if self.hold is None else self.hold.amounts
        return any(
            binding.budget.on_exhausted == "cut" and amount < cost
            for binding, amount in zip(self.money, amounts, strict=True)
        )


class Came(msgspec.Struct, gc=False):
    """What a row says that its call came to."""

    list_cost: str | None = None
    total_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None

    @property
    def cost(self) -> int:
        """Pico-dollars; 0 where the row says nothing.

        Example: `{"list_cost":"0.000000300000"}` gives 300,000.
        """
        return 0 if self.list_cost is None else int(self.list_cost.replace(".", ""))

    @property
    def tokens(self) -> int:
        """All tokens, of prompt and answer."""
        if self.total_tokens is not None:
            return self.total_tokens
        return (self.input_tokens or 0) + (self.output_tokens or 0) + (self.thinking_tokens or 0)

    def used(self, permits: Hold) -> list[int]:
        """How much of each of a call's permits is used up."""
        tokens = self.tokens
        return [
            (tokens if pocket.account.window_us == TOKENS else 1) * PERMIT
            for pocket in permits.pockets
        ]


came_to: Final = msgspec.json.Decoder(Came).decode
