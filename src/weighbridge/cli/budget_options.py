"""The options that define a budget, and the document that they make.

Rules for future edits: what is not given is not in the document, so that a change leaves it; an
empty value takes away. What is wrong with a value, the API says.
"""

import sys
from typing import Annotated, Any

import typer

from weighbridge.budgets.budget import Action, HoldRule, OnExhausted, Unpriced
from weighbridge.budgets.windows import Period
from weighbridge.errors import UsageError

Name = Annotated[str | None, typer.Option("--name", metavar="N", help="For people.")]
Limit = Annotated[
    str | None, typer.Option("--limit", metavar="USD", help="US dollars a window, like 100.00.")
]
PeriodOf = Annotated[
    Period | None, typer.Option("--period", help="Calendar window; month where not given.")
]
Timezone = Annotated[
    str | None, typer.Option("--timezone", metavar="Z", help="Whose calendar; UTC if not given.")
]
ScopeOf = Annotated[
    list[str] | None,
    typer.Option(
        "--scope", metavar="DIM=V,...", help="What counts: values of a dimension; repeatable."
    ),
]
Per = Annotated[
    str | None, typer.Option("--per", metavar="DIM", help="One of this size for each value.")
]
ActionOf = Annotated[
    Action | None, typer.Option("--action", help="alert tells, block also refuses calls.")
]
Thresholds = Annotated[
    str | None,
    typer.Option("--thresholds", metavar="P,...", help="Percents at which to tell: 50,80,100."),
]
UnpricedOf = Annotated[
    Unpriced | None,
    typer.Option("--unpriced", help="Whether calls without a price pass a budget that blocks."),
]
Channel = Annotated[
    list[str] | None,
    typer.Option(
        "--channel",
        metavar="C",
        help="Whom to tell: a channel's name, or an address like slack://… of which one is made; "
        "`-` reads it from stdin; repeatable.",
    ),
]
Hold = Annotated[
    HoldRule | None,
    typer.Option("--hold", help="bound: no call begins that could overshoot by itself."),
]
Exhausted = Annotated[
    OnExhausted | None,
    typer.Option("--on-exhausted", help="What becomes of a stream that outgrows its hold."),
]
Grace = Annotated[
    int | None, typer.Option("--grace", metavar="PERCENT", help="Beyond the limit before refusals.")
]
Enabled = Annotated[
    bool | None, typer.Option("--enable/--disable", help="In force, or kept for later.")
]


def pairs(option: str, given: list[str]) -> dict[str, list[str]]:
    """Lists of values by dimension, of `DIM=V,...`; one that is repeated gathers them."""
    found: dict[str, list[str]] = {}
    for each in given:
        if not each:
            continue
        dimension, equals, values = each.partition("=")
        named = [value.strip() for value in values.split(",") if value.strip()]
        if not equals or not named:
            raise UsageError(f"{option} {each!r} names no value; write {option} department=a,b")
        found.setdefault(dimension, []).extend(named)
    return found


def percents(given: str) -> list[int]:
    """Whole numbers between commas."""
    try:
        return [int(each) for each in given.split(",") if each.strip()]
    except ValueError:
        raise UsageError(
            f"--thresholds {given!r} are no whole percents; write --thresholds 50,80,100"
        ) from None


def definition(**given: Any) -> dict[str, Any]:
    """A budget's document of the options that were given."""
    document = {
        name: value
        for name, value in given.items()
        if value is not None and name not in {"scope", "per", "thresholds", "channels"}
    }
    if given["scope"] is not None:
        document["scope"] = pairs("--scope", given["scope"])
    if given["per"] is not None:
        document["per"] = given["per"] or None
    if given["thresholds"] is not None:
        document["thresholds"] = percents(given["thresholds"])
    if given["channels"] is not None:
        named = (sys.stdin.readline().strip() if one == "-" else one for one in given["channels"])
        document["channels"] = [each for each in named if each]
    return document
