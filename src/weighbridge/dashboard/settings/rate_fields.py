"""The fields of an operator's own rates: as a form shows them, and as a form sends them."""

import datetime as dt
from typing import Any, Final

from weighbridge.dashboard.errands import Errand
from weighbridge.dashboard.forms import Field, choices, joined
from weighbridge.errors import ClientError, Problem
from weighbridge.pricing.overrides import PriceOverride
from weighbridge.pricing.pricefile import SURFACES, TIERS

_USUAL: Final = {
    "input_text_token": "Input text",
    "cached_input_text_token": "Cached input text",
    "output_text_token": "Output text",
}


def rate_fields(own: PriceOverride | None, models: tuple[str, ...]) -> tuple[Field, ...]:
    """Every field, holding what is stated."""
    price = own.price if own is not None else None
    rates = dict(price.rates) if price else {}
    others = [f"{name}={usd}" for name, usd in rates.items() if name not in _USUAL]
    above = price.rates_above if price else {}
    size = price.above_tokens if price else None
    return (
        Field(
            name="models",
            label="Models",
            values=(", ".join(price.models) if price else "",),
            required=True,
            suggest=models,
            hint="By name, with commas between.",
        ),
        Field(
            name="surface",
            label="Surface",
            kind="select",
            options=(("", "both"), *choices(*SURFACES)),
            values=((price.surface or "") if price else "",),
        ),
        Field(
            name="tier",
            label="Tier",
            kind="select",
            options=choices(*TIERS),
            values=(price.tier if price else "standard",),
        ),
        *(
            Field(
                name=f"rates.{name}",
                label=f"{title}, US$ per million",
                values=(rates.get(name, ""),),
            )
            for name, title in _USUAL.items()
        ),
        Field(
            name="rates",
            label="Other units",
            kind="area",
            values=joined(others),
            placeholder="output_image_token=24",
            hint="One unit=US$ on each line, for what the unit is quoted for.",
        ),
        Field(
            name="above_tokens",
            label="Prompts above this many tokens",
            kind="number",
            values=(str(size) if size else "",),
            hint="Have other rates; empty for none.",
        ),
        Field(
            name="rates_above",
            label="Rates of such prompts",
            kind="area",
            values=joined([f"{name}={usd}" for name, usd in above.items()]),
            placeholder="input_text_token=0.42",
        ),
        Field(
            name="since",
            label="First day",
            kind="date",
            values=(str(price.since) if price and price.since else "",),
            hint="UTC; empty for always.",
        ),
        Field(
            name="until",
            label="First day after it",
            kind="date",
            values=(str(price.until) if price and price.until else "",),
            hint="UTC; empty for no end.",
        ),
        Field(
            name="source",
            label="Source",
            values=(price.source if price else "",),
            required=True,
            placeholder="contract 4711",
            hint="Where the rates stand.",
        ),
        Field(
            name="free",
            label="Free",
            kind="check",
            values=("yes",) if price and price.free else (),
            hint="They cost nothing; leave the rates empty then.",
        ),
    )


def statement(errand: Errand) -> dict[str, Any]:
    """The statement that a form sent.

    Errors: `ClientError` for days, sizes and lines that are none.
    """
    usual = {name: errand.text(f"rates.{name}") for name in _USUAL}
    rates = {name: usd for name, usd in usual.items() if usd}
    return {
        "models": errand.lines("models"),
        "surface": errand.some("surface"),
        "tier": errand.text("tier") or "standard",
        "since": _day(errand, "since"),
        "until": _day(errand, "until"),
        "rates": rates | errand.pairs("rates"),
        "above_tokens": _size(errand),
        "rates_above": errand.pairs("rates_above"),
        "free": bool(errand.text("free")),
        "source": errand.text("source"),
    }


def _day(errand: Errand, name: str) -> dt.date | None:
    text = errand.text(name)
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise _wrong(name, f"expected a day like 2026-12-01, got {text[:40]!r}") from None


def _size(errand: Errand) -> int | None:
    text = errand.text("above_tokens").replace(",", "")
    if text and not (text.isascii() and text.isdigit()):
        raise _wrong("above_tokens", f"expected a number of tokens, got {text[:40]!r}")
    return int(text) if text else None


def _wrong(name: str, message: str) -> ClientError:
    return ClientError(message, problems=(Problem(name, message),))
