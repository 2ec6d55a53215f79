"""Answer heads: what of them means something here, and how they are passed on.

Hides which headers of an answer are hop-by-hop. All other names, their order and their
repetition stay. Pure: bytes and values only. Source: RFC 9110 section 7.6.1, RFC 9112
section 6. Counterpart: `upstream` fills it while the parser reads.
"""

from typing import Final

from weighbridge.gateway.heads import name_of


class AnswerHead:
    """An answer's head, filled header by header as the parser finds them.

    Takes: the status, and the head's bytes up to and with the CRLF before the empty line.
    `readable` is False where the status is none, or a transfer coding is not ours to undo.
    """

    __slots__ = (
        "_connection",
        "_raw",
        "chunked",
        "content_encoding",
        "content_length",
        "content_type",
        "ends_here",
        "readable",
        "status",
        "upgrade",
    )

    def __init__(self, status: int, raw: bytes) -> None:
        self.status = status
        self._raw = raw
        self._connection = b""
        self.content_type: bytes | None = None
        self.content_encoding: bytes | None = None
        self.content_length: int | None = None
        self.chunked = False
        self.upgrade: bytes | None = None
        self.ends_here: list[bytes] | None = None
        self.readable = status >= 100

    def __repr__(self) -> str:
        return f"<AnswerHead {self.status}>"

    def take(self, name: bytes, value: bytes) -> None:
        """Take a header of `ANSWER_NAMES`; the name in whatever case it came."""
        lower = name.lower()
        if lower == b"content-length":
            self.content_length = int(value)
        elif lower == b"content-type":
            self.content_type = value
        elif lower == b"content-encoding":
            self.content_encoding = value.lower()
        else:
            if self.ends_here is None:
                self.ends_here = [name]
            else:
                self.ends_here.append(name)
            if lower == b"transfer-encoding":
                self.chunked = True
                self.readable = self.readable and value.strip().lower() == b"chunked"
            elif lower == b"connection":
                self._connection += value.lower() + b","
            elif lower == b"upgrade":
                self.upgrade = value

    @property
    def close_delimited(self) -> bool:
        """Whether only the end of the connection ends the answer."""
        return not (self.chunked or self.content_length is not None or self.status in (204, 304))

    @property
    def keep_alive(self) -> bool:
        """Whether the connection may serve another exchange."""
        if b"close" in self._connection or self._raw.startswith(b"HTTP/1.0"):
            return False
        return self.content_length is not None or not self.close_delimited

    def passed(self) -> bytes:
        """The head as it is passed on, from the status line on, each line with its CRLF.

        Hop-by-hop headers, and what `Connection` names, are taken out; all else stays byte for
        byte.
        """
        raw = self._raw
        if raw.startswith(b"HTTP/1.0"):
            raw = b"HTTP/1.1" + raw[8:]  # the version is each connection's own
        if self.ends_here is None:
            return raw
        if self._connection in _PLAIN_ANSWER_CONNECTION:
            for name in self.ends_here:
                start = raw.find(b"\r\n" + name + b":")
                raw = raw[:start] + raw[raw.find(b"\r\n", start + 2) :]
            return raw
        named = {token.strip() for token in self._connection.split(b",")}
        dropped = {name.lower() for name in self.ends_here} | named - {b"", b"content-length"}
        status_line, *lines = raw.split(b"\r\n")
        kept = [line for line in lines if name_of(line) not in dropped]
        return b"\r\n".join([status_line, *kept])


_PLAIN_ANSWER_CONNECTION: Final = frozenset({b"", b"keep-alive,", b"close,"})
# The headers of an answer that mean something here; all but the first three end here.
ANSWER_NAMES: Final = frozenset(
    {
        b"content-length",
        b"content-type",
        b"content-encoding",
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
