"""The log of changes: who, when, what, before and after; never a secret."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from weighbridge.core.clock import from_unix_us
from weighbridge.core.user import AuditEntry
from weighbridge.dashboard.asking import Desk, Sources
from weighbridge.dashboard.content import Cell, Content, Table, word
from weighbridge.dashboard.settings.words import columns, instant, local
from weighbridge.dashboard.state import State
from weighbridge.reports.cost_query import QueryError

_COLUMNS: Final = columns(
    ("at", "When"),
    ("who", "Who"),
    ("action", "What"),
    ("subject", "To what"),
    ("change", "Change"),
)
_ROWS: Final = 100
_LARGEST_ID: Final = 2**63 - 1
_PAGES: Final = {
    "tok_": "/settings/tokens/",
    "usr_": "/settings/people/",
    "key_": "/settings/keys/",
    "prc_": "/settings/rates/",
    "bud_": "/budgets/",
    "lim_": "/limits/",
    "chn_": "/channels/",
}
_POLICY: Final = "policy"
_INSTANT: Final = "_at_us"


def audit(desk: Desk) -> Content:
    """Changes, newest first; the search takes who did it, what was done, or an id."""
    state, services = desk.state, desk.sources.administration
    wanted = state.search or None
    found = services.audit.page(limit=_ROWS + 1, before_id=_cursor(state.cursor), search=wanted)
    entries = found[:_ROWS]
    present = _names(desk.sources) if entries else {}
    names = _told_names(entries) | present
    links = []
    if state.cursor:
        links.append(("first", "Newest", state.query_string(cursor="")))
    if len(found) > _ROWS:
        links.append(("next", "Older", state.query_string(cursor=str(entries[-1].id))))
    return Content(
        title="Audit log",
        subtitle="Every change of settings, every import and test, and who signed in and out.",
        tables=[
            Table(
                name="audit",
                title=f"Changes of or by {names.get(wanted, wanted)}" if wanted else "Changes",
                columns=_COLUMNS,
                rows=[_row(entry, names, present, state) for entry in entries],
                searchable=True,
                pages=tuple(links),
                note="The search takes a name of who did it, an id such as tok_…, the word policy, "
                "or what was done, such as token.create.",
                empty="No such change." if wanted else "Nothing was changed yet.",
            )
        ],
    )


def _cursor(text: str) -> int | None:
    if not text:
        return None
    if text.isascii() and text.isdigit() and 0 < int(text[:20]) <= _LARGEST_ID:
        return int(text[:20])
    raise QueryError([("cursor", f"the cursor {text[:40]!r} is none; begin at the newest")])


def _names(sources: Sources) -> dict[str, str]:
    """What is there and how it is called, by id: ids are for machines."""
    services = sources.administration
    names = {token.id: token.name for token in services.tokens.all()}
    names |= {user.id: user.name for user in services.users.all()}
    names |= {key.id: key.name for key in services.keys.all()}
    names |= {own.id: ", ".join(own.price.models) for own in services.price_overrides.all()}
    names |= {one.id: one.name for one in sources.channels.all()}
    names |= {one.limit.id: one.limit.name for one in sources.rate_limits.all()}
    return names | {one.budget.id: one.budget.name for one in sources.budgets.all()}


def _told_names(entries: Sequence[AuditEntry]) -> dict[str, str]:
    """How what is no more was called, as far as the entries say so."""
    return {
        entry.subject: str(name)
        for entry in reversed(entries)  # the newest name counts
        for told in (entry.before, entry.after)
        if told and (name := told.get("name") or told.get("file"))
    }


def _row(
    entry: AuditEntry, names: Mapping[str, str], present: Mapping[str, str], state: State
) -> list[Cell]:
    zone = state.zone
    subject = entry.subject
    page = _PAGES.get(subject[:4], "") if subject in present else ""
    href = "/settings/policy" if subject == _POLICY else page and page + subject
    return [
        instant(entry.at_us, zone),
        Cell(
            entry.actor_name,
            f"{entry.actor_kind}:{entry.actor_id}",
            href="/settings/audit" + state.query_string(search=entry.actor_id or entry.actor_kind),
        ),
        word(entry.action),
        Cell(names.get(subject, subject), subject, href=href),
        Cell(
            _change(entry, zone),
            {"before": entry.before, "after": entry.after},
            tone="wrap",
        ),
    ]


def _change(entry: AuditEntry, zone: str) -> str:
    before, after = entry.before, entry.after
    if before is None or after is None:
        given = before or after or {}
        return ", ".join(f"{_name(name)}: {_text(name, v, zone)}" for name, v in given.items() if v)
    return ", ".join(
        f"{_name(name)}: {_text(name, old, zone)} → {_text(name, after.get(name), zone)}"
        for name, old in before.items()
    )


def _name(name: str) -> str:
    return name.removesuffix(_INSTANT)


def _text(name: str, value: Any, zone: str) -> str:
    if value is None or value in ([], {}):
        return "nothing"
    if name.endswith(_INSTANT):
        return local(from_unix_us(value), zone)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " and ".join(str(each) for each in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}={_text('', each, zone)}" for key, each in value.items())
    return str(value)
