r"""Google's label rules: which keys and values a call may carry.

Hides the character classes. Rules for future edits: lengths count code points after NFC; the
bytes that are forwarded are never touched here.
Source: Vertex AI "Add labels to API calls" (read 2026-11-21): at most 64 labels, keys of 1 to
63 characters that begin with a lowercase or international letter, values of 0 to 63, of
lowercase letters, digits, `_`, `-` and international characters. The exact classes are those
that Google publishes for other services: `[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}`.
"""

import unicodedata
from collections.abc import Iterable

MAX_LABELS = 64
MAX_CHARACTERS = 63
_LETTERS = frozenset({"Ll", "Lo"})
_REST = frozenset({"Ll", "Lo", "Nd", "Nl", "No"})
_LENIENT_MARKS = frozenset({"Lm", "Mn", "Mc"})


class LabelError(ValueError):
    """A label that breaks a rule; the message names the key, the rule and what to do."""


def normalise(text: str) -> str:
    """The NFC form, in which labels are checked and recorded."""
    return unicodedata.normalize("NFC", text)


def checked_labels(
    pairs: Iterable[tuple[str, str]], *, source: str, lenient: bool = False
) -> dict[str, str]:
    """Labels that keep every rule, NFC-normalised.

    Takes: pairs in order; `source` names where they stood, for the message; `lenient` lets
    vowel signs and modifier letters pass (scripts whose vowels are marks).
    Example: a key of 63 letters passes, one of 64 does not; the value may be empty.
    Errors: `LabelError` at the first rule that is broken.
    """
    labels: dict[str, str] = {}
    for raw_key, raw_value in pairs:
        key, value = normalise(raw_key), normalise(raw_value)
        problem = key_problem(key, lenient=lenient) or value_problem(value, lenient=lenient)
        if problem:
            raise LabelError(f"{source}: label {_shown(key)}={_shown(value)}: {problem}")
        if key in labels:
            raise LabelError(
                f"{source}: label key {_shown(key)} is given twice; keys are unique within a call"
            )
        labels[key] = value
        if len(labels) > MAX_LABELS:
            raise LabelError(f"{source}: more than {MAX_LABELS} labels on one call; send fewer")
    return labels


def key_problem(key: str, *, lenient: bool = False) -> str | None:
    """The rule that a key breaks, or None. Takes NFC text."""
    if not key:
        return "the key is empty; give 1 to 63 characters"
    if len(key) > MAX_CHARACTERS:
        return f"the key has {len(key)} characters; at most {MAX_CHARACTERS} are allowed"
    if unicodedata.category(key[0]) not in _LETTERS:
        return "the key must begin with a lowercase or international letter"
    return _character_problem("key", key, lenient=lenient)


def value_problem(value: str, *, lenient: bool = False) -> str | None:
    """The rule that a value breaks, or None. Takes NFC text; empty is allowed."""
    if len(value) > MAX_CHARACTERS:
        return f"the value has {len(value)} characters; at most {MAX_CHARACTERS} are allowed"
    return _character_problem("value", value, lenient=lenient)


def _character_problem(what: str, text: str, *, lenient: bool) -> str | None:
    allowed = _REST | _LENIENT_MARKS if lenient else _REST
    for character in text:
        if character in "_-" or unicodedata.category(character) in allowed:
            continue
        return (
            f"the {what} holds {character!r} (U+{ord(character):04X}); only lowercase letters, "
            "digits, '_', '-' and international letters are allowed"
        )
    return None


def _shown(text: str) -> str:
    """A key or value short enough for a message."""
    return repr(text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "…")
