"""What browsers ask before a page of one origin may call the gateway on another.

Hides the header names and the form of a preflight's answer. Off unless origins are configured;
then the gateway alone decides, and what an upstream says of the matter is taken out, since two
`Access-Control-Allow-Origin` lines count as none. Credentials (cookies) are never allowed: a
page sends its Google key and its tracking token itself. Pure: bytes and values only.
Rules for future edits: nothing of a request is echoed but names that match a strict pattern.
Source: Fetch standard, sections "CORS protocol" and "HTTP extensions" (read 2026-11-21).
Counterpart: `gateway/client` answers preflights with this, `gateway/exchange` adds the lines.
"""

import re
from typing import Final

from weighbridge.gateway.heads import Headers
from weighbridge.gateway.settings import CorsSettings

_METHODS: Final = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE")
_ALLOW_METHODS: Final = b"Access-Control-Allow-Methods: " + b", ".join(_METHODS) + b"\r\n"
# Names that pages need by name; `*` is for those that Google may add.
_EXPOSED: Final = (
    b"X-Weighbridge-Id",
    b"X-Weighbridge-Error",
    b"Retry-After",
    b"Content-Length",
    b"Content-Encoding",
    b"Date",
    b"Location",
    b"Server-Timing",
    b"X-Gemini-Service-Tier",
    b"X-Goog-Upload-URL",
    b"X-Goog-Upload-Control-URL",
    b"X-Goog-Upload-Status",
    b"X-Goog-Upload-Chunk-Granularity",
    b"X-Goog-Upload-Size-Received",
    b"*",
)
_EXPOSE: Final = b"Access-Control-Expose-Headers: " + b", ".join(_EXPOSED) + b"\r\n"
_HEADER_NAME: Final = re.compile(rb"[a-z0-9][a-z0-9_-]{0,63}")
_MOST_NAMES: Final = 64
_CORS_LINE: Final = re.compile(rb"(?im)^access-control-[^\r\n]*\r\n")
_ANY: Final = b"*"


class Cors:
    """Which origins may call, and what they are told.

    Everywhere below, an origin is what goes into `Access-Control-Allow-Origin`: the request's
    own where it is on the list, `*` where all are, None where the page may not call.
    """

    def __init__(self, settings: CorsSettings) -> None:
        self._allowed = frozenset(one.encode("ascii") for one in settings.allowed_origins)
        self._any = _ANY in self._allowed
        self._max_age = b"Access-Control-Max-Age: %d\r\n" % settings.max_age_s
        self.enabled = bool(self._allowed)

    def __repr__(self) -> str:
        state = "any origin" if self._any else f"{len(self._allowed)} origins"
        return f"<Cors {state if self.enabled else 'off'}>"

    def origin(self, headers: Headers) -> bytes | None:
        """The origin of a request, where it may call; None also where no page sent it."""
        given = _value(headers, b"origin")
        if given is None:
            return None
        if self._any:
            return _ANY
        return given if given in self._allowed else None

    def preflight_answer(self, method: bytes, headers: Headers) -> bytes | None:
        """The whole answer to a preflight; None where the request is none, or CORS is off.

        A preflight carries neither key nor token, and is no exchange.
        """
        if not self.enabled or method != b"OPTIONS" or _value(headers, b"origin") is None:
            return None
        wanted = _value(headers, b"access-control-request-method")
        if wanted is None:
            return None
        names = _value(headers, b"access-control-request-headers")
        return self.preflight(self.origin(headers), wanted, names or b"")

    def preflight(
        self, origin: bytes | None, requested_method: bytes, requested_headers: bytes
    ) -> bytes:
        """The head of a 204 with its empty line; to an origin that may not call it allows nothing.

        Example: `content-type,x-goog-api-key` comes back as it is; of `x-team,b@d` only `x-team`.
        """
        lines = b"HTTP/1.1 204 No Content\r\n"
        if origin is not None:
            lines += b"Access-Control-Allow-Origin: " + origin + b"\r\n"
            if requested_method in _METHODS:
                lines += _ALLOW_METHODS
            if names := _plain_names(requested_headers):
                lines += b"Access-Control-Allow-Headers: " + b", ".join(names) + b"\r\n"
            lines += self._max_age
        return lines + (
            b"Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n\r\n"
        )

    def answer_lines(self, origin: bytes | None) -> bytes:
        """Header lines, each with its CRLF, to add to any answer to a request with that origin."""
        if origin is None:
            return b"Vary: Origin\r\n" if self.enabled and not self._any else b""
        allow = b"Access-Control-Allow-Origin: " + origin + b"\r\n" + _EXPOSE
        return allow if origin == _ANY else allow + b"Vary: Origin\r\n"

    def lines_for(self, headers: Headers) -> bytes:
        """`answer_lines` for a request with these headers; nothing where no page sent it."""
        if not any(name.lower() == b"origin" for name, _ in headers):
            return b""
        return self.answer_lines(self.origin(headers))

    @staticmethod
    def without_cors(head: bytes) -> bytes:
        """An answer's head, each line with its CRLF, without an upstream's own CORS lines."""
        return _CORS_LINE.sub(b"", head)


def _value(headers: Headers, wanted: bytes) -> bytes | None:
    """The one value of a header; None where it is missing, empty, or stands there twice."""
    values = [value.strip() for name, value in headers if name.lower() == wanted]
    return values[0] or None if len(values) == 1 else None


def _plain_names(requested: bytes) -> list[bytes]:
    """The header names of a list that are safe to repeat, in lower case, each once."""
    names = (piece.strip().lower() for piece in requested.split(b",", _MOST_NAMES)[:_MOST_NAMES])
    return [name for name in dict.fromkeys(names) if _HEADER_NAME.fullmatch(name)]
