"""Documents of analyses: the answers of `routes/analyses`, as OpenAPI describes them.

Rules for future edits: as in `documents`; figures are decimals as text, counts, ratios or null.
"""

from typing import Any

from pydantic import BaseModel, Field

Figure = str | int | float | None


class ChangeDocument(BaseModel):
    """One figure in two periods."""

    current: Figure = Field(description="In the period that was asked for.")
    previous: Figure = Field(description="In the one before.")
    difference: Figure = Field(description="The one less the other; null where one is unknown.")
    relative: float | None = Field(description="As a share of before; null where that is 0.")


class GroupDocument(BaseModel):
    """The changes of one group."""

    group: dict[str, str] = Field(description="Its dimensions' values.")
    changes: dict[str, ChangeDocument] = Field(description="By metric.")


class PeriodDocument(BaseModel):
    """A period."""

    since: str = Field(description="Its first instant.")
    until: str = Field(description="The first instant after it.")
    timezone: str = Field(description="Whose calendar it follows.")


class MetricDocument(BaseModel):
    """A metric that was asked for."""

    name: str = Field(description="Its name.")
    unit: str = Field(description="Its unit.")


class ComparisonDocument(BaseModel):
    """Two periods side by side."""

    current: PeriodDocument = Field(description="The period that was asked for.")
    previous: PeriodDocument = Field(description="The one before.")
    group_by: list[str] = Field(description="As asked for.")
    metrics: list[MetricDocument] = Field(description="As asked for.")
    groups: list[GroupDocument] = Field(description="In the query's order, at most its limit.")
    totals: dict[str, ChangeDocument] = Field(description="Over everything, by metric.")
    movers: list[GroupDocument] = Field(description="The largest changes, either way.")
    movers_rest: ChangeDocument | None = Field(description="All other groups' change.")
    completeness: dict[str, dict[str, int]] = Field(description="Of both periods.")
    as_of: str = Field(description="The ledger's state that was read, UTC.")


class ReasonDocument(BaseModel):
    """Exchanges of one kind that ended alike."""

    code: str = Field(description="Error type, block or finish reason, or outcome and status.")
    figures: dict[str, Figure] = Field(description="By metric.")


class KindDocument(BaseModel):
    """One kind of ending."""

    kind: str = Field(
        description="`failed`, `client_gone`, `blocked`, `stopped`, `truncated`, `fine`, `other`."
    )
    wasted: bool = Field(description="Whether its cost is part of `wasted_cost`.")
    figures: dict[str, Figure] = Field(description="By metric.")
    reasons: list[ReasonDocument] = Field(description="What it is made of, most costly first.")


class WasteList(BaseModel):
    """All kinds; they add up to the totals."""

    kinds: list[KindDocument] = Field(description="Always the same kinds, in the same order.")
    totals: dict[str, Any] = Field(description="By metric.")
    completeness: dict[str, int] = Field(description="As in a query's answer.")
    as_of: str = Field(description="The ledger's state that was read, UTC.")


class ExpectedDay(BaseModel):
    """A day that is not over."""

    date: str = Field(description="Local date.")
    expected: str = Field(description="US dollars still to come on it.")


class ForecastDocument(BaseModel):
    """What a month will have cost."""

    month: str = Field(description="`YYYY-MM`, in the query's zone.")
    spent: str = Field(description="US dollars so far.")
    expected: str | None = Field(description="At the month's end; null without a whole day.")
    low: str | None = Field(description="Lower end of the interval; null with under four days.")
    high: str | None = Field(description="Upper end of the interval.")
    confidence: str | None = Field(description="How likely the interval holds the month's end.")
    days_used: int = Field(description="Whole days that the forecast rests on.")
    method: str = Field(description="`none`, `level` or `weekday`.")
    like_today: str | None = Field(
        description="At the month's end, if each day to come costs what today has so far; null "
        "unless today is far above a usual day."
    )
    days: list[ExpectedDay] = Field(description="From today on; they add up to what is to come.")


class SidesDocument(BaseModel):
    """A cost there and here."""

    cost: str = Field(description="US dollars on that model.")
    cost_now: str = Field(description="What the same charges came to.")
    difference: str = Field(description="The one less the other.")


class MovedGroup(SidesDocument):
    """One group on another model."""

    group: dict[str, str] = Field(description="Its dimensions' values.")


class UnmovedDocument(BaseModel):
    """Charges of one unit that a model has no price for."""

    unit: str = Field(description="As in charges.")
    surface: str | None = Field(description="Where it was called.")
    service_tier: str | None = Field(description="As served.")
    quantity: str = Field(description="How much of it.")
    cost: str = Field(description="US dollars that it came to; in neither side of the model.")
    exchanges: int = Field(description="How many charges.")


class MovedDocument(SidesDocument):
    """A workload on one other model."""

    model: str = Field(description="As the price book names it.")
    groups: list[MovedGroup] = Field(description="Where a grouping was asked for; they add up.")
    unmoved: list[UnmovedDocument] = Field(description="What has no price there.")


class WhatIfDocument(BaseModel):
    """A workload on other models."""

    cost: str | None = Field(description="US dollars that it came to, all of it.")
    completeness: dict[str, int] = Field(description="As in a query's answer, and `incomplete`.")
    without_charges: str = Field(description="Of it, rows that do not say what was charged for.")
    models: list[MovedDocument] = Field(description="In the order that was asked for.")
    as_of: str = Field(description="The ledger's state that was read, UTC.")


class LoopDocument(BaseModel):
    """How much one group's calls look like loops."""

    group: dict[str, str] = Field(description="Its dimensions' values.")
    exchanges: int = Field(description="All its calls.")
    cost: str | None = Field(description="US dollars of them; null where none is known.")
    steps: int = Field(description="Pairs of consecutive calls begun within ten minutes.")
    rising: float | None = Field(description="Share of steps whose prompt grows.")
    longest_run: int = Field(description="Most calls in a row of ever larger prompts.")
    runs: int = Field(description="Such rows of six calls or more.")
    loop_calls: int = Field(description="Calls in those.")
    loop_cost: str | None = Field(description="US dollars of those.")
    grown_tokens: int = Field(description="By how much prompts grew over those, summed.")


class LoopList(BaseModel):
    """Groups by what their loop-like runs cost, most first."""

    groups: list[LoopDocument] = Field(description="At most `limit`, or a thousand.")


class ChargedDocument(BaseModel):
    """Charge lines of one unit."""

    group: dict[str, str] = Field(description="Its dimensions' values.")
    unit: str = Field(description="As in charges.")
    quantity: str = Field(description="How much of it.")
    cost: str = Field(description="US dollars.")
    lines: int = Field(description="How many charge lines.")


class ChargeList(BaseModel):
    """What the money was for; the units and `without_charges` add up to the cost."""

    units: list[ChargedDocument] = Field(description="The most costly first.")
    cost: str | None = Field(description="US dollars; null where none is known.")
    without_charges: str = Field(description="Of it, rows that do not say what was charged for.")
    completeness: dict[str, int] = Field(description="As in a query's answer.")
    as_of: str = Field(description="The ledger's state that was read, UTC.")


class CoveredDocument(BaseModel):
    """Exchanges and their cost."""

    exchanges: int = Field(description="How many.")
    cost: str | None = Field(description="US dollars; null where none is known.")
    cost_share: float | None = Field(description="Of all cost; null where there is none.")


class CoveredKey(CoveredDocument):
    """A label key."""

    key: str = Field(description="Its name.")
    values: int = Field(description="Its distinct values.")


class CoverageDocument(BaseModel):
    """How much of the spend carries which label key; keys overlap."""

    keys: list[CoveredKey] = Field(description="The most spend first, at most a thousand.")
    unlabelled: CoveredDocument = Field(description="Rows without any label.")
    totals: CoveredDocument = Field(description="Everything that was asked for.")
