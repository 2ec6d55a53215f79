"""The API's documents about budgets: definitions, raises, how each account stands.

Rules for future edits: as in `documents`; a request's fields are checked by `budgets/reading`,
which tells all that is wrong at once, so the model here only describes them.
"""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from weighbridge.admin.documents import Request
from weighbridge.budgets.budget import Action, HoldRule, OnExhausted, Unpriced, as_mapping, usd_text
from weighbridge.budgets.record import BudgetRecord, RaiseRecord
from weighbridge.budgets.status import BudgetStatus, State
from weighbridge.budgets.windows import Period
from weighbridge.core.clock import from_unix_us, from_unix_us_if_any


def described(kind: Any, default: Any, description: str, **more: Any) -> Any:
    """A field of which only the description is ours: `budgets/reading` checks what is sent."""
    schema = {**TypeAdapter(kind).json_schema(), **more}
    return Field(default, description=description, json_schema_extra=schema)


_USD = r"^[0-9]+(\.[0-9]{1,12})?$"
_LIMIT = "US dollars, a decimal as text."
_PERIOD = "Calendar window in `timezone`; `total` never begins anew."
_TIMEZONE = "Name of a time zone; weeks begin on Monday."
_SCOPE = "Which exchanges count: dimensions with the values of which one must be there; {} = all."
_PER = "One budget of this size for each value of a dimension, also for those never seen before."
_ACTION = "`alert` tells, `block` also refuses calls."
_THRESHOLDS = "Percent of the limit at which to tell."
_UNPRICED = "Whether calls of models without a price pass a budget that blocks."
_CHANNELS = "Names of the channels to tell."
_CHANNELS_GIVEN = (
    "Names of channels to tell, or addresses like `slack://…`, of which channels are made; "
    "addresses are taken from administrators and never shown."
)
_HOLD = "What a call sets aside: an `estimate`, or the upper `bound` of its cost."
_ON_EXHAUSTED = "Whether a stream that outgrows what it holds may `finish` or is `cut`."
_GRACE = "Percent of the limit that may be spent beyond it before calls are refused."
_ENABLED = "False takes it out of force and keeps it."


class BudgetChange(BaseModel):
    """A budget's definition, or the fields of it that shall change."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": False})

    name: Any = described(str, None, "For people; need not be unique.", maxLength=128)
    limit_usd: Any = described(str, None, _LIMIT, pattern=_USD)
    period: Any = described(Period, "month", _PERIOD)
    timezone: Any = described(str, "UTC", _TIMEZONE)
    scope: Any = described(dict[str, list[str]], {}, _SCOPE)
    per: Any = described(str | None, None, _PER)
    action: Any = described(Action, "alert", _ACTION)
    thresholds: Any = described(list[int], [50, 80, 100], _THRESHOLDS)
    unpriced: Any = described(Unpriced, "allow", _UNPRICED)
    channels: Any = described(list[str], [], _CHANNELS_GIVEN)
    hold: Any = described(HoldRule, "estimate", _HOLD)
    on_exhausted: Any = described(OnExhausted, "finish", _ON_EXHAUSTED)
    grace_percent: Any = described(int, 0, _GRACE, minimum=0, maximum=100)
    enabled: Any = described(bool, True, _ENABLED)

    def given(self) -> dict[str, Any]:
        """What was sent, as it was sent."""
        return self.model_dump(exclude_unset=True)


class BudgetRequest(BudgetChange):
    """A budget to make."""

    model_config = ConfigDict(
        json_schema_extra={"additionalProperties": False, "required": ["name", "limit_usd"]}
    )


class RaiseRequest(Request):
    """More room in a budget for a while."""

    amount_usd: str = Field(description="US dollars above the limit, a decimal as text.")
    until: str = Field(description="`12h`, `3d`, an ISO 8601 date or instant.")
    reason: str | None = Field(None, max_length=256, description="Why; for people.")


class RaiseDocument(BaseModel):
    """A raise of a budget."""

    id: str = Field(description="`rse_…`.")
    amount_usd: str = Field(description="US dollars above the limit.")
    until: datetime = Field(description="When it ends, UTC.")
    reason: str | None = Field(description="Why.")
    author: str = Field(description="Who gave it, as they were called then.")
    author_id: str = Field(description="`usr_…` or `key_…`; empty for the operator.")
    created_at: datetime = Field(description="When it was given, UTC.")
    withdrawn_at: datetime | None = Field(description="When it was withdrawn; null = it was not.")

    @classmethod
    def of(cls, record: RaiseRecord) -> Self:
        """The document of a raise."""
        return cls(
            id=record.id,
            amount_usd=usd_text(record.amount_pico_usd),
            until=from_unix_us(record.until_us),
            reason=record.reason,
            author=record.author_name,
            author_id=record.author_id,
            created_at=from_unix_us(record.created_at_us),
            withdrawn_at=from_unix_us_if_any(record.withdrawn_at_us),
        )


class BudgetDocument(BaseModel):
    """A budget's definition."""

    id: str = Field(description="`bud_…`.")
    name: str = Field(description="For people.")
    limit_usd: str = Field(description=_LIMIT)
    period: Period = Field(description=_PERIOD)
    timezone: str = Field(description=_TIMEZONE)
    scope: dict[str, list[str]] = Field(description=_SCOPE)
    per: str | None = Field(description=_PER)
    action: Action = Field(description=_ACTION)
    thresholds: list[int] = Field(description=_THRESHOLDS)
    unpriced: Unpriced = Field(description=_UNPRICED)
    channels: list[str] = Field(description=_CHANNELS)
    hold: HoldRule = Field(description=_HOLD)
    on_exhausted: OnExhausted = Field(description=_ON_EXHAUSTED)
    grace_percent: int = Field(description=_GRACE)
    enabled: bool = Field(description=_ENABLED)
    raises: list[RaiseDocument] = Field(description="Also those that have ended, newest first.")
    created_at: datetime = Field(description="When it was made, UTC.")
    updated_at: datetime | None = Field(description="When it was last changed; null = never.")

    @classmethod
    def of(cls, record: BudgetRecord) -> Self:
        """The document of a budget."""
        values = as_mapping(record.budget)
        values["raises"] = [RaiseDocument.of(one) for one in record.raises]
        return cls(
            **values,
            created_at=from_unix_us(record.created_at_us),
            updated_at=from_unix_us_if_any(record.updated_at_us),
        )


class BudgetList(BaseModel):
    """All budgets, newest first."""

    budgets: list[BudgetDocument] = Field(description="Also those that are disabled.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


class AccountDocument(BaseModel):
    """How one budget stands, or one value of a budget that is split. Amounts are US dollars."""

    value: str | None = Field(description="The value of `per`; null where it is not split.")
    spent: str = Field(
        description="The ledger's sum over the window, a second after a call's end at the latest."
    )
    held: str = Field(description="Set aside by calls under way.")
    leased: str = Field(
        description="With the gateway's workers: free, or spent and on its way into the ledger; "
        "part of what remains."
    )
    elsewhere_spent: str = Field(
        description="Part of `spent`: by the other gateways that share the budget."
    )
    elsewhere_held: str = Field(description="Part of `held`: likewise.")
    limit: str = Field(description="The limit with the raises that hold now.")
    remaining: str = Field(description="The limit less what is spent and held; never below 0.")
    forecast: str | None = Field(description="Expected spend at the window's end; null = unknown.")
    forecast_low: str | None = Field(description="Lower end of its 80 % interval.")
    forecast_high: str | None = Field(description="Upper end of its 80 % interval.")
    threshold: int | None = Field(description="The highest threshold that is reached, percent.")
    state: State = Field(
        description="`exhausted`: calls are refused; `over`: the limit is reached; `at_risk`: it "
        "will be by the forecast; `warning`: a threshold is reached; `disabled`; else `ok`."
    )

    @classmethod
    def of(cls, status: BudgetStatus, /, **more: Any) -> Self:
        """The document of an account."""
        return cls(
            value=status.value,
            spent=usd_text(status.spent),
            held=usd_text(status.held),
            leased=usd_text(status.leased),
            elsewhere_spent=usd_text(status.elsewhere[0]),
            elsewhere_held=usd_text(status.elsewhere[1]),
            limit=usd_text(status.limit),
            remaining=usd_text(status.remaining),
            forecast=_usd(status.ahead.expected),
            forecast_low=_usd(status.ahead.low),
            forecast_high=_usd(status.ahead.high),
            threshold=status.threshold,
            state=status.state,
            **more,
        )


class StatusDocument(AccountDocument):
    """How a budget stands; where it is split, its figures are those of the most used value."""

    budget_id: str = Field(description="`bud_…`.")
    name: str = Field(description="The budget's name.")
    per: str | None = Field(description=_PER)
    action: Action = Field(description=_ACTION)
    window_start: datetime | None = Field(description="First instant that counts; null = ever.")
    window_end: datetime | None = Field(description="First that no longer counts; null = never.")
    values: list[AccountDocument] = Field(description="Each value of `per`; empty without it.")

    @classmethod
    def of_budget(cls, statuses: list[BudgetStatus]) -> Self:
        """The document of a budget's accounts, the most used first."""
        first = statuses[0]
        budget, window = first.budget, first.window
        return cls.of(
            first,
            budget_id=budget.id,
            name=budget.name,
            per=budget.per,
            action=budget.action,
            window_start=from_unix_us(window.start_us) if window.start_us else None,
            window_end=from_unix_us_if_any(window.end_us),
            values=[AccountDocument.of(one) for one in statuses if one.value is not None],
        )


class StatusList(BaseModel):
    """How all budgets stand, newest budget first."""

    statuses: list[StatusDocument] = Field(description="One for each budget.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


def _usd(pico_usd: int | None) -> str | None:
    return None if pico_usd is None else usd_text(pico_usd)
