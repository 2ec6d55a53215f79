"""The observer of a websocket: reads copies of both directions after they were passed on.

Hides frames from the byte path and the byte path from the session: wsproto reads frames,
`providers/live` reads messages, and whatever goes wrong in here ends the observing, never the
tunnel. A client's bytes are read until its setup is known, which is its first message; the
microphone that follows costs one comparison a read. Rules for future edits: bytes are never
changed; memory is bounded by `websocket_messages`; nothing raises.
Counterparts: `gateway/exchange` feeds it, `gateway/booking` takes its reading as an observer's.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.gateway.websocket_messages import MessageReader, negotiated_deflate
from weighbridge.providers.base import Reading, Route
from weighbridge.providers.live import LiveSession

_OPERATIONS: Final = frozenset({"live", "liveMusic"})
# A setup is the first message. What has not sent one by then has no model that we could know.
_MOST_MESSAGES_BEFORE_SETUP: Final = 8


class TunnelObserver:
    """Watches one Live session; stands in the place of a `tee.Observer`."""

    __slots__ = ("_client", "_route", "_session", "_tell", "_unknown", "_upstream", "failed")

    def __init__(
        self, route: Route, answer_head: bytes, tell: "Callable[[TunnelObserver], None] | None"
    ) -> None:
        deflate = negotiated_deflate(answer_head)
        self._route = route
        self._tell = tell
        self._session = LiveSession(route.surface)
        self._client: MessageReader | None = MessageReader(from_client=True, deflate=deflate)
        self._upstream: MessageReader | None = MessageReader(from_client=False, deflate=deflate)
        self._unknown = 0
        self.failed = False

    def __repr__(self) -> str:
        state = "failed" if self.failed else "reading"
        return f"<TunnelObserver {state} {self._session!r}>"

    @property
    def model(self) -> str | None:
        """Model that the client's setup names, or None."""
        return self._session.setup.model

    @property
    def turns(self) -> int:
        """Turns that the model has finished."""
        return self._session.turns

    @property
    def route(self) -> Route:
        """The route, metered, with what the setup says: model; on Vertex location and project."""
        setup = self._session.setup
        route = self._route
        return msgspec.structs.replace(
            route,
            metered=True,
            model=setup.model or route.model,
            location=setup.location or route.location,
            cloud_project=setup.cloud_project or route.cloud_project,
        )

    def from_client(self, data: bytes) -> None:
        """Take bytes that were passed up."""
        if self._client is None:
            return
        try:
            self._read_client(self._client, data)
        except Exception:  # noqa: BLE001 - transparency: no reader's fault may reach the client
            self._client = None  # without a setup the row has no model; usage is read on

    def from_upstream(self, data: bytes) -> None:
        """Take bytes that were passed down."""
        if self._upstream is None:
            return
        try:
            self._read_upstream(self._upstream, data)
        except Exception:  # noqa: BLE001 - as in from_client
            self.failed = True
            self._upstream = None

    def feed(self, data: bytes) -> None:
        """Take body bytes; a tunnel has none, its bytes come by direction."""

    def so_far(self) -> Reading:
        """What the session came to until now; of an answer under way, what it has reported."""
        return self._session.reading(cut=True)

    def finish(self, *, complete: bool) -> Reading:  # noqa: ARG002 - a tunnel has no last byte
        """What the session came to, a lower bound where it was cut in the middle of a turn."""
        self._tell = None  # it holds the exchange, which holds this
        try:
            return self._session.reading(cut=self.failed)
        except Exception:  # noqa: BLE001 - as in from_client
            return Reading(usage=Usage(), usage_source=UsageSource.UNPARSED)

    def _read_client(self, reader: MessageReader, data: bytes) -> None:
        for message in reader.feed(data):
            self._session.from_client(message.data)
            self._unknown += 1
            if self._session.set_up or self._unknown >= _MOST_MESSAGES_BEFORE_SETUP:
                self._client = None
                self._report()
                return
        if reader.closed:
            self._client = None

    def _read_upstream(self, reader: MessageReader, data: bytes) -> None:
        news = False
        for message in reader.feed(data):
            news |= self._session.from_server(message.data, whole=message.whole)
        if reader.closed:
            self._session.closed(reader.close_code)
            self._upstream = None
        if news:
            self._report()

    def _report(self) -> None:
        if self._tell is None:
            return
        try:
            self._tell(self)
        except Exception:  # noqa: BLE001 - what is shown of a session must not end its reading
            self._tell = None


def tunnel_observer(
    route: Route, answer_head: bytes, tell: Callable[[TunnelObserver], None] | None = None
) -> TunnelObserver | None:
    """An observer for a tunnel of this route, or None where nothing in it can be read.

    Takes: the raw head of the 101 answer (its lines with CRLF; `AnswerHead.passed` will do);
    what to tell when the setup is known and whenever a turn has ended. Whoever is told takes
    `route` for the exchange's own, as its model is known only now, and marks the exchange
    with `so_far()` and `turns`.
    """
    if route.operation not in _OPERATIONS:
        return None
    try:
        return TunnelObserver(route, answer_head, tell)
    except ValueError:  # an extension that nobody could read
        return None
