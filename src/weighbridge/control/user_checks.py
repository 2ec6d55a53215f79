"""What is wrong with a person as they are asked for: every problem at once."""

import re
from typing import Final

from weighbridge.attribution.identity import MAX_VALUE_CHARACTERS
from weighbridge.core.credential import Role
from weighbridge.core.principal import SCOPE_DIMENSIONS
from weighbridge.core.user import NewUser
from weighbridge.errors import Problem

_MOST_VALUES: Final = 100
_RESERVED: Final = ("(none)", "(other)", "")  # words that stand for no value of their own
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


def user_problems(wanted: NewUser) -> list[Problem]:
    """Problems of a person's name, address and scope."""
    problems = []
    if not _is_word(wanted.name):
        message = f"expected 1 to {MAX_VALUE_CHARACTERS} printable characters"
        problems.append(Problem("name", message))
    if wanted.email is not None and not _EMAIL.fullmatch(wanted.email):
        problems.append(Problem("email", "expected an address like ada@example.org"))
    if wanted.scope and wanted.role is not Role.VIEWER:
        message = f"only viewers are bound, and this is the role {wanted.role.value}"
        problems.append(Problem("scope", message))
    for name, values in wanted.scope.items():
        problems += _scope_problems(name, values)
    return problems


def _scope_problems(name: str, values: tuple[str, ...]) -> list[Problem]:
    where = f"scope.{name[:60]}"
    if name not in SCOPE_DIMENSIONS:
        return [Problem(where, f"expected one of {', '.join(SCOPE_DIMENSIONS)}")]
    if not 1 <= len(values) <= _MOST_VALUES:
        return [Problem(where, f"expected 1 to {_MOST_VALUES} values, got {len(values)}")]
    return [
        Problem(where, f"{value[:60]!r} can be no {name}")
        for value in values
        if value in _RESERVED or not _is_word(value)
    ]


def _is_word(text: str) -> bool:
    return bool(text.strip()) and len(text) <= MAX_VALUE_CHARACTERS and text.isprintable()
