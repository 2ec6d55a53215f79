"""What a page lets its reader change: forms that speak to the admin API.

Hides how fields become a JSON document. A form is sent by the browser's module to the same API
that programs use, with the session's CSRF token, so there is one way to change a thing, one check
of roles and values, one log; what the API says is wrong stands beside its field.
Rules for future edits: a form is given only to readers whose role may send it, which spares them
a refusal and protects nothing; a secret is never a field's value.
Counterparts: `templates/parts.html` draws them, `static/weighbridge.js` sends them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Text = Literal["text", "secret", "whole", "instant", "hours"]
Kind = Literal[Text, "choice", "switch", "list", "wholes", "pairs"]
"""How a field reads: `list` values between commas, `wholes` whole numbers between commas, `pairs`
a line `key=value,value` each, `switch` yes or no, `hours` `HH:MM-HH:MM ZONE`; an empty `text`,
`choice` or `hours` is null; a `secret` is not shown while it is typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One member of the document; `options` are values with their words."""

    name: str
    title: str
    kind: Kind = "text"
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    placeholder: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A document that is sent to an address of the API, and where the reader goes then.

    `then` is the next page, with `{id}` for what was made; empty = this page again. `confirm`
    is asked before. `open` shows the fields at once.
    """

    name: str
    title: str
    submit: str
    method: Literal["POST", "PATCH", "DELETE"]
    action: str
    fields: tuple[Field, ...] = ()
    then: str = ""
    confirm: str = ""
    text: str = ""
    open: bool = False
    danger: bool = False


def as_list(values: Any) -> str:
    """Values between commas."""
    return ", ".join(str(value) for value in values)


def as_pairs(pairs: Mapping[str, Any]) -> str:
    """A line for each key, with its values between commas."""
    return "\n".join(f"{name}={','.join(values)}" for name, values in pairs.items())
