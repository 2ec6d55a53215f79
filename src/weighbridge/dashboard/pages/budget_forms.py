"""The forms by which editors make, change, raise and remove budgets, and what they do.

Counterpart: `budgets/reading` takes what they send, as the API does, and says what is wrong.
"""

from collections.abc import Iterable
from typing import Any, Final

from weighbridge.budgets.budget import NewBudget, usd_text
from weighbridge.budgets.reading import read_budget, read_raise, revise_budget
from weighbridge.budgets.record import BudgetRecord, RaiseRecord
from weighbridge.budgets.scope import KNOWN_BEFORE
from weighbridge.core.clock import from_unix_us
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.forms import Field, Form, Options, as_lists, joined

DIMENSIONS: Final = tuple(name for name in KNOWN_BEFORE if name != "token_id")
_PERIODS: Final = (
    ("hour", "Hour"),
    ("day", "Day"),
    ("week", "Week, from Monday"),
    ("month", "Month"),
    ("quarter", "Quarter"),
    ("total", "Ever: never begins anew"),
)
_ACTIONS: Final = (("alert", "Tells"), ("block", "Tells, and refuses calls"))
_HOLDS: Final = (
    ("estimate", "An estimate of its cost"),
    ("bound", "The most that it can cost"),
)
_ENDS: Final = (("finish", "May finish"), ("cut", "Is cut"))
_UNPRICED: Final = (("allow", "Pass"), ("block", "Are refused"))
_EMPTY: Final = NewBudget(name="", limit_pico_usd=0, action="block")


def create_form(channels: Iterable[str], *, folded: bool) -> Form:
    """A new budget; `channels` are names of those that there are."""
    return Form(
        name="create",
        title="New budget",
        submit="Make the budget",
        fields=_definition(_EMPTY, "", channels),
        leads=True,
        folded=folded,
    )


def forms_of(record: BudgetRecord, channels: Iterable[str], now_us: int) -> list[Form]:
    """What can be done to one budget."""
    budget = record.budget
    return [
        Form(
            name="raise",
            title="Give more room for a while",
            submit="Raise",
            fields=_raise_fields(),
        ),
        *(_withdraw(one) for one in record.raises if one.in_force(now_us)),
        Form(
            name="change",
            title="Change",
            submit="Save",
            fields=_definition(budget, usd_text(budget.limit_pico_usd), channels),
        ),
        Form(
            name="remove",
            title="Remove",
            submit=f"Remove {budget.name}",
            text="It binds no call from then on. The log of changes keeps what it was; to keep it "
            "without force, change it and switch it off.",
            tone="bad",
        ),
    ]


def make_budget(errand: Errand) -> Outcome:
    """Make the budget that was asked for."""
    record = errand.administration.budgets.create(read_budget(_wish(errand)), errand.principal)
    return Outcome(to=f"/budgets/{record.budget.id}?done=made", publish=True)


def act_on_budget(errand: Errand) -> Outcome:
    """Raise, change or remove it, or withdraw a raise."""
    services, budget_id, by = errand.administration, errand.name, errand.principal
    what, _, raise_id = errand.form.partition("-")
    page = f"/budgets/{budget_id}"
    if what == "remove":
        services.budgets.remove(budget_id, by)
        return Outcome(to="/budgets?done=removed", publish=True)
    if what == "withdraw":
        services.budgets.withdraw_raise(budget_id, raise_id, by)
        return Outcome(to=f"{page}?done=withdrawn", publish=True)
    if what == "raise":
        sent = {name: errand.some(name) for name in ("amount_usd", "reason")}
        wanted = {**sent, "until": errand.text("until")}
        given = read_raise(wanted, errand.now_us, services.expiry)
        services.budgets.give_raise(budget_id, given, by)
        return Outcome(to=f"{page}?done=raised", publish=True)
    wish = _wish(errand)
    services.budgets.update(budget_id, lambda former: revise_budget(former, wish), by)
    return Outcome(to=f"{page}?done=changed", publish=True)


def scope_field(scope: dict[str, tuple[str, ...]]) -> Field:
    """What of all calls counts."""
    return Field(
        name="scope",
        label="Counts only",
        kind="area",
        values=as_lists(scope),
        placeholder="department=care,web\nlabel:env=prod",
        hint="One dimension=value,value on each line; empty counts everything.",
    )


def per_field(per: str | None) -> Field:
    """Whether there is one for all or one for each."""
    return Field(
        name="per",
        label="One of this size for each",
        values=(per or "",),
        suggest=DIMENSIONS,
        hint="A dimension, such as agent or label:team; empty for one for all.",
    )


def _wish(errand: Errand) -> dict[str, Any]:
    """The document of `read_budget` that a form sent."""
    words = ("name", "limit_usd", "period", "timezone", "action", "hold")
    return {
        **{name: errand.text(name) for name in (*words, "on_exhausted", "unpriced")},
        "per": errand.some("per"),
        "scope": errand.lists("scope"),
        "thresholds": errand.wholes("thresholds"),
        "channels": errand.ticked("channels"),
        "grace_percent": errand.whole("grace_percent") or 0,
        "enabled": bool(errand.text("enabled")),
    }


def _raise_fields() -> tuple[Field, ...]:
    return (
        Field(
            name="amount_usd",
            label="US dollars above the limit",
            placeholder="50.00",
            required=True,
        ),
        Field(
            name="until",
            label="Until",
            placeholder="12h",
            hint="12h, 3d, a date, or an instant.",
            required=True,
        ),
        Field(name="reason", label="Why", hint="Stands beside your name on record."),
    )


def _withdraw(given: RaiseRecord) -> Form:
    amount = usd_text(given.amount_pico_usd)
    return Form(
        name=f"withdraw-{given.id}",
        title=f"Withdraw the raise of ${amount}",
        submit="Withdraw",
        text=f"Given by {given.author_name} until {from_unix_us(given.until_us):%d %b %H:%M} UTC.",
    )


def _definition(wanted: NewBudget, limit: str, channels: Iterable[str]) -> tuple[Field, ...]:
    return (
        Field(name="name", label="Name", values=(wanted.name,), required=True),
        Field(
            name="limit_usd",
            label="US dollars a window",
            values=(limit,),
            placeholder="100.00",
            required=True,
        ),
        _choice("period", "Window", wanted.period, _PERIODS),
        Field(
            name="timezone",
            label="Time zone of its calendar",
            values=(wanted.timezone,),
            hint="Such as Europe/Berlin.",
            required=True,
        ),
        _choice("action", "At its limit it", wanted.action, _ACTIONS),
        per_field(wanted.per),
        scope_field(wanted.scope),
        Field(
            name="thresholds",
            label="Tells at percent",
            values=joined(wanted.thresholds, ", "),
            hint="Of the limit, with commas between.",
        ),
        *_channels(wanted, channels),
        Field(
            name="grace_percent",
            label="Grace, percent",
            kind="number",
            values=(str(wanted.grace_percent),),
            hint="Beyond the limit before calls are refused.",
        ),
        _choice("hold", "A call sets aside", wanted.hold, _HOLDS),
        _choice("on_exhausted", "A stream that outgrows it", wanted.on_exhausted, _ENDS),
        _choice("unpriced", "Calls without a price", wanted.unpriced, _UNPRICED),
        Field(
            name="enabled",
            label="In force",
            kind="check",
            values=("yes",) if wanted.enabled else (),
        ),
    )


def _channels(wanted: NewBudget, known: Iterable[str]) -> tuple[Field, ...]:
    """Whom it tells; also a channel that it names and that is no more."""
    names = tuple(dict.fromkeys((*known, *wanted.channels)))
    if not names:
        return ()
    return (
        Field(
            name="channels",
            label="Tells",
            kind="checks",
            options=tuple((name, name) for name in names),
            values=wanted.channels,
            hint="None ticked: the channels for all alerts.",
        ),
    )


def _choice(name: str, label: str, value: str, options: Options) -> Field:
    return Field(name=name, label=label, kind="select", values=(value,), options=options)
