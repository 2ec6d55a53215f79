"""One connection to an upstream: framing of answers, backpressure, whether it may be used again.

Hides llhttp's callbacks. An upstream connection serves one exchange at a time, tells it what
comes, and lets go of it when the answer has ended; the exchange hands it back to the pool.
Rules for future edits: nothing here decides what a loss means (`lifecycle` does) or what the
client gets (`exchange` does). Counterpart: `exchange.LiveExchange`, the `AnswerSink`.
"""

import asyncio
import select
from typing import TYPE_CHECKING, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from weighbridge.gateway.heads import AnswerHead, Headers, read_answer_head
from weighbridge.gateway.lifecycle import Event
from weighbridge.gateway.plans import HEAD_END

if TYPE_CHECKING:
    from weighbridge.gateway.pool import Pool
    from weighbridge.gateway.settings import Origin

_SWITCHING = 101
_MAX_HEAD_BYTES = 256 * 1024


class AnswerSink(Protocol):
    """The exchange as its upstream connection sees it."""

    method: bytes

    def interim_answer(self, head: AnswerHead) -> None:
        """A 1xx answer other than 101."""

    def answer_head(self, head: AnswerHead) -> None:
        """The head of the final answer."""

    def answer_body(self, data: bytes) -> None:
        """Body bytes, transfer coding undone."""

    def answer_end(self, trailers: Headers) -> None:
        """The answer is whole."""

    def answer_flush(self) -> None:
        """All that one read brought has been told."""

    def tunnel_data(self, data: bytes) -> None:
        """Bytes after a 101."""

    def upstream_event(self, event: Event) -> None:
        """The connection is lost to this exchange."""

    def upstream_writable(self, *, writable: bool) -> None:
        """Backpressure on what is sent up."""


class UpstreamConnection(asyncio.Protocol):
    """A keep-alive connection, idle in the pool or serving `sink`.

    A head is collected until it is whole and read from its bytes; the strict parser then gets
    the same bytes and frames the body. Of its two instances the quiet one, for answers whose
    length is known, does not report header by header; the full one is there for trailers.
    """

    __slots__ = (
        "_collected",
        "_full_parser",
        "_head",
        "_parser",
        "_pollable",
        "_pool",
        "_quiet_parser",
        "_trailers",
        "close_delimited",
        "dirty",
        "idle_since",
        "origin",
        "received_any",
        "served",
        "sink",
        "transport",
        "tunnel",
    )

    def __init__(self, pool: "Pool", origin: "Origin") -> None:
        self._pool = pool
        self.origin = origin
        self.transport: asyncio.Transport | None = None
        self.sink: AnswerSink | None = None
        self.served = 0
        self.idle_since = 0.0
        self.dirty = False
        self.received_any = False
        self.close_delimited = False
        self.tunnel = False
        self._pollable = select.poll()
        self._collected = b""
        self._head: AnswerHead | None = None
        self._trailers: Headers = []
        self._new_parsers()

    def __repr__(self) -> str:
        state = "serving" if self.sink else "idle"
        return f"<UpstreamConnection {self.origin.host}:{self.origin.port} {state} {self.served}>"

    def _new_parsers(self) -> None:
        self._full_parser = HttpResponseParser(self)
        self._quiet_parser = HttpResponseParser(_Quiet(self))
        self._parser = self._quiet_parser

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = cast("asyncio.Transport", transport)
        fileno = transport.get_extra_info("socket").fileno()
        self._pollable.register(fileno, select.POLLIN | select.POLLRDHUP)

    def data_received(self, data: bytes) -> None:
        """Parse what came; events reach the sink in order, then one flush."""
        sink = self.sink
        if sink is None:
            self.close()
            return
        self.received_any = True
        if self.tunnel:
            sink.tunnel_data(data)
            return
        if self._head is None:
            data = self._take_head(sink, data)
            if not data:
                return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._upgraded(data[upgrade.args[0] :])
            return
        except HttpParserError:
            self._drop(Event.UPSTREAM_MALFORMED)
            return
        sink.answer_flush()

    def _take_head(self, sink: AnswerSink, data: bytes) -> bytes:
        """Collect and read a head; what is left is for the parser, the head included.

        Gives: b"" while the head is not whole. Interim answers are passed and taken off.
        """
        if self._collected:
            data = self._collected + data
            self._collected = b""
        while True:
            end = data.find(HEAD_END)
            if end < 0:
                if len(data) > _MAX_HEAD_BYTES:
                    self._drop(Event.UPSTREAM_MALFORMED)
                else:
                    self._collected = data
                return b""
            head = self._head = read_answer_head(data[: end + 2])
            sized = head.content_length is not None and not head.chunked
            self._parser = self._quiet_parser if sized else self._full_parser
            if not 100 <= head.status < 200 or head.status == _SWITCHING:
                return data
            try:
                self._parser.feed_data(data[: end + 4])
            except HttpParserError:
                self._drop(Event.UPSTREAM_MALFORMED)
                return b""
            sink.interim_answer(head)
            self._head = None
            data = data[end + 4 :]
            if not data:
                return b""

    def eof_received(self) -> bool:
        """End of a close-delimited answer, or a loss; either way the connection is over."""
        sink = self.sink
        if sink is not None and self.close_delimited and self._head is not None:
            self._finish_message()
            sink.answer_flush()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange, or the pool."""
        self.dirty = True
        sink = self.sink
        self.transport = None
        self._pool.forget(self)
        if sink is None:
            return
        if self.close_delimited and self._head is not None and exc is None:
            self._finish_message()
            sink.answer_flush()
            return
        self.sink = None
        sink.upstream_event(Event.UPSTREAM_LOST)

    def pause_writing(self) -> None:
        """The upstream takes no more for now."""
        if self.sink is not None:
            self.sink.upstream_writable(writable=False)

    def resume_writing(self) -> None:
        """The upstream takes more again."""
        if self.sink is not None:
            self.sink.upstream_writable(writable=True)

    # The exchange's side.

    def fresh(self) -> bool:
        """Whether an idle connection is still good: open, with nothing to read and no FIN.

        The kernel is asked, because the loop may not have seen yet what has come.
        """
        return not self.dirty and not self._pollable.poll(0)

    def serve(self, sink: AnswerSink) -> None:
        """Begin an exchange on this connection."""
        self.sink = sink
        self.served += 1
        self.received_any = False

    def write(self, pieces: list[bytes]) -> None:
        """Send bytes up."""
        if self.transport is not None:
            self.transport.writelines(pieces)

    def close(self) -> None:
        """Close at once; the exchange, if any, is not told."""
        self.sink = None
        self.dirty = True
        if self.transport is not None:
            self.transport.abort()

    # The parser's side.

    def on_message_begin(self) -> None:
        """A message begins; one that nobody asked for makes the connection unusable."""
        if self.sink is None:
            self.dirty = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those that come behind a body are its trailers."""
        self._trailers.append((name, value))

    def on_headers_complete(self) -> None:
        """The parser has found the head to be HTTP: tell the exchange."""
        sink = self.sink
        head = self._head
        self._trailers = []
        if sink is None or head is None:
            self.dirty = True
            return
        if head.status < 200:
            return
        bodiless = sink.method == b"HEAD" or head.status in (204, 304)
        self.close_delimited = not (bodiless or head.chunked or head.content_length is not None)
        sink.answer_head(head)
        if sink.method == b"HEAD" and self.sink is sink:
            self._finish_message()

    def on_body(self, data: bytes) -> None:
        """Pass body bytes."""
        if self.sink is not None:
            self.sink.answer_body(data)
        else:
            self.dirty = True

    def on_message_complete(self) -> None:
        """The answer's end; a 1xx is followed by another message."""
        head = self._head
        if head is not None and head.status >= 200:
            self._finish_message()

    def _finish_message(self) -> None:
        sink = self.sink
        if sink is None:
            return
        keep = not self.close_delimited and self._parser.should_keep_alive()
        self._head = None
        self.sink = None
        if sink.method == b"HEAD":
            # The parser can't be told that a HEAD's answer has no body: start afresh.
            self._new_parsers()
        if not keep:
            self.dirty = True
        sink.answer_end(self._trailers)
        if self.dirty and self.transport is not None:
            self.transport.close()

    def _upgraded(self, rest: bytes) -> None:
        sink = self.sink
        head = self._head
        if sink is None or head is None or head.status != _SWITCHING:
            self._drop(Event.UPSTREAM_MALFORMED)
            return
        self.tunnel = True
        sink.answer_head(head)
        if rest:
            sink.tunnel_data(rest)
        sink.answer_flush()

    def _drop(self, event: Event) -> None:
        sink = self.sink
        self.close()
        if sink is not None:
            sink.upstream_event(event)


class _Quiet:
    """A connection's parser callbacks without those that report a head header by header."""

    def __init__(self, connection: UpstreamConnection) -> None:
        self.on_message_begin = connection.on_message_begin
        self.on_headers_complete = connection.on_headers_complete
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_message_complete

    def __repr__(self) -> str:
        return "<_Quiet>"
