"""The forms by which editors make, change and remove rate limits, and what they do.

Counterpart: `budgets/reading` takes what they send, as the API does, and says what is wrong.
"""

from typing import Any, Final

from weighbridge.budgets.rate_limit import NewRateLimit, RateLimit
from weighbridge.budgets.reading import read_rate_limit, revise_rate_limit
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.forms import Field, Form
from weighbridge.dashboard.pages.budget_forms import per_field, scope_field

_NEW: Final = NewRateLimit(name="")


def create_form(*, folded: bool) -> Form:
    """A new rate limit."""
    return Form(
        name="create",
        title="New rate limit",
        submit="Make the rate limit",
        fields=_fields(_NEW),
        leads=True,
        folded=folded,
    )


def limit_forms(limit: RateLimit) -> list[Form]:
    """What can be done to one rate limit."""
    return [
        Form(name="change", title="Change", submit="Save", fields=_fields(limit)),
        Form(
            name="remove",
            title="Remove",
            submit=f"Remove {limit.name}",
            text="It binds no call from then on.",
            tone="bad",
        ),
    ]


def make_limit(errand: Errand) -> Outcome:
    """Make the rate limit that was asked for."""
    wanted = read_rate_limit(_wish(errand))
    record = errand.administration.rate_limits.create(wanted, errand.principal)
    return Outcome(to=f"/limits/{record.limit.id}?done=made", publish=True)


def act_on_limit(errand: Errand) -> Outcome:
    """Change or remove it."""
    limits = errand.administration.rate_limits
    if errand.form == "remove":
        limits.remove(errand.name, errand.principal)
        return Outcome(to="/limits?done=removed", publish=True)
    wish = _wish(errand)
    limits.update(errand.name, lambda former: revise_rate_limit(former, wish), errand.principal)
    return Outcome(to=f"/limits/{errand.name}?done=changed", publish=True)


def _wish(errand: Errand) -> dict[str, Any]:
    """The document of `read_rate_limit` that a form sent."""
    return {
        "name": errand.text("name"),
        "requests_per_minute": errand.whole("requests_per_minute"),
        "tokens_per_minute": errand.whole("tokens_per_minute"),
        "per": errand.some("per"),
        "scope": errand.lists("scope"),
        "enabled": bool(errand.text("enabled")),
    }


def _fields(limit: NewRateLimit) -> tuple[Field, ...]:
    return (
        Field(name="name", label="Name", values=(limit.name,), required=True),
        *(
            Field(
                name=name,
                label=label,
                kind="number",
                values=() if most is None else (str(most),),
                hint="Empty: any number.",
            )
            for name, label, most in (
                ("requests_per_minute", "Calls a minute", limit.requests_per_minute),
                ("tokens_per_minute", "Tokens a minute, in and out", limit.tokens_per_minute),
            )
        ),
        per_field(limit.per),
        scope_field(limit.scope),
        Field(
            name="enabled",
            label="In force",
            kind="check",
            values=("yes",) if limit.enabled else (),
        ),
    )
