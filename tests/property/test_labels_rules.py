"""Labels and attribution for any text: rules that hold whatever a client makes up."""

import sys
import unicodedata
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.attribution.identity import Identity, PolicyIndex, Tracking, header_text, identify
from weighbridge.attribution.injection import labels_to_inject
from weighbridge.attribution.labels import LabelError, checked_labels, key_problem, value_problem
from weighbridge.attribution.policy import PolicySnapshot
from weighbridge.core.outcome import Reason, Refusal

EXAMPLES = settings(max_examples=300, deadline=None, derandomize=True)
POLICY = PolicyIndex(PolicySnapshot(version=1, require_token=False))
LETTERS = st.characters(categories=["Ll", "Lo"])
OTHERS = st.characters(categories=["Ll", "Lo", "Nd", "Nl", "No"]) | st.sampled_from("_-")
KEY = st.builds(str.__add__, LETTERS, st.text(OTHERS, max_size=62)).filter(
    lambda text: unicodedata.is_normalized("NFC", text)
)
VALUE = st.text(OTHERS, max_size=63).filter(lambda text: unicodedata.is_normalized("NFC", text))
LABELS = st.dictionaries(KEY, VALUE, max_size=8)


def named(**values: bytes) -> Identity | Refusal:
    return identify(Tracking(**values), POLICY, 0, needs_token=True, lenient=False)


def encoded(text: str) -> str:
    return quote(text, safe="")


@EXAMPLES
@given(LABELS)
def test_every_label_of_the_rules_passes(labels: dict[str, str]) -> None:
    """What Google's classes allow is accepted, unchanged, in order."""
    assert list(checked_labels(labels.items(), source="s").items()) == list(labels.items())


@EXAMPLES
@given(LABELS)
def test_labels_survive_the_header(labels: dict[str, str]) -> None:
    """Percent-encoded into `X-Weighbridge-Labels` and read again, labels are the same."""
    header = ",".join(
        f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in labels.items()
    )
    found = named(labels=header.encode())
    assert isinstance(found, Identity)
    assert found.labels == labels
    raw = ",".join(f"{key}={value}" for key, value in labels.items()).encode()
    assert named(labels=raw) == found


@EXAMPLES
@given(LABELS)
def test_labels_survive_the_prefix(labels: dict[str, str]) -> None:
    """The same for `label.k=v` in the URL prefix."""
    prefix = "".join(
        f";label.{quote(key, safe='')}={quote(value, safe='')}" for key, value in labels.items()
    )
    found = named(prefix=prefix.encode())
    assert isinstance(found, Identity)
    assert found.labels == labels


@EXAMPLES
@given(st.dictionaries(st.text(max_size=70), st.text(max_size=70), max_size=3), st.booleans())
def test_any_text_passes_or_is_told(labels: dict[str, str], lenient: bool) -> None:
    """What passes keeps every rule; what does not is named in one line; nothing else happens."""
    try:
        found = checked_labels(labels.items(), source="s", lenient=lenient)
    except LabelError as error:
        found, told = {}, str(error)
    else:
        told = ""
    assert "\n" not in told
    for key, value in found.items():
        assert 1 <= len(key) <= 63
        assert len(value) <= 63
        assert unicodedata.is_normalized("NFC", key + "=" + value)
    assert checked_labels(found.items(), source="s", lenient=lenient) == found


@EXAMPLES
@given(st.text(max_size=70))
def test_lenient_allows_more_never_less(text: str) -> None:
    """Whatever passes the strict rules passes the lenient ones."""
    for problem in (key_problem, value_problem):
        if problem(text) is None:
            assert problem(text, lenient=True) is None


def test_every_character() -> None:
    """Each of Unicode's characters, alone as a value: allowed exactly where Google allows it."""
    letters_and_digits = {"Ll", "Lo", "Nd", "Nl", "No"}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        expected = character in "_-" or unicodedata.category(character) in letters_and_digits
        assert (value_problem(character) is None) is expected, hex(code)


@EXAMPLES
@given(st.binary(max_size=40))
def test_header_text_of_any_bytes(raw: bytes) -> None:
    """Any bytes are some text, which can be stored as UTF-8."""
    text = header_text(raw)
    assert text == text.strip()
    text.encode("utf-8")


NAMES = ["token", "second_token", "department", "project", "team", "agent", "labels", "prefix"]
SENT = st.binary(max_size=200) | st.sampled_from([b"", b"a=b", b"%zz", b";;=;", b"trk_x"])


@EXAMPLES
@given(st.dictionaries(st.sampled_from(NAMES), SENT))
def test_any_tracking_values(values: dict[str, bytes]) -> None:
    """Whatever was sent, there is an identity or a refusal that a client can act on."""
    found = named(**values)
    if isinstance(found, Refusal):
        assert found.reason in {
            Reason.TRACKING_TOKEN_INVALID, Reason.LABELS_INVALID, Reason.ATTRIBUTION_NOT_ALLOWED,
        }  # fmt: skip
        assert found.message
    else:
        assert found.token_id is None
        for value in (found.department, found.project, found.agent):
            assert value is None or 1 <= len(value) <= 128


@EXAMPLES
@given(
    st.lists(st.none() | st.text(max_size=70), min_size=3, max_size=3),
    st.dictionaries(st.text(max_size=70), st.text(max_size=70), max_size=70),
    st.booleans(),
)
def test_what_is_injected_is_always_valid(
    dimensions: list[str | None], labels: dict[str, str], lenient: bool
) -> None:
    """Any attribution becomes labels that keep Google's rules, the same ones each time."""
    department, project, agent = dimensions
    identity = Identity(department=department, project=project, agent=agent, labels=labels)
    found = labels_to_inject(identity, lenient=lenient)
    assert checked_labels(found.items(), source="s", lenient=lenient) == found
    assert labels_to_inject(identity, lenient=lenient) == found
