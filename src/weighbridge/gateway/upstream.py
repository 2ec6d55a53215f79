"""One connection to an upstream: framing of answers, backpressure, whether it may be used again.

Hides llhttp's callbacks. An upstream connection serves one exchange at a time, tells it what
comes, and lets go of it when the answer has ended; the exchange hands it back to the pool.
Rules for future edits: nothing here decides what a loss means (`lifecycle` does) or what the
client gets (`answering` does). Counterpart: `answering.Answering`, the `AnswerSink`.
"""

import asyncio
import select
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from weighbridge.gateway.answer_heads import AnswerHead, read_answer_head
from weighbridge.gateway.answer_shapes import AnswerShape, AnswerShapes
from weighbridge.gateway.heads import HEAD_END, Headers
from weighbridge.gateway.lifecycle import Event

if TYPE_CHECKING:
    from weighbridge.gateway.pool import Pool
    from weighbridge.gateway.settings import Origin

_SWITCHING = 101
_MAX_HEAD_BYTES = 256 * 1024


class AnswerSink(Protocol):
    """The exchange as its upstream connection sees it."""

    method: bytes

    @property
    def asks_for_tunnel(self) -> bool:
        """Whether the request may be answered by a 101."""
        ...

    def interim_answer(self, head: AnswerHead) -> None:
        """A 1xx answer other than 101."""

    def answer(
        self, head: AnswerHead | None, pieces: list[bytes], trailers: Headers | None
    ) -> None:
        """What one read brought of the final answer.

        Takes: the head where it came with this read; body bytes, transfer coding undone, in a
        list that is the caller's again afterwards; trailers where the answer is whole now,
        else None.
        """

    def whole_answer(self, shape: AnswerShape, data: bytes, length: int) -> None:
        """A whole answer of a known shape, in one read; the connection is free again.

        Takes: head and body, and how long the body is (`AnswerShape.body_length`).
        """

    def tunnel_data(self, data: bytes) -> None:
        """Bytes after a 101."""

    def upstream_event(self, event: Event) -> None:
        """The connection is lost to this exchange."""

    def upstream_writable(self, *, writable: bool) -> None:
        """Backpressure on what is sent up."""


class UpstreamConnection(asyncio.Protocol):
    """A keep-alive connection, idle in the pool or serving `sink`.

    A head is collected until it is whole and read from its bytes; the strict parser then gets
    them and what follows, and nothing is told before it has accepted them. A whole answer whose
    head it has accepted before, all but the length, is told at once. Of its two instances the
    quiet one does not report headers; the full one does, for the trailers of chunked
    answers.
    """

    __slots__ = (
        "_body_end",
        "_collected",
        "_ended",
        "_full_parser",
        "_head",
        "_parser",
        "_pieces",
        "_pool",
        "_quiet_parser",
        "_shapes",
        "_trailers",
        "_turn",
        "dirty",
        "has_news",
        "idle",
        "idle_since",
        "origin",
        "received_any",
        "served",
        "sink",
        "transport",
        "tunnel",
    )

    def __init__(
        self,
        pool: "Pool",
        origin: "Origin",
        idle: "list[UpstreamConnection]",
        shapes: AnswerShapes,
    ) -> None:
        self._pool = pool
        self._turn = pool.turn
        self._shapes = shapes
        self.origin = origin
        self.idle = idle
        self.transport: asyncio.Transport | None = None
        self.sink: AnswerSink | None = None
        self.served = 0
        self.idle_since = 0.0
        self.dirty = False
        self.received_any = False
        self.tunnel = False
        self._collected = b""
        self._head: AnswerHead | None = None
        self._trailers: Headers | None = None
        self._pieces: list[bytes] = []
        self._body_end = 0
        self._ended = False
        self._new_parsers()

    def __repr__(self) -> str:
        state = "serving" if self.sink else "idle"
        return f"<UpstreamConnection {self.origin.host}:{self.origin.port} {state} {self.served}>"

    def _new_parsers(self) -> None:
        self._full_parser = HttpResponseParser(_AllCallbacks(self, self._pieces.append))
        self._quiet_parser = HttpResponseParser(_Callbacks(self, self._pieces.append))
        self._parser = self._quiet_parser

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = cast("asyncio.Transport", transport)
        pollable = select.poll()
        fileno = transport.get_extra_info("socket").fileno()
        pollable.register(fileno, select.POLLIN | select.POLLRDHUP)
        self.has_news = pollable.poll

    def data_received(self, data: bytes) -> None:
        """Read and frame what came, then tell the sink in one call."""
        sink = self.sink
        if sink is None:
            self.close()
            return
        self.received_any = True
        new_head: AnswerHead | None = None
        if self._head is None:
            if self.tunnel:
                sink.tunnel_data(data)
                return
            shape = self._shapes.newest
            if shape is not None and not self._collected:
                length = shape.body_length(data)
                if length >= 0 and sink.method != b"HEAD":
                    self.sink = None
                    sink.whole_answer(shape, data, length)
                    return
                new_head = self._shaped_head(shape, data)
            if new_head is None:
                new_head, data = self._take_head(sink, data)
                if new_head is None:
                    return
        if not self._parse(sink, data, new_head):
            return
        if new_head is not None and new_head.raw:
            self._shapes.learn(new_head.raw, new_head)
        self._tell(sink, new_head)

    def _parse(self, sink: AnswerSink, data: bytes, new_head: AnswerHead | None) -> bool:
        """Frame what came; False where there is nothing more to tell of it."""
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._upgraded(sink, data[upgrade.args[0] :])
            return False
        except HttpParserError:
            if not self._ended:
                self._drop(Event.UPSTREAM_MALFORMED)
                return False
            self.dirty = True  # the answer is whole; what follows it is nothing of ours
        if new_head is not None and not (new_head.readable and new_head.status >= 200):
            self._drop(Event.UPSTREAM_MALFORMED)  # a 101 that switches to nothing, among others
            return False
        return True

    def _tell(self, sink: AnswerSink, new_head: AnswerHead | None) -> None:
        """Tell the sink what one read brought."""
        pieces = self._pieces
        head = self._head
        assert head is not None
        if self._ended or (new_head is not None and sink.method == b"HEAD"):
            self._ended = False
            self._head = self.sink = None
            if len(pieces) > self._body_end and sink.method != b"HEAD":
                del pieces[self._body_end :]  # they belong to an answer that nobody asked for
            if sink.method == b"HEAD":
                # The parser can't be told that a HEAD's answer has no body: start afresh.
                pieces.clear()
                self._new_parsers()
            if not head.keep_alive:
                self.dirty = True
            sink.answer(new_head, pieces, self._trailers or [])
            if self.dirty and self.transport is not None:
                self._turn.flush()
                self.transport.close()
        else:
            sink.answer(new_head, pieces, None)
        pieces.clear()

    def _shaped_head(self, shape: AnswerShape, data: bytes) -> AnswerHead | None:
        """The head at the beginning of `data`, where it has a shape that is known."""
        matched = shape.match(data)
        if matched is None:
            found, matched = self._shapes.find(data)
            if found is None or matched is None:
                return None
            shape = found
        shape.renew(data, matched)
        head = self._head = shape.read(matched)
        self._parser = self._full_parser if head.chunked else self._quiet_parser
        self._trailers = None
        return head

    def _take_head(self, sink: AnswerSink, data: bytes) -> tuple[AnswerHead | None, bytes]:
        """Collect and read a head; what is left is for the parser, the head included.

        Gives: None while the head is not whole. Interim answers are passed and taken off.
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
                return None, b""
            head = self._head = read_answer_head(data[: end + 2])
            self._parser = self._full_parser if head.chunked else self._quiet_parser
            if not 100 <= head.status < 200 or head.status == _SWITCHING:
                self._trailers = None
                return head, data
            try:
                self._parser.feed_data(data[: end + 4])
            except HttpParserError:
                self._drop(Event.UPSTREAM_MALFORMED)
                return None, b""
            self._ended = False
            self._head = None
            sink.interim_answer(head)
            data = data[end + 4 :]
            if not data:
                return None, b""

    def eof_received(self) -> bool:
        """End of a close-delimited answer, or a loss; either way the connection is over."""
        self._end_of_stream()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange, or the pool."""
        self.dirty = True
        sink = self.sink
        self.transport = None
        self._pool.forget(self)
        if sink is None:
            return
        if exc is None and self._end_of_stream():
            return
        self.sink = None
        sink.upstream_event(Event.UPSTREAM_LOST)

    def _end_of_stream(self) -> bool:
        """Whether the stream's end is the end of an answer: the sink is then told."""
        sink, head = self.sink, self._head
        if sink is None or head is None or not head.close_delimited:
            return False
        self._ended = True
        self._body_end = len(self._pieces)
        self._tell(sink, None)
        return True

    def pause_writing(self) -> None:
        """The upstream takes no more for now."""
        if self.sink is not None:
            self.sink.upstream_writable(writable=False)

    def resume_writing(self) -> None:
        """The upstream takes more again."""
        if self.sink is not None:
            self.sink.upstream_writable(writable=True)

    # The exchange's side.

    def serve(self, sink: AnswerSink) -> None:
        """Begin an exchange on this connection."""
        self.sink = sink
        self.served += 1
        self.received_any = False

    def write(self, pieces: list[bytes]) -> None:
        """Send bytes up at the end of the turn."""
        self._turn.send(self, b"".join(pieces))

    def close(self) -> None:
        """Close at once; the exchange, if any, is not told."""
        self.sink = None
        self.dirty = True
        self._turn.flush()
        if self.transport is not None:
            self.transport.abort()

    # The parser's side.

    def on_message_begin(self) -> None:
        """A message begins; one behind the answer makes the connection unusable."""
        if self._ended:
            self.dirty = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a trailer; the head has been read."""
        if self._trailers is not None:
            self._trailers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is through; what comes as headers now are trailers."""
        self._trailers = []

    def on_message_complete(self) -> None:
        """The answer's end."""
        if not self._ended:
            self._ended = True
            self._body_end = len(self._pieces)

    def _upgraded(self, sink: AnswerSink, rest: bytes) -> None:
        head = self._head
        if head is None or not (sink.asks_for_tunnel and head.status == _SWITCHING):
            self._drop(Event.UPSTREAM_MALFORMED)
            return
        self.tunnel = True
        self._head = None
        self._ended = False
        sink.answer(head, [], None)
        if rest:
            sink.tunnel_data(rest)

    def _drop(self, event: Event) -> None:
        sink = self.sink
        self.close()
        if sink is not None:
            sink.upstream_event(event)


class _Callbacks:
    """What the parser calls: body bytes go straight into the connection's list."""

    def __init__(self, connection: UpstreamConnection, take: Callable[[bytes], None]) -> None:
        self.on_message_begin = connection.on_message_begin
        self.on_body = take
        self.on_message_complete = connection.on_message_complete

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class _AllCallbacks(_Callbacks):
    """The same with headers, for the trailers of chunked answers."""

    def __init__(self, connection: UpstreamConnection, take: Callable[[bytes], None]) -> None:
        super().__init__(connection, take)
        self.on_header = connection.on_header
        self.on_headers_complete = connection.on_headers_complete
