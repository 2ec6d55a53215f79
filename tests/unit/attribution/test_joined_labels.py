"""Labels of several sources in one identity."""

from weighbridge.attribution.identity import Identity
from weighbridge.attribution.joined_labels import MANY, folded, merged
from weighbridge.attribution.labels import MAX_LABELS, key_problem, value_problem


def test_labels_of_the_body_beat_all_others() -> None:
    """The body's labels join those of header, prefix and token, and win."""
    identity = Identity(department="d", labels={"env": "test", "team": "header"})
    joined = merged(identity, {"team": "body"})
    assert joined.labels == {"env": "test", "team": "body"}
    assert joined.department == "d"
    assert merged(identity, {}) is identity


def test_folded_labels_are_one_in_rows() -> None:
    """Values of folded keys are `(many)`; all else stays."""
    identity = Identity(department="d", labels={"request": "r1", "env": "prod"})
    assert folded(identity, frozenset({"request"})).labels == {"request": MANY, "env": "prod"}
    assert folded(identity, frozenset({"other"})) is identity
    assert key_problem(MANY) is not None
    assert value_problem(MANY, lenient=True) is not None


def test_labels_beyond_64_fall_away() -> None:
    """All of the body's labels stay; the first to go are those that rank lowest."""
    identity = Identity(labels={f"k{number}": "" for number in range(10)})
    body = {f"b{number}": "" for number in range(60)}
    joined = merged(identity, body).labels
    assert list(joined) == ["k6", "k7", "k8", "k9", *body]
    assert len(joined) == MAX_LABELS
