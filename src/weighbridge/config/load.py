"""From layers to `Settings`: all problems at once, each with its origin.

Hides pydantic's errors behind our one-line form. Counterpart: `layers` reads, `model`
declares, `show` prints what this gives.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from weighbridge.config import keys, layers
from weighbridge.config.keys import Path
from weighbridge.config.layers import Given
from weighbridge.config.model import Settings
from weighbridge.errors import ConfigurationError, Problem

_LONGEST_SEEN = 80
_HIDDEN = "(hidden: it may hold credentials)"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings and the origin of each value that is not a default."""

    settings: Settings
    origins: Mapping[Path, str]

    def __repr__(self) -> str:
        return f"<Configuration data={self.settings.data} given={len(self.origins)}>"


def load(
    file: FilePath | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, tuple[str, Any]] | None = None,
) -> Configuration:
    """Settings from a file, the environment and flags; flags beat both.

    Errors: `ConfigurationError` with every problem found.
    """
    from_file, problems = layers.from_file(file)
    given = from_file + layers.from_environment(environment or {}) + layers.from_flags(flags or {})
    merged: dict[str, Any] = {}
    origins: dict[Path, str] = {}
    for one in given:
        if one.value == {} and keys.is_section(one.path):
            continue  # a heading with nothing below it, or all of it commented out
        if keys.field_at(one.path) is None:
            problems.append(_unknown(one))
        else:
            _put(merged, one)
            origins[one.path] = one.origin
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        problems += [_problem(detail, origins) for detail in error.errors(include_url=False)]
        settings = None
    if problems or settings is None:
        raise ConfigurationError(_once(problems))
    return Configuration(settings, origins)


def load_from_process(
    file: FilePath | None = None, flags: Mapping[str, tuple[str, Any]] | None = None
) -> Configuration:
    """As `load`, with this process's environment."""
    return load(file, process_environment(), flags)


def process_environment() -> Mapping[str, str]:
    """This process's environment: the one place that reads it."""
    return os.environ


def _put(merged: dict[str, Any], one: Given) -> None:
    table = merged
    for name in one.path[:-1]:
        below = table.setdefault(name, {})
        if not isinstance(below, dict):
            below = table[name] = {}
        table = below
    table[one.path[-1]] = one.value


def _unknown(one: Given) -> Problem:
    near = keys.nearest(one.path)
    remedy = f"did you mean {near}?" if near else "see `weighbridge config show` for all names"
    return Problem(one.name, "no such setting", origin=one.origin, remedy=remedy)


def _problem(detail: ErrorDetails, origins: Mapping[Path, str]) -> Problem:
    path = _known_part(tuple(str(part) for part in detail["loc"]))
    origin = origins.get(path) or next(
        (where for given, where in origins.items() if given[: len(path)] == path), None
    )
    message = detail["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    field = keys.field_at(path)
    seen = None
    if field is not None:
        seen = _HIDDEN if keys.is_secret(field) else _seen(detail["input"])
    return Problem(".".join(path), message, seen, origin)


def _known_part(path: Path) -> Path:
    """The path without what pydantic appends for unions and list items."""
    for length in range(len(path), 0, -1):
        if keys.field_at(path[:length]) is not None:
            return path[:length]
    return path


def _seen(value: object) -> str:
    text = repr(value)
    if "@" in text and "://" in text:
        return _HIDDEN
    return text if len(text) <= _LONGEST_SEEN else text[:_LONGEST_SEEN] + "…"


def _once(problems: list[Problem]) -> list[Problem]:
    """One problem per place: a union reports each of its alternatives."""
    by_place: dict[str, Problem] = {}
    for problem in problems:
        first = by_place.setdefault(problem.where, problem)
        if first is not problem and first.seen == problem.seen:
            message = f"{first.message} (or {problem.message})"
            by_place[problem.where] = Problem(first.where, message, first.seen, first.origin)
    return list(by_place.values())
