"""The attribution policy: what calls must say, and what is done with labels."""

from typing import Any, Final

from weighbridge.config.keys import LEAVES, choices, is_list
from weighbridge.core.credential import Role
from weighbridge.core.policy_setting import PolicySetting, SettingOrigin
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Content, Table, word
from weighbridge.dashboard.errands import Errand, Outcome
from weighbridge.dashboard.first_call import REQUIRED
from weighbridge.dashboard.forms import Field, Form, joined
from weighbridge.dashboard.settings.words import DIMENSION_CHOICES, columns, instant

_COLUMNS: Final = columns(
    ("name", "Setting"), ("value", "In force"), ("origin", "Set by"), ("changed", "Changed")
)
_LABELS: Final = {
    "gateway.require_token": "Calls need a tracking token",
    REQUIRED: "Every call must carry",
    "attribution.allowed.department": "Departments that pass",
    "attribution.allowed.project": "Projects that pass",
    "attribution.allowed.agent": "Agents that pass",
    "labels.inject": "Fill attribution into Vertex labels",
    "labels.developer_api": "Labels on Developer API bodies",
    "labels.lenient": "Lenient label rules",
    "labels.cardinality_warn": "Warn above distinct values",
    "labels.fold": "Fold label keys with too many values",
}
_ON: Final = "on"
_OFF: Final = "off"
_YES_NO: Final = ((_ON, "Yes"), (_OFF, "No"))
_LOCKED: Final = "Set by the configuration; change it there."


def policy(desk: Desk) -> Content:
    """Every setting with where it comes from, and a form of those that can be changed."""
    settings = desk.sources.administration.policy_settings.all()
    forms = []
    if desk.principal.role.includes(Role.ADMIN):
        form = Form(
            name="change",
            title="Change the policy",
            submit="Save",
            text="In force on every worker when this page comes back.",
            fields=tuple(_field(setting) for setting in settings),
            folded=False,
        )
        forms.append(form)
    return Content(
        title="Policy",
        subtitle="What a call must say about whom it is for, and what is done with labels.",
        forms=forms,
        tables=[
            Table(
                name="policy",
                title="In force",
                columns=_COLUMNS,
                rows=[_row(setting, desk.state.zone) for setting in settings],
            )
        ],
    )


def change_policy(errand: Errand) -> Outcome:
    """Put into force what differs from what holds."""
    service = errand.administration.policy_settings
    changes = {}
    for setting in service.all():
        if setting.origin is SettingOrigin.CONFIGURATION:
            continue
        wanted = _sent(errand, setting.name)
        if wanted != setting.value:
            changes[setting.name] = None if wanted == setting.default else wanted
    if changes:
        service.update(changes, errand.principal)
    return Outcome(to="/settings/policy?done=changed", publish=bool(changes))


def _field(setting: PolicySetting) -> Field:
    name, value = setting.name, setting.value
    leaf = LEAVES[tuple(name.split("."))]
    given: dict[str, Any] = {
        "name": name,
        "label": _LABELS[name],
        "hint": (leaf.description or "").replace("`", ""),
        "locked": _LOCKED if setting.origin is SettingOrigin.CONFIGURATION else "",
    }
    if name == REQUIRED:
        return Field(kind="checks", options=DIMENSION_CHOICES, values=tuple(value), **given)
    if is_list(leaf):
        given["hint"] = "One on each line; empty lets all pass."
        return Field(kind="area", values=joined(value), **given)
    if isinstance(setting.default, bool):
        return Field(kind="select", options=_YES_NO, values=(_ON if value else _OFF,), **given)
    if words := choices(leaf):
        options = tuple((word, word) for word in words)
        return Field(kind="select", options=options, values=(value,), **given)
    return Field(kind="number", values=(str(value),), **given)


def _sent(errand: Errand, name: str) -> Any:
    """A field of the form as the setting takes it; a text that is no number goes as it is."""
    leaf = LEAVES[tuple(name.split("."))]
    if name == REQUIRED:
        return errand.ticked(name)
    if is_list(leaf):
        return errand.lines(name) or None
    text = errand.text(name)
    if isinstance(leaf.default, bool):
        return text == _ON
    if choices(leaf):
        return text
    return int(text) if text.isascii() and text.isdigit() else text or leaf.default


def _row(setting: PolicySetting, zone: str) -> list[Cell]:
    value = setting.value
    return [
        Cell(_LABELS[setting.name], setting.name),
        Cell(_text(value), value),
        word(setting.origin.value, tone="quiet" if setting.origin == "default" else ""),
        instant(setting.changed_at_us, zone, none="-"),
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return "all" if value is None else str(value)
