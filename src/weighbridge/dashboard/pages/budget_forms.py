"""The forms by which editors make, change, raise and remove budgets."""

from typing import Final

from weighbridge.budgets.budget import NewBudget, usd_text
from weighbridge.budgets.record import BudgetRecord, RaiseRecord
from weighbridge.budgets.scope import KNOWN_BEFORE
from weighbridge.core.clock import from_unix_us
from weighbridge.dashboard.forms import Field, Form, as_list, as_pairs

_API: Final = "/api/v1/budgets"
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


def create_form(*, is_open: bool) -> Form:
    """A new budget."""
    return Form(
        name="create",
        title="New budget",
        submit="Make the budget",
        method="POST",
        action=_API,
        fields=_definition(_EMPTY, ""),
        then="/budgets/{id}",
        open=is_open,
    )


def forms_of(record: BudgetRecord, now_us: int) -> list[Form]:
    """What can be done to one budget."""
    budget = record.budget
    path = f"{_API}/{budget.id}"
    return [
        Form(
            name="raise",
            title="Give more room for a while",
            submit="Raise",
            method="POST",
            action=f"{path}/raises",
            fields=(
                Field(
                    name="amount_usd",
                    title="US dollars above the limit",
                    placeholder="50.00",
                    required=True,
                ),
                Field(
                    name="until",
                    title="Until",
                    kind="instant",
                    placeholder="12h, 3d or 2026-12-24",
                    required=True,
                ),
                Field(name="reason", title="Why", hint="Stands beside your name on record."),
            ),
        ),
        *(_withdraw(path, one) for one in record.raises if one.in_force(now_us)),
        Form(
            name="change",
            title="Change",
            submit="Save",
            method="PATCH",
            action=path,
            fields=_definition(budget, usd_text(budget.limit_pico_usd)),
        ),
        Form(
            name="remove",
            title="Remove",
            submit="Remove the budget",
            method="DELETE",
            action=path,
            then="/budgets",
            confirm=f"Remove the budget {budget.name}? It binds no call from then on.",
            text="The log of changes keeps what it was. To keep it without force, switch it off.",
            danger=True,
        ),
    ]


def _withdraw(path: str, given: RaiseRecord) -> Form:
    amount = usd_text(given.amount_pico_usd)
    return Form(
        name=f"withdraw-{given.id}",
        title=f"Withdraw the raise of ${amount}",
        submit="Withdraw",
        method="DELETE",
        action=f"{path}/raises/{given.id}",
        text=f"Given by {given.author_name} until {from_unix_us(given.until_us):%d %b %H:%M} UTC.",
    )


def _definition(wanted: NewBudget, limit: str) -> tuple[Field, ...]:
    dimensions = tuple((name, name) for name in KNOWN_BEFORE if name != "token_id")
    return (
        Field(name="name", title="Name", value=wanted.name, required=True),
        Field(
            name="limit_usd",
            title="US dollars a window",
            value=limit,
            placeholder="100.00",
            required=True,
        ),
        _choice("period", "Window", wanted.period, _PERIODS),
        Field(
            name="timezone",
            title="Time zone of its calendar",
            value=wanted.timezone,
            hint="Such as Europe/Berlin.",
            required=True,
        ),
        _choice("action", "At its limit it", wanted.action, _ACTIONS),
        Field(
            name="per",
            title="One of this size for each",
            value=wanted.per or "",
            options=dimensions,
            hint="A dimension, such as agent; empty: one for all.",
        ),
        Field(
            name="scope",
            title="Counts only",
            kind="pairs",
            value=as_pairs(wanted.scope),
            placeholder="department=care,web\nlabel:env=prod",
            hint="A dimension a line; empty counts everything.",
        ),
        Field(
            name="thresholds",
            title="Tells at percent",
            kind="wholes",
            value=as_list(wanted.thresholds),
        ),
        Field(
            name="channels",
            title="Tells",
            kind="list",
            value=as_list(wanted.channels),
            hint="Names of channels; empty: those for all alerts.",
        ),
        Field(
            name="grace_percent",
            title="Grace, percent",
            kind="whole",
            value=str(wanted.grace_percent),
            hint="Beyond the limit before calls are refused.",
        ),
        _choice("hold", "A call sets aside", wanted.hold, _HOLDS),
        _choice("on_exhausted", "A stream that outgrows it", wanted.on_exhausted, _ENDS),
        _choice("unpriced", "Calls without a price", wanted.unpriced, _UNPRICED),
        Field(
            name="enabled",
            title="In force",
            kind="switch",
            value="on" if wanted.enabled else "",
        ),
    )


def _choice(name: str, title: str, value: str, options: tuple[tuple[str, str], ...]) -> Field:
    return Field(name=name, title=title, kind="choice", value=value, options=options)
