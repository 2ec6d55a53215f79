"""What is no HTTP/1.1: which status it gets, and the answer (contract: `BAD_REQUEST`).

Hides the parser's complaints. Pure. There is no route to tell a provider by, so the error has
Google's shape; such a request is no exchange and has no id.
"""

from typing import Final

import msgspec
from httptools import HttpParserError

from weighbridge.gateway.answers import own_answer
from weighbridge.gateway.heads import Headers

_MESSAGES: Final = {
    400: "the request breaks the rules of HTTP/1.1",
    414: "the request target is too long",
    431: "the request's header fields are too large",
    501: "the only transfer coding known here is chunked",
    505: "the only HTTP versions known here are 1.1 and 1.0",
}


def bad_request(status: int) -> list[bytes]:
    """The answer, after which the connection is closed. Takes: 400, 414, 431, 501 or 505."""
    error = {
        "code": status,
        "message": _MESSAGES[status],
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "BAD_REQUEST",
                "domain": "weighbridge",
            }
        ],
    }
    body = msgspec.json.encode({"error": error})
    return own_answer(status, body, [b"X-Weighbridge-Error: BAD_REQUEST"], close=True)


def status_of(error: HttpParserError, headers: Headers) -> int:
    """HTTP status of a parser's complaint."""
    text = str(error)
    if "version" in text:
        return 505 if "Invalid HTTP version" in text else 400
    if "Transfer-Encoding" in text:
        names = {name.lower() for name, _ in headers}
        codings = [value for name, value in headers if name.lower() == b"transfer-encoding"]
        lone = len(codings) == 1 and b"content-length" not in names
        if lone and b"chunked" not in codings[0].lower():
            return 501
    return 400
