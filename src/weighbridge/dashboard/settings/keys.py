"""Admin keys: what there are, a new one whose secret is shown once, and one to revoke."""

from typing import Final

from weighbridge.core.credential import AdminKey, Role
from weighbridge.dashboard.asking import Desk, Sources
from weighbridge.dashboard.content import Cell, Content, Table, word
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.forms import Field, Form, Notice, choices
from weighbridge.dashboard.settings.words import columns, instant
from weighbridge.errors import NotFoundError

_COLUMNS: Final = columns(
    ("name", "Name"), ("role", "Role"), ("state", "State"), ("made", "Made"), ("id", "Id")
)
_FIELDS: Final = (
    Field(name="name", label="Name", required=True, hint="For people: which program has it."),
    Field(
        name="role",
        label="Role",
        kind="select",
        options=choices(*reversed([role.value for role in Role])),
        values=(Role.VIEWER.value,),
        hint="A viewer reads, an editor makes tokens, an admin does all.",
    ),
)


def keys(desk: Desk) -> Content:
    """Every key: those in force first, the newest first."""
    every = sorted(desk.sources.administration.keys.all(), key=lambda key: bool(key.revoked_at_us))
    form = Form(
        name="create", title="Make a key", submit="Make the key", fields=_FIELDS, leads=True
    )
    return Content(
        title="API keys",
        subtitle="An admin key lets a program use the API as this dashboard does.",
        forms=[form],
        tables=[
            Table(
                name="keys",
                title="API keys",
                columns=_COLUMNS,
                rows=[_row(key, desk.state.zone) for key in every],
                empty="No key yet.",
            )
        ],
    )


def one_key(desk: Desk) -> Content:
    """The key of the page's address."""
    key = _found(desk.sources, desk.name)
    revoke = Form(
        name="revoke",
        title="Revoke",
        submit=f"Revoke {key.name} for good",
        text="Requests with it are refused from now on.",
        tone="bad",
    )
    return Content(
        title=key.name,
        parents=(("API keys", "/settings/keys"),),
        forms=[] if key.revoked_at_us else [revoke],
        facts=[
            ("State", Cell(_state(key), _state(key))),
            ("Role", word(key.role.value)),
            ("Secret", Cell(f"ends in {key.hint}", key.hint)),
            ("Made", instant(key.created_at_us, desk.state.zone)),
            ("Id", word(key.id)),
        ],
    )


def heading(sources: Sources, name: str) -> str:
    """What the key of an address is called."""
    return _found(sources, name).name


def make_key(errand: Errand) -> Outcome:
    """Make the key that was asked for, and tell its secret."""
    role = errand.text("role")
    wanted = Role(role) if role in set(Role) else Role.VIEWER
    key, secret = errand.administration.keys.create(errand.text("name"), wanted, errand.principal)
    ask = f"curl {errand.administration.origin}/api/v1/me"
    notice = Notice(
        text=f"Key {key.name} is in force. Copy it now: it is not shown again.",
        secret=secret,
        command=f'{ask} -H "Authorization: Bearer {secret}"',
        about="A request with it, which answers whose it is:",
    )
    return Outcome(notice=notice, status=201)


def act_on_key(errand: Errand) -> Outcome:
    """Revoke it."""
    errand.administration.keys.revoke(errand.name, errand.principal)
    return Outcome(to=f"/settings/keys/{errand.name}?done=revoked")


def _found(sources: Sources, key_id: str) -> AdminKey:
    for key in sources.administration.keys.all():
        if key.id == key_id:
            return key
    raise NotFoundError(f"no admin key has the id {key_id[:60]!r}")


def _state(key: AdminKey) -> str:
    return "revoked" if key.revoked_at_us else "in force"


def _row(key: AdminKey, zone: str) -> list[Cell]:
    state = _state(key)
    return [
        word(key.name, href=f"/settings/keys/{key.id}"),
        word(key.role.value),
        Cell(state, state, tone="good" if state == "in force" else "quiet"),
        instant(key.created_at_us, zone),
        Cell(f"{key.id} …{key.hint}", key.id, tone="quiet"),
    ]
