"""Forms about channels, and what they do: add one, test it, change it, remove it.

A URL is asked for and never shown. Counterpart: `control/alerting` checks what they send.
"""

import re
from typing import Any, Final

from weighbridge.core.alert import Channel, DeliveryState, NewChannel, Quiet
from weighbridge.core.credential import Role
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.forms import Field, Form
from weighbridge.dashboard.pages.alert_words import KIND_LINES, KIND_OPTIONS
from weighbridge.errors import NotAllowedError

_HOURS: Final = re.compile(r"(\S*?)\s*[-\u2013]\s*(\S*)\s*(\S*)")
_URL: Final = Field(
    name="url",
    label="URL",
    kind="secret",
    hint="As apprise writes it; stored encrypted and never shown.",
    placeholder="slack://… mailtos://… jsons://…",
    required=True,
)


def create_form(*, folded: bool) -> Form:
    """Where alerts shall go."""
    return Form(
        name="channel",
        title="Add a channel",
        submit="Add",
        fields=(_name(""), _URL, _kinds(()), _quiet(None)),
        leads=True,
        folded=folded,
    )


def channel_forms(channel: Channel, role: Role) -> list[Form]:
    """What a reader of this role may do with a channel."""
    forms = []
    if role.includes(Role.EDITOR):
        text = "How it went stands in the table below."
        submit = "Send a message now"
        forms.append(Form(name="test", title="Test it", submit=submit, text=text, folded=False))
    if role.includes(Role.ADMIN):
        forms += [_change_form(channel), _url_form(), _remove_form(channel)]
    return forms


def add_channel(errand: Errand) -> Outcome:
    """Add the channel that was asked for."""
    services = errand.administration
    new = NewChannel(url=errand.text("url"), **_settings(errand))
    channel = services.channels.create(new, errand.principal)
    services.alert_sender.wake()
    return Outcome(to=f"/channels/{channel.id}?done=added")


def act_on_channel(errand: Errand) -> Outcome:
    """Test, change or remove it; all but a test is an administrator's.

    Errors: `NotAllowedError`.
    """
    services, channel_id, by = errand.administration, errand.name, errand.principal
    services.channels.get(channel_id)
    if errand.form == "test":
        sent = services.alert_sender.test(channel_id, by).state is DeliveryState.SENT
        return Outcome(to=f"/channels/{channel_id}?done={'sent' if sent else 'unsent'}")
    if not by.role.includes(Role.ADMIN):
        raise NotAllowedError("this needs the role admin; an editor may send a test")
    if errand.form == "remove":
        services.channels.remove(channel_id, by)
        return Outcome(to="/alerts?done=removed")
    changes: dict[str, Any] = {"url": errand.text("url")}
    if errand.form != "url":
        changes = {**_settings(errand), "enabled": bool(errand.text("enabled"))}
    services.channels.update(channel_id, changes, by)
    return Outcome(to=f"/channels/{channel_id}?done=changed")


def _settings(errand: Errand) -> dict[str, Any]:
    return {
        "name": errand.text("name"),
        "kinds": tuple(errand.ticked("kinds")),
        "quiet": _hours(errand.text("quiet")),
    }


def _hours(text: str) -> Quiet | None:
    """`22:00-07:00 Europe/Berlin`; what is none goes on, for the service says what is wrong."""
    if not text:
        return None
    found = _HOURS.fullmatch(text)
    begins, ends, timezone = found.groups() if found else (text, "", "")
    return Quiet(begins=begins, ends=ends, timezone=timezone or "UTC")


def _change_form(channel: Channel) -> Form:
    return Form(
        name="change",
        title="Change it",
        submit="Save",
        fields=(
            _name(channel.name),
            _kinds(channel.kinds),
            _quiet(channel.quiet),
            Field(
                name="enabled",
                label="Send",
                kind="check",
                values=("yes",) if channel.enabled else (),
            ),
        ),
    )


def _url_form() -> Form:
    return Form(name="url", title="Set another URL", submit="Set", fields=(_URL,))


def _remove_form(channel: Channel) -> Form:
    return Form(
        name="remove",
        title="Remove it",
        submit=f"Remove {channel.name} for good",
        text="Its URL is forgotten and what waits for it is given up; budgets that name it alone "
        "tell every channel.",
        tone="bad",
    )


def _name(value: str) -> Field:
    hint = "For people, and for budgets that name it."
    return Field(name="name", label="Name", values=(value,), hint=hint, required=True)


def _kinds(kinds: tuple[str, ...]) -> Field:
    return Field(
        name="kinds",
        label="Takes only",
        kind="checks",
        options=KIND_OPTIONS,
        lines=KIND_LINES,
        values=kinds,
        hint="None ticked: every kind.",
    )


def _quiet(quiet: Quiet | None) -> Field:
    text = "" if quiet is None else f"{quiet.begins}-{quiet.ends} {quiet.timezone}"
    return Field(
        name="quiet",
        label="Quiet hours",
        values=(text,),
        hint="Only critical alerts go out then.",
        placeholder="22:00-07:00 Europe/Berlin",
    )
