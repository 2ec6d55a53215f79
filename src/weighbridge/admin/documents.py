"""The API's request and answer documents that are ours to shape: tokens, keys, lists, jobs.

Rules for future edits: every field is described, unknown fields of a request are errors, an
answer that holds a secret is a model of its own, so that no list can ever include one.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, create_model

from weighbridge.core.clock import from_unix_us, from_unix_us_if_any
from weighbridge.core.credential import AdminKey, Billing, Role, TrackingToken
from weighbridge.core.exchange import TOKEN_COLUMNS, Exchange

Dimension = Literal["department", "project", "agent"]
_BILLING = "`free` where its calls' Google key is on the free tier: they are booked at cost 0."
_REQUIRED = "Dimensions that its calls must carry, besides those that the gateway requires."
_ALLOWED = "Per dimension the only values that pass, among those that the gateway allows."
_PINNED = "Dimensions in which no header beats the token's own value."


def _json_type(kind: Any) -> Any:
    """How a column's type reads in JSON: decimals are strings, charges objects of strings."""
    if kind in (Decimal, Decimal | None):
        return str | None
    if kind in (str, str | None, int | None, bool | None):
        return kind
    return kind if kind in (dict[str, str], dict[str, str] | None) else list[Any]


class Request(BaseModel):
    """A request's document: what is not documented is refused."""

    model_config = ConfigDict(extra="forbid")


class TokenRequest(Request):
    """A tracking token to make."""

    name: str = Field(description="For people; need not be unique.")
    department: str | None = Field(None, description="Default department of its calls.")
    project: str | None = Field(None, description="Default project of its calls.")
    agent: str | None = Field(None, description="Default agent of its calls.")
    labels: dict[str, str] = Field({}, description="Default labels, under Google's label rules.")
    billing: Billing = Field(Billing.PAID, description=_BILLING)
    required: list[Dimension] = Field([], description=_REQUIRED)
    allowed: dict[Dimension, list[str]] = Field({}, description=_ALLOWED)
    pinned: list[Dimension] = Field([], description=_PINNED)
    expires: str | None = Field(
        None, description="`30d`, `12h`, an ISO 8601 date or instant; never where not given."
    )


class TokenChange(Request):
    """What a tracking token shall be from now on; a field that is not given stays as it is."""

    name: str = Field("", description="For people.")
    department: str | None = Field(None, description="Default department; null takes it away.")
    project: str | None = Field(None, description="Default project; null takes it away.")
    agent: str | None = Field(None, description="Default agent; null takes it away.")
    labels: dict[str, str] = Field({}, description="Default labels, in place of all.")
    billing: Billing = Field(Billing.PAID, description=_BILLING)
    required: list[Dimension] = Field([], description=_REQUIRED)
    allowed: dict[Dimension, list[str]] = Field({}, description=_ALLOWED)
    pinned: list[Dimension] = Field([], description=_PINNED)
    expires: str | None = Field(
        None, description="`30d`, `12h`, an ISO 8601 date or instant; null = never."
    )


class Token(BaseModel):
    """A tracking token, without its secret."""

    id: str = Field(description="`tok_…`; stands in the ledger's `token_id`.")
    name: str = Field(description="For people.")
    hint: str = Field(description="The secret's last four characters.")
    department: str | None = Field(description="Default department.")
    project: str | None = Field(description="Default project.")
    agent: str | None = Field(description="Default agent.")
    labels: dict[str, str] = Field(description="Default labels.")
    billing: Billing = Field(description=_BILLING)
    required: list[str] = Field(description=_REQUIRED)
    allowed: dict[str, list[str]] = Field(description=_ALLOWED)
    pinned: list[str] = Field(description=_PINNED)
    created_at: datetime = Field(description="When it was made, UTC.")
    updated_at: datetime | None = Field(description="When it was last changed; null = never.")
    expires_at: datetime | None = Field(description="When it ends; null = never.")
    revoked_at: datetime | None = Field(description="When it was revoked; null = it was not.")

    @classmethod
    def of(cls, token: TrackingToken, /, **more: str | None) -> Self:
        """The document of a token."""
        return cls(
            id=token.id,
            name=token.name,
            hint=token.hint,
            department=token.department,
            project=token.project,
            agent=token.agent,
            labels=token.labels,
            billing=token.billing,
            required=token.required,
            allowed=token.allowed,
            pinned=token.pinned,
            created_at=from_unix_us(token.created_at_us),
            updated_at=from_unix_us_if_any(token.updated_at_us),
            expires_at=from_unix_us_if_any(token.expires_at_us),
            revoked_at=from_unix_us_if_any(token.revoked_at_us),
            **more,
        )


class CreatedToken(Token):
    """A tracking token with its secret, which is told this once."""

    token: str = Field(description="The secret, `trk_…`; it cannot be shown again.")


class ListedToken(Token):
    """A tracking token, with what the ledger knows of its use."""

    last_used_at: datetime | None = Field(
        description="When the latest exchange that is booked on it began; null = none is."
    )


class TokenList(BaseModel):
    """All tracking tokens, newest first."""

    tokens: list[ListedToken] = Field(description="Also revoked and expired ones.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


class KeyRequest(Request):
    """An admin key to make."""

    name: str = Field(description="For people; need not be unique.")
    role: Role = Field(description="`viewer` reads, `editor` makes tokens, `admin` makes keys.")


class Key(BaseModel):
    """An admin key, without its secret."""

    id: str = Field(description="`key_…`.")
    name: str = Field(description="For people.")
    role: Role = Field(description="What it may do.")
    hint: str = Field(description="The secret's last four characters.")
    created_at: datetime = Field(description="When it was made, UTC.")
    revoked_at: datetime | None = Field(description="When it was revoked; null = it was not.")

    @classmethod
    def of(cls, key: AdminKey, /, **more: str) -> Self:
        """The document of a key."""
        return cls(
            id=key.id,
            name=key.name,
            role=key.role,
            hint=key.hint,
            created_at=from_unix_us(key.created_at_us),
            revoked_at=from_unix_us_if_any(key.revoked_at_us),
            **more,
        )


class CreatedKey(Key):
    """An admin key with its secret, which is told this once."""

    key: str = Field(description="The secret, `wbk_…`; it cannot be shown again.")


class KeyList(BaseModel):
    """All admin keys, newest first."""

    keys: list[Key] = Field(description="Also revoked ones.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


ExchangeRow = create_model(
    "ExchangeRow",
    __doc__="One exchange: every column of the ledger; null = not reported or not given.",
    **{
        field.name: (_json_type(field.type), Field(description="See the ledger's reference."))
        for field in msgspec.structs.fields(Exchange)
    }
    # Imported history may not know it; a row of the gateway's own always does.
    | {"ended_at": (str | None, Field(description="See the ledger's reference."))},
)


class ExchangeList(BaseModel):
    """Exchanges, newest first."""

    exchanges: list[ExchangeRow] = Field(description="Rows of the ledger.")
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page.")


class Alert(BaseModel):
    """Something that wants a look."""

    kind: str = Field(
        description="`label_cardinality`, a label key with too many values, or the kind of an "
        "alert that was told."
    )
    key: str = Field(description="The label's key; which budget, model, value or node.")
    severity: str = Field(description="`warning` or `critical`.")
    title: str = Field(description="What it is, in a line.")
    message: str = Field(description="What is wrong and what to do, for people.")
    since: datetime = Field(description="When it was first seen so, UTC.")
    values: int | None = Field(description="A label's distinct values in the last 24 hours.")
    id: str | None = Field(description="`alr_…` of an alert that was told.")
    budget_id: str | None = Field(description="The budget that it is about.")


class AlertList(BaseModel):
    """Alerts that stand now."""

    alerts: list[Alert] = Field(description="Those that were told first; of each sort the newest.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


_KNOWN_UNDER_WAY = (
    *("exchange_id", "started_at", "node", "provider", "surface", "operation", "location"),
    *("cloud_project", "model", "streamed", "status", "token_id", "department", "project"),
    *("agent", "labels", "service_tier", "usage_source", *TOKEN_COLUMNS, "list_cost"),
    *("pricing_status", "request_bytes", "response_bytes"),
)
_KNOWN_FROM_THE_START = {"exchange_id": str, "started_at": str, "labels": dict[str, str]}
InFlightRow = create_model(
    "InFlightRow",
    __doc__="One exchange under way: what its mark tells; null = not known yet, or not given.",
    **{
        field.name: (
            _KNOWN_FROM_THE_START.get(field.name, _json_type(field.type)),
            Field({} if field.name == "labels" else None, description="As in the ledger; so far.")
            if field.name not in {"exchange_id", "started_at"}
            else Field(description="As in the ledger."),
        )
        for field in msgspec.structs.fields(Exchange)
        if field.name in _KNOWN_UNDER_WAY
    }
    | {
        "turns": (int | None, Field(None, description="Turns of a Live session that are over.")),
        "told_at": (str, Field(description="When it told this, UTC: at its begin, or last turn.")),
    },
)


class InFlightList(BaseModel):
    """Exchanges under way, the longest first."""

    exchanges: list[InFlightRow] = Field(description="At most `limit` of them.")
    total: int = Field(description="How many there are, the dimensions that were given in force.")


class PriceDocument(BaseModel):
    """One price in force."""

    surface: str = Field(description="`gemini` or `vertex`.")
    tier: str = Field(description="`standard`, `flex`, `priority`, `batch`.")
    location: str = Field(description="`global` or `regional`.")
    unit: str = Field(description="What is counted; `any` for a model that costs nothing.")
    usd: str = Field(description="US dollars for `per` units, a decimal.")
    per: int = Field(description="How many units `usd` buys.")
    above_tokens: int | None = Field(description="From which prompt size on it holds.")
    since: str | None = Field(description="First day it holds; null = ever since.")
    until: str | None = Field(description="First day it no longer holds; null = none known.")
    price_id: str = Field(description="As it stands in the charges of an exchange.")
    source: str = Field(description="Where the price was read.")
    read: str = Field(description="When it was read.")


class Model(BaseModel):
    """A model with its prices in force."""

    provider: str = Field(description="Who makes it.")
    model: str = Field(description="Its name.")
    prices: list[PriceDocument] = Field(description="By surface, tier, location and unit.")


class ModelList(BaseModel):
    """The price book at an instant."""

    models: list[Model] = Field(description="By name.")
    as_of: datetime = Field(description="The instant that was asked for.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


class PriceStepDocument(BaseModel):
    """A price that begins, ends or is another one on a day."""

    day: str = Field(description="The first UTC day on which it is so.")
    provider: str = Field(description="Who makes the model.")
    model: str = Field(description="Its name.")
    surface: str = Field(description="`gemini` or `vertex`.")
    tier: str = Field(description="`standard`, `flex`, `priority`, `batch`.")
    location: str = Field(description="`global` or `regional`.")
    unit: str = Field(description="What is counted.")
    above_tokens: int | None = Field(description="From which prompt size on it holds.")
    per: int = Field(description="How many units a price buys.")
    before: str | None = Field(description="US dollars until then; null = no price.")
    after: str | None = Field(description="US dollars from then on; null = no price.")
    factor: str | None = Field(description="The one over the other; null without either.")
    source: str = Field(description="Where the new price was read.")


class PriceStepList(BaseModel):
    """Changes of prices."""

    changes: list[PriceStepDocument] = Field(description="By day and model.")


class ImportRequest(Request):
    """A file to import, named by its path on the gateway's machine."""

    file: str = Field(description="Absolute path of an NDJSON or Parquet file.")


class ImportJob(BaseModel):
    """How far an import is."""

    id: str = Field(description="`imp_…`.")
    file: str = Field(description="The file's path.")
    state: Literal["running", "done", "failed"] = Field(description="Where it stands.")
    done_bytes: int = Field(description="Bytes of the file that are done.")
    total_bytes: int = Field(description="Bytes of the file.")
    imported: int = Field(description="Rows that were added.")
    skipped: int = Field(description="Rows whose `exchange_id` was there already.")
    error: str | None = Field(description="Why it failed.")


class Health(BaseModel):
    """Whether the service is alive, or ready."""

    status: str = Field(description="`ok`, `ready` or `unavailable`.")
    problems: list[str] = Field([], description="Why it is unavailable.")
