"""What an exchange can be grouped and filtered by.

Hides how a dimension's name finds its column. Rules for future edits: a name from outside is
looked up here and never reaches SQL as text; label keys travel as bound parameters. Every
dimension's values are text, whatever its column's type.
Counterpart: `query` and `cost_query` validate by `is_dimension`, `compile` writes the SQL.
"""

import difflib
from collections.abc import Iterable
from typing import Final

from weighbridge.core.exchange import TEXT_DIMENSIONS

NONE: Final = "(none)"  # the value of a dimension where nothing was given
OTHER: Final = "(other)"  # the row that holds what a limit left out
LABEL_PREFIX: Final = "label:"

# Columns that are no text: their values are compared in their own type.
INTEGER_COLUMNS: Final = frozenset({"status"})
BOOLEAN_COLUMNS: Final = frozenset({"streamed"})

COLUMN_OF: Final[dict[str, str]] = {name: name for name in (*TEXT_DIMENSIONS, "status", "streamed")}
COLUMN_OF["token"] = "token_id"

BOOLEAN_WORDS: Final = {"true": True, "false": False}


def is_dimension(name: str) -> bool:
    """Whether a query may group or filter by `name`.

    Example: `department` and `label:env` may, `label:` and `started_at` may not.
    """
    if name in COLUMN_OF:
        return True
    return name.startswith(LABEL_PREFIX) and len(name) > len(LABEL_PREFIX) and _storable(name)


def value_problem(dimension: str, value: str) -> str | None:
    """Why `value` can stand in no row of `dimension`, or None where it can."""
    column = COLUMN_OF.get(dimension)
    if not _storable(value):
        return f"{dimension} {value!r} holds half a surrogate pair, which no text can"
    if value == NONE:
        return None
    if column in INTEGER_COLUMNS and not (value.isascii() and value.isdigit() and len(value) < 10):
        return f"{dimension} {value!r} is no whole number: give one such as '200'"
    if column in BOOLEAN_COLUMNS and value not in BOOLEAN_WORDS:
        return f"{dimension} {value!r} is neither 'true' nor 'false'"
    return None


def stored_values(values: Iterable[str]) -> list[str | None]:
    """What stands in rows that a filter's values choose; None is what was not given.

    `(none)` stays among the texts: a client may have sent the word, and it is shown as one.
    """
    return [one for value in values for one in ((None, value) if value == NONE else (value,))]


def nearest(name: str, known: Iterable[str]) -> str:
    """The advice that ends an "is unknown" message: the nearest name, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(names)}"


def _storable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
