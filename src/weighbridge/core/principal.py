"""Who asks, and how much of the ledger they may see.

A `Scope` maps `department` or `project` to the only values that are seen; empty is everything,
and where both are there a row must satisfy both. Rules for future edits: a scope only ever
narrows: nothing here, and nothing that takes one, can give more than was there before.
Counterpart: `reports/cost_query` and `ledger/stores` apply it in SQL, `sees` to single rows.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from weighbridge.core.credential import Role

Scope = Mapping[str, tuple[str, ...]]
SCOPE_DIMENSIONS: Final = ("department", "project")
EVERYTHING: Final[Scope] = {}


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of the admin API or of a page: the operator, an admin key, or a person.

    `id` is `key_…` or `usr_…`, empty for the operator on the machine itself.
    """

    kind: Literal["operator", "key", "user"]
    id: str
    name: str
    role: Role
    scope: dict[str, tuple[str, ...]] = {}


OPERATOR: Final = Principal(kind="operator", id="", name="operator", role=Role.ADMIN)


def sees(scope: Scope, row: Mapping[str, Any]) -> bool:
    """Whether a row, by its columns, lies within a scope.

    Example: `{"department": ("care",)}` sees a row of `care`, and none without a department.
    """
    return all(row.get(name) in values for name, values in scope.items())


def narrowed(scope: Scope, by: Scope) -> Scope:
    """What both scopes see."""
    both = {**scope, **by}
    for name in scope.keys() & by.keys():
        both[name] = tuple(value for value in scope[name] if value in by[name])
    return both
