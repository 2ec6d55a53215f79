"""What is wrong with a tracking token that somebody asks for: every problem at once.

Counterpart: `control/tokens` refuses to store what has any; `attribution/identity` relies on it.
"""

from weighbridge.attribution import labels as label_rules
from weighbridge.attribution.identity import MAX_VALUE_CHARACTERS
from weighbridge.attribution.rules import DIMENSIONS
from weighbridge.core.credential import NewToken
from weighbridge.errors import Problem

MOST_ALLOWED_VALUES = 1000
_TEXT_RULE = f"expected 1 to {MAX_VALUE_CHARACTERS} printable characters"


def token_problems(wanted: NewToken, now_us: int, *, expiry_is_new: bool = True) -> list[Problem]:
    """The problems of a token; none where it may be stored.

    Takes: microseconds since the epoch; whether the expiry was asked for with this request, for
    an old one may have passed.
    """
    problems = [] if _is_text(wanted.name) else [Problem("name", _TEXT_RULE)]
    problems += [
        Problem(dimension, _TEXT_RULE)
        for dimension in DIMENSIONS
        if (value := getattr(wanted, dimension)) is not None and not _is_text(value)
    ]
    try:
        label_rules.checked_labels(wanted.labels.items(), source="labels")
    except label_rules.LabelError as error:
        problems.append(Problem("labels", str(error).removeprefix("labels: ")))
    problems += _rule_problems(wanted)
    expires = wanted.expires_at_us
    if expiry_is_new and expires is not None and expires <= now_us:
        problems.append(Problem("expires", "lies in the past; give a later instant, or none"))
    return problems


def _rule_problems(wanted: NewToken) -> list[Problem]:
    problems = []
    for field in ("required", "allowed", "pinned"):
        unknown = [name for name in getattr(wanted, field) if name not in DIMENSIONS]
        if unknown:
            message = f"expected {', '.join(DIMENSIONS)}, got {unknown[0][:40]!r}"
            problems.append(Problem(field, message))
    for dimension, values in wanted.allowed.items():
        default = getattr(wanted, dimension, None)
        if not values or len(values) > MOST_ALLOWED_VALUES or not all(map(_is_text, values)):
            message = f"{dimension}: expected 1 to {MOST_ALLOWED_VALUES} values; {_TEXT_RULE} each"
            problems.append(Problem("allowed", message))
        elif default is not None and default not in values:
            message = f"{dimension}: the token's own value {default!r} is not one of them"
            problems.append(Problem("allowed", message))
    problems += [
        Problem("pinned", f"{dimension}: the token has none of its own to pin")
        for dimension in wanted.pinned
        if dimension in DIMENSIONS and getattr(wanted, dimension) is None
    ]
    return problems


def _is_text(value: str) -> bool:
    return bool(value.strip()) and len(value) <= MAX_VALUE_CHARACTERS and value.isprintable()
