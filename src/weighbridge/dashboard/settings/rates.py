"""Own rates over those of the price book: what is stated, what a statement would change."""

from collections.abc import Sequence
from typing import Final

from weighbridge.core.credential import Role
from weighbridge.dashboard.asking import Desk, Sources
from weighbridge.dashboard.content import Cell, Content, Table, word
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.forms import Form, Notice, Posted
from weighbridge.dashboard.settings.rate_fields import rate_fields, statement
from weighbridge.dashboard.settings.words import columns, instant, pairs
from weighbridge.errors import NotFoundError
from weighbridge.pricing.changes import DatedChange
from weighbridge.pricing.overrides import PriceOverride

_COLUMNS: Final = columns(
    ("models", "Models"),
    ("rates", "US$ per quote"),
    ("surface", "Surface"),
    ("tier", "Tier"),
    ("since", "Since"),
    ("until", "Until"),
    ("source", "Source"),
)
_CHANGES: Final = columns(
    ("since", "From"), ("price", "Price"), ("before", "Before"), ("after", "After")
)
_PREVIEW: Final = (("preview", "Show what would change"),)
_NO_EFFECT: Final = "No price changes: these rates hold already, or others beat them."
_MOST_CHANGES: Final = 200


def rates(desk: Desk) -> Content:
    """Every statement, the latest made first, for it beats the others."""
    own = desk.sources.administration.price_overrides.all()
    forms = []
    if desk.principal.role.includes(Role.ADMIN):
        form = Form(
            name="create",
            title="State rates",
            submit="Put in force",
            text="For calls that end from now on. Rows that are booked keep their cost.",
            leads=True,
            fields=rate_fields(None, _models(desk)),
            buttons=_PREVIEW,
        )
        forms.append(form)
    table = Table(
        name="rates",
        title="Own rates",
        columns=_COLUMNS,
        rows=[_row(one) for one in reversed(own)],
        empty="None: every call costs what the price book says.",
    )
    return Content(
        title="Negotiated rates",
        subtitle="Rates of your own over the built-in price book. A file that the configuration "
        "names beats them.",
        forms=forms,
        tables=[*_changes(desk), table],
    )


def one_rate(desk: Desk) -> Content:
    """The statement of the page's address."""
    own = _found(desk.sources, desk.name)
    forms = []
    if desk.principal.role.includes(Role.ADMIN):
        change = Form(
            name="change",
            title="Change",
            submit="Save",
            fields=rate_fields(own, _models(desk)),
            buttons=_PREVIEW,
            folded=False,
        )
        remove = Form(
            name="remove",
            title="Remove",
            submit="Remove these rates",
            text="The price book's own hold again, for calls that end from now on.",
            tone="bad",
        )
        forms = [change, remove]
    return Content(
        title=", ".join(own.price.models),
        parents=(("Negotiated rates", "/settings/rates"),),
        forms=forms,
        facts=[
            ("Rates", Cell(_rates(own), dict(own.price.rates))),
            ("Source", word(own.price.source)),
            ("Read", word(str(own.price.read))),
            ("Made", instant(own.created_at_us, desk.state.zone)),
            ("Changed", instant(own.updated_at_us, desk.state.zone)),
            ("Id", word(own.id)),
        ],
        tables=_changes(desk),
    )


def heading(sources: Sources, name: str) -> str:
    """Which models the rates of an address are for."""
    return ", ".join(_found(sources, name).price.models)


def state_rates(errand: Errand) -> Outcome:
    """Put a statement in force, or show what it would change."""
    service, wanted = errand.administration.price_overrides, statement(errand)
    if errand.text("preview"):
        return _preview(errand, service.preview(wanted))
    _, changes = service.create(wanted, errand.principal)
    notice = Notice(text="In force on every worker." if changes else _NO_EFFECT)
    return Outcome(notice=notice, publish=True, status=201, extra=changes)


def act_on_rate(errand: Errand) -> Outcome:
    """Change or remove a statement, or show what a change would change."""
    service = errand.administration.price_overrides
    if errand.form == "remove":
        service.remove(errand.name, errand.principal)
        return Outcome(to="/settings/rates?done=removed", publish=True)
    wanted = statement(errand)
    if errand.text("preview"):
        return _preview(errand, service.preview(wanted, errand.name))
    service.update(errand.name, wanted, errand.principal)
    return Outcome(to=f"/settings/rates/{errand.name}?done=changed", publish=True)


def _preview(errand: Errand, changes: Sequence[DatedChange]) -> Outcome:
    posted = Posted(form=errand.form, values=errand.sent)
    text = "Nothing is stored yet: this is what would change." if changes else _NO_EFFECT
    return Outcome(notice=Notice(text=text, tone=""), posted=posted, extra=changes)


def _changes(desk: Desk) -> list[Table]:
    """What an act changed, or would."""
    changes: Sequence[DatedChange] = desk.outcome.extra or ()
    if not changes:
        return []
    rows = [
        [
            Cell(str(each.since) if each.since else "always", each.since and str(each.since)),
            word(each.change.what),
            Cell(f"${each.change.before}" if each.change.before else "none", each.change.before),
            Cell(f"${each.change.after}" if each.change.after else "none", each.change.after),
        ]
        for each in changes[:_MOST_CHANGES]
    ]
    note = f"The first {_MOST_CHANGES} of {len(changes):,}." if len(changes) > len(rows) else ""
    return [
        Table(name="changes", title="Prices that change", columns=_CHANGES, rows=rows, note=note)
    ]


def _models(desk: Desk) -> tuple[str, ...]:
    return tuple(sorted({line.model for line in desk.sources.models.listing(desk.now)}))


def _found(sources: Sources, override_id: str) -> PriceOverride:
    for one in sources.administration.price_overrides.all():
        if one.id == override_id:
            return one
    raise NotFoundError(f"no rates of yours have the id {override_id[:60]!r}")


def _rates(own: PriceOverride) -> str:
    price = own.price
    if price.free:
        return "free"
    text = pairs(price.rates)
    if price.above_tokens:
        text += f"; above {price.above_tokens:,}: {pairs(price.rates_above)}"
    return text


def _row(own: PriceOverride) -> list[Cell]:
    price = own.price
    return [
        word(", ".join(price.models), href=f"/settings/rates/{own.id}"),
        Cell(_rates(own), dict(price.rates), tone="wrap"),
        word(price.surface or "both"),
        word(price.tier),
        Cell(str(price.since or "always"), str(price.since) if price.since else None),
        Cell(str(price.until or "-"), str(price.until) if price.until else None),
        word(price.source),
    ]
