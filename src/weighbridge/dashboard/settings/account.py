"""The reader's own account: who they are here, and another password."""

from typing import Final

from weighbridge.core.user import User
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Content, word
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.forms import Field, Form
from weighbridge.dashboard.settings.people import ways
from weighbridge.dashboard.settings.words import bounds, instant
from weighbridge.errors import ClientError, Problem

_KINDS: Final = {
    "user": "a person",
    "key": "a program, by an admin key",
    "operator": "the operator, on this machine",
}
_FIELDS: Final = (
    Field(name="current", label="Your password now", kind="secret", required=True),
    Field(
        name="password",
        label="The new one",
        kind="secret",
        required=True,
        hint="12 characters or more; a few words that do not belong together.",
    ),
    Field(name="again", label="The new one again", kind="secret", required=True),
)


def account(desk: Desk) -> Content:
    """What the gateway knows of whoever reads this."""
    reader = desk.principal
    facts = [
        ("Name", word(reader.name)),
        ("Role", word(reader.role.value)),
        ("Sees", Cell(bounds(reader.scope), dict(reader.scope))),
        ("Comes as", word(_KINDS[reader.kind])),
    ]
    content = Content(title="Your account", facts=facts)
    if reader.kind == "user":
        user = desk.sources.administration.users.get(reader.id)
        content.facts += _of_a_person(user, desk.state.zone)
        content.forms = [_password_form()] if user.has_password else []
    return content


def act_on_account(errand: Errand) -> Outcome:
    """Change the reader's password.

    Errors: `ClientError`.
    """
    # Not trimmed, as no password is where people sign in.
    current, wanted, again = (errand.raw(field.name) for field in _FIELDS)
    if wanted != again:
        problem = Problem("again", "is not the same as the new one")
        raise ClientError("both must be the same", problems=(problem,))
    errand.administration.change_password(errand.principal, current, wanted)
    return Outcome(to="/settings/account?done=password")


def _of_a_person(user: User, zone: str) -> list[tuple[str, Cell]]:
    return [
        ("Email", word(user.email)),
        ("Signs in by", word(ways(user))),
        ("Last signed in", instant(user.signed_in_at_us, zone)),
        ("Added", instant(user.created_at_us, zone)),
    ]


def _password_form() -> Form:
    return Form(
        name="password",
        title="Change your password",
        submit="Change it",
        text="Your other browsers are signed out; this one stays signed in.",
        fields=_FIELDS,
        folded=False,
    )
