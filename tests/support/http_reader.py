"""A second, plain reading of HTTP/1.1 byte streams, to judge the gateway's bytes by.

Written from RFC 9112 alone and without the gateway's parser. It is slow, reads whole streams,
and raises `ValueError` at anything that a strict peer would refuse.
"""

from typing import NamedTuple

END = b"\r\n\r\n"


class Message(NamedTuple):
    """One request or answer; `whole` is False for one that the stream's end has cut."""

    head: bytes
    body: bytes
    trailers: bytes
    whole: bool

    @property
    def start(self) -> list[bytes]:
        return self.head.partition(b"\r\n")[0].split(b" ")

    def header(self, name: bytes) -> bytes | None:
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name:
                return value.strip()
        return None


def requests_in(stream: bytes) -> list[Message]:
    """All requests in what an upstream got."""
    found = []
    while stream:
        message, stream = _read(stream, bodiless=False, until_close=False)
        method, target, version = message.start
        if message.head and (not method.isalpha() or version != b"HTTP/1.1" or target[:1] != b"/"):
            raise ValueError(f"no request line: {message.start}")
        found.append(message)
    return found


def answers_in(stream: bytes, methods: list[bytes], *, closed: bool = False) -> list[Message]:
    """All answers in what a client got, given the methods of its requests."""
    found: list[Message] = []
    waiting = list(methods)
    while stream:
        status = int(stream[9:12])
        final = status >= 200
        bodiless = not final or status in (204, 304) or waiting[:1] == [b"HEAD"]
        message, stream = _read(stream, bodiless=bodiless, until_close=closed)
        found.append(message)
        if final and waiting:
            waiting.pop(0)
    return found


def _read(stream: bytes, *, bodiless: bool, until_close: bool) -> tuple[Message, bytes]:
    head, end, rest = stream.partition(END)
    if not end:
        return Message(head, b"", b"", whole=False), b""
    if b"\n" in head.replace(b"\r\n", b"") or b"\r" in head.replace(b"\r\n", b"") or b"\0" in head:
        raise ValueError(f"bare line end in a head: {head!r}")
    message = Message(head, b"", b"", whole=True)
    chunked, length = message.header(b"transfer-encoding"), message.header(b"content-length")
    if chunked is not None and length is not None:
        raise ValueError(f"two framings: {head!r}")
    if bodiless:
        return message, rest
    if chunked is not None:
        return _chunked(message, rest)
    if length is None:
        if until_close and head.startswith(b"HTTP/"):
            return message._replace(body=rest), b""
        return message, rest
    size = int(length)
    return message._replace(body=rest[:size], whole=len(rest) >= size), rest[size:]


def _chunked(message: Message, rest: bytes) -> tuple[Message, bytes]:
    body = b""
    while True:
        line, end, rest = rest.partition(b"\r\n")
        if not end:
            return message._replace(body=body, whole=False), b""
        size = int(line, 16)
        if size == 0:
            break
        body += rest[:size]
        if len(rest) < size + 2:
            return message._replace(body=body, whole=False), b""
        if rest[size : size + 2] != b"\r\n":
            raise ValueError(f"no line end behind a chunk: {rest[size : size + 20]!r}")
        rest = rest[size + 2 :]
    if rest.startswith(b"\r\n"):
        return message._replace(body=body), rest[2:]
    trailers, end, rest = rest.partition(END)
    return message._replace(body=body, trailers=trailers, whole=bool(end)), rest
