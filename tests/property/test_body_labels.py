"""Labels in bodies, for any document and any split: what is read, what is sent on, what is kept."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.attribution.body_labels import LabelFilter, Mode, may_hold_labels
from weighbridge.attribution.json_members import MemberScanner, State
from weighbridge.attribution.labels import LabelError, checked_labels

EXAMPLES = settings(max_examples=400, deadline=None, derandomize=True)
INJECTED = {"department": "care", "team": "übersicht", "名": ""}
NAMES = ['"labels"', '"\\u006cabels"', '"label\\u0073"', '"l\\u0061\\u0062els"']
DECOYS = ['"Labels"', '"label"', '"labels "', '"\\\\u006cabels"', '"xlabels"', '"a\\"labels"', '""']
SPACE = st.sampled_from(["", "", "", " ", "\n  ", "\t\r\n"])
TEXT = st.text(max_size=12) | st.sampled_from(["labels", '"labels":{', "}],", "\\", '\\"', "{"])
STRING = st.builds(json.dumps, TEXT, ensure_ascii=st.booleans())
SCALAR = STRING | st.sampled_from(["0", "-1.5e+3", "true", "false", "null", "12" * 200, "1E9"])
LABEL = st.sampled_from([
    '"a":"b"', '"team" : "research"', '"\\u0061":""', '"e\\u0301":"é"', '"é":"x"', '"名前":"値"',
    '"department":"own"', '"k":"\\u0076"',
])  # fmt: skip
BAD_LABEL = st.sampled_from(
    ['"Team":"x"', '"a":1', '"":"x"', '"b":null', '"c":{"a":"b"}', '"a":"b"']
)


def written(items: list[str], spaces: list[str], brackets: str, *, trailing: bool) -> str:
    end = "," + spaces[0] if trailing and items else ""
    return brackets[0] + spaces[1] + f"{spaces[2]},{spaces[3]}".join(items) + end + brackets[1]


def container(items: st.SearchStrategy[str], brackets: str) -> st.SearchStrategy[str]:
    return st.builds(
        written, st.lists(items, max_size=3), st.lists(SPACE, min_size=4, max_size=4),
        st.just(brackets), trailing=st.sampled_from([False, False, False, True]),
    )  # fmt: skip


def member(key: st.SearchStrategy[str], value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("{}{}:{}{}".format, key, SPACE, SPACE, value)


KEY = STRING.filter(lambda text: json.loads(text) != "labels") | st.sampled_from(DECOYS)
ANY_KEY = KEY | st.sampled_from(NAMES)
VALUE = st.recursive(
    SCALAR,
    lambda inner: container(member(ANY_KEY, inner), "{}") | container(inner, "[]"),
    max_leaves=6,
)
LABELS = container(LABEL, "{}")
ODD_LABELS = container(LABEL | BAD_LABEL, "{}") | VALUE


@st.composite
def documents(draw: st.DrawFn, labels: st.SearchStrategy[str], most: int = 1) -> bytes:
    """A JSON object with `labels` among its members, sometimes without, sometimes twice."""
    members = draw(st.lists(member(KEY, VALUE), max_size=3))
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.integers(0, len(members)))
        members.insert(at, draw(member(st.sampled_from(NAMES), labels)))
    spaces = [draw(SPACE) for _ in range(4)]
    trailing = draw(st.sampled_from([False, False, True]))
    text = spaces[0] + written(members, spaces, "{}", trailing=trailing) + spaces[3]
    return draw(st.sampled_from(["", "", "\ufeff"])).encode() + text.encode("utf-8", "replace")


VALID = documents(LABELS).filter(lambda body: outcome(body, Mode.KEEP)["error"] is None)
ANY = documents(ODD_LABELS, most=2)
BROKEN = st.builds(
    lambda body, at, junk: body[: at % (len(body) + 1)] + junk + body[at % (len(body) + 1) :],
    ANY, st.integers(0, 10_000), st.sampled_from([b"x", b",", b"}", b'"', b"\\", b":", b"]", b"1"]),
)  # fmt: skip
BODIES = ANY | BROKEN | st.binary(max_size=40)
MODES = st.sampled_from(list(Mode))
CUTS = st.lists(st.integers(0, 400), max_size=12)


def pieces_of(body: bytes, cuts: list[int]) -> Iterator[bytes]:
    at = 0
    for cut in sorted(cuts):
        if at < cut < len(body):
            yield body[at:cut]
            at = cut
    yield body[at:]


class SmallFilter(LabelFilter):
    """One that holds next to nothing back."""

    member_bytes = 24
    regrets_bytes = 48


def outcome(
    body: bytes,
    mode: Mode,
    cuts: list[int] | None = None,
    kind: type[LabelFilter] = LabelFilter,
) -> dict[str, Any]:
    found = kind(mode, INJECTED, lenient=False)
    output = [found.feed(piece) for piece in pieces_of(body, cuts or [])]
    output.append(found.finish())
    error = found.error.message if found.error is not None else None
    assert found.error is None or found.error.metadata["rule"]
    return {
        "output": b"".join(output), "labels": found.labels, "sent": found.sent, "error": error,
        "unread": found.unread,
    }  # fmt: skip


class Members(list[tuple[str, Any]]):
    """The members of an object, duplicates kept; unlike an array."""


def parsed(body: bytes) -> list[tuple[str, Any]]:
    """Members as the standard library reads them, trailing commas taken out."""
    text = body.decode("utf-8-sig")
    while True:
        try:
            members = json.loads(text, object_pairs_hook=Members, strict=False)
        except json.JSONDecodeError as error:
            comma = text.rindex(",", 0, error.pos + 1)  # before a bracket: not for the library
            text = text[:comma] + text[comma + 1 :]
        else:
            assert isinstance(members, Members)
            return [(key, value) for key, value in members]


def without_labels(members: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in members if key != "labels"]


@EXAMPLES
@given(BODIES, MODES, CUTS)
def test_any_split_gives_the_same(body: bytes, mode: Mode, cuts: list[int]) -> None:
    """S5: output, labels and error do not depend on the pieces in which a body comes."""
    whole = outcome(body, mode)
    assert outcome(body, mode, cuts) == whole
    assert outcome(body, mode, list(range(len(body)))) == whole


@EXAMPLES
@given(BODIES)
def test_kept_bodies_are_the_very_bytes(body: bytes) -> None:
    """S10: whatever a body holds, it passes unchanged unless labels are to be changed."""
    assert outcome(body, Mode.KEEP)["output"] == body


@EXAMPLES
@given(BROKEN | st.binary(max_size=40), MODES)
def test_what_is_no_json_passes_as_it_came(body: bytes, mode: Mode) -> None:
    """A body that the scanner can't read to its end is untouched, and nothing of it is recorded."""
    scanner = MemberScanner()
    scanner.feed(body)
    if scanner.state is State.TAIL:
        return
    found = outcome(body, mode)
    assert found["output"] == body
    assert (found["labels"], found["sent"], found["error"]) == ({}, {}, None)


@EXAMPLES
@given(VALID)
def test_labels_are_what_the_body_says(body: bytes) -> None:
    """Labels are the top-level member's and no decoy's, normalised, however the key is spelled."""
    given_labels = [value for key, value in parsed(body) if key == "labels"]
    expected = checked_labels(given_labels[0] if given_labels else [], source="s")
    for mode in Mode:
        assert outcome(body, mode)["labels"] == expected
    assert outcome(body, Mode.KEEP)["sent"] == expected


@EXAMPLES
@given(VALID)
def test_stripped_bodies_say_the_rest(body: bytes) -> None:
    """Labels taken out leave a document of the same length that says all else."""
    found = outcome(body, Mode.STRIP)
    assert len(found["output"]) == len(body)
    assert parsed(found["output"]) == without_labels(parsed(body))
    assert found["output"].count(b"\n") == body.count(b"\n")
    assert found["sent"] == {}


@EXAMPLES
@given(VALID)
def test_a_strict_body_stays_strict(body: bytes) -> None:
    """Neither taking labels out nor filling them in leaves a comma behind."""
    try:
        json.loads(body)
    except ValueError:
        return
    for mode in Mode:
        json.loads(outcome(body, mode)["output"])


@EXAMPLES
@given(VALID)
def test_injected_bodies_carry_both(body: bytes) -> None:
    """Labels filled in join those of the caller, whose own win; all else is as it was."""
    found = outcome(body, Mode.INJECT)
    union = {**INJECTED, **found["labels"]}
    members = parsed(found["output"])
    assert without_labels(members) == without_labels(parsed(body))
    (labels,) = [value for key, value in members if key == "labels"]
    assert checked_labels(labels, source="s") == union == found["sent"]


@EXAMPLES
@given(ANY)
def test_broken_rules_are_found(body: bytes) -> None:
    """What a reference that sees duplicates refuses is refused, and nothing else is."""
    given_labels = [value for key, value in parsed(body) if key == "labels"]
    try:
        for value in given_labels:
            if value is not None:
                pairs = value if isinstance(value, Members) else [("", "no object")]
                texts = [(key, text if isinstance(text, str) else "NO TEXT") for key, text in pairs]
                checked_labels(texts, source="s")
        refused = len(given_labels) > 1
    except LabelError:
        refused = True
    found = outcome(body, Mode.KEEP)
    assert (found["error"] is not None) == refused
    if found["error"]:
        assert (found["labels"], found["sent"]) == ({}, {})


@EXAMPLES
@given(BODIES)
def test_the_prefilter_misses_nothing(body: bytes) -> None:
    """Where the prefilter says no, the body holds no labels and needs no refusal."""
    if not may_hold_labels(body):
        found = outcome(body, Mode.KEEP)
        assert (found["labels"], found["error"]) == ({}, None)
        assert outcome(body, Mode.STRIP)["output"] == body


@EXAMPLES
@given(BODIES)
def test_the_shortcut_takes_no_other_way(body: bytes) -> None:
    """A whole document read at once gives what reading it step by step gives."""
    at_once, by_step = MemberScanner(), MemberScanner()
    first = at_once.feed(body)
    second = [found for byte in body for found in by_step.feed(bytes([byte]))]
    facts = [
        [tuple(getattr(each, name) for name in each.__slots__) for each in found]
        for found in (first, second)
    ]
    assert facts[0] == facts[1]
    for name in ("state", "closed_at", "broken_at", "bare"):
        assert getattr(at_once, name) == getattr(by_step, name), name


@EXAMPLES
@given(ANY, MODES, CUTS)
def test_small_bounds_hold_for_any_split(body: bytes, mode: Mode, cuts: list[int]) -> None:
    """The bounds on what is held back are rules about offsets: pieces change nothing."""
    body += b" " * 60 + b"x"
    whole = outcome(body, mode, kind=SmallFilter)
    assert outcome(body, mode, cuts, SmallFilter) == whole
    assert outcome(body, mode, list(range(len(body))), SmallFilter) == whole
