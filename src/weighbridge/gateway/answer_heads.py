"""Answer heads: what of them means something here, and how they are passed on.

Hides which headers of an answer are hop-by-hop. All other names, their order and their
repetition stay. Pure: bytes and values only. The parser has the last word on whether the bytes
are HTTP at all; nothing of a head is passed on before it has read them, or the same ones before.
Source: RFC 9110 section 7.6.1, RFC 9112 section 6. Counterpart: `upstream`.
"""

import re
from typing import Final

from weighbridge.gateway.heads import name_of

_CONTENT_LENGTH: Final = b"content-length"
_CONTENT_TYPE: Final = b"content-type"
_CONTENT_ENCODING: Final = b"content-encoding"
_ENDS_HERE: Final = frozenset(
    {
        b"connection",
        b"transfer-encoding",
        b"upgrade",
        b"keep-alive",
        b"te",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
    }
)
# The lines that may have one of the names above; most begin with another byte.
_candidates: Final = re.compile(rb"\n([CcTtUuKkPp].*)").findall
_STATUS: Final = {b"%d" % status: status for status in range(100, 1000)}.get


class AnswerHead:
    """What an answer's head says.

    `raw` is the head as it came, `passed` as it is passed on, from the status line on, each line
    with its CRLF, without the empty line at the end. `readable` is False where the status is
    none, or a transfer coding is not ours to undo. `keep_alive` says whether the connection may
    serve another exchange.
    """

    __slots__ = (
        "chunked",
        "content_encoding",
        "content_length",
        "content_type",
        "keep_alive",
        "passed",
        "raw",
        "readable",
        "status",
        "upgrade",
    )

    def __init__(self, status: int, raw: bytes) -> None:
        self.status = status
        self.raw = raw
        self.passed = raw
        self.readable = status >= 100
        self.keep_alive = True
        self.chunked = False
        self.content_length: int | None = None
        self.content_type: bytes | None = None
        self.content_encoding: bytes | None = None
        self.upgrade: bytes | None = None

    def __repr__(self) -> str:
        return f"<AnswerHead {self.status}>"

    @property
    def close_delimited(self) -> bool:
        """Whether only the end of the connection ends the answer."""
        return not (self.chunked or self.content_length is not None or self.status in (204, 304))


def read_answer_head(raw: bytes) -> AnswerHead:
    """An answer's head from its bytes, up to and with the CRLF before the empty line."""
    head = AnswerHead(_STATUS(raw[9:12], 0), raw)
    ending: list[tuple[bytes, bytes]] | None = None
    for line in _candidates(raw):  # each ends in its CR
        name, _, value = line.partition(b":")
        name = name.lower()
        value = value.strip()
        if name == _CONTENT_LENGTH:
            head.content_length = int(value) if value.isdigit() else None
        elif name == _CONTENT_TYPE:
            head.content_type = value
        elif name in _ENDS_HERE:
            head.passed = head.passed.replace(b"\n" + line, b"", 1)
            ending = ending or []
            ending.append((name, value.lower()))
        elif name == _CONTENT_ENCODING:
            head.content_encoding = value.lower()
    if ending is not None:
        _apply(head, ending)
    if head.content_length is None and head.close_delimited:
        head.keep_alive = False
    if raw[7:8] == b"0":
        head.keep_alive = False
        head.passed = b"HTTP/1.1" + head.passed[8:]  # the version is each connection's own
    return head


def _apply(head: AnswerHead, ending: list[tuple[bytes, bytes]]) -> None:
    """Do what the headers say that end here. Takes: names and values in lower case."""
    connection: bytes | None = None
    for name, value in ending:
        if name == b"connection":
            connection = value if connection is None else connection + b"," + value
        elif name == b"transfer-encoding":
            head.chunked = True
            head.readable = head.readable and value == b"chunked"
        elif name == b"upgrade":
            head.upgrade = value
    if connection is not None and connection != b"keep-alive":
        named = {token.strip() for token in connection.split(b",")} - {b"", _CONTENT_LENGTH}
        if b"close" in named:
            head.keep_alive = False
        status_line, *lines = head.passed.split(b"\r\n")
        kept = [line for line in lines if name_of(line) not in named]
        head.passed = b"\r\n".join([status_line, *kept])
