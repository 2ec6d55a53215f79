"""Upload URLs: an answer that tells the client where to send a file is made to point at us.

Google answers the first step of an upload with absolute URLs of its own host; a client that
follows them leaves the gateway (S6). Hides how a URL is told to be Google's, and what our own
address is. Path and query stay as they came: SDKs that put their base URL's host into the URL
keep the path, so both kinds of client send the same target. The tracking token's URL prefix is
not put in: the upload id is enough, and a token has no place in an answer.

Rules for future edits: pure; only a URL of the host that the call was sent to is changed; what
a client says of our address is answered to that client alone and must pass a strict pattern.
Source: a recorded resumable upload, google-genai 3.4.0.
Counterparts: `resources` remembers the id, `admission` asks for it.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

_URL_LINES: Final = re.compile(
    rb"(?i)(?<=\n)(x-goog-upload-(?:control-)?url:[ \t]*)(https?)://([^/?#\s@]+)(/[^\r\n]*)"
)
# Registered name, IPv4 or bracketed IPv6, and a port (RFC 3986 section 3.2.2, ASCII only).
_AUTHORITY: Final = re.compile(
    rb"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
)
_USUAL_PORT: Final = {b"https": b":443", b"http": b":80"}
_ID_BYTES_MAX: Final = 4096


def is_upload(target: bytes) -> bool:
    """Whether a raw target, its prefix taken off, is a step of an upload."""
    return target.startswith(b"/upload/")


def rewritten(head: bytes, base: bytes, hosts: Collection[bytes]) -> tuple[bytes, bytes | None]:
    """An answer's head with its upload URLs pointing at us, and the upload's id.

    Takes: the head from its status line on, each line with its CRLF; our own scheme, host and
    port (`https://gateway.example:8443`); the hosts (with their ports, in lower case) whose URLs
    are to be changed.
    Gives: the head as it is, and None, where it names no such URL.
    Example: `X-Goog-Upload-URL: https://generativelanguage.googleapis.com/upload/v1/files?
    upload_id=A` becomes `X-Goog-Upload-URL: http://127.0.0.1:8080/upload/v1/files?upload_id=A`,
    with the id `A`; a URL of another host stays.
    """
    found: list[bytes] = []

    def ours(match: re.Match[bytes]) -> bytes:
        line, scheme, host, rest = match.groups()
        host = host.lower().removesuffix(_USUAL_PORT[scheme.lower()])
        if host not in hosts:
            return match[0]
        found.append(rest)
        return line + base + rest

    head = _URL_LINES.sub(ours, head)
    ids = {upload_id for upload_id in map(upload_id_of, found) if upload_id is not None}
    return head, ids.pop() if len(ids) == 1 else None


def upload_id_of(target: bytes) -> bytes | None:
    """The upload id that a raw target names, percent-decoded; None for none, or several."""
    query = target.partition(b"?")[2].partition(b"#")[0]
    ids = [part[10:] for part in query.split(b"&") if part.startswith(b"upload_id=")]
    if len(ids) != 1 or not 0 < len(ids[0]) <= _ID_BYTES_MAX:
        return None
    return unquote_to_bytes(ids[0])


def public_base(
    *,
    public_url: bytes | None,
    host: bytes | None,
    lines: Iterable[bytes] = (),
    tls: bool,
    listen: bytes,
) -> bytes:
    """Our scheme, host and port as this client knows them.

    Takes: the configured `gateway.public_url`, which beats all; the request's `Host`; its
    other header lines (`X-Forwarded-Proto` and `X-Forwarded-Host` count, from a proxy before
    us); whether the client's connection is TLS; the listen address, for a client that named no
    usable host.
    """
    if public_url is not None:
        return public_url
    scheme = b"https" if tls else b"http"
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == b"x-forwarded-proto":
            said = value.partition(b",")[0].strip().lower()
            scheme = said if said in _USUAL_PORT else scheme
        elif name == b"x-forwarded-host":
            said = value.partition(b",")[0].strip()
            host = said if _AUTHORITY.fullmatch(said) else host
    if host is None or _AUTHORITY.fullmatch(host) is None:
        host = listen
    return scheme + b"://" + host
