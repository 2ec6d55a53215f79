"""Request labels as Vertex AI checks them.

Independent of `attribution/` on purpose: the simulator must be able to disagree with the
gateway. Source: Vertex AI, "Add labels to API calls"; the wording of the errors is from memory.
"""

import unicodedata
from typing import Any

from weighbridge.simulator.problems import Problem, invalid

MOST_LABELS = 64
MOST_CHARACTERS = 63
_LETTERS = {"Ll", "Lo"}
_ALLOWED = _LETTERS | {"Nd", "Nl", "No"}


def labels_problem(labels: Any) -> Problem | None:
    """What Vertex says to the `labels` of a body, if anything.

    Example: `{"team": "research", "名前": "値", "env": ""}` passes; `{"Team": "x"}` does not.
    """
    if labels is None:
        return None
    if not isinstance(labels, dict):
        return invalid("Invalid value at 'labels' (Map), expected an object.", field="labels")
    if len(labels) > MOST_LABELS:
        return invalid(
            f"The number of labels {len(labels)} exceeds the limit {MOST_LABELS}.", field="labels"
        )
    for key, value in labels.items():
        if not isinstance(value, str):
            return invalid(
                f"Invalid value at 'labels[{key}].value' (TYPE_STRING), {value}", field="labels"
            )
        if not _is_key(key):
            return invalid(f"Invalid label key: {key!r}. {_RULE}", field="labels")
        if not _is_text(value):
            return invalid(f"Invalid label value: {value!r}. {_RULE}", field="labels")
    return None


_RULE = (
    "Label keys and values can be no longer than 63 characters (Unicode codepoints) and can only "
    "contain lowercase letters, numeric characters, underscores, and dashes. International "
    "characters are allowed. Label keys must start with a letter."
)


def _is_key(key: str) -> bool:
    return bool(key) and unicodedata.category(key[0]) in _LETTERS and _is_text(key)


def _is_text(text: str) -> bool:
    return len(text) <= MOST_CHARACTERS and all(
        each in "_-" or unicodedata.category(each) in _ALLOWED for each in text
    )
