"""The settings that may also be changed while the gateway runs, and how both ways go together.

Hides the order: what the configuration gives, holds; what it leaves open, the policy sets; else
the default. Rules for future edits: a name here is one of the configuration, is read by
`control/policy_settings` on every change, and can be in force without a restart.
Counterpart: `control/policy_settings` stores, `compose/parts` makes the workers' snapshot of it.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from weighbridge.config.keys import LEAVES, Path
from weighbridge.config.model import Section, Settings
from weighbridge.errors import Problem

POLICY_SETTINGS: Final = (
    "gateway.require_token",
    "attribution.required",
    "attribution.allowed.department",
    "attribution.allowed.project",
    "attribution.allowed.agent",
    "labels.inject",
    "labels.developer_api",
    "labels.lenient",
    "labels.cardinality_warn",
    "labels.fold",
)
_LONGEST_SEEN: Final = 80
_Model = TypeVar("_Model", bound=Section)


def is_given(settings: Settings, name: str) -> bool:
    """Whether the configuration gives this setting, be it the default's own value."""
    at: Any = settings
    for part in _path(name):
        if part not in at.model_fields_set:
            return False
        at = getattr(at, part)
    return True


def value_of(settings: Settings, name: str) -> Any:
    """A setting's value."""
    at: Any = settings
    for part in _path(name):
        at = getattr(at, part)
    return at


def default_of(name: str) -> Any:
    """What holds where nobody says anything."""
    return LEAVES[_path(name)].default


def checked(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Values as the configuration would read them, and what is wrong with the others."""
    good: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        document: Any = value
        for part in reversed(_path(name)):
            document = {part: document}
        try:
            good[name] = value_of(Settings.model_validate(document), name)
        except ValidationError as error:
            message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            seen = repr(value)[:_LONGEST_SEEN]
            problems.append(Problem(name, message[:1].lower() + message[1:], seen))
    return good, problems


def overlaid(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """The settings with checked values put where the configuration gives none."""
    for name, value in values.items():
        if not is_given(settings, name):
            settings = _put(settings, _path(name), value)
    return settings


def _put(model: _Model, path: Path, value: Any) -> _Model:
    name, *below = path
    if below:
        value = _put(getattr(model, name), tuple(below), value)
    return model.model_copy(update={name: value})


def _path(name: str) -> Path:
    return tuple(name.split("."))
