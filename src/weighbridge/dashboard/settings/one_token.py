"""One tracking token: what it stands for, what it spent, and forms that change or revoke it."""

from urllib.parse import urlencode

from weighbridge.core.credential import Role
from weighbridge.dashboard.asking import Desk, Sources
from weighbridge.dashboard.content import Cell, Column, Content, Table, figure, word
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.forms import Form
from weighbridge.dashboard.settings.token_fields import in_force, rules, token_fields, wish
from weighbridge.dashboard.settings.words import instant, pairs
from weighbridge.reports.dimensions import OTHER

_METRICS = ("cost", "exchanges", "errors", "tokens")
_TITLES = ("Model", "Cost", "Calls", "Errors", "Tokens")


def one_token(desk: Desk) -> Content:
    """The token of the page's address."""
    token = desk.sources.administration.tokens.get(desk.name)
    now_us = int(desk.now.timestamp() * 1_000_000)
    zone = desk.state.zone
    state = "revoked" if token.revoked_at_us else "in force"
    if state == "in force" and not in_force(token, now_us):
        state = "expired"
    forms = []
    if desk.principal.role.includes(Role.EDITOR) and token.revoked_at_us is None:
        change = Form(
            name="change",
            title="Change",
            submit="Save",
            fields=token_fields(token),
            leads=True,
            text="In force with the next call; the secret stays.",
        )
        revoke = Form(
            name="revoke",
            title="Revoke",
            submit=f"Revoke {token.name} for good",
            text="Calls with it are refused from now on. Its rows keep its id.",
            tone="bad",
        )
        forms = [change, revoke]
    return Content(
        title=token.name,
        parents=(("Tokens", "/settings/tokens"),),
        forms=forms,
        facts=[
            ("State", Cell(state, state)),
            ("Id", word(token.id)),
            ("Secret", Cell(f"ends in {token.hint}", token.hint)),
            ("Department", word(token.department)),
            ("Project", word(token.project)),
            ("Agent", word(token.agent)),
            ("Labels", Cell(pairs(token.labels) or "-", dict(token.labels))),
            ("Rules", word(rules(token) or None)),
            ("Expires", instant(token.expires_at_us, zone)),
            ("Made", instant(token.created_at_us, zone)),
            ("Changed", instant(token.updated_at_us, zone)),
        ],
        tables=[_spent(desk, token.id)],
    )


def heading(sources: Sources, name: str) -> str:
    """What the token of an address is called."""
    return sources.administration.tokens.get(name).name


def act_on_token(errand: Errand) -> Outcome:
    """Change or revoke it."""
    tokens = errand.administration.tokens
    if errand.form == "revoke":
        tokens.revoke(errand.name, errand.principal)
        return Outcome(to=f"/settings/tokens/{errand.name}?done=revoked", publish=True)
    tokens.update(errand.name, wish(errand), errand.principal)
    return Outcome(to=f"/settings/tokens/{errand.name}?done=changed", publish=True)


def _spent(desk: Desk, token_id: str) -> Table:
    """What its calls came to in the last 30 days, by model."""
    query = desk.state.question(
        desk.span,
        group_by=("model",),
        metrics=_METRICS,
        filters={"token": (token_id,)},
        order_by="-cost",
        limit=20,
    )
    result = desk.ask(query)
    units = {column.name: column.unit for column in result.columns}
    names = zip(("model", *_METRICS), _TITLES, strict=True)
    return Table(
        name="spent",
        title="Its calls in the last 30 days",
        columns=tuple(Column(name, title, name != "model") for name, title in names),
        rows=[
            [
                word(row["model"], href=f"/exchanges?{urlencode(_calls(token_id, row['model']))}"),
                *(figure(row[name], units[name]) for name in _METRICS),
            ]
            for row in result.rows
        ],
        empty="No call with it in this time.",
    )


def _calls(token_id: str, model: str) -> dict[str, str]:
    """The address of its calls of a model; all of them for the rest that is folded."""
    return {"token": token_id} | ({} if model == OTHER else {"model": model})
