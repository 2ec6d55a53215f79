"""The bytes of calls and answers that wire tests send and expect."""

from bench_wire import TOKEN

PATH = b"/v1beta/models/gemini-2.5-flash:generateContent"
KEY = b"X-Weighbridge-Key: " + TOKEN.encode() + b"\r\n"
ANSWER = b'{"candidates":[],"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}'


def post(body: bytes = b"{}", extra: bytes = b"", path: bytes = PATH) -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: gw\r\n%b%bContent-Length: %d\r\n\r\n%b" % (
        path,
        KEY,
        extra,
        len(body),
        body,
    )


def forwarded(body: bytes = b"{}", extra: bytes = b"", path: bytes = PATH) -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: upstream.test\r\n%bContent-Length: %d\r\n\r\n%b" % (
        path,
        extra,
        len(body),
        body,
    )


def answer(body: bytes = ANSWER, extra: bytes = b"") -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n%b"
        % (extra, len(body), body)
    )


def passed(body: bytes = ANSWER, extra: bytes = b"") -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n"
        b"X-Weighbridge-Id: {id}\r\n\r\n%b" % (extra, len(body), body)
    )


def refused(status: bytes, reason: bytes) -> bytes:
    """The beginning of a refusal, up to its marker header."""
    return b"HTTP/1.1 %b\r\nContent-Type: application/json; charset=UTF-8\r\n" % status
