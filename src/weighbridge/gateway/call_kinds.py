"""What budgets make of a call: which bind it, and how much it has to set aside.

Hides the memory that makes that quick: calls of one kind (the same who and what, as their mark
says) are bound by the same budgets and priced by the same tariff until a policy or a price
changes. Rules for future edits: a kind says nothing of a body; whatever depends on the body is
asked for again for each call (`depends`); nothing here takes money or waits.
Counterparts: `budgets/scope` binds, `budgets/hold` sizes, `holds` takes the money.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from weighbridge.attribution.identity import Identity
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.hold import SOMETHING, Size, Tariff, size_of
from weighbridge.budgets.rate_limit import RateBinder, RateBinding, RateLimit
from weighbridge.budgets.scope import LABEL_PREFIX, Binder, Binding, CallFacts
from weighbridge.pricing.card import RateCard
from weighbridge.providers.base import Route
from weighbridge.providers.declared import Declared, declared

_MOST_KINDS: Final = 4096
_STANDARD: Final = "standard"
_ASKABLE: Final = frozenset({"flex", "priority"})
_PRIORITY_LINE: Final = b"x-vertex-ai-llm-shared-request-type:"
# What is billed by results that are read later, in rows of their own, or by turns that follow:
# all that can be asked before is whether anything is left.
_LATER: Final = frozenset(
    {
        "batchGenerateContent",
        "asyncBatchEmbedContent",
        "createBatchPredictionJob",
        "createOpenAiBatch",
        "live",
        "liveMusic",
    }
)
_EMBEDS: Final = frozenset({"embedContent", "batchEmbedContents", "embeddings", "predict"})
_OF_MODEL: Final = frozenset({"model", "provider"})

Call = tuple[str | None, str | None, str | None, str | None, str | None, str | None]


class Prices(Protocol):
    """What is needed of the price book."""

    def in_force(self, call: Call, at_unix_us: int) -> tuple[RateCard | None, int, int]:
        """The card of a call at an instant, and from when until when it is that card."""
        ...


class CallKind:
    """What calls of one kind have in common.

    `depends`: labels or the model may stand in the body, and a budget looks at them.
    """

    __slots__ = ("bindings", "depends", "rates", "tier", "who")

    def __init__(
        self,
        bindings: tuple[Binding, ...],
        rates: tuple[RateBinding, ...],
        who: str | None,
        tier: str,
        *,
        depends: bool,
    ) -> None:
        self.bindings = bindings
        self.rates = rates
        self.who = who
        self.tier = tier
        self.depends = depends

    def __repr__(self) -> str:
        names = ", ".join(binding.budget.name for binding in self.bindings)
        return f"<CallKind of {self.who} bound by {names or 'its body'}>"


class CallKinds:
    """The kinds of one worker's calls, under the budgets in force."""

    def __init__(self, prices: Prices, node: str) -> None:
        self._in_force = prices.in_force
        self._node = node
        self._binder = Binder(())
        self._rates = RateBinder(())
        self._looks_at_labels = self._looks_at_model = False
        self._kinds: dict[tuple[bytes, str], CallKind | None] = {}
        self._tariffs: dict[Call, tuple[Tariff | None, int, int]] = {}

    def __repr__(self) -> str:
        return f"<CallKinds under {self._binder!r}, {len(self._kinds)} remembered>"

    def apply(self, budgets: Iterable[Budget], limits: Iterable[RateLimit]) -> bool:
        """Put budgets and rate limits in force; gives whether any call may be bound at all."""
        self._binder = Binder(budgets)
        self._rates = RateBinder(limits)
        dimensions = self._binder.dimensions | self._rates.dimensions
        self._looks_at_labels = any(name.startswith(LABEL_PREFIX) for name in dimensions)
        self._looks_at_model = not dimensions.isdisjoint(_OF_MODEL)
        self._kinds.clear()
        self._tariffs.clear()
        return bool(self._binder) or bool(self._rates)

    def of(self, route: Route, identity: Identity, mark: bytes, tier: str) -> CallKind | None:
        """The kind of a call, None where nothing binds it.

        Takes: the identity as its row has it, and the row's part that says who and what.
        """
        if route.free and not self._rates:
            return None
        key = (mark, tier)
        try:
            return self._kinds[key]
        except KeyError:
            if len(self._kinds) >= _MOST_KINDS:
                self._kinds.clear()
            made = self._kinds[key] = self._made(route, identity, tier)
            return made

    def size(
        self, kind: CallKind, route: Route, body: bytes | None, length: int, at_us: int
    ) -> Size | None:
        """How much a call may come to, None where its model has no price.

        Takes: the body where it is whole, its length, -1 where nobody knows.
        """
        if route.operation in _LATER:
            return SOMETHING
        said = declared(route, body, length)
        tariff = self._tariff(route, said, kind.tier, at_us)
        if tariff is not None:
            return size_of(tariff, said)
        # What no model is known of is charged by nothing that we could price.
        return None if route.metered or route.model is not None else SOMETHING

    def _tariff(self, route: Route, said: Declared, tier: str, at_us: int) -> Tariff | None:
        """The tariff of a call at the dearest tier that may serve it."""
        asked = said.tier if said.tier in _ASKABLE else tier
        call = (
            None,
            route.model or said.model,
            said.provider or route.provider,
            route.surface,
            asked,
            route.location,
        )
        found = self._tariffs.get(call)
        if found is None or not found[1] <= at_us < found[2]:
            if len(self._tariffs) >= _MOST_KINDS:
                self._tariffs.clear()
            embeds = route.operation in _EMBEDS
            found = self._tariffs[call] = self._made_tariff(call, at_us, embeds=embeds)
        return found[0]

    def _made_tariff(
        self, call: Call, at_us: int, *, embeds: bool
    ) -> tuple[Tariff | None, int, int]:
        served, model, provider, surface, asked, location = call
        cards, begin, end = [], 0, 1 << 62
        for tier in dict.fromkeys((_STANDARD, asked)):
            card, since, until = self._in_force(
                (served, model, provider, surface, tier, location), at_us
            )
            if card is not None:
                cards.append(card)
                begin, end = max(begin, since), min(end, until)
        if not cards:
            return None, at_us, at_us + 1
        return Tariff.of(cards, embeds=embeds), begin, end

    def _made(self, route: Route, identity: Identity, tier: str) -> CallKind | None:
        depends = (self._looks_at_labels and route.takes_labels) or (
            self._looks_at_model and (route.asks or route.operation in _LATER)
        )
        facts = CallFacts(
            node=self._node,
            provider=route.provider,
            surface=route.surface,
            operation=route.operation,
            location=route.location,
            cloud_project=route.cloud_project,
            model=route.model,
            token_id=identity.token_id,
            department=identity.department,
            project=identity.project,
            agent=identity.agent,
            labels=identity.labels,
        )
        # What costs nothing pays no budget, but is a request like any other.
        bindings = () if route.free or identity.free_tier else self._binder.bind(facts)
        rates = self._rates.bind(facts)
        if not bindings and not rates and not depends:
            return None
        who = identity.agent or identity.token_id
        return CallKind(bindings, rates, who, tier, depends=depends)


def tier_asked_in(lines: Iterable[bytes]) -> str:
    """The service tier that a request's header lines ask for: Vertex takes it there."""
    for line in lines:
        if line[: len(_PRIORITY_LINE)].lower() == _PRIORITY_LINE and b"priority" in line.lower():
            return "priority"
    return _STANDARD
