"""Request heads that came before: how the same head is sent on, without reading it again.

A client repeats its head from call to call but for the length of its body. The first time, a
head is parsed, admitted and rewritten in full; what is remembered is a recipe: which ranges of
the head's bytes are sent on, with what between, and what the admission decided. Hides the
recipe and its key.

Rules for future edits: nothing of a head is kept, neither in the key (a keyed hash of it) nor
in the plan (offsets, the gateway's own lines, the attribution); a key stands for bytes that the
strict parser has accepted, all but the digits of the length, so strictness never depends on this
memory; a plan is kept only if it makes the very bytes that the full reading made; refusals are
never remembered; a change of policy forgets all.
"""

from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from weighbridge.attribution.identity import Identity, expired, expired_refusal
from weighbridge.core.outcome import Note, Refusal
from weighbridge.gateway.request_bodies import Look
from weighbridge.gateway.request_heads import (
    REQUEST_ROLES,
    RequestHead,
    Role,
    readable_encodings,
    split_prefix,
)
from weighbridge.gateway.settings import Origin
from weighbridge.providers.base import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from weighbridge.gateway.call_kinds import CallKind
    from weighbridge.gateway.upstream import UpstreamConnection

_MOST_DIGITS: Final = 15
_LIMIT: Final = 8192
_USUAL_NAME: Final = b"\r\nContent-Length: "
_PASSED: Final = frozenset({
    Role.PASS, Role.CONTENT_LENGTH, Role.GOOGLE_KEY, Role.AUTHORIZATION, Role.MISTAKEN_TOKEN,
})  # fmt: skip

Piece = slice | bytes


class HeadPlan:
    """What is known of a head that was admitted before."""

    __slots__ = (
        "_ranges",
        "_template",
        "checked",
        "expires_at_us",
        "head",
        "identity",
        "idle",
        "kind",
        "look",
        "mark",
        "method",
        "notes",
        "origin",
        "plain",
        "route",
        "streamed",
    )

    def __init__(  # noqa: PLR0913 - the parts of a plan, put together once
        self,
        *,
        head: RequestHead,
        route: Route,
        identity: Identity,
        origin: Origin,
        idle: "list[UpstreamConnection]",
        pieces: tuple[Piece, ...],
        mark: bytes,
        look: Look,
        notes: tuple[Note, ...],
        kind: "CallKind | None" = None,
    ) -> None:
        self.head = head
        self.method = head.method
        self.plain = head.method == b"POST"
        self.streamed = route.operation == "streamGenerateContent"
        self.route = route
        self.identity = identity
        self.expires_at_us = identity.expires_at_us
        self.kind = kind
        self.checked = kind is not None or identity.expires_at_us is not None
        self.origin = origin
        self.idle = idle
        self.mark = mark
        self.look = look
        self.notes = notes
        ranges = [piece for piece in pieces if isinstance(piece, slice)]
        self._template = b"".join(
            b"%b" if isinstance(piece, slice) else piece.replace(b"%", b"%%") for piece in pieces
        )
        self._ranges: Callable[[bytes], object] = itemgetter(*ranges)

    def __repr__(self) -> str:
        return f"<HeadPlan {self.route.operation} of {self.identity.token_id}>"

    def upstream_head(self, raw: bytes) -> bytes:
        """The head as the upstream gets it. Takes the raw head, up to its empty line."""
        return self._template % self._ranges(raw)

    def refusal(self, now_us: int) -> Refusal | None:
        """Why the token no longer passes, though it did."""
        if self.expires_at_us is not None and expired(self.expires_at_us, now_us):
            return expired_refusal(self.identity.token_id)
        return None


def head_key(raw: bytes, came: int, secret: bytes) -> tuple[bytes, int]:
    """What a head is remembered by, and the length of its body, 0 where it names none.

    Takes: how many bytes came behind the head, most often all of its body.
    Gives: a key of which the length is no part: the secret stands in its line's place, or before
    a head without one. A head that writes its length in an unusual way
    has a negative length and is not remembered.
    """
    fixed = raw.replace(b"\r\nContent-Length: %d\r\n" % came, secret, 1)
    if len(fixed) != len(raw):  # no line is as long as the secret
        return sha256(fixed).digest(), came
    start, end = _length_digits(raw)
    if start < 0:
        length = -1 if b"content-length" in raw.lower() else 0
        return sha256(secret + raw).digest(), length
    digits = raw[start:end]
    length = int(digits) if digits.isdigit() and end - start <= _MOST_DIGITS else -1
    name = start - len(_USUAL_NAME)
    return sha256(raw[:name] + secret + raw[end + 2 :]).digest(), length


def _length_digits(raw: bytes) -> tuple[int, int]:
    """Where the digits of `Content-Length` stand, as it is usually written; (-1, -1) if not."""
    at = raw.find(_USUAL_NAME)
    if at < 0:
        at = raw.find(_USUAL_NAME.lower())
        if at < 0:
            return -1, -1
    at += len(_USUAL_NAME)
    return at, raw.find(b"\r\n", at)


class RawHead:
    """A request head as it came, whole, with what `head_key` gives."""

    __slots__ = ("key", "length", "raw")

    def __init__(self, raw: bytes, key: bytes, length: int) -> None:
        self.raw = raw
        self.key = key
        self.length = length

    def __repr__(self) -> str:
        return f"<RawHead of {len(self.raw)} bytes, body of {self.length}>"


class HeadPlans:
    """The memory of plans, bounded; forgets all at once when it is full.

    Takes `secret`: random bytes of this process, so that no client can aim at a key.
    """

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self._plans: dict[bytes, HeadPlan] = {}
        self.find = self._plans.get

    def __repr__(self) -> str:
        return f"<HeadPlans {len(self._plans)} remembered>"

    def forget(self) -> None:
        """Forget all plans: the policy has changed."""
        self._plans.clear()

    def remember(self, raw: RawHead, plan: HeadPlan, made: bytes) -> None:
        """Keep a plan that makes `made`, the bytes of the full reading; drop any other."""
        if plan.upstream_head(raw.raw) != made:
            return
        if len(self._plans) >= _LIMIT:
            self._plans.clear()
        self._plans[raw.key] = plan


def can_be_planned(head: RequestHead) -> bool:
    """Whether a head is of the plain kind: HTTP/1.1, kept alive, sized, no expectation."""
    return not (
        head.version_1_0
        or not head.keep_alive
        or head.chunked
        or head.expects_continue
        or head.websocket
    )


def recipe(raw: RawHead, head: RequestHead, host: bytes) -> tuple[Piece, ...]:
    """Which ranges of a raw head are sent on, with what between.

    Offsets behind the length's digits count from the end, so that they hold for other lengths.
    """
    pieces = _Pieces(raw)
    start = raw.raw.find(b"\r\n") + 2
    _, target = split_prefix(head.target)
    if target is head.target:
        pieces.keep(0, start)
    else:
        pieces.put(head.method + b" ")
        pieces.keep(start - len(b" HTTP/1.1\r\n") - len(target), start)
    last = len(raw.raw) - 2
    while start < last:
        stop = raw.raw.find(b"\r\n", start) + 2
        name, _, value = raw.raw[start : stop - 2].partition(b":")
        role = REQUEST_ROLES.get(name.lower(), Role.PASS)
        if role in _PASSED:
            pieces.keep(start, stop)
        elif role is Role.HOST:
            pieces.put(b"Host: " + host + b"\r\n")
        elif role is Role.ACCEPT_ENCODING:
            pieces.put(name + b": " + readable_encodings(value.strip()) + b"\r\n")
        start = stop
    pieces.keep(last, len(raw.raw))
    return pieces.made()


class _Pieces:
    """A recipe being put together; ranges that touch become one."""

    def __init__(self, raw: RawHead) -> None:
        self._size = len(raw.raw)
        start, _ = _length_digits(raw.raw)
        self._fixed_until = start if start >= 0 else self._size - 1
        self._pieces: list[Piece] = []
        self._start = self._stop = -1

    def __repr__(self) -> str:
        return f"<_Pieces {self._pieces}>"

    def keep(self, start: int, stop: int) -> None:
        """Send on the bytes from `start` to `stop`."""
        if self._stop != start:
            self._close()
            self._start = start
        self._stop = stop

    def put(self, line: bytes) -> None:
        """Send these bytes."""
        self._close()
        self._pieces.append(line)

    def made(self) -> tuple[Piece, ...]:
        """The recipe."""
        self._close()
        return tuple(self._pieces)

    def _close(self) -> None:
        if self._start >= 0:
            self._pieces.append(slice(self._offset(self._start), self._offset(self._stop)))
        self._start = self._stop = -1

    def _offset(self, position: int) -> int | None:
        if position <= self._fixed_until:
            return position
        return position - self._size or None
