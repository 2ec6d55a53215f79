"""Attribution as labels that Google takes, so that its bill breaks down by the same keys.

Hides how text becomes a label. The mapping, in this order: lower case, then NFC; white space and
dashes become `-`, any other character that a label may not hold `_`; what is longer than 63 code
points is cut; a key that does not begin with a letter gets `x-` in front. Rules for future edits:
the same identity always gives the same labels, for a bill is grouped by them; the result keeps
every rule of `labels`. Counterpart: `body_labels` writes them into a body.
"""

import unicodedata
from typing import Final

from weighbridge.attribution.identity import Identity
from weighbridge.attribution.joined_labels import last_labels
from weighbridge.attribution.labels import (
    MAX_CHARACTERS,
    is_allowed,
    is_letter,
    normalise,
)
from weighbridge.attribution.rules import DIMENSIONS

_KEY_PREFIX: Final = "x-"
_DASHES: Final = frozenset({"Pd", "Zs", "Zl", "Zp"})


def labels_to_inject(identity: Identity, *, lenient: bool = False) -> dict[str, str]:
    """Department, project and agent, then the labels of header, URL prefix and token.

    Gives: at most 64 labels that keep every rule. A label whose key is `department`, `project`
    or `agent` beats the dimension of that name. Where there are too many labels the token's are
    the first to go, the dimensions stay.
    Example: department `R&D Europe` gives `department: r_d-europe`.
    """
    labels: dict[str, str] = {}
    for key, value in identity.labels.items():
        labels.setdefault(label_key(key, lenient=lenient), label_value(value, lenient=lenient))
    dimensions = {
        name: label_value(value, lenient=lenient)
        for name in DIMENSIONS
        if name not in labels and (value := getattr(identity, name))
    }
    return {**dimensions, **last_labels(labels, len(dimensions))}


def label_value(text: str, *, lenient: bool = False) -> str:
    """Text as the value of a label."""
    folded = normalise(text.lower())
    return "".join(_allowed(each, lenient=lenient) for each in folded[:MAX_CHARACTERS])


def label_key(text: str, *, lenient: bool = False) -> str:
    """Text as the key of a label."""
    key = label_value(text, lenient=lenient)
    if key and is_letter(key[0]):
        return key
    return (_KEY_PREFIX + key)[:MAX_CHARACTERS]


def _allowed(character: str, *, lenient: bool) -> str:
    if is_allowed(character, lenient=lenient):
        return character
    dash = unicodedata.category(character) in _DASHES or character.isspace()
    return "-" if dash else "_"
