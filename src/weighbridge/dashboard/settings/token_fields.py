"""The fields of a tracking token: as a form shows them, and as a form sends them."""

from typing import Any

from weighbridge.core.clock import from_unix_us
from weighbridge.core.credential import Billing, NewToken, TrackingToken
from weighbridge.dashboard.errands import Errand
from weighbridge.dashboard.forms import Field, joined
from weighbridge.dashboard.settings.words import DIMENSION_CHOICES, DIMENSIONS

_BILLING = (
    (Billing.PAID.value, "paid"),
    (Billing.FREE.value, "free tier: booked at cost 0"),
)


def token_fields(token: NewToken | TrackingToken) -> tuple[Field, ...]:
    """Every field, holding what the token stands for."""
    expires = token.expires_at_us
    allowed = [f"{name}={value}" for name, each in token.allowed.items() for value in each]
    return (
        Field(name="name", label="Name", values=(token.name,), required=True, hint="For people."),
        *(
            Field(
                name=name,
                label=f"Default {name}",
                values=(getattr(token, name) or "",),
            )
            for name in DIMENSIONS
        ),
        Field(
            name="labels",
            label="Default labels",
            kind="area",
            values=joined([f"{name}={value}" for name, value in token.labels.items()]),
            placeholder="env=prod",
            hint="One key=value on each line, under Google's rules for labels.",
        ),
        Field(
            name="expires",
            label="Expires",
            values=(from_unix_us(expires).isoformat(timespec="seconds") if expires else "",),
            placeholder="30d",
            hint="30d, 12h, a date, or an instant; empty for never.",
        ),
        Field(
            name="required",
            label="Its calls must carry",
            kind="checks",
            options=DIMENSION_CHOICES,
            values=tuple(token.required),
            hint="Besides what the policy requires.",
        ),
        Field(
            name="pinned",
            label="No header beats the token's",
            kind="checks",
            options=DIMENSION_CHOICES,
            values=tuple(token.pinned),
        ),
        Field(
            name="allowed",
            label="Only these values pass",
            kind="area",
            values=joined(allowed),
            placeholder="project=shop",
            hint="One dimension=value on each line; empty for all that the policy lets pass.",
        ),
        Field(
            name="billing",
            label="Its Google key is",
            kind="select",
            options=_BILLING,
            values=(token.billing.value,),
        ),
    )


def wish(errand: Errand) -> dict[str, Any]:
    """The fields of `NewToken` that a form sent.

    Errors: `ClientError` for an expiry or a line that is none.
    """
    expires = errand.text("expires")
    allowed: dict[str, list[str]] = {}
    for line in errand.lines("allowed"):
        name, _, value = line.partition("=")
        allowed.setdefault(name.strip(), []).append(value.strip())
    return {
        "name": errand.text("name"),
        **{name: errand.some(name) for name in DIMENSIONS},
        "labels": errand.pairs("labels"),
        "expires_at_us": errand.administration.expiry(expires, errand.now_us) if expires else None,
        "required": errand.ticked("required"),
        "pinned": errand.ticked("pinned"),
        "allowed": allowed,
        "billing": Billing.FREE if errand.text("billing") == Billing.FREE else Billing.PAID,
    }


def in_force(token: TrackingToken, now_us: int) -> bool:
    """Whether calls with it pass."""
    return token.revoked_at_us is None and (
        token.expires_at_us is None or token.expires_at_us > now_us
    )


def rules(token: TrackingToken) -> str:
    """Its rules in a few words."""
    told = [f"requires {name}" for name in token.required]
    told += [f"pins {name}" for name in token.pinned]
    told += [f"{name}: {', '.join(values)}" for name, values in token.allowed.items()]
    return "; ".join(told + (["free tier"] if token.billing is Billing.FREE else []))
