"""People who sign in: who there is, a new one, and one of them to change, invite or disable."""

from typing import Any, Final

from weighbridge.core.clock import from_unix_us
from weighbridge.core.credential import Role
from weighbridge.core.user import NewUser, OneTimeLink, User
from weighbridge.dashboard.administration import Administration
from weighbridge.dashboard.asking import Desk, Sources
from weighbridge.dashboard.content import Cell, Content, Table, word
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.forms import Field, Form, Notice, joined
from weighbridge.dashboard.settings.words import bounds, columns, instant, local

_ROLES: Final = (
    (Role.VIEWER.value, "viewer: reads"),
    (Role.EDITOR.value, "editor: also makes tokens"),
    (Role.ADMIN.value, "admin: also people, keys, policy, rates"),
)
_COLUMNS: Final = columns(
    ("name", "Name"),
    ("role", "Role"),
    ("sees", "Sees"),
    ("state", "State"),
    ("signed_in", "Last signed in"),
    ("email", "Email"),
    ("id", "Id"),
)


def people(desk: Desk) -> Content:
    """Everybody, newest first."""
    users = desk.sources.administration.users.all()
    form = Form(
        name="create",
        title="Add a person",
        submit="Add, and make a link",
        text="They choose their password by a link that works once.",
        leads=True,
        fields=_fields(NewUser(name="")),
    )
    return Content(
        title="People",
        subtitle="Who signs in here, and how far they see.",
        forms=[form],
        tables=[
            Table(
                name="people",
                title="People",
                columns=_COLUMNS,
                rows=[_row(user, desk.state.zone) for user in users],
                empty="Nobody yet.",
            )
        ],
    )


def one_person(desk: Desk) -> Content:
    """The person of the page's address."""
    user = desk.sources.administration.users.get(desk.name)
    zone = desk.state.zone
    forms = _forms_of(user, desk.principal.id)
    return Content(
        title=user.name,
        parents=(("People", "/settings/people"),),
        forms=forms,
        facts=[
            ("State", Cell(_state(user), _state(user))),
            ("Role", word(user.role.value)),
            ("Sees", Cell(bounds(user.scope), dict(user.scope))),
            ("Email", word(user.email)),
            ("Signs in by", word(ways(user))),
            ("Last signed in", instant(user.signed_in_at_us, zone)),
            ("Added", instant(user.created_at_us, zone)),
            ("Changed", instant(user.updated_at_us, zone)),
            ("Id", word(user.id)),
        ],
    )


def heading(sources: Sources, name: str) -> str:
    """What the person of an address is called."""
    return sources.administration.users.get(name).name


def add_person(errand: Errand) -> Outcome:
    """Add them, and tell the link by which they choose a password."""
    services = errand.administration
    user = services.users.create(NewUser(**_wish(errand)), errand.principal)
    made = services.links.make(user.id, errand.principal)
    return Outcome(notice=_invitation(services, user.name, made), status=201)


def act_on_person(errand: Errand) -> Outcome:
    """Change, invite, disable or enable them."""
    services, user_id = errand.administration, errand.name
    if errand.form == "link":
        user = services.users.get(user_id)
        made = services.links.make(user_id, errand.principal)
        return Outcome(notice=_invitation(services, user.name, made), status=201)
    changes: dict[str, Any] = {
        "disable": {"disabled": True},
        "enable": {"disabled": False},
    }.get(errand.form) or _wish(errand)
    services.users.update(user_id, changes, errand.principal)
    done = {"disable": "disabled", "enable": "enabled"}.get(errand.form, "changed")
    return Outcome(to=f"/settings/people/{user_id}?done={done}")


def ways(user: User) -> str:
    """How somebody may sign in."""
    open_ways = [way for way, open_ in _open_ways(user) if open_]
    return ", ".join(open_ways) or "nothing yet"


def _invitation(services: Administration, name: str, made: tuple[OneTimeLink, str]) -> Notice:
    link, secret = made
    until = local(from_unix_us(link.expires_at_us), "UTC")
    return Notice(
        text=f"Hand this link to {name}. It sets a password once, until {until} UTC, and is not "
        "shown again.",
        secret=f"{services.origin}/welcome/{secret}",
    )


def _fields(user: NewUser | User) -> tuple[Field, ...]:
    return (
        Field(
            name="name",
            label="Name",
            values=(user.name,),
            required=True,
            hint="What they sign in by; whatever its case.",
        ),
        Field(name="email", label="Email", values=(user.email or "",), hint="May be empty."),
        Field(
            name="role",
            label="Role",
            kind="select",
            options=_ROLES,
            values=(user.role.value,),
        ),
        *(
            Field(
                name=f"scope.{name}",
                label=f"Sees only {name}s",
                kind="area",
                values=joined(user.scope.get(name)),
                hint="One on each line, for viewers; empty for all.",
                also=("scope",) if name == "department" else (),
            )
            for name in ("department", "project")
        ),
    )


def _wish(errand: Errand) -> dict[str, Any]:
    scope = {name: tuple(errand.lines(f"scope.{name}")) for name in ("department", "project")}
    role = errand.text("role")
    return {
        "name": errand.text("name"),
        "email": errand.some("email"),
        "role": Role(role) if role in set(Role) else Role.VIEWER,
        "scope": {name: values for name, values in scope.items() if values},
    }


def _forms_of(user: User, reader_id: str) -> list[Form]:
    if user.disabled_at_us is not None:
        text = "They may sign in again with the password that they had."
        return [Form(name="enable", title="Enable", submit=f"Enable {user.name}", text=text)]
    forms = [
        Form(name="change", title="Change", submit="Save", fields=_fields(user)),
        Form(
            name="link",
            title="Make a one-time link",
            submit="Make a link",
            text="Who follows it chooses a new password. Earlier links end.",
        ),
    ]
    if user.id != reader_id:
        text = "Their sessions and links end now."
        title = f"Disable {user.name}"
        forms.append(Form(name="disable", title="Disable", submit=title, text=text, tone="bad"))
    return forms


def _row(user: User, zone: str) -> list[Cell]:
    state = _state(user)
    return [
        word(user.name, href=f"/settings/people/{user.id}"),
        word(user.role.value),
        Cell(bounds(user.scope), dict(user.scope)),
        Cell(state, state, tone="good" if state == "in force" else "quiet"),
        instant(user.signed_in_at_us, zone),
        word(user.email),
        word(user.id, tone="quiet"),
    ]


def _state(user: User) -> str:
    if user.disabled_at_us is not None:
        return "disabled"
    return "in force" if user.has_password or user.has_oidc else "invited"


def _open_ways(user: User) -> tuple[tuple[str, bool], ...]:
    return ("password", user.has_password), ("single sign-on", user.has_oidc)
