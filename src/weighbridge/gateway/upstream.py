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

if TYPE_CHECKING:
    from weighbridge.gateway.pool import Pool
    from weighbridge.gateway.settings import Origin

_SWITCHING = 101
_MAX_HEAD_BYTES = 256 * 1024


class AnswerSink(Protocol):
    """The exchange as its upstream connection sees it."""

    method: bytes

    def interim_answer(self, head: AnswerHead, phrase: bytes) -> None:
        """A 1xx answer other than 101."""

    def answer_head(self, head: AnswerHead, phrase: bytes) -> None:
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
    """A keep-alive connection, idle in the pool or serving `sink`."""

    __slots__ = (
        "_body_follows",
        "_head",
        "_head_bytes",
        "_headers",
        "_parser",
        "_phrase",
        "_pollable",
        "_pool",
        "_trailers",
        "close_delimited",
        "dirty",
        "idle_since",
        "in_answer",
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
        self.in_answer = False
        self.close_delimited = False
        self.tunnel = False
        self._pollable = select.poll()
        self._reset_parser()

    def __repr__(self) -> str:
        state = "serving" if self.sink else "idle"
        return f"<UpstreamConnection {self.origin.host}:{self.origin.port} {state} {self.served}>"

    def _reset_parser(self) -> None:
        self._parser = HttpResponseParser(self)
        self._headers: Headers = []
        self._trailers: Headers = []
        self._phrase = b""
        self._head: AnswerHead | None = None
        self._head_bytes = 0

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
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._upgraded(data[upgrade.args[0] :])
            return
        except HttpParserError:
            self._drop(Event.UPSTREAM_MALFORMED)
            return
        if self._head is None and self.sink is sink:
            self._head_bytes += len(data)
            if self._head_bytes > _MAX_HEAD_BYTES:
                self._drop(Event.UPSTREAM_MALFORMED)
                return
        sink.answer_flush()

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
        self._headers = []
        self._trailers = []
        self._phrase = b""

    def on_status(self, phrase: bytes) -> None:
        """Take (a piece of) the reason phrase."""
        self._phrase += phrase

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer once the head is through."""
        if self._head is None:
            self._headers.append((name, value))
        else:
            self._trailers.append((name, value))

    def on_headers_complete(self) -> None:
        """Tell the exchange the head."""
        sink = self.sink
        if sink is None:
            self.dirty = True
            return
        parser = self._parser
        status = parser.get_status_code()
        head = self._head = read_answer_head(status, self._headers)
        if status < 200:
            if status != _SWITCHING:
                sink.interim_answer(head, self._phrase)
            return
        bodiless = sink.method == b"HEAD" or status in (204, 304)
        self.close_delimited = not (bodiless or head.chunked or head.content_length is not None)
        sink.answer_head(head, self._phrase)
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
        if head is not None and head.status < 200:
            if head.status != _SWITCHING:
                self._head = None
            return
        if self.sink is not None:
            self._finish_message()

    def _finish_message(self) -> None:
        sink = self.sink
        if sink is None:
            return
        keep = not self.close_delimited and self._parser.should_keep_alive()
        trailers = self._trailers
        self._head = None
        self._head_bytes = 0
        self.sink = None
        if sink.method == b"HEAD":
            # llhttp can't be told that a HEAD's answer has no body: start afresh.
            self._reset_parser()
        if not keep:
            self.dirty = True
        sink.answer_end(trailers)
        if self.dirty and self.transport is not None:
            self.transport.close()

    def _upgraded(self, rest: bytes) -> None:
        sink = self.sink
        head = self._head
        if sink is None or head is None or head.status != _SWITCHING:
            self._drop(Event.UPSTREAM_MALFORMED)
            return
        self.tunnel = True
        sink.answer_head(head, self._phrase)
        if rest:
            sink.tunnel_data(rest)
        sink.answer_flush()

    def _drop(self, event: Event) -> None:
        sink = self.sink
        self.close()
        if sink is not None:
            sink.upstream_event(event)
