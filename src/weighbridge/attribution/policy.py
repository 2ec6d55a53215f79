"""What a worker must know to admit a call: tokens by hash, and the attribution policy.

Hides how a policy travels: one immutable snapshot, made by the control process, encoded as
msgpack, decoded and indexed by each worker. Counterpart: `control/policy_hub` makes it,
`gateway/admission` reads it.
"""

import msgspec


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A tracking token as a worker knows it; the token itself is never here, only its hash.

    `expires_at_us` is microseconds since the epoch, None = never. Revoked tokens are kept with
    `revoked=True`, so that a refusal can say which it was. `required` and `allowed` narrow the
    snapshot's own; `pinned` lists dimensions in which no header beats the token. `free_tier`
    says that its calls carry a Google key that pays nothing.
    """

    token_id: str
    name: str
    sha256: str
    department: str | None = None
    project: str | None = None
    agent: str | None = None
    labels: dict[str, str] = {}
    expires_at_us: int | None = None
    revoked: bool = False
    free_tier: bool = False
    required: list[str] = []
    allowed: dict[str, list[str]] = {}
    pinned: list[str] = []


class LabelRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is done with the labels of request bodies; names are the configuration's."""

    inject: bool = False
    developer_api: str = "strip"
    lenient: bool = False


class PolicySnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the control process decides and a worker applies, at one version.

    `required` lists dimensions (`department`, `project`, `agent`) that a call must carry;
    `allowed` lists, per dimension, the only values that pass; `folded_labels` the label keys
    whose values are booked as one;
    `labels` what is done with labels, None = what the worker was started with; `prices` the
    operator's own rates as `pricing/overrides` encodes them, `budgets` and `rate_limits`
    definitions as `budgets/budget` and `budgets/rate_limit` do.
    """

    version: int
    require_token: bool = True
    tokens: list[TokenRecord] = []
    required: list[str] = []
    allowed: dict[str, list[str]] = {}
    folded_labels: list[str] = []
    labels: LabelRules | None = None
    prices: bytes = b""
    budgets: bytes = b""
    rate_limits: bytes = b""

    def encode(self) -> bytes:
        """The snapshot as msgpack."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> "PolicySnapshot":
        """A snapshot from msgpack.

        Errors: `msgspec.DecodeError` or `msgspec.ValidationError` where the bytes are none.
        """
        return msgspec.msgpack.decode(data, type=cls)
