"""Tracking tokens: what there are, and a new one, whose secret is shown once."""

from collections.abc import Mapping
from typing import Any

from weighbridge.core.credential import NewToken, Role, TrackingToken
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Content, Table, word
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.first_call import told_once
from weighbridge.dashboard.forms import Form
from weighbridge.dashboard.settings.token_fields import in_force, rules, token_fields, wish
from weighbridge.dashboard.settings.words import columns, instant, pairs

_COLUMNS = columns(
    ("name", "Name"),
    ("state", "State"),
    ("last_used", "Last used"),
    ("department", "Department"),
    ("project", "Project"),
    ("agent", "Agent"),
    ("labels", "Labels"),
    ("rules", "Rules"),
    ("expires", "Expires"),
)


def tokens(desk: Desk) -> Content:
    """Every token that the reader may see: those in force first, the newest first."""
    shown = _found(desk.sources.administration.tokens.all(), desk.state.search)
    now_us = int(desk.now.timestamp() * 1_000_000)
    used = last_uses(desk)
    shown.sort(key=lambda token: not in_force(token, now_us))
    forms = []
    if desk.principal.role.includes(Role.EDITOR):
        form = Form(
            name="create",
            title="Make a token",
            submit="Make the token",
            text="What it carries is a default: a header of the call beats it.",
            leads=True,
            fields=token_fields(NewToken(name="")),
            folded=bool(shown),
        )
        forms.append(form)
    return Content(
        title="Tokens",
        subtitle="A tracking token says whose call it is. It opens nothing at Google.",
        forms=forms,
        tables=[
            Table(
                name="tokens",
                title="Tokens",
                columns=_COLUMNS,
                rows=[_row(desk, token, used, now_us) for token in shown],
                searchable=True,
                empty="No token yet: calls need one, unless the policy lets them pass without.",
            )
        ],
    )


def make_token(errand: Errand) -> Outcome:
    """Make the token that was asked for, and tell its secret with a call to try."""
    return told_once(errand, NewToken(**wish(errand)))


def last_uses(desk: Desk, **filters: tuple[str, ...]) -> Mapping[str, Any]:
    """When each token was used last, by what stands in the ledger."""
    query = desk.state.question(
        desk.span,
        since=None,
        until=None,
        group_by=("token_id",),
        metrics=("last_seen",),
        filters=filters,
    )
    rows = desk.ask(query).as_json()["rows"]
    return {row["token_id"]: row["last_seen"] for row in rows if row["token_id"]}


def _found(every: list[TrackingToken], search: str) -> list[TrackingToken]:
    wanted = search.casefold()

    def text(token: TrackingToken) -> str:
        carried = (token.department, token.project, token.agent, pairs(token.labels))
        return " ".join(filter(None, (token.id, token.name, *carried))).casefold()

    return [token for token in every if wanted in text(token)]


def _row(desk: Desk, token: TrackingToken, used: Mapping[str, Any], now_us: int) -> list[Cell]:
    zone = desk.state.zone
    state = "revoked" if token.revoked_at_us else "in force"
    if state == "in force" and not in_force(token, now_us):
        state = "expired"
    seen = used.get(token.id)
    return [
        word(token.name, href=f"/settings/tokens/{token.id}"),
        Cell(state, state, tone="good" if state == "in force" else "quiet"),
        Cell(
            f"{seen[:10]} {seen[11:16]}" if seen else "never",
            seen,
            href=f"/exchanges?token={token.id}" if seen else "",
            tone="" if seen else "quiet",
        ),
        word(token.department),
        word(token.project),
        word(token.agent),
        Cell(pairs(token.labels) or "-", dict(token.labels)),
        word(rules(token) or None),
        instant(token.expires_at_us, zone),
    ]
