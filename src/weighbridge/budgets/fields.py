"""Reads named fields from outside one by one, and remembers everything that is wrong.

Rules for future edits: nothing is guessed or rounded: an amount finer than a pico-dollar, a value
of the wrong kind and a name that is not known are problems.
Counterpart: `reading` says which fields make a budget or a rate limit.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

from weighbridge.budgets.scope import ALL_DIMENSIONS, KNOWN_BEFORE, LABEL_PREFIX
from weighbridge.core.money import decimal_to_pico
from weighbridge.core.zone_names import is_zone
from weighbridge.errors import ClientError, Problem

MOST_CHARACTERS: Final = 128
MOST_ADDRESS: Final = 4096
MOST_VALUES: Final = 1_000
MOST_THRESHOLDS: Final = 20
HIGHEST_THRESHOLD: Final = 1_000
MOST_USD: Final = Decimal(10) ** 12
_ADDRESS_MARK: Final = "://"
T = TypeVar("T")


class FieldReader:
    """Reads fields one by one and remembers what is wrong."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._problems: list[Problem] = []

    def __repr__(self) -> str:
        return f"<FieldReader with {len(self._problems)} problems>"

    def finish(self, what: str) -> None:
        """All problems at once, if there are any.

        Errors: `ClientError`.
        """
        if self._problems:
            raise ClientError(f"this {what} cannot be set as asked", problems=tuple(self._problems))

    def text(self, field: str) -> str:
        """A text for people."""
        value = self._given.get(field)
        if _is_text(value):
            return str(value)
        rule = f"expected 1 to {MOST_CHARACTERS} printable characters"
        return self._wrong(field, rule, "")

    def amount(self, field: str) -> int:
        """Decimal text or a whole number; never a float, which is not what was written."""
        value = self._given.get(field)
        rule = "expected US dollars above zero as decimal text, like '100.00'"
        if not isinstance(value, str | int) or isinstance(value, bool):
            return self._wrong(field, rule, 0)
        try:
            usd = Decimal(value)
        except InvalidOperation:
            return self._wrong(field, rule, 0)
        if not usd.is_finite() or not 0 < usd <= MOST_USD:
            return self._wrong(field, rule, 0)
        try:
            return decimal_to_pico(usd)
        except ValueError:
            return self._wrong(field, "is finer than a pico-dollar (10^-12 USD)", 0)

    def word(self, field: str, default: str, words: Iterable[str]) -> str:
        """One of some words."""
        value = self._given.get(field, default)
        if isinstance(value, str) and value in words:
            return value
        return self._wrong(field, f"expected {', '.join(words)}", default)

    def timezone(self, field: str, default: str) -> str:
        """A time zone's name."""
        value = self._given.get(field, default)
        if isinstance(value, str) and is_zone(value):
            return value
        return self._wrong(field, "expected a time zone's name, like 'Europe/Berlin'", default)

    def rate(self, field: str, most: int) -> int | None:
        """A whole number from 1 on, None where none is given."""
        value = self._given.get(field)
        if value is None or (_is_whole(value) and 0 < value <= most):
            return None if value is None else int(value)
        return self._wrong(field, f"expected a whole number from 1 to {most}, or null", None)

    def miss(self, field: str, message: str) -> None:
        """Something is wrong beyond a field's own rule."""
        self._problems.append(Problem(field, message))

    def whole(self, field: str, default: int, *, most: int) -> int:
        """A whole number from 0 on."""
        value = self._given.get(field, default)
        if _is_whole(value) and 0 <= value <= most:
            return int(value)
        return self._wrong(field, f"expected a whole number from 0 to {most}", default)

    def boolean(self, field: str, *, default: bool) -> bool:
        """True or false."""
        value = self._given.get(field, default)
        if isinstance(value, bool):
            return value
        return self._wrong(field, "expected true or false", default)

    def thresholds(self, field: str, default: Iterable[int]) -> tuple[int, ...]:
        """Percents, each once, in their order."""
        value = self._given.get(field, list(default))
        if (
            isinstance(value, list | tuple)
            and len(value) <= MOST_THRESHOLDS
            and all(_is_whole(each) and 0 < each <= HIGHEST_THRESHOLD for each in value)
        ):
            return tuple(sorted(set(value)))
        rule = f"expected at most {MOST_THRESHOLDS} whole percents from 1 to {HIGHEST_THRESHOLD}"
        return self._wrong(field, rule, ())

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts, each once."""
        value = self._given.get(field, [])
        if value in ([], ()) or _is_list_of(value, _is_text):
            return tuple(dict.fromkeys(value))
        return self._wrong(field, "expected a list of texts", ())

    def names_or_addresses(self, field: str) -> tuple[str, ...]:
        """A list of names or addresses, each once; an address is a secret and never quoted."""
        value = self._given.get(field, [])
        if value in ([], ()) or _is_list_of(value, _is_name_or_address):
            return tuple(dict.fromkeys(value))
        rule = "expected a list of names, or of addresses like slack://…"
        if _ADDRESS_MARK not in str(value):
            return self._wrong(field, rule, ())
        self.miss(field, f"{rule} with at most {MOST_ADDRESS} printable characters")
        return ()

    def dimension(self, field: str) -> str | None:
        """The name of a dimension, None where none is given."""
        value = self._given.get(field)
        if value is None:
            return None
        if isinstance(value, str) and _is_dimension(value):
            return value
        return self._wrong(field, _dimension_rule(value), None)

    def scope(self, field: str) -> dict[str, tuple[str, ...]]:
        """Dimensions with the values of which one must be there."""
        value = self._given.get(field, {})
        if not isinstance(value, Mapping):
            return self._wrong(field, "expected an object of dimensions with lists of values", {})
        found: dict[str, tuple[str, ...]] = {}
        for name, values in value.items():
            where = f"{field}.{name}"
            if not isinstance(name, str) or not _is_dimension(name):
                self._problems.append(Problem(where, _dimension_rule(name)))
            elif not _is_list_of(values, _is_text):
                rule = f"expected 1 to {MOST_VALUES} values, each a text"
                self._problems.append(Problem(where, rule, _seen(values)))
            else:
                found[name] = tuple(dict.fromkeys(values))
        return found

    def known(self, names: Iterable[str], what: str) -> None:
        """Nothing else may stand there."""
        known = tuple(names)
        for name in self._given:
            if name not in known:
                close = difflib.get_close_matches(str(name), known, n=1)
                remedy = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
                where = str(name)[:64]
                self._problems.append(Problem(where, f"is no field of a {what}", remedy=remedy))

    def known_before(
        self, scope: Iterable[str], per: str | None, remedy: str = "; or the action 'alert'"
    ) -> None:
        """A hard limit decides before the call, by what is known then."""
        named = [(f"scope.{name}", name) for name in scope]
        named += [("per", per)] if per else []
        for where, name in named:
            if name not in KNOWN_BEFORE and not name.startswith(LABEL_PREFIX):
                advice = f"use label:KEY, {', '.join(KNOWN_BEFORE)}{remedy}"
                message = f"{name} is known only after a call, so it cannot block one"
                self._problems.append(Problem(where, message, remedy=advice))

    def _wrong(self, field: str, rule: str, instead: T) -> T:
        self._problems.append(Problem(field, rule, _seen(self._given.get(field))))
        return instead


def _is_text(value: Any, most: int = MOST_CHARACTERS) -> bool:
    return (
        isinstance(value, str)
        and bool(value.strip())
        and len(value) <= most
        and value.isprintable()
    )


def _is_name_or_address(value: Any) -> bool:
    return _is_text(value, MOST_ADDRESS if _ADDRESS_MARK in str(value) else MOST_CHARACTERS)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list_of(value: Any, rule: Callable[[Any], bool]) -> bool:
    if not isinstance(value, list | tuple):
        return False
    return 0 < len(value) <= MOST_VALUES and all(map(rule, value))


def _is_dimension(name: str) -> bool:
    if name.startswith(LABEL_PREFIX):
        return _is_text(name) and len(name) > len(LABEL_PREFIX)
    return name in ALL_DIMENSIONS


def _dimension_rule(name: Any) -> str:
    close = difflib.get_close_matches(str(name), ALL_DIMENSIONS, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "use one of the ledger's, or label:KEY"
    return f"is no dimension; {hint}"


def _seen(value: Any) -> str:
    return repr(value)[:64]
