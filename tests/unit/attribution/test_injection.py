"""Attribution as labels that Google takes: the mapping, its order and its bounds."""

import pytest

from weighbridge.attribution.identity import Identity
from weighbridge.attribution.injection import label_key, label_value, labels_to_inject


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("research", "research"),
        ("R&D Europe", "r_d-europe"),
        ("a.b/c:d@e", "a_b_c_d_e"),
        ("Ñandú", "ñandú"),
        ("e\u0301", "é"),
        ("営業部", "営業部"),
        ("サーバー", "サ_バ_"),
        ("a\u2014b\tc", "a-b-c"),
        ("😀", "_"),
        ("x" * 70, "x" * 63),
        ("", ""),
        ("Ⅷ½", "ⅷ½"),
    ],
)
def test_values(text: str, value: str) -> None:
    """Lower case, NFC, dashes for white space, underscores for the rest, 63 at most."""
    assert label_value(text) == value


@pytest.mark.parametrize(("text", "key"), [("1a", "x-1a"), ("", "x-"), ("Team", "team")])
def test_keys_begin_with_a_letter(text: str, key: str) -> None:
    """What begins with no letter gets `x-` in front."""
    assert label_key(text) == key


def test_lenient_keeps_vowel_signs() -> None:
    """What `labels.lenient` lets pass is sent as it is."""
    assert label_value("हिन्दी") == "ह_न_द_"
    assert label_value("हिन्दी", lenient=True) == "हिन्दी"


def test_dimensions_and_labels() -> None:
    """Department, project and agent, then labels; a label beats the dimension of its name."""
    identity = Identity(department="Care", project="P 1", labels={"env": "test", "project": "p-2"})
    assert labels_to_inject(identity) == {"department": "care", "env": "test", "project": "p-2"}
    assert labels_to_inject(Identity(agent="Bot")) == {"agent": "bot"}
    assert labels_to_inject(Identity()) == {}


def test_never_more_than_64() -> None:
    """Dimensions stay; of the labels the last ones, which rank higher, do."""
    labels = {f"k{number}": "" for number in range(64)}
    found = labels_to_inject(Identity(department="d", agent="a", labels=labels))
    assert list(found) == ["department", "agent", *(f"k{number}" for number in range(2, 64))]
