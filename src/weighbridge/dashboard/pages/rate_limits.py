"""Rate limits: calls and tokens a minute, and what is left of them; one of them to change."""

from typing import Final

from weighbridge.budgets.rate_limit import REQUESTS, TOKENS, RateLimit
from weighbridge.core.credential import Role
from weighbridge.dashboard.asking import Desk, Sources
from weighbridge.dashboard.content import Cell, Column, Content, Table, word
from weighbridge.dashboard.pages.rate_limit_forms import create_form, limit_forms
from weighbridge.dashboard.pages.titles import NAMES

_MOST_BUCKETS: Final = 50
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
            empty="No rate limit is yours to see."
            if desk.is_bound
            else "There is no rate limit: calls are as fast as they come.",
        )
    ]
    if limits:
        content.tables.append(_buckets(desk, limits))
    if desk.principal.role.includes(Role.EDITOR):
        content.forms = [create_form(folded=bool(limits))]
    return content


def one_limit(desk: Desk) -> Content:
    """The rate limit of the page's address.

    Errors: `NotFoundError`.
    """
    limit = desk.sources.rate_limits.get(desk.name).limit
    content = Content(title=limit.name, parents=(("Rate limits", "/limits"),))
    content.facts = [
        ("State", _state(limit)),
        ("Calls a minute", _count(limit.requests_per_minute)),
        ("Tokens a minute", _count(limit.tokens_per_minute)),
        ("Counts", word(_counts(limit))),
    ]
    content.tables = [_buckets(desk, [limit])]
    if desk.principal.role.includes(Role.EDITOR):
        content.forms = limit_forms(limit)
    return content


def heading(sources: Sources, name: str) -> str:
    """What a rate limit is called.

    Errors: `NotFoundError`.
    """
    return sources.rate_limits.get(name).limit.name


def _row(limit: RateLimit) -> list[Cell]:
    return [
        word(limit.name, href=f"/limits/{limit.id}"),
        word(_counts(limit)),
        _count(limit.requests_per_minute),
        _count(limit.tokens_per_minute),
        _state(limit),
    ]


def _state(limit: RateLimit) -> Cell:
    text, tone = ("In force", "good") if limit.enabled else ("Disabled", "quiet")
    return word(text, tone=f"state {tone}")


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
