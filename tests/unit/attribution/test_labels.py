"""Google's label rules, case by case: what passes, what does not, and what is said about it."""

import pytest

from weighbridge.attribution.labels import (
    MAX_LABELS,
    LabelError,
    checked_labels,
    key_problem,
    normalise,
    value_problem,
)

FOUR_BYTES = "\U00020000"  # a CJK letter (Lo) of four UTF-8 bytes, two UTF-16 units


def check(*pairs: tuple[str, str], lenient: bool = False) -> dict[str, str]:
    return checked_labels(pairs, source="X-Weighbridge-Labels", lenient=lenient)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("team", "research"),
        ("a", ""),
        ("k" * 63, "v" * 63),
        ("名前", "値"),
        ("ñandú", "x"),
        ("é1", "٣"),
        ("k", "½"),
        ("k", "Ⅷ"),
        ("k_-9", "9_-"),
        ("ª", "º"),
        ("שלום", "مرحبا"),
        (FOUR_BYTES * 63, FOUR_BYTES * 63),
        ("k", "1"),
        ("k", "_"),
        ("k", "-"),
    ],
)
def test_accepted(key: str, value: str) -> None:
    """Keys and values of Google's classes pass as they are."""
    assert check((key, value)) == {key: value}


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", "empty"),
        ("1a", "begin"),
        ("_a", "begin"),
        ("-a", "begin"),
        ("٣a", "begin"),
        ("Team", "begin"),
        ("Ñ", "begin"),
        ("ǅ", "begin"),
        ("ʰa", "begin"),
        ("k" * 64, "64 characters"),
        (FOUR_BYTES * 64, "64 characters"),
        ("teaM", "U+004D"),
        ("サーバー", "U+30FC"),
        ("हिन्दी", "U+093F"),
        ("ก\u0e31", "U+0E31"),
        ("ab c", "U+0020"),
        ("a.b", "U+002E"),
        ("a/b", "U+002F"),
        ("a:b", "U+003A"),
        ("a@b", "U+0040"),
        ("a😀", "U+1F600"),
        ("aⓐ", "U+24D0"),
        ("a\x00", "U+0000"),
        ("a\n", "U+000A"),
        ("a\u200d", "U+200D"),
        ("a\u0301\u0301", "U+0301"),
    ],
)
def test_keys_refused(key: str, says: str) -> None:
    """Each broken rule is named, with the character where there is one."""
    with pytest.raises(LabelError, match=r"X-Weighbridge-Labels: label") as error:
        check((key, "v"))
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("v" * 64, "64 characters"),
        ("Research", "U+0052"),
        ("a b", "U+0020"),
        ("a.b", "U+002E"),
        ("ー", "U+30FC"),
        ("ि", "U+093F"),
        ("😀", "U+1F600"),
        ("a\x7f", "U+007F"),
    ],
)
def test_values_refused(value: str, says: str) -> None:
    """A value has the same classes as a key, but for its first character and its being there."""
    with pytest.raises(LabelError) as error:
        check(("k", value))
    assert says in str(error.value)
    assert "'k'" in str(error.value)


def test_normalised_before_it_is_checked() -> None:
    """A decomposed é is one letter: it passes, is counted as one, and recorded composed."""
    decomposed = "e\u0301"
    assert check((decomposed, decomposed * 63)) == {"é": "é" * 63}
    assert normalise(decomposed) == "é"


def test_keys_that_are_the_same_after_normalising_clash() -> None:
    """Two writings of one key are that key twice."""
    with pytest.raises(LabelError, match="twice"):
        check(("é", "a"), ("e\u0301", "b"))


def test_key_given_twice() -> None:
    """Keys are unique within a call, also where the values agree."""
    with pytest.raises(LabelError, match="'a'='1': the key is given twice"):
        check(("a", "1"), ("a", "1"))


def test_at_most_64_labels() -> None:
    """64 labels pass, the 65th does not."""
    pairs = [(f"k{number}", "v") for number in range(MAX_LABELS + 1)]
    assert len(check(*pairs[:-1])) == MAX_LABELS
    with pytest.raises(LabelError, match="more than 64"):
        check(*pairs)


@pytest.mark.parametrize("text", ["サーバー", "हिन्दी", "ก\u0e31", "aʰ"])
def test_lenient_lets_vowel_signs_pass(text: str) -> None:
    """With `labels.lenient`, scripts whose vowels are marks can be written."""
    with pytest.raises(LabelError):
        check((text, text))
    assert check((text, text), lenient=True) == {normalise(text): normalise(text)}


@pytest.mark.parametrize("text", ["Team", "a b", "a😀", "a\x00", "ⓐ"])
def test_lenient_is_not_lax(text: str) -> None:
    """Capitals, spaces, symbols and control characters stay out."""
    assert key_problem(text, lenient=True) is not None
    assert value_problem(text, lenient=True) is not None


def test_message_is_short_whatever_was_sent() -> None:
    """A refusal quotes at most 63 characters of a key or value."""
    with pytest.raises(LabelError) as error:
        check(("k" * 10_000, "v" * 10_000))
    assert len(str(error.value)) < 400


def test_error_tells_programs_what_it_tells_people() -> None:
    """Key, value and rule stand in the refusal's metadata, cut and encodable."""
    with pytest.raises(LabelError) as error:
        check(("\ud800" * 70, "v"))
    assert error.value.metadata["key"] == "\\ud800" * 63 + "…"
    assert error.value.metadata["value"] == "v"
    assert "70 characters" in error.value.metadata["rule"]
