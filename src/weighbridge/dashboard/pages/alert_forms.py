"""Forms about channels: add one, test it, change it, remove it.

Counterpart: `/api/v1/channels` takes what they send. A URL is asked for and never shown.
"""

from typing import Final

from weighbridge.core.alert import CHOSEN_KINDS, Channel
from weighbridge.core.credential import Role
from weighbridge.dashboard.forms import Field, Form, as_list

_API: Final = "/api/v1/channels"
_URL: Final = Field(
    name="url",
    title="URL",
    kind="secret",
    hint="As apprise writes it; stored encrypted and never shown.",
    placeholder="slack://… mailtos://… jsons://…",
)
_KINDS: Final = f"Only these, between commas; all where empty. Known: {', '.join(CHOSEN_KINDS)}."
_QUIET: Final = "Only critical alerts go out then."


def create_form(*, is_open: bool) -> Form:
    """Where alerts shall go."""
    return Form(
        name="channel",
        title="Add a channel",
        submit="Add",
        method="POST",
        action=_API,
        fields=(_name(""), _URL, _kinds(()), _quiet("")),
        then="/channels/{id}",
        open=is_open,
    )


def channel_forms(channel: Channel, role: Role) -> list[Form]:
    """What a reader of this role may do with a channel."""
    address = f"{_API}/{channel.id}"
    forms = []
    if role.includes(Role.EDITOR):
        forms.append(
            Form(
                name="test",
                title="Test it",
                submit="Send a message now",
                method="POST",
                action=f"{address}/test",
                text="How it went stands in the table below.",
                open=True,
            )
        )
    if role.includes(Role.ADMIN):
        forms += [_change_form(channel, address), _url_form(address), _remove_form(address)]
    return forms


def _change_form(channel: Channel, address: str) -> Form:
    quiet = channel.quiet
    hours = "" if quiet is None else f"{quiet.begins}-{quiet.ends} {quiet.timezone}"
    return Form(
        name="change",
        title="Change it",
        submit="Save",
        method="PATCH",
        action=address,
        fields=(
            _name(channel.name),
            _kinds(channel.kinds),
            _quiet(hours),
            Field(
                name="enabled",
                title="Send",
                kind="switch",
                value="yes" if channel.enabled else "",
            ),
        ),
    )


def _url_form(address: str) -> Form:
    return Form(
        name="url",
        title="Set another URL",
        submit="Set",
        method="PATCH",
        action=address,
        fields=(_URL,),
    )


def _remove_form(address: str) -> Form:
    return Form(
        name="remove",
        title="Remove it",
        submit="Remove",
        method="DELETE",
        action=address,
        then="/alerts",
        confirm="Forget this channel and its URL for good?",
        text="What waits for it is given up; budgets that name it alone tell every channel.",
        danger=True,
    )


def _name(value: str) -> Field:
    hint = "For people, and for budgets that name it."
    return Field(name="name", title="Name", value=value, hint=hint, required=True)


def _kinds(kinds: tuple[str, ...]) -> Field:
    return Field(name="kinds", title="Kinds", kind="list", value=as_list(kinds), hint=_KINDS)


def _quiet(hours: str) -> Field:
    return Field(
        name="quiet",
        title="Quiet hours",
        kind="hours",
        value=hours,
        hint=_QUIET,
        placeholder="22:00-07:00 Europe/Berlin",
    )
