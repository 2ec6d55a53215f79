"""What all connections of a worker share: clocks, limits, routes, pool, observers, who is here.

Hides the wiring, so that a connection or an exchange needs one collaborator. Counterpart:
`gateway/worker` builds it; fakes of it drive the wire tests.
"""

import asyncio
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import structlog

from weighbridge.attribution.identity import Identity
from weighbridge.attribution.policy import LabelRules, PolicySnapshot
from weighbridge.budgets.budget import decode_budgets
from weighbridge.budgets.rate_limit import decode_rate_limits
from weighbridge.core.ids import IdMaker
from weighbridge.core.outcome import Outcome, Reason, Refusal
from weighbridge.gateway.admission import Admission, Routes
from weighbridge.gateway.answer_heads import AnswerHead
from weighbridge.gateway.cors import Cors
from weighbridge.gateway.counters import Counters
from weighbridge.gateway.lifecycle import OK
from weighbridge.gateway.plans import HeadPlans
from weighbridge.gateway.request_bodies import RequestBodies
from weighbridge.gateway.request_heads import RequestHead
from weighbridge.gateway.settings import GatewaySettings, Origin
from weighbridge.gateway.tee import Observer
from weighbridge.gateway.tunnel import TunnelObserver, tunnel_observer
from weighbridge.gateway.upload_urls import public_base
from weighbridge.providers.base import Provider, RequestReader, Route
from weighbridge.providers.inflate import decoding

if TYPE_CHECKING:
    from weighbridge.gateway.answering import Answering
    from weighbridge.gateway.booking import Booker
    from weighbridge.gateway.call_kinds import CallKind
    from weighbridge.gateway.client import ClientConnection
    from weighbridge.gateway.exchange_state import ExchangeState
    from weighbridge.gateway.holds import Holds
    from weighbridge.gateway.pool import Pool
    from weighbridge.gateway.resources import ResourceKeeper

_GOOGLE = "google"


class ProviderRegistry(Routes, Protocol):
    """What the gate needs of the providers."""

    def provider(self, name: str) -> Provider:
        """The provider of that error shape or surface."""
        ...


class Gate:
    """The shared state of one worker's byte path."""

    def __init__(  # noqa: PLR0913 - the collaborators of the byte path, wired once
        self,
        *,
        settings: GatewaySettings,
        registry: ProviderRegistry,
        admission: Admission,
        pool: "Pool",
        booker: "Booker",
        counters: Counters,
        clock: Callable[[], float],
        call_later: Callable[[float, Callable[[], None]], asyncio.TimerHandle],
        resources: "ResourceKeeper | None" = None,
        holds: "Holds | None" = None,
        tls: bool = False,
        listen: bytes = b"127.0.0.1",
    ) -> None:
        self.settings = settings
        self.admission = admission
        self.cors = Cors(settings.cors)
        self.bodies = self._bodies(admission.label_rules)
        self.plans = HeadPlans(random.SystemRandom().randbytes(32))
        self.pool = pool
        self.turn = pool.turn
        self.counters = counters
        self.now = clock
        self.call_later = call_later
        self.ready = False
        self.draining = False
        self.drain_since = 0.0
        self.restricted = False
        self.most_live = settings.max_concurrent_exchanges
        self.idle = asyncio.Event()
        self.empty = asyncio.Event()
        self.live: set[Answering] = set()
        self.connections: set[ClientConnection] = set()
        self.resources = resources
        self.holds = holds
        self._tls = tls
        self._listen = listen
        self._registry = registry
        self._booker = booker
        self._mark_in_flight = booker.begin
        self._book = booker.enqueue
        self.cost_so_far = booker.cost_so_far
        self._origins: dict[tuple[str, str], Origin] = {}
        seed = random.SystemRandom().getrandbits(128)
        self.new_id = IdMaker(random.Random(seed).getrandbits).new  # noqa: S311 - ids, no secrets

    def __repr__(self) -> str:
        state = "draining" if self.draining else "ready" if self.ready else "starting"
        return f"<Gate {state}, {len(self.live)} live, {len(self.connections)} connections>"

    def apply_policy(self, snapshot: PolicySnapshot) -> None:
        """Put a policy in force for the next call; nothing decided under the last one stays."""
        self.admission.apply(snapshot)
        self.bodies = self._bodies(snapshot.labels)
        if self.holds is not None:
            self.holds.apply(
                decode_budgets(snapshot.budgets), decode_rate_limits(snapshot.rate_limits)
            )
        self.plans.forget()

    def look_around(self) -> None:
        """See whether calls have to be refused; called by the ticker, and when draining begins."""
        self.restricted = self.draining or not self._booker.healthy

    def kind_of(self, exchange: "ExchangeState", route: Route) -> "CallKind | None":
        """What budgets make of a call, None where none may bind it; its head is still there."""
        if self.holds is None or not self.holds.on:
            return None
        identity = self.admission.recorded(exchange.identity)
        return self.holds.kind_of(route, identity, exchange.mark, exchange.head)

    def mark(self, route: Route | None, identity: Identity) -> bytes:
        """The part of a row that says who and what, folded labels in place of those too many."""
        return self._booker.mark(route, self.admission.recorded(identity))

    # Who is here.

    def connected(self, connection: "ClientConnection") -> bool:
        """Count a connection in; False where there are too many."""
        self.counters.connections += 1
        if len(self.connections) >= self.settings.max_connections:
            self.counters.turned_away += 1
            return False
        self.connections.add(connection)
        return True

    def disconnected(self, connection: "ClientConnection") -> None:
        """Count a connection out."""
        self.connections.discard(connection)
        if self.draining and not self.connections:
            self.empty.set()

    def enter(self, exchange: "Answering") -> None:
        """An exchange has begun: mark it where a crash leaves the mark readable."""
        self.live.add(exchange)
        self.counters.exchanges += 1
        self._mark_in_flight(exchange)

    def leave(self, exchange: "Answering") -> None:
        """An exchange has ended: book it once its last bytes are on their way."""
        self.live.discard(exchange)
        counters = self.counters
        counters.request_bytes += exchange.request_bytes
        counters.response_bytes += exchange.response_bytes
        if exchange.outcome is not OK and exchange.outcome is Outcome.REFUSED:
            counters.refused += 1
        self._book(exchange)
        if self.draining and not self.live:
            self.idle.set()

    def own_refusal(self) -> Refusal | None:
        """Why the gateway itself can't take a call now, or None."""
        settings = self.settings
        if len(self.live) > settings.max_concurrent_exchanges:
            return Refusal(
                Reason.OVERLOADED,
                f"{settings.max_concurrent_exchanges} exchanges are under way, which is this "
                "gateway's bound; try again shortly",
                retry_after_s=1,
            )
        if self.draining and self.now() - self.drain_since > settings.drain_grace_s:
            return Refusal(
                Reason.OVERLOADED, "this gateway is stopping; try again", retry_after_s=1
            )
        if not self._booker.healthy and settings.on_journal_failure == "refuse":
            return Refusal(
                Reason.OVERLOADED,
                "this gateway cannot write its journal (disk full?) and is set to refuse calls "
                "that it cannot book; tell its operator",
                retry_after_s=5,
            )
        return None

    # Upstreams and observers.

    def origin(self, route: Route) -> Origin:
        """Where a route's calls go: the configured URL of its upstream, else its own host."""
        key = (route.upstream, route.host)
        origin = self._origins.get(key)
        if origin is None:
            origin = self.settings.upstreams.get(route.upstream) or Origin(
                route.host, 443, tls=True, host_header=route.host.encode()
            )
            if len(self._origins) < 1024:
                self._origins[key] = origin
        return origin

    def tunnel_observer(self, exchange: "Answering", head: AnswerHead) -> TunnelObserver | None:
        """An observer for a tunnel that was accepted; what it learns shows while it is open."""
        assert exchange.route is not None
        return tunnel_observer(
            exchange.route, head.passed, lambda tunnel: self._show_progress(exchange, tunnel)
        )

    def _show_progress(self, exchange: "Answering", tunnel: TunnelObserver) -> None:
        exchange.route = tunnel.route
        exchange.mark = self.mark(tunnel.route, exchange.identity)
        self._booker.progress(exchange, tunnel.so_far())

    def public_base(self, head: RequestHead) -> bytes:
        """Our own scheme, host and port, as the sender of this head knows them."""
        url = self.settings.public_url
        return public_base(
            public_url=url.encode() if url else None,
            host=head.host or None,
            lines=head.lines,
            tls=self._tls,
            listen=self._listen,
        )

    def begin_upload(self, exchange: "ExchangeState", passed: bytes) -> bytes:
        """The head of an upload's answer, its URLs pointing at us, and the upload remembered."""
        route = exchange.route
        assert route is not None
        if self.resources is None:
            return passed
        return self.resources.begin_upload(
            passed,
            base=exchange.upload_base,
            hosts={route.host.encode(), self.origin(route).host_header.lower()},
            identity=exchange.identity,
            route=route,
            at_us=exchange.started_us,
        )

    def observe(self, route: Route, head: AnswerHead) -> Observer:
        """An observer for an answer."""
        provider = self._registry.provider(route.surface)
        reader = provider.reader(route, head.status, head.content_type)
        return Observer(decoding(reader, head.content_encoding))

    def _bodies(self, rules: LabelRules | None) -> RequestBodies:
        return RequestBodies(rules or self.settings.labels, self._request_reader)

    def _request_reader(self, route: Route) -> RequestReader:
        return self._registry.provider(route.surface).request_reader(route)

    def refusal_body(self, route: Route | None, refusal: Refusal) -> bytes:
        """A refusal in the error shape of the route's provider."""
        return self._registry.provider(route.error_shape if route else _GOOGLE).refusal_body(
            refusal
        )

    # The gateway's own answers.

    def health(self, target: bytes) -> tuple[int, bytes]:
        """Status and body of `/-/healthz` (alive) and `/-/readyz` (serving)."""
        if target == b"/-/healthz":
            return 200, b'{"status":"alive"}\n'
        if self.ready and not self.draining:
            return 200, b'{"status":"ready"}\n'
        return 503, b'{"status":"draining"}\n' if self.draining else b'{"status":"starting"}\n'

    def internal_error(self, error: BaseException) -> None:
        """A fault of ours in the byte path: count it, log its place, never its values."""
        self.counters.internal_errors += 1
        cause = error.__context__ or error
        structlog.get_logger("weighbridge.gateway").error(
            "internal_error", error_class=type(cause).__name__
        )
