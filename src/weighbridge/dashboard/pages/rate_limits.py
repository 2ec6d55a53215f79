"""Rate limits: calls and tokens a minute, what is left of them, and the forms that change them."""

from typing import Final

from weighbridge.budgets.rate_limit import REQUESTS, TOKENS, NewRateLimit, RateLimit
from weighbridge.budgets.scope import KNOWN_BEFORE
from weighbridge.core.credential import Role
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Content, Table, word
from weighbridge.dashboard.forms import Field, Form, as_pairs
from weighbridge.dashboard.pages.groups import NAMES

_API: Final = "/api/v1/rate-limits"
_MOST_BUCKETS: Final = 50
_NEW: Final = NewRateLimit(name="")
_COLUMNS: Final = (
    ("limit", "Rate limit", False),
    ("counts", "Counts", False),
    ("requests", "Calls a minute", True),
    ("tokens", "Tokens a minute", True),
    ("state", "State", False),
)
_BUCKETS: Final = (
    ("limit", "Rate limit", False),
    ("value", "For", False),
    ("requests_left", "Calls left", True),
    ("tokens_left", "Tokens left", True),
)


def rate_limits(desk: Desk) -> Content:
    """Every rate limit, and the buckets that are not full."""
    limits = [record.limit for record in desk.sources.rate_limits.all()]
    content = Content(title="Rate limits")
    content.tables = [
        Table(
            name="limits",
            title="Rate limits",
            columns=tuple(Column(*column) for column in _COLUMNS),
            rows=[_row(limit) for limit in limits],
            empty="There is no rate limit: calls are as fast as they come.",
        )
    ]
    if limits:
        content.tables.append(_buckets(desk, limits))
    if desk.principal.role.includes(Role.EDITOR):
        content.forms = [_create(is_open=not limits)]
        for limit in limits:
            content.forms += [_change(limit), _remove(limit)]
    return content


def _row(limit: RateLimit) -> list[Cell]:
    return [
        word(limit.name),
        word(_counts(limit)),
        _count(limit.requests_per_minute),
        _count(limit.tokens_per_minute),
        word("In force") if limit.enabled else word("Disabled", tone="quiet"),
    ]


def _counts(limit: RateLimit) -> str:
    parts = [f"{NAMES.get(name, name)} {' or '.join(each)}" for name, each in limit.scope.items()]
    parts += [f"each {NAMES.get(limit.per, limit.per).lower()}"] if limit.per else []
    text = ", ".join(parts) or "every call"
    return text[0].upper() + text[1:]


def _buckets(desk: Desk, limits: list[RateLimit]) -> Table:
    rows = []
    for limit in limits:
        left = desk.sources.permits.permits_left(limit.id)
        for value in dict.fromkeys(value for value, _ in left):
            requests = left.get((value, REQUESTS), limit.requests_per_minute)
            tokens = left.get((value, TOKENS), limit.tokens_per_minute)
            rows.append([word(limit.name), word(value), _count(requests), _count(tokens)])
    return Table(
        name="buckets",
        title="What is left at this moment",
        columns=tuple(Column(*column) for column in _BUCKETS),
        rows=rows[:_MOST_BUCKETS],
        note=f"{len(rows) - _MOST_BUCKETS:,} more." if len(rows) > _MOST_BUCKETS else "",
        empty="Nobody has called within the last minute: every bucket is full.",
    )


def _count(value: int | None) -> Cell:
    return Cell("-" if value is None else f"{value:,}", value)


def _create(*, is_open: bool) -> Form:
    return Form(
        name="create",
        title="New rate limit",
        submit="Make the rate limit",
        method="POST",
        action=_API,
        fields=_fields(_NEW),
        open=is_open,
    )


def _change(limit: RateLimit) -> Form:
    return Form(
        name=f"change-{limit.id}",
        title=f"Change {limit.name}",
        submit="Save",
        method="PATCH",
        action=f"{_API}/{limit.id}",
        fields=_fields(limit),
    )


def _remove(limit: RateLimit) -> Form:
    return Form(
        name=f"remove-{limit.id}",
        title=f"Remove {limit.name}",
        submit="Remove the rate limit",
        method="DELETE",
        action=f"{_API}/{limit.id}",
        confirm=f"Remove the rate limit {limit.name}? It binds no call from then on.",
        danger=True,
    )


def _fields(limit: NewRateLimit) -> tuple[Field, ...]:
    return (
        Field(name="name", title="Name", value=limit.name, required=True),
        Field(
            name="requests_per_minute",
            title="Calls a minute",
            kind="whole",
            value=_text(limit.requests_per_minute),
            hint="Empty: any number.",
        ),
        Field(
            name="tokens_per_minute",
            title="Tokens a minute, in and out",
            kind="whole",
            value=_text(limit.tokens_per_minute),
            hint="Empty: any number.",
        ),
        Field(
            name="per",
            title="One of this size for each",
            value=limit.per or "",
            options=tuple((name, name) for name in KNOWN_BEFORE if name != "token_id"),
            hint="A dimension, such as agent or token; empty: one for all.",
        ),
        Field(
            name="scope",
            title="Counts only",
            kind="pairs",
            value=as_pairs(limit.scope),
            placeholder="department=care,web",
            hint="A dimension a line; empty counts every call.",
        ),
        Field(
            name="enabled",
            title="In force",
            kind="switch",
            value="on" if limit.enabled else "",
        ),
    )


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
