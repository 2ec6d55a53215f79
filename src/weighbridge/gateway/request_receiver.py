"""The requests of one connection as the parser finds them: heads, bodies, ends.

Hides llhttp's callbacks, how large a head may be, and offers to upgrade that are left aside.
Rules for future edits: the parser is strict and stays strict (P4); nothing here knows whose turn
it is. Counterpart: `client.ClientConnection`, the `RequestSink`.
"""

from typing import Protocol

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from weighbridge.gateway.bad_requests import status_of
from weighbridge.gateway.heads import Headers
from weighbridge.gateway.request_heads import (
    RequestHead,
    head_without_upgrade,
    is_tunnel,
    origin_form,
    read_request_head,
)
from weighbridge.gateway.settings import GatewaySettings

_CHECKED_READ_BYTES = 8 * 1024
_MOST_HEADERS = 256


class RequestSink(Protocol):
    """The connection as its receiver sees it."""

    last_read: float
    closing: bool

    def head_received(self, head: RequestHead, headers: Headers) -> None:
        """A head, with a `problem` where it is not to pass; its body follows."""
        ...

    def body_received(self, data: bytes) -> None:
        """Bytes of the body, transfer coding undone."""
        ...

    def request_received(self, trailers: Headers) -> None:
        """The request is whole."""
        ...

    def upgraded(self, rest: bytes) -> None:
        """What came last is the head of a tunnel; what follows it is not for a parser."""
        ...

    def malformed(self, status: int) -> None:
        """What came is no HTTP/1.1; the connection cannot be read on."""
        ...

    def failed(self, error: Exception) -> None:
        """Whoever was told has failed; likewise."""
        ...


class RequestReceiver:
    """One connection's parser, with what has come of the head under way."""

    __slots__ = (
        "_big_read",
        "_head_bytes",
        "_headers",
        "_parser",
        "_plain_head",
        "_settings",
        "_sink",
        "_target",
        "_trailers",
        "at_boundary",
        "head_since",
        "in_head",
        "on_body",
    )

    def __init__(self, sink: RequestSink, settings: GatewaySettings) -> None:
        self._sink = sink
        self._settings = settings
        self.on_body = sink.body_received
        self.at_boundary = True
        self.in_head = False
        self.head_since = 0.0
        self._headers: Headers = []
        self._trailers: Headers = []
        self._target = b""
        self._head_bytes = 0
        self._big_read = False
        self._plain_head = b""
        self._parser = HttpRequestParser(self)

    def __repr__(self) -> str:
        where = "in a head" if self.in_head else "between" if self.at_boundary else "in a body"
        return f"<RequestReceiver {where}>"

    def feed(self, data: bytes) -> bytes:
        """Let the parser read what came; gives what is to be fed once more, mostly nothing."""
        self._big_read = len(data) > _CHECKED_READ_BYTES
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            return self._upgraded(data[upgrade.args[0] :])
        except HttpParserCallbackError as error:
            self._sink.failed(error)
        except HttpParserError as error:
            if not self._sink.closing:
                self._sink.malformed(status_of(error, self._headers))
        else:
            if self.in_head and not self._sink.closing:
                self._bound_head(len(data))
        return b""

    # The parser's side.

    def on_message_begin(self) -> None:
        """A request begins."""
        self.at_boundary = False
        self.in_head = True
        self._head_bytes = 0
        self.head_since = self._sink.last_read
        self._headers = []
        self._target = b""

    def on_url(self, target: bytes) -> None:
        """Take (a piece of) the request target."""
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer once the head is through."""
        if self.in_head:
            self._headers.append((name, value))
        else:
            self._trailers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self.in_head = False
        self._trailers = []
        if self._sink.closing:
            return  # a call behind the last one that is answered here
        parser = self._parser
        head = RequestHead(
            parser.get_method(),
            self._target if self._target[:1] == b"/" else origin_form(self._target),
            parser.get_http_version(),
            keep_alive=parser.should_keep_alive(),
        )
        read_request_head(head, self._headers)
        head.problem = head.problem or self._oversize()
        # Keys, which the target may hold as well, are not kept beyond their call.
        headers, self._headers, self._target = self._headers, [], b""
        if parser.should_upgrade() and not is_tunnel(head):
            # The parser would take the body for another protocol: read the head once more,
            # without the offer.
            self._plain_head = head_without_upgrade(head, headers)
            return
        self._sink.head_received(head, headers)

    def on_message_complete(self) -> None:
        """The request's end."""
        self.at_boundary = True
        trailers, self._trailers = self._trailers, []
        self._sink.request_received(trailers)

    # Inside.

    def _oversize(self) -> int:
        """Status of a head that is too large, 0 where it is not."""
        settings = self._settings
        if len(self._target) > settings.max_target_bytes:
            return 414
        if len(self._headers) > _MOST_HEADERS:
            return 431
        if self._head_bytes or self._big_read:
            size = sum(len(name) + len(value) + 4 for name, value in self._headers)
            if size > settings.max_head_bytes:
                return 431
        return 0

    def _bound_head(self, came: int) -> None:
        """A head that is not whole yet must not grow without end."""
        self._head_bytes += came
        if self._head_bytes > self._settings.max_head_bytes:
            self._sink.malformed(431 if self._headers else 414)

    def _upgraded(self, rest: bytes) -> bytes:
        """The parser stopped at an upgrade: a tunnel, or an offer that we leave aside.

        Gives: what is to be read without the offer.
        """
        if self._plain_head:
            plain, self._plain_head = self._plain_head, b""
            self._parser = HttpRequestParser(self)
            return plain + rest
        self._sink.upgraded(rest)
        return b""
