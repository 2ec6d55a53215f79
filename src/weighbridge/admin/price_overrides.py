"""The API's documents about an operator's own rates.

Rules for future edits: as in `documents`; the fields are those of a price file's statement, and
what is wrong with one is found where it is kept, so both are refused in the same words.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Self

import msgspec
from pydantic import BaseModel, Field

from weighbridge.admin.documents import Request
from weighbridge.core.clock import from_unix_us, from_unix_us_if_any
from weighbridge.pricing.changes import DatedChange
from weighbridge.pricing.overrides import PriceOverride
from weighbridge.pricing.pricefile import Surface, Tier

_MODELS = "Models, by any name that the price book knows."
_SURFACE = "Only there; null = on both."
_TIER = "The service tier that it is for."
_SINCE = "First day, UTC; null = always."
_UNTIL = "First day on which it no longer holds, UTC; null = none."
_RATES = "US dollars per unit's quote (a million tokens, a thousand searches), decimal strings."
_ABOVE = "Prompt size above which `rates_above` hold for the whole request."
_FREE = "They cost nothing; takes the place of rates."
_SOURCE = "Where the rates stand, like a contract's number."
_READ = "The day they were read; today where not given."


class PriceOverrideRequest(Request):
    """Rates of the operator's own, over those of the book."""

    models: list[str] = Field(description=_MODELS)
    surface: Surface | None = Field(None, description=_SURFACE)
    tier: Tier = Field("standard", description=_TIER)
    since: dt.date | None = Field(None, description=_SINCE)
    until: dt.date | None = Field(None, description=_UNTIL)
    rates: dict[str, str] = Field({}, description=_RATES)
    above_tokens: int | None = Field(None, ge=1, description=_ABOVE)
    rates_above: dict[str, str] = Field({}, description=_RATES)
    free: bool = Field(default=False, description=_FREE)
    source: str = Field(max_length=500, description=_SOURCE)
    read: dt.date | None = Field(None, description=_READ)


class PriceOverrideChange(PriceOverrideRequest):
    """What shall be different; a field that is not given stays as it is."""

    models: list[str] = Field([], description=_MODELS)
    source: str = Field("", max_length=500, description=_SOURCE)


class PriceOverridePreview(PriceOverrideRequest):
    """Rates to try out; nothing is stored."""

    replaces: str | None = Field(None, description="The override whose place they would take.")


class PriceOverrideDocument(BaseModel):
    """One statement of own rates."""

    id: str = Field(description="`prc_…`; the later made beats the earlier, unit by unit.")
    models: list[str] = Field(description="Ids of models.")
    surface: str | None = Field(description=_SURFACE)
    tier: str = Field(description=_TIER)
    since: dt.date | None = Field(description=_SINCE)
    until: dt.date | None = Field(description=_UNTIL)
    rates: dict[str, str] = Field(description=_RATES)
    above_tokens: int | None = Field(description=_ABOVE)
    rates_above: dict[str, str] = Field(description=_RATES)
    free: bool = Field(description=_FREE)
    source: str = Field(description=_SOURCE)
    read: dt.date = Field(description="The day they were read.")
    created_at: dt.datetime = Field(description="When it was made, UTC.")
    updated_at: dt.datetime | None = Field(description="When it last changed; null = never.")

    @classmethod
    def of(cls, one: PriceOverride, /, **more: Any) -> Self:
        """The document of a statement."""
        return cls(
            id=one.id,
            created_at=from_unix_us(one.created_at_us),
            updated_at=from_unix_us_if_any(one.updated_at_us),
            **msgspec.to_builtins(one.price),
            **more,
        )


class PriceOverrideList(BaseModel):
    """Every statement, the earliest made first."""

    price_overrides: list[PriceOverrideDocument] = Field(description="All of them.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


class PriceChange(BaseModel):
    """One line of the book that is different."""

    since: dt.date | None = Field(description="First day, UTC, on which it is; null = always.")
    price: str = Field(description="Model, surface, tier, place and unit.")
    before: str | None = Field(description="US dollars per unit's quote; null = it had none.")
    after: str | None = Field(description="US dollars per unit's quote; null = it has none.")


class PriceChanges(BaseModel):
    """What a statement does to the book."""

    changes: list[PriceChange] = Field(
        description="Empty where it has no effect: the same rates, or others that beat it."
    )

    @staticmethod
    def listed(changes: Sequence[DatedChange]) -> list[PriceChange]:
        """The documents of changes."""
        return [
            PriceChange(
                since=each.since,
                price=each.change.what,
                before=each.change.before,
                after=each.change.after,
            )
            for each in changes
        ]


class PriceOverrideInForce(PriceOverrideDocument, PriceChanges):
    """A statement, and what its coming, changing or going did to the book."""
