"""The closed words of an exchange: how it ended, how its usage is known, how it was priced.

Rules for future edits: every exchange that began ends with exactly one `Outcome`; a new word
needs a line in `docs/reference/ledger.md`, which a test compares with these enums.
"""

import re
from enum import StrEnum

import msgspec

_KEPT_WORD = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
UNRECOGNISED = "UNRECOGNISED"


class Outcome(StrEnum):
    """How an exchange ended, seen from the gateway."""

    OK = "ok"
    CLIENT_ERROR = "client_error"  # the upstream answered 4xx
    UPSTREAM_ERROR = "upstream_error"  # 5xx, or an error object inside a stream
    REFUSED = "refused"  # by the gateway
    CLIENT_CLOSED = "client_closed"
    UPSTREAM_FAILED = "upstream_failed"  # connect, TLS, reset, cut, timeout
    INTERRUPTED = "interrupted"  # the gateway died, its drain time ran out, a budget cut a stream


class UsageSource(StrEnum):
    """How the row's token counts are known."""

    FINAL = "final"
    PARTIAL = "partial"  # a lower bound: the answer was cut
    ESTIMATED = "estimated"
    NONE = "none"  # not reported
    UNPARSED = "unparsed"  # reported in a form that could not be read


class PricingStatus(StrEnum):
    """How the row's cost is known."""

    PRICED = "priced"
    FREE = "free"  # nothing is charged: cost 0
    UNPRICED = "unpriced"  # no price in force: cost null
    INCOMPLETE = "incomplete"  # a unit had no price: cost of the rest
    UNMETERED = "unmetered"  # usage not known: cost null


class Note(StrEnum):
    """Remarks on how a row's figures came about (column `notes`, a closed list of codes)."""

    CACHED_SPLIT_ESTIMATED = "cached_split_estimated"  # cached count without its modalities
    DETAILS_CONTRADICT = "details_contradict"  # a details list did not fit its count
    TOTAL_MISMATCH = "total_mismatch"  # the parts did not add up; the total decided
    THINKING_INSIDE_OUTPUT = "thinking_inside_output"  # the answer's count held the thoughts
    THINKING_OUTSIDE_TOTAL = "thinking_outside_total"  # Live: the reported total left it out
    TOOL_TOKENS_GROUNDED = "tool_tokens_grounded"  # retrieved context, not billed as tokens
    FREE_QUOTA_NOT_APPLIED = "free_quota_not_applied"  # account-wide free searches are unknown
    FREE_TIER = "free_tier"  # the token says that its calls' Google key pays nothing
    PROVISIONED_THROUGHPUT = "provisioned_throughput"  # paid by the month, not by the call
    COUNT_REJECTED = "count_rejected"  # a count was negative, huge or no number
    LABELS_NOT_CARRIED = "labels_not_carried"  # injection is on; the call has no place for labels
    LABELS_UNREAD = "labels_unread"  # the body may hold labels, in a form that was not read
    DEMO = "demo"  # made by the demo, not by a client


class Reason(StrEnum):
    """Why the gateway itself answers: the `reason` of a refusal."""

    TRACKING_TOKEN_MISSING = "TRACKING_TOKEN_MISSING"
    TRACKING_TOKEN_INVALID = "TRACKING_TOKEN_INVALID"
    PROVIDER_KEY_LOOKS_LIKE_TRACKING_TOKEN = "PROVIDER_KEY_LOOKS_LIKE_TRACKING_TOKEN"
    LABELS_INVALID = "LABELS_INVALID"
    ATTRIBUTION_REQUIRED = "ATTRIBUTION_REQUIRED"
    ATTRIBUTION_NOT_ALLOWED = "ATTRIBUTION_NOT_ALLOWED"
    BUDGET_EXHAUSTED = "BUDGET_EXHAUSTED"
    RATE_LIMITED = "RATE_LIMITED"
    OVERLOADED = "OVERLOADED"
    LOCATION_INVALID = "LOCATION_INVALID"
    UPSTREAM_UNREACHABLE = "UPSTREAM_UNREACHABLE"
    UPSTREAM_TIMEOUT = "UPSTREAM_TIMEOUT"
    ROUTE_UNKNOWN = "ROUTE_UNKNOWN"
    BAD_REQUEST = "BAD_REQUEST"


HTTP_STATUS: dict[Reason, int] = {
    Reason.TRACKING_TOKEN_MISSING: 401,
    Reason.TRACKING_TOKEN_INVALID: 401,
    Reason.PROVIDER_KEY_LOOKS_LIKE_TRACKING_TOKEN: 401,
    Reason.LABELS_INVALID: 400,
    Reason.ATTRIBUTION_REQUIRED: 400,
    Reason.ATTRIBUTION_NOT_ALLOWED: 400,
    Reason.BUDGET_EXHAUSTED: 429,
    Reason.RATE_LIMITED: 429,
    Reason.OVERLOADED: 429,
    Reason.LOCATION_INVALID: 400,
    Reason.UPSTREAM_UNREACHABLE: 502,
    Reason.UPSTREAM_TIMEOUT: 504,
    Reason.ROUTE_UNKNOWN: 404,
    Reason.BAD_REQUEST: 400,
}


class Refusal(msgspec.Struct, frozen=True):
    """An answer that the gateway gives itself, before a provider's error shape is put on it.

    `message` is for a person: what, the value seen (never a secret), what to do. `metadata`
    is for programs, in `ErrorInfo.metadata`. `retry_after_s` is set where waiting helps.
    """

    reason: Reason
    message: str
    metadata: dict[str, str] = {}
    retry_after_s: int | None = None

    @property
    def status(self) -> int:
        """HTTP status of the refusal."""
        return HTTP_STATUS[self.reason]


def keep_word(word: str | None) -> str | None:
    """A finish reason, block reason or error code as it may be stored.

    Gives: the word itself where it is `[A-Z][A-Z0-9_]{0,63}`, else `UNRECOGNISED`, so that no
    upstream text can ride into the ledger in a column meant for codes.
    """
    if word is None or _KEPT_WORD.fullmatch(word):
        return word
    return UNRECOGNISED
