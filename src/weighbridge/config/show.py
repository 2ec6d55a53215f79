"""Settings as rows for people and scripts: name, value, origin; secrets hidden.

`reference` is the same list as documentation; `docs/reference/configuration.md` holds its text
and a test compares them.
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from weighbridge.config import keys
from weighbridge.config.address import Address
from weighbridge.config.layers import ENVIRONMENT_PREFIX, SEPARATOR
from weighbridge.config.load import Configuration
from weighbridge.config.model import Settings

HIDDEN = "••••••"


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as it stands."""

    name: str
    value: Any
    origin: str


def rows(configuration: Configuration) -> list[Row]:
    """Every setting in the order of the reference; a mapping gives a row per entry."""
    found = []
    for path, field in keys.LEAVES.items():
        value = _value(configuration.settings, path)
        if keys.is_mapping(field) and value:
            for name, entry in value.items():
                found.append(_row(configuration, (*path, name), entry))
        else:
            found.append(_row(configuration, path, value))
    return found


def text(value: Any) -> str:
    """A value as it would stand in the TOML file; `-` where it is not set."""
    if value is None:
        return "-"
    return json.dumps(value, ensure_ascii=False)


def reference() -> str:
    """The reference page's table of settings, Markdown."""
    lines = []
    section = None
    for path, field in keys.LEAVES.items():
        if path[:-1] != section:
            section = path[:-1]
            title = f"`[{'.'.join(section)}]`" if section else "Top level"
            lines += ["", f"## {title}", "", "| name | default | meaning |", "|---|---|---|"]
        default = text(_plain(_default(field)))
        lines.append(f"| `{path[-1]}` | `{default}` | {field.description}{_choices(field)} |")
    return "\n".join(lines).strip() + "\n"


def variable(name: str) -> str:
    """Environment variable of a setting: `gateway.listen` gives `WEIGHBRIDGE_GATEWAY__LISTEN`."""
    return ENVIRONMENT_PREFIX + name.replace(".", SEPARATOR).upper()


def _row(configuration: Configuration, path: keys.Path, value: Any) -> Row:
    given = configuration.origins
    origin = given.get(path) or given.get(path[:-1]) or "default"
    return Row(".".join(path), _plain(value), origin)


def _value(settings: Settings, path: keys.Path) -> Any:
    value: Any = settings
    for name in path:
        value = getattr(value, name)
    return value


def _default(field: FieldInfo) -> Any:
    return None if field.default is PydanticUndefined else field.default


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    assert isinstance(value, Address | Decimal) or hasattr(value, "__fspath__")
    return str(value)


def _choices(field: FieldInfo) -> str:
    words = keys.choices(field)
    return f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""
