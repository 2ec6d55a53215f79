"""Whether a call may pass, whose it is, and where it goes.

Hides the memo: the same tracking values under the same policy give the same identity, so a busy
client costs one dictionary look-up a call. Refusals are never remembered. Pure but for the
memo; time is an argument. Counterpart: `attribution/identity` decides, `providers/registry`
knows routes, `gateway/exchange` acts.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple, Protocol

from weighbridge.attribution.identity import (
    Identity,
    PolicyIndex,
    Tracking,
    attributable,
    expired,
    expired_refusal,
    identify,
)
from weighbridge.attribution.joined_labels import folded
from weighbridge.attribution.policy import LabelRules, PolicySnapshot
from weighbridge.core.outcome import Reason, Refusal
from weighbridge.gateway.request_heads import RequestHead, query_key_is_tracking_token, split_prefix
from weighbridge.providers.base import Route

_MEMO_LIMIT = 8192


OwnerOf = Callable[[bytes], Identity | None]
"""Whose upload a raw target goes on with; None where nobody here began it."""


class Routes(Protocol):
    """What admission needs of the registry."""

    def route(self, method: bytes, target: bytes) -> Route | Refusal | None:
        """Meaning of a raw target."""
        ...


class Admitted(NamedTuple):
    """A decision: without a refusal and with a route the call may pass; `target` is sent on."""

    route: Route | None
    identity: Identity
    target: bytes
    refusal: Refusal | None


class Admission:
    """Decides on request heads under the policy in force."""

    def __init__(
        self,
        routes: Routes,
        snapshot: PolicySnapshot,
        *,
        lenient_labels: bool = False,
        owner_of: OwnerOf | None = None,
    ) -> None:
        self._routes = routes
        self._first_lenient = lenient_labels
        self._owner_of = owner_of
        self._policy: PolicyIndex
        self._folded: frozenset[str]
        self._lenient: bool
        self._memo: dict[tuple[object, ...], Identity]
        self.apply(snapshot)

    def __repr__(self) -> str:
        return f"<Admission {self._policy!r}, {len(self._memo)} identities remembered>"

    @property
    def policy_version(self) -> int:
        """Version of the policy in force."""
        return self._policy.snapshot.version

    @property
    def label_rules(self) -> LabelRules | None:
        """What the policy says of labels; None where it leaves that to the worker."""
        return self._policy.snapshot.labels

    def apply(self, snapshot: PolicySnapshot) -> None:
        """Put a policy in force; what was remembered under the last one is forgotten."""
        self._policy = PolicyIndex(snapshot)
        self._folded = frozenset(snapshot.folded_labels)
        self._lenient = snapshot.labels.lenient if snapshot.labels else self._first_lenient
        self._memo = {}

    def recorded(self, identity: Identity) -> Identity:
        """The identity as its row tells it: values of label keys that have too many are folded."""
        return folded(identity, self._folded) if self._folded else identity

    def decide(self, head: RequestHead, now_us: int) -> Admitted:
        """Route, identity and refusal of a head.

        Takes: microseconds since the epoch. The route comes from the raw target alone (P3).
        """
        prefix, target = split_prefix(head.target)
        route = self._routes.route(head.method, target)
        if route.__class__ is not Route:
            refusal = route if isinstance(route, Refusal) else None
            found = self._identity(head, prefix, now_us, needs_token=False)
            known = (
                found if isinstance(found, Identity) else self._attributable(head, prefix, now_us)
            )
            return Admitted(None, known, target, refusal)
        needs_token = route.needs_token
        if not needs_token and self._owner_of is not None:
            owner = self._owner_of(target)
            if owner is not None:  # it goes on with what a call with a token began (S6)
                return Admitted(route, owner, target, None)
            needs_token = True
        identity = self._identity(head, prefix, now_us, needs_token=needs_token)
        if identity.__class__ is not Identity:
            assert isinstance(identity, Refusal)
            return Admitted(route, self._attributable(head, prefix, now_us), target, identity)
        if _misplaced(head, target):
            return Admitted(route, identity, target, _swapped())
        return Admitted(route, identity, target, None)

    def _attributable(self, head: RequestHead, prefix: bytes | None, now_us: int) -> Identity:
        """Attribution of a refused call, as far as it is valid; not remembered."""
        return attributable(_tracking(head, prefix), self._policy, now_us, lenient=self._lenient)

    def _identity(
        self, head: RequestHead, prefix: bytes | None, now_us: int, *, needs_token: bool
    ) -> Identity | Refusal:
        key = (
            _unreadable(head.token, head.second_token, prefix),
            head.department,
            head.project,
            head.team,
            head.agent,
            head.labels,
            needs_token,
        )
        known = self._memo.get(key)
        if known is not None:
            if known.expires_at_us is not None and expired(known.expires_at_us, now_us):
                return expired_refusal(known.token_id)
            return known
        found = identify(
            _tracking(head, prefix),
            self._policy,
            now_us,
            needs_token=needs_token,
            lenient=self._lenient,
        )
        if isinstance(found, Identity):
            if len(self._memo) >= _MEMO_LIMIT:
                self._memo.clear()
            self._memo[key] = found
        return found


def _tracking(head: RequestHead, prefix: bytes | None) -> Tracking:
    return Tracking(
        token=head.token,
        second_token=head.second_token,
        department=head.department,
        project=head.project,
        team=head.team,
        agent=head.agent,
        labels=head.labels,
        prefix=prefix,
        mistaken_token=head.mistaken_token,
        misplaced_token=_misplaced(head, head.target),
    )


def _unreadable(*secrets: bytes | None) -> bytes:
    """A digest of what holds tracking tokens, so that the memo holds none."""
    return sha256(b"\0".join(secret or b"" for secret in secrets)).digest()


def _misplaced(head: RequestHead, target: bytes) -> bool:
    """Whether a tracking token stands where the Google key belongs."""
    return head.provider_key_is_tracking_token or query_key_is_tracking_token(target)


def _swapped() -> Refusal:
    return Refusal(
        Reason.PROVIDER_KEY_LOOKS_LIKE_TRACKING_TOKEN,
        "a tracking token (trk_…) stands where the Google API key belongs; send the Google key "
        "there and the tracking token in X-Weighbridge-Key",
    )
