"""Where values come from: file, environment, flags, each a flat mapping of path to value.

The only module that knows the environment's naming. Later layers beat earlier ones, value by
value. Counterpart: `load` merges and validates them.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from weighbridge.config import keys
from weighbridge.config.keys import Path
from weighbridge.errors import Problem

ENVIRONMENT_PREFIX = "WEIGHBRIDGE_"
SEPARATOR = "__"
DEFAULT_FILE = "weighbridge.toml"


@dataclass(frozen=True, slots=True)
class Given:
    """One value and where it was given."""

    path: Path
    value: Any
    origin: str

    @property
    def name(self) -> str:
        """Dotted name, as in the reference."""
        return ".".join(self.path)


def from_file(file: FilePath | None) -> tuple[list[Given], list[Problem]]:
    """Values of a TOML file.

    Takes: the file, or None for `weighbridge.toml` in the current folder, which may be absent.
    """
    chosen = file or FilePath(DEFAULT_FILE)
    if file is None and not chosen.is_file():
        return [], []
    try:
        document = tomllib.loads(chosen.read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or "unreadable"
        return [], [Problem("--config", reason.lower(), str(chosen), remedy="name a TOML file")]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return [], [Problem(str(chosen), f"not a TOML file: {error}")]
    return [Given(path, value, str(chosen)) for path, value in _flatten(document)], []


def from_environment(environment: Mapping[str, str]) -> list[Given]:
    """Values of `WEIGHBRIDGE_SECTION__KEY` variables.

    A list is written as JSON or with commas. Variables with this prefix but without `__`
    belong to others (`WEIGHBRIDGE_DATA` and `WEIGHBRIDGE_CONFIG` to the command line).
    """
    given = []
    for variable in sorted(environment):
        if not variable.startswith(ENVIRONMENT_PREFIX) or SEPARATOR not in variable:
            continue
        rest = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
        path = tuple(rest.split(SEPARATOR))
        value = _typed(path, environment[variable])
        given.append(Given(path, value, f"environment {variable}"))
    return given


def from_flags(flags: Mapping[str, tuple[str, Any]]) -> list[Given]:
    """Values of command-line flags: dotted name → (flag as written, value)."""
    return [
        Given(tuple(name.split(".")), value, f"flag {flag}")
        for name, (flag, value) in flags.items()
    ]


def _typed(path: Path, text: str) -> Any:
    field = keys.field_at(path)
    if field is None or not (keys.is_list(field) or keys.is_mapping(field)):
        return text
    if text.lstrip().startswith(("[", "{")):
        try:
            return json.loads(text)
        except ValueError:
            return text
    if keys.is_list(field):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _flatten(table: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, value in table.items():
        path = (*above, name)
        if isinstance(value, dict) and value:
            yield from _flatten(value, path)
        else:
            yield path, value
