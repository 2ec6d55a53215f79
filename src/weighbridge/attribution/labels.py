r"""Google's label rules: which keys and values a call may carry.

Hides the character classes. Rules for future edits: lengths count code points after NFC; the
bytes that are forwarded are never touched here.
Source: Vertex AI "Add labels to API calls" (read 2026-11-21): at most 64 labels, keys of 1 to
63 characters that begin with a lowercase or international letter, values of 0 to 63, of
lowercase letters, digits, `_`, `-` and international characters. The exact classes are those
that Google publishes for other services: `[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}`.
Counterparts: `identity` (header, URL prefix, token), `body_labels` (request bodies),
`joined_labels` (all of them together).
"""

import re
import unicodedata
from collections.abc import Iterable

MAX_LABELS = 64
MAX_CHARACTERS = 63
_LETTERS = frozenset({"Ll", "Lo"})
_REST = frozenset({"Ll", "Lo", "Nd", "Nl", "No"})
_LENIENT_MARKS = frozenset({"Lm", "Mn", "Mc"})
_IS_EVERYDAY_TEXT = re.compile(r"[a-z0-9_-]*+").fullmatch  # allowed at a glance


class LabelError(ValueError):
    """A label that breaks a rule; the message names source, key, value, rule and what to do.

    `key` and `value` are as they may be shown, cut where they are long; None where the rule is
    not about one label.
    """

    def __init__(
        self, source: str, rule: str, *, key: str | None = None, value: str | None = None
    ) -> None:
        self.rule = rule
        self.key = None if key is None else _cut(key)
        self.value = None if value is None else _cut(value)
        pair = "=".join(repr(text) for text in (self.key, self.value) if text is not None)
        self.message = f"{source}: label {pair}: {rule}" if pair else f"{source}: {rule}"
        super().__init__(self.message)

    @property
    def metadata(self) -> dict[str, str]:
        """What programs read of a refusal: `key`, `value`, `rule`."""
        facts = {"key": self.key, "value": self.value, "rule": self.rule}
        return {name: _encodable(fact) for name, fact in facts.items() if fact is not None}


def normalise(text: str) -> str:
    """The NFC form, in which labels are checked and recorded."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


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
            raise LabelError(source, problem, key=key, value=value)
        if key in labels:
            rule = "the key is given twice; keys are unique within a call"
            raise LabelError(source, rule, key=key, value=value)
        labels[key] = value
        if len(labels) > MAX_LABELS:
            rule = f"more than {MAX_LABELS} labels on one call; send fewer"
            raise LabelError(source, rule, key=key, value=value)
    return labels


def key_problem(key: str, *, lenient: bool = False) -> str | None:
    """The rule that a key breaks, or None. Takes NFC text."""
    if not key:
        return "the key is empty; give 1 to 63 characters"
    if len(key) > MAX_CHARACTERS:
        return f"the key has {len(key)} characters; at most {MAX_CHARACTERS} are allowed"
    if not is_letter(key[0]):
        return "the key must begin with a lowercase or international letter"
    return _character_problem("key", key, lenient=lenient)


def value_problem(value: str, *, lenient: bool = False) -> str | None:
    """The rule that a value breaks, or None. Takes NFC text; empty is allowed."""
    if len(value) > MAX_CHARACTERS:
        return f"the value has {len(value)} characters; at most {MAX_CHARACTERS} are allowed"
    return _character_problem("value", value, lenient=lenient)


def is_letter(character: str) -> bool:
    """Whether a key may begin with this character."""
    return unicodedata.category(character) in _LETTERS


def is_allowed(character: str, *, lenient: bool = False) -> bool:
    """Whether this character may stand in a key or value."""
    if character in "_-":
        return True
    category = unicodedata.category(character)
    return category in _REST or (lenient and category in _LENIENT_MARKS)


def _character_problem(what: str, text: str, *, lenient: bool) -> str | None:
    if _IS_EVERYDAY_TEXT(text):
        return None
    for character in text:
        if not is_allowed(character, lenient=lenient):
            return (
                f"the {what} holds {character!r} (U+{ord(character):04X}); only lowercase "
                "letters, digits, '_', '-' and international letters are allowed"
            )
    return None


def _cut(text: str) -> str:
    """A key or value short enough for a message."""
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "…"


def _encodable(text: str) -> str:
    """Text that JSON can carry: a lone surrogate, which a body can spell, is written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
