"""Request heads: read once, rewritten for the upstream.

Hides which headers are ours, which are hop-by-hop, and which end here. All other names, their
order and their repetition stay. Pure: bytes and values only.
Rules for future edits: one pass over the headers; every name that is dropped or changed stands
in a table here. Source: RFC 9110 sections 7.6.1 (Connection) and 7.2 (Host), RFC 9112 sections
3.2 and 6.
"""

import re
from enum import IntEnum, auto
from typing import Final

from weighbridge.gateway.heads import Headers, name_of


class Role(IntEnum):
    """What a header means to the gateway; `PASS` is everything else."""

    PASS = auto()
    DROP = auto()  # hop-by-hop, no meaning kept
    CONNECTION = auto()
    UPGRADE = auto()
    HOST = auto()
    TRANSFER_ENCODING = auto()
    CONTENT_LENGTH = auto()
    ACCEPT_ENCODING = auto()
    EXPECT = auto()
    GOOGLE_KEY = auto()
    AUTHORIZATION = auto()
    TOKEN = auto()
    SECOND_TOKEN = auto()
    MISTAKEN_TOKEN = auto()
    DEPARTMENT = auto()
    PROJECT = auto()
    TEAM = auto()
    AGENT = auto()
    LABELS = auto()


_HOP_BY_HOP: Final = {
    b"connection": Role.CONNECTION,
    b"upgrade": Role.UPGRADE,
    b"transfer-encoding": Role.TRANSFER_ENCODING,
    b"keep-alive": Role.DROP,
    b"proxy-connection": Role.DROP,
    b"proxy-authenticate": Role.DROP,
    b"proxy-authorization": Role.DROP,
    b"te": Role.DROP,
}
REQUEST_ROLES: Final[dict[bytes, Role]] = {
    **_HOP_BY_HOP,
    b"host": Role.HOST,
    b"content-length": Role.CONTENT_LENGTH,
    b"accept-encoding": Role.ACCEPT_ENCODING,
    b"expect": Role.EXPECT,
    b"x-goog-api-key": Role.GOOGLE_KEY,
    b"authorization": Role.AUTHORIZATION,
    b"x-weighbridge-key": Role.TOKEN,
    b"x-cloudidr-key": Role.SECOND_TOKEN,
    b"x-cloudidr-token": Role.MISTAKEN_TOKEN,
    b"x-department": Role.DEPARTMENT,
    b"x-project": Role.PROJECT,
    b"x-team": Role.TEAM,
    b"x-agent": Role.AGENT,
    b"x-weighbridge-labels": Role.LABELS,
}
READABLE_ENCODINGS: Final = frozenset({b"gzip", b"x-gzip", b"deflate", b"identity"})
_ABSOLUTE_FORM: Final = re.compile(rb"(?i:https?)://[^/?#]*")
_TRACKING_TOKEN: Final = b"trk_"


class RequestHead:
    """A request's head after one reading.

    `lines` are the header lines to send on, `Host` already replaced by a marker position:
    `host_index` is where the upstream's `Host` line belongs. Tracking values are raw bytes,
    None where not sent; the first of a repeated header that is not empty counts.
    `problem` is an HTTP status where the head breaks a rule of RFC 9112 that the parser leaves
    to us. `own_answer` is what the gateway answers itself, to a browser's preflight.
    """

    __slots__ = (
        "agent",
        "chunked",
        "content_length",
        "department",
        "expects_continue",
        "host",
        "host_index",
        "keep_alive",
        "labels",
        "lines",
        "method",
        "mistaken_token",
        "own_answer",
        "problem",
        "project",
        "provider_key_is_tracking_token",
        "second_token",
        "target",
        "team",
        "token",
        "version_1_0",
        "websocket",
    )

    def __init__(self, method: bytes, target: bytes, version: str, *, keep_alive: bool) -> None:
        self.method = method
        self.target = target
        self.version_1_0 = version == "1.0"
        self.keep_alive = keep_alive
        self.lines: list[bytes] = []
        self.host = b""
        self.host_index = -1
        self.content_length: int | None = None
        self.chunked = False
        self.expects_continue = False
        self.websocket = False
        self.provider_key_is_tracking_token = False
        self.mistaken_token = False
        self.own_answer: bytes | None = None
        self.problem = 505 if version not in ("1.1", "1.0") else 0
        self.token: bytes | None = None
        self.second_token: bytes | None = None
        self.department: bytes | None = None
        self.project: bytes | None = None
        self.team: bytes | None = None
        self.agent: bytes | None = None
        self.labels: bytes | None = None

    def __repr__(self) -> str:
        return f"<RequestHead {self.method.decode('latin-1')} {len(self.lines)} lines>"

    def forget(self) -> None:
        """Let go of all that the client sent but the head's shape."""
        self.target = self.host = b""
        self.lines = []
        self.token = self.second_token = None
        self.department = self.project = self.team = self.agent = self.labels = None

    @property
    def has_body(self) -> bool:
        """Whether body bytes or a chunked framing follow the head."""
        return self.chunked or bool(self.content_length)


def read_request_head(  # noqa: C901, PLR0912, PLR0915 - one pass, a branch a role: the hot path
    head: RequestHead, headers: Headers
) -> None:
    """Fill `head` from the header list in one pass."""
    roles = REQUEST_ROLES.get
    lines = head.lines
    add = lines.append
    connection: list[bytes] = []
    upgrade: bytes | None = None
    for name, value in headers:
        role = roles(name.lower())
        if role is None:
            add(name + b": " + value)
        elif role is Role.CONTENT_LENGTH:
            head.content_length = int(value)
            add(name + b": " + value)
        elif role is Role.HOST:
            if head.host_index >= 0:
                head.problem = head.problem or 400
            head.host = value
            head.host_index = len(lines)
        elif role is Role.TOKEN:
            head.token = head.token or value
        elif role is Role.SECOND_TOKEN:
            head.second_token = head.second_token or value
        elif role is Role.DEPARTMENT:
            head.department = head.department or value
        elif role is Role.PROJECT:
            head.project = head.project or value
        elif role is Role.AGENT:
            head.agent = head.agent or value
        elif role is Role.TEAM:
            head.team = head.team or value
        elif role is Role.LABELS:
            head.labels = head.labels + b"," + value if head.labels else value
        elif role is Role.GOOGLE_KEY:
            if value.startswith(_TRACKING_TOKEN):
                head.provider_key_is_tracking_token = True
            add(name + b": " + value)
        elif role is Role.AUTHORIZATION:
            if value[7:].lstrip().startswith(_TRACKING_TOKEN) and value[:6].lower() == b"bearer":
                head.provider_key_is_tracking_token = True
            add(name + b": " + value)
        elif role is Role.ACCEPT_ENCODING:
            add(name + b": " + readable_encodings(value))
        elif role is Role.CONNECTION:
            connection.append(value)
        elif role is Role.UPGRADE:
            upgrade = value
        elif role is Role.TRANSFER_ENCODING:
            if value.strip().lower() != b"chunked":
                head.problem = head.problem or 501
            head.chunked = True
        elif role is Role.EXPECT:
            head.expects_continue = value.strip().lower() == b"100-continue"
            add(name + b": " + value)
        elif role is Role.MISTAKEN_TOKEN:
            head.mistaken_token = True
            add(name + b": " + value)
    if head.host_index < 0:
        head.host_index = 0
        if not head.version_1_0:
            head.problem = head.problem or 400
    if connection and (len(connection) > 1 or connection[0].lower() not in _PLAIN_CONNECTION):
        _apply_connection(head, b",".join(connection), upgrade)


_PLAIN_CONNECTION: Final = frozenset({b"keep-alive", b"close"})


def _apply_connection(head: RequestHead, connection: bytes, upgrade: bytes | None) -> None:
    """Take out what `Connection` names, and tell a websocket upgrade from any other."""
    named = {token.strip().lower() for token in connection.split(b",")}
    if b"upgrade" in named and upgrade is not None and upgrade.strip().lower() == b"websocket":
        head.websocket = True
        head.lines += [b"Connection: Upgrade", b"Upgrade: " + upgrade]
    keep = {b"upgrade", b"connection", b"close", b"keep-alive", b"host", b"content-length"}
    dropped = named - keep
    if dropped:
        before = head.lines[: head.host_index]
        after = head.lines[head.host_index :]
        kept = [line for line in before if name_of(line) not in dropped]
        head.host_index = len(kept)
        head.lines = kept + [line for line in after if name_of(line) not in dropped]


def is_tunnel(head: RequestHead) -> bool:
    """Whether a request asks for a tunnel: a websocket handshake, or `CONNECT`.

    Any other offer (`h2c`), or one with a body, is left aside, as RFC 9110 section 7.8 allows.
    """
    if head.method == b"CONNECT":
        return True
    return head.websocket and head.method == b"GET" and not head.has_body


def head_without_upgrade(head: RequestHead, headers: Headers) -> bytes:
    """The raw head again, with the offer to upgrade taken out."""
    lines = [b"%b %b HTTP/%b" % (head.method, head.target, b"1.0" if head.version_1_0 else b"1.1")]
    for name, value in headers:
        role = REQUEST_ROLES.get(name.lower())
        if role is Role.UPGRADE:
            continue
        if role is Role.CONNECTION:
            tokens = [token.strip() for token in value.split(b",")]
            kept = b", ".join(token for token in tokens if token.lower() != b"upgrade")
            lines.append(name + b": " + kept)
        else:
            lines.append(name + b": " + value)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def readable_encodings(value: bytes) -> bytes:
    """`Accept-Encoding` narrowed to codings that the gateway can read.

    Example: `gzip, deflate, br, zstd` becomes `gzip, deflate`; `br` becomes `identity`; a value
    that is readable throughout stays byte for byte.
    """
    kept = []
    pieces = value.split(b",")
    for piece in pieces:
        coding = piece.partition(b";")[0].strip().lower()
        if coding in READABLE_ENCODINGS:
            kept.append(piece.strip())
        elif coding == b"*":
            kept.append(piece.replace(b"*", b"gzip").strip())
    if len(kept) == len(pieces) and b"*" not in value:
        return value
    return b", ".join(kept) or b"identity"


def request_head_bytes(head: RequestHead, target: bytes, host: bytes) -> bytes:
    """The head as the upstream gets it, up to and with the empty line."""
    lines = head.lines
    lines.insert(head.host_index, b"Host: " + host)
    if head.chunked:
        lines.append(b"Transfer-Encoding: chunked")
    return head.method + b" " + target + b" HTTP/1.1\r\n" + b"\r\n".join(lines) + b"\r\n\r\n"


def origin_form(target: bytes) -> bytes:
    """A target without scheme and host, which proxies may send; the host is ignored (P3).

    Example: `http://any.example/v1/models?a=b` gives `/v1/models?a=b`; `*` stays.
    Source: RFC 9112 section 3.2.2.
    """
    found = _ABSOLUTE_FORM.match(target)
    if found is None:
        return target
    rest = target[found.end() :]
    return rest if rest[:1] == b"/" else b"/" + rest


def split_prefix(target: bytes) -> tuple[bytes | None, bytes]:
    """The URL prefix `/-/trk_…[;k=v…]/` and the provider's target after it.

    Gives: (None, target) where there is none. What stands there need not look like a token: a
    wrong one is told apart by the check of tokens, which can say what is wrong with it.
    Example: `/-/trk_a;agent=b/v1/models` gives (`trk_a;agent=b`, `/v1/models`).
    """
    if not target.startswith(b"/-/"):
        return None, target
    prefix, _, rest = target[3:].partition(b"/")
    # Some SDKs put a second slash between a base URL that ends with one and their path.
    return prefix, b"/" + rest.lstrip(b"/")


def query_key_is_tracking_token(target: bytes) -> bool:
    """Whether `?key=` holds a tracking token where the Google key belongs."""
    return b"key=trk_" in target and (b"?key=trk_" in target or b"&key=trk_" in target)
