"""Which dimensions a call must give and which values pass: the gateway's rules and a token's.

Hides how rules of several origins stand together: all are checked, so a token's can only narrow
the gateway's; a refusal names whose rule it was. Pure.
Counterpart: `attribution/identity` puts the values together that are checked here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from weighbridge.core.outcome import Reason, Refusal

DIMENSIONS: Final = ("department", "project", "agent")
_ARTICLES: Final = {"department": "a", "project": "a", "agent": "an"}
_MOST_SHOWN = 20
_WITHOUT_RULES: Final[Mapping[str, Sequence[str]]] = {}


class Rules:
    """What one origin asks of the dimensions of a call.

    Takes: `token_id`, None for the gateway's own rules; `allowed`, the only values that pass,
    per dimension that is restricted.
    """

    __slots__ = ("_allowed", "_required", "_token_id")

    def __init__(
        self,
        required: Iterable[str] = (),
        allowed: Mapping[str, Sequence[str]] = _WITHOUT_RULES,
        token_id: str | None = None,
    ) -> None:
        self._required = tuple(required)
        self._allowed = {name: frozenset(values) for name, values in allowed.items()}
        self._token_id = token_id

    def __repr__(self) -> str:
        return f"<Rules of {self._token_id or 'the gateway'}>"

    def allow(self, name: str, value: str | None) -> bool:
        """Whether a dimension may have that value; nothing given is another rule's concern."""
        return value is None or name not in self._allowed or value in self._allowed[name]

    def missing(self, values: Mapping[str, str | None]) -> Refusal | None:
        """The refusal for the first dimension that is required and not given."""
        for name in self._required:
            if not values[name]:
                who = "this gateway" if self._token_id is None else f"token {self._token_id}"
                return Refusal(
                    Reason.ATTRIBUTION_REQUIRED,
                    f"{who} requires {_ARTICLES[name]} {name} on every call and none was given; "
                    f"send the header X-{name.capitalize()}, or ask for a tracking token "
                    "that carries it",
                    self._metadata(name),
                )
        return None

    def forbidden(self, values: Mapping[str, str | None], all_rules: "Rulings") -> Refusal | None:
        """The refusal for the first value that is not on this origin's list.

        Takes: all rules in force, so that only values that pass every one are proposed.
        """
        for name, allowed in self._allowed.items():
            if self.allow(name, values[name]):
                continue
            passing = sorted(v for v in allowed if all(each.allow(name, v) for each in all_rules))
            who = "this gateway" if self._token_id is None else f"token {self._token_id}"
            advice = f"use one of: {', '.join(passing[:_MOST_SHOWN])}" if passing else "none passes"
            return Refusal(
                Reason.ATTRIBUTION_NOT_ALLOWED,
                f"{name} {values[name]!r} is not one of the values that {who} allows; {advice}",
                self._metadata(name),
            )
        return None

    def _metadata(self, name: str) -> dict[str, str]:
        if self._token_id is None:
            return {"dimension": name, "rule": "gateway"}
        return {"dimension": name, "rule": "token", "token_id": self._token_id}


Rulings = Sequence[Rules]


def first_refusal(values: Mapping[str, str | None], rulings: Rulings) -> Refusal | None:
    """Why a call's dimensions are refused: what is missing first, then what is not allowed."""
    for rules in rulings:
        if refusal := rules.missing(values):
            return refusal
    for rules in rulings:
        if refusal := rules.forbidden(values, rulings):
            return refusal
    return None


def broken_pin(
    values: Mapping[str, str | None], pinned: Mapping[str, str | None], token_id: str
) -> Refusal | None:
    """The refusal of a call that says otherwise than its token pins.

    Takes: the call's dimensions with its token's defaults, and what the token pins.
    Example: a token that pins `sales` passes without a department and with `sales`.
    """
    for name, value in pinned.items():
        if values[name] != value:
            return Refusal(
                Reason.ATTRIBUTION_NOT_ALLOWED,
                f"token {token_id} is for the {name} {value!r} alone, and the call gives "
                f"{values[name]!r}; leave the {name} out, or use another tracking token",
                {"dimension": name, "rule": "token", "token_id": token_id},
            )
    return None
