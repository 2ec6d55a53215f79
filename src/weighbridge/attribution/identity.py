"""Whose call it is: tracking token, headers and URL prefix put together.

Hides the precedence (dimensions: header, then prefix, then token; labels: header, then prefix,
then token) and the hints that refusals give. Pure: the clock and the policy are arguments.
Counterpart: `gateway/admission` calls it once per distinct set of tracking values.
"""

import unicodedata
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from weighbridge.attribution.labels import LabelError, checked_labels
from weighbridge.attribution.policy import PolicySnapshot, TokenRecord
from weighbridge.attribution.rules import DIMENSIONS, Rules, Rulings, broken_pin, first_refusal
from weighbridge.core.ids import TRACKING_TOKEN_PREFIX, secret_hash
from weighbridge.core.outcome import Reason, Refusal

MAX_VALUE_CHARACTERS: Final = 128
TOKEN_HEADER: Final = "X-Weighbridge-Key"
_DIRECTION_CHARACTERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_GOOGLE_KEY_PREFIX = "AIza"


class Tracking(msgspec.Struct, frozen=True):
    """The raw tracking values of one call, as they came (hashable: the memo's key).

    `prefix` is the text between `/-/` and the next `/`, None where the target has none.
    Values are the header bytes; None = not sent. `mistaken_token` says that
    `X-Cloudidr-Token`, a header that does not exist, was sent; `misplaced_token`, that a tracking
    token stands where the Google key belongs.
    """

    token: bytes | None = None
    second_token: bytes | None = None
    department: bytes | None = None
    project: bytes | None = None
    team: bytes | None = None
    agent: bytes | None = None
    labels: bytes | None = None
    prefix: bytes | None = None
    mistaken_token: bool = False
    misplaced_token: bool = False


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The attribution of a call as it is booked; `free_tier` is its token's word on the key."""

    token_id: str | None = None
    department: str | None = None
    project: str | None = None
    agent: str | None = None
    labels: dict[str, str] = {}
    expires_at_us: int | None = None
    free_tier: bool = False


class PolicyIndex:
    """A policy snapshot with its tokens findable by hash."""

    def __init__(self, snapshot: PolicySnapshot) -> None:
        self.snapshot = snapshot
        self._by_hash = {token.sha256: token for token in snapshot.tokens}
        self._rules = Rules(snapshot.required, snapshot.allowed)

    def __repr__(self) -> str:
        return f"<PolicyIndex version {self.snapshot.version}, {len(self._by_hash)} tokens>"

    def find(self, token: str) -> TokenRecord | None:
        """The record of a token, compared by its full hash (P5)."""
        return self._by_hash.get(secret_hash(token))

    def rulings(self, record: TokenRecord | None) -> Rulings:
        """The rules for a call: the gateway's own, and those of its token."""
        if record is None or not (record.required or record.allowed):
            return (self._rules,)
        return (self._rules, Rules(record.required, record.allowed, record.token_id))


def identify(
    tracking: Tracking, policy: PolicyIndex, now_us: int, *, needs_token: bool, lenient: bool
) -> Identity | Refusal:
    """Identity of a call, or why it is refused.

    Takes: raw tracking values, the policy in force, microseconds since the epoch.
    Gives: never an empty identity for a token that failed its check (P5).
    """
    prefix_token, prefix_values, prefix_labels = _read_prefix(tracking.prefix)
    record = _record(tracking, prefix_token, policy, now_us, needs_token=needs_token)
    if isinstance(record, Refusal):
        return record
    values = _dimensions(tracking, prefix_values, record)
    for name, value in values.items():
        if refusal := _refused_value(name, value):
            return refusal
    labels = _labels(tracking.labels, prefix_labels, record, lenient=lenient)
    if isinstance(labels, Refusal):
        return labels
    if record and (refusal := broken_pin(values, _pinned(record), record.token_id)):
        return refusal
    if refusal := first_refusal(values, policy.rulings(record)):
        return refusal
    return Identity(
        token_id=record.token_id if record else None,
        department=values["department"],
        project=values["project"],
        agent=values["agent"],
        labels=labels,
        expires_at_us=record.expires_at_us if record else None,
        free_tier=record.free_tier if record else False,
    )


def attributable(
    tracking: Tracking, policy: PolicyIndex, now_us: int, *, lenient: bool
) -> Identity:
    """What the row of a refused call may say about whose it was.

    Gives: what passes its own check, so that broken labels can be traced to their sender; nothing
    where the token failed or is missing (P5).
    """
    prefix_token, prefix_values, prefix_labels = _read_prefix(tracking.prefix)
    record = _record(tracking, prefix_token, policy, now_us, needs_token=True)
    if isinstance(record, Refusal):
        return Identity()
    rulings = policy.rulings(record)
    values = _dimensions(tracking, prefix_values, record) | (_pinned(record) if record else {})
    for name, value in values.items():
        if _refused_value(name, value) or not all(each.allow(name, value) for each in rulings):
            values[name] = None
    labels = _labels(tracking.labels, prefix_labels, record, lenient=lenient)
    if isinstance(labels, Refusal):
        labels = dict(record.labels) if record else {}
    return Identity(
        token_id=record.token_id if record else None,
        department=values["department"],
        project=values["project"],
        agent=values["agent"],
        labels=labels,
        free_tier=record.free_tier if record else False,
    )


def header_text(value: bytes | str) -> str:
    """Text of an attribution value: percent-decoded UTF-8, trimmed; Latin-1 where it is none."""
    raw = value.encode("latin-1", "surrogateescape") if isinstance(value, str) else value
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


def _record(
    tracking: Tracking,
    prefix_token: str | None,
    policy: PolicyIndex,
    now_us: int,
    *,
    needs_token: bool,
) -> TokenRecord | Refusal | None:
    """The token that the call shows, checked; None where it shows none and needs none."""
    given = _given_token(tracking, prefix_token)
    if isinstance(given, Refusal):
        return given
    if given is not None:
        return _checked_token(given, policy, now_us)
    return _missing(tracking) if needs_token and policy.snapshot.require_token else None


def _given_token(tracking: Tracking, prefix_token: str | None) -> str | Refusal | None:
    """The one token that the call names; header beats prefix, two that differ are refused."""
    first = _token_text(tracking.token)
    second = _token_text(tracking.second_token)
    if first and second and first != second:
        return Refusal(
            Reason.TRACKING_TOKEN_INVALID,
            f"two different tracking tokens were sent; send one, in {TOKEN_HEADER}",
        )
    return first or second or prefix_token


def _token_text(value: bytes | None) -> str | None:
    return value.decode("latin-1").strip() or None if value else None


def _checked_token(given: str, policy: PolicyIndex, now_us: int) -> TokenRecord | Refusal:
    record = policy.find(given)
    if record is None:
        return _unknown_token(given)
    if record.revoked:
        return Refusal(
            Reason.TRACKING_TOKEN_INVALID,
            f"tracking token {record.token_id} was revoked; ask for a new one",
            {"token_id": record.token_id},
        )
    if expired(record.expires_at_us, now_us):
        return expired_refusal(record.token_id)
    return record


def expired(expires_at_us: int | None, now_us: int) -> bool:
    """Whether a token's time is over; its last microsecond still counts."""
    return expires_at_us is not None and now_us > expires_at_us


def expired_refusal(token_id: str | None) -> Refusal:
    """The refusal of a token whose time is over."""
    return Refusal(
        Reason.TRACKING_TOKEN_INVALID,
        f"tracking token {token_id} has expired; ask for a new one",
        {"token_id": token_id or ""},
    )


def _unknown_token(given: str) -> Refusal:
    if given.startswith(_GOOGLE_KEY_PREFIX):
        hint = (
            f"a Google API key stands in {TOKEN_HEADER}, where the tracking token "
            f"({TRACKING_TOKEN_PREFIX}…) belongs; were the two keys swapped? Send the Google key "
            "as x-goog-api-key"
        )
    elif given.startswith(TRACKING_TOKEN_PREFIX):
        hint = "this tracking token is not known here; check it, or ask for a new one"
    else:
        hint = f"what was sent is no tracking token; one begins with {TRACKING_TOKEN_PREFIX}"
    return Refusal(Reason.TRACKING_TOKEN_INVALID, hint)


def _missing(tracking: Tracking) -> Refusal:
    if tracking.mistaken_token:
        hint = "X-Cloudidr-Token was sent, but the header's name is X-Cloudidr-Key; rename it"
    elif tracking.misplaced_token:
        hint = (
            f"a tracking token ({TRACKING_TOKEN_PREFIX}…) stands where the Google API key belongs; "
            f"send it in {TOKEN_HEADER} (or X-Cloudidr-Key), and the Google key there"
        )
    else:
        hint = (
            f"no tracking token was sent; add the header {TOKEN_HEADER} (or X-Cloudidr-Key) "
            f"with a token that begins with {TRACKING_TOKEN_PREFIX}"
        )
    return Refusal(Reason.TRACKING_TOKEN_MISSING, hint)


def _read_prefix(
    prefix: bytes | None,
) -> tuple[str | None, dict[str, str], list[tuple[str, str]]]:
    """Token, dimensions and labels of `trk_…;department=…;label.k=v`.

    Keys that are none of ours are ignored, as they are in a URL's matrix parameters.
    """
    if prefix is None:
        return None, {}, []
    token, *parameters = prefix.split(b";")
    values: dict[str, str] = {}
    labels: list[tuple[str, str]] = []
    for parameter in parameters:
        raw_key, _, raw_value = parameter.partition(b"=")
        key, value = header_text(raw_key), header_text(raw_value)
        name = "project" if key == "team" else key
        if name in DIMENSIONS:
            values.setdefault(name, value)
        elif key.startswith("label."):
            labels.append((key.removeprefix("label."), value))
    return header_text(token) or None, values, labels


def _dimensions(
    tracking: Tracking, prefix: dict[str, str], record: TokenRecord | None
) -> dict[str, str | None]:
    sent: dict[str, str | None] = {
        "department": _sent(tracking.department),
        "project": _sent(tracking.project) or _sent(tracking.team),
        "agent": _sent(tracking.agent),
    }
    return {
        name: sent[name] or prefix.get(name) or (getattr(record, name) if record else None) or None
        for name in DIMENSIONS
    }


def _pinned(record: TokenRecord) -> dict[str, str | None]:
    """What no header may say otherwise."""
    return {name: getattr(record, name) for name in record.pinned}


def _refused_value(name: str, value: str | None) -> Refusal | None:
    """Why a value can stand in no row, whatever the policy says."""
    if value and len(value) > MAX_VALUE_CHARACTERS:
        return Refusal(
            Reason.ATTRIBUTION_NOT_ALLOWED,
            f"the {name} given has {len(value)} characters; at most "
            f"{MAX_VALUE_CHARACTERS} are allowed",
            {"dimension": name},
        )
    if value and not _printable(value):
        return Refusal(
            Reason.ATTRIBUTION_NOT_ALLOWED,
            f"the {name} given holds a control character; send plain text",
            {"dimension": name},
        )
    return None


def _printable(value: str) -> bool:
    """Whether a value may be shown to people: no control or text-direction characters.

    A terminal or a page would act on them; joiners, which some scripts need, pass.
    """
    return not any(
        unicodedata.category(character) == "Cc" or character in _DIRECTION_CHARACTERS
        for character in value
    )


def _sent(value: bytes | None) -> str | None:
    return header_text(value) or None if value is not None else None


def _labels(
    header: bytes | None,
    prefix: list[tuple[str, str]],
    record: TokenRecord | None,
    *,
    lenient: bool,
) -> dict[str, str] | Refusal:
    try:
        from_header = checked_labels(
            _header_pairs(header), source="X-Weighbridge-Labels", lenient=lenient
        )
        from_prefix = checked_labels(prefix, source="URL prefix", lenient=lenient)
        merged = {**(record.labels if record else {}), **from_prefix, **from_header}
        return checked_labels(merged.items(), source="labels of the call", lenient=lenient)
    except LabelError as error:
        return Refusal(Reason.LABELS_INVALID, error.message, error.metadata)


def _header_pairs(header: bytes | None) -> list[tuple[str, str]]:
    if header is None:
        return []
    pairs = []
    for piece in header.split(b","):
        if not piece.strip():
            continue
        key, equals, value = piece.partition(b"=")
        if not equals:
            raise LabelError(
                "X-Weighbridge-Labels",
                "it has no '='; write key=value, with commas between",
                key=header_text(piece),
            )
        pairs.append((header_text(key), header_text(value)))
    return pairs
