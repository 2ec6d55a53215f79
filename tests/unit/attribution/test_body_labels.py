"""Labels in request bodies, case by case: the documented body, commas, bounds, odd documents."""

import gzip
import json

import pytest

from weighbridge.attribution.body_labels import LabelFilter, Mode, may_hold_labels

SEED = b"""{
  "contents": {
    "role": "user",
    "parts": { "text": "why \\"labels\\": {}?" }
  },
  "labels": {
    "team": "research",
    "component": "frontend"
  },
}
"""
INJECTED = {"department": "care", "team": "own"}


def run(
    body: bytes, mode: Mode, inject: dict[str, str] | None = None, *, lenient: bool = False
) -> tuple[bytes, LabelFilter]:
    found = LabelFilter(mode, inject, lenient=lenient)
    return found.feed(body) + found.finish(), found


def in_pieces(body: bytes, mode: Mode, size: int) -> tuple[list[bytes], LabelFilter]:
    found = LabelFilter(mode, INJECTED, lenient=False)
    given = [found.feed(body[at : at + size]) for at in range(0, len(body), size)]
    return [*given, found.finish()], found


def test_the_documented_body_is_kept() -> None:
    """Google's own example, trailing comma included, passes untouched and is read."""
    output, found = run(SEED, Mode.KEEP)
    assert output == SEED
    assert found.labels == found.sent == {"team": "research", "component": "frontend"}
    assert found.error is None


def test_the_documented_body_is_stripped() -> None:
    """Labels taken out leave valid JSON of the same length and lines."""
    output, found = run(SEED, Mode.STRIP)
    assert len(output) == len(SEED)
    assert output.count(b"\n") == SEED.count(b"\n")
    assert set(json.loads(output)) == {"contents"}
    assert found.labels["team"] == "research"
    assert found.sent == {}


def test_the_documented_body_is_filled() -> None:
    """The caller's own label wins, what it lacks is added behind its labels."""
    output, found = run(SEED, Mode.INJECT, INJECTED)
    expected = {"team": "research", "component": "frontend", "department": "care"}
    assert json.loads(output.replace(b"},\n}", b"}\n}"))["labels"] == expected
    assert found.sent == expected
    assert found.labels == {"team": "research", "component": "frontend"}


@pytest.mark.parametrize(
    ("body", "stripped"),
    [
        (b'{"labels":{}}', b"{           }"),
        (b'{"labels":{},}', b"{            }"),
        (b'{"labels":{},"a":1}', b'{            "a":1}'),
        (b'{"a":1,"labels":{}}', b'{"a":1            }'),
        (b'{"a":1 , "labels" : {} , "b":2}', b'{"a":1 ,                 "b":2}'),
        (b'{"a":1,"labels":{},}', b'{"a":1             }'),
        (b'{"labels":null}', b"{             }"),
        (b'{"a":{"labels":{}}}', b'{"a":{"labels":{}}}'),
    ],
)
def test_commas_when_labels_are_taken_out(body: bytes, stripped: bytes) -> None:
    """First, middle, last, only: no comma is left over, and no byte is missing."""
    assert run(body, Mode.STRIP)[0] == stripped


@pytest.mark.parametrize(
    ("body", "filled"),
    [
        (b"{}", b'{"labels":{"department":"care"}}'),
        (b'{"a":1}', b'{"a":1,"labels":{"department":"care"}}'),
        (b'{"a":1, }', b'{"a":1, "labels":{"department":"care"}}'),
        (b'{"labels":{}}', b'{"labels":{"department":"care"}}'),
        (b'{"labels":{"a":"b"},"x":1}', b'{"labels":{"a":"b","department":"care"},"x":1}'),
        (b'{"labels":{"a":"b", }}', b'{"labels":{"a":"b", "department":"care"}}'),
        (b'{"labels":null,"x":1}', b'{"labels":{"department":"care"},"x":1}'),
        (b'{"labels":{"department":"x"}}', b'{"labels":{"department":"x"}}'),
        (b'{"labels":{"depar\\u0074ment":""}}', b'{"labels":{"depar\\u0074ment":""}}'),
        (b"[]", b"[]"),
        (b'"labels"', b'"labels"'),
        (b"", b""),
        (b"{]", b"{]"),
        (b'{"a":1', b'{"a":1'),
    ],
)
def test_where_labels_are_filled_in(body: bytes, filled: bytes) -> None:
    """Into the caller's object, or as the last member; what is no object stays as it is."""
    assert run(body, Mode.INJECT, {"department": "care"})[0] == filled


def test_never_more_than_64_are_sent() -> None:
    """The caller's 63 labels leave room for one more."""
    own = {f"k{number}": "" for number in range(63)}
    output, found = run(json.dumps({"labels": own}).encode(), Mode.INJECT, INJECTED)
    assert json.loads(output)["labels"] == {**own, "department": "care"} == found.sent
    own["k63"] = ""
    body = json.dumps({"labels": own}).encode()
    assert run(body, Mode.INJECT, INJECTED)[0] == body


@pytest.mark.parametrize(
    ("labels", "key", "says"),
    [
        ('{"Team":"a"}', "Team", "begin with a lowercase"),
        ('{"a":"B"}', "a", "U+0042"),
        ('{"a":1}', "a", "no text"),
        ('{"a":null}', "a", "no text"),
        ('{"a":{"b":"c"}}', "a", "no text"),
        ('{"a":"1","a":"2"}', "a", "given twice"),
        ('{"e\\u0301":"1","\u00e9":"2"}', "é", "given twice"),
        ('{"":"a"}', "", "empty"),
        ('{"a":"\\ud800"}', "a", "U+D800"),
        ('["a"]', "labels", "object"),
        ('"a"', "labels", "object"),
        ("7", "labels", "object"),
        ('{"a":"\\x"}', "\\x", "JSON string"),
        ('{},"labels":{}', "labels", "twice"),
    ],
)
def test_broken_rules_are_named(labels: str, key: str, says: str) -> None:
    """An error names key, value and rule, and the body's labels are not recorded."""
    for mode in Mode:
        body = f'{{"labels":{labels}}}'.encode()
        output, found = run(body, mode, INJECTED)
        assert output == body
        assert found.error is not None
        assert says in found.error.message
        assert found.error.message.startswith("labels of the body: label ")
        assert found.error.metadata["key"] == key
        assert (found.labels, found.sent) == ({}, {})
        json.dumps(found.error.metadata).encode()


def test_more_than_64_labels() -> None:
    """64 labels pass, the 65th is refused."""
    own = {f"k{number}": "" for number in range(64)}
    assert run(json.dumps({"labels": own}).encode(), Mode.KEEP)[1].labels == own
    own["k64"] = "v"
    found = run(json.dumps({"labels": own}).encode(), Mode.KEEP)[1]
    assert found.error is not None
    assert found.error.rule == "more than 64 labels on one call; send fewer"


def test_bytes_that_are_no_utf8() -> None:
    """A label in another encoding is refused."""
    found = run(b'{"labels":{"a":"\xe9"}}', Mode.KEEP)[1]
    assert found.error is not None
    assert "UTF-8" in found.error.rule


def test_lenient_reaches_the_body() -> None:
    """`labels.lenient` lets vowel signs pass here, too."""
    body = '{"labels":{"सिम":"हिन्दी"}}'.encode()
    assert run(body, Mode.KEEP)[1].error is not None
    assert run(body, Mode.KEEP, lenient=True)[1].labels == {"सिम": "हिन्दी"}


def test_an_error_comes_before_the_last_bytes() -> None:
    """Nothing behind a broken member is given out before the error is known."""
    given, found = in_pieces(b'{"a":1,"labels":{"A":"b"},"c":2}', Mode.KEEP, 1)
    assert b"".join(given[:-1]) == b'{"a":1'
    assert found.error is not None


def test_a_member_of_64_kib_is_read_and_a_longer_one_refused() -> None:
    """The bound on a member counts from the comma before it to what follows it."""
    rest = 64 * 1024 - len(b'{"labels":{"a":""}')
    for more, refused in ((0, False), (1, True)):
        body = b'{"labels":{"a":"' + b"b" * 0 + b'"}' + b" " * (rest + more) + b"}"
        for size in (len(body), 1000, 65_537):
            given, found = in_pieces(body, Mode.STRIP, size)
            assert (found.error is not None) == refused
            if found.error is not None:
                assert "longer than 64 KiB" in found.error.message
                assert b"".join(given) == body


def test_white_space_without_end() -> None:
    """White space before a key is not held back beyond the bound; labels behind it are refused."""
    body = b'{"a":1,' + b" " * 200_000 + b'"labels":{"a":"b"}}'
    given, found = in_pieces(body, Mode.STRIP, 1000)
    assert sum(map(len, given[:100])) > 30_000
    assert found.error is not None
    assert b"".join(given) == body
    plain = body.replace(b"labels", b"others")
    given, found = in_pieces(plain, Mode.STRIP, 1000)
    assert found.error is None
    assert b"".join(given) == plain


def test_a_break_far_behind_the_labels() -> None:
    """Within a mebibyte, what turns out to be no JSON passes as it came; beyond, edits stand."""
    for length, stands in ((1_000_000, False), (1_100_000, True)):
        body = b'{"labels":{"a":"b"},"c":"' + b"d" * length + b'"]'
        for size in (len(body), 65_536):
            given, found = in_pieces(body, Mode.STRIP, size)
            assert (b"".join(given) != body) == stands
            assert len(b"".join(given)) == len(body)
            assert (found.labels, found.error, found.unread) == ({}, None, True)


def test_an_error_far_before_a_break() -> None:
    """Beyond a mebibyte behind the member, a refusal waits no longer for the end."""
    body = b'{"labels":{"A":"b"},"c":"' + b"d" * 2_000_000
    found = LabelFilter(Mode.KEEP, None, lenient=False)
    given = b"".join(found.feed(body[at : at + 50_000]) for at in range(0, 1_000_000, 50_000))
    assert (given, found.error) == (b"", None)
    found.feed(body[1_000_000:1_100_000])
    assert found.error is not None


def test_a_large_body_is_not_held() -> None:
    """What follows kept labels passes at once: no more than a member's bound waits."""
    body = b'{"labels":{"a":"b"},"c":"' + b"QUJD" * 500_000 + b'"}'
    found = LabelFilter(Mode.KEEP, None, lenient=False)
    sent = 0
    for at in range(0, len(body), 65_536):
        sent += len(found.feed(body[at : at + 65_536]))
        assert sent == min(at + 65_536, len(body))
    assert found.finish() == b""
    assert found.labels == {"a": "b"}


def test_byte_order_mark() -> None:
    """A byte order mark is no reason to miss labels; it stays."""
    body = b'\xef\xbb\xbf{"labels":{"a":"b"}}'
    assert run(body, Mode.KEEP)[1].labels == {"a": "b"}
    assert in_pieces(body, Mode.STRIP, 1)[0][3:4] == [b""]
    assert run(body, Mode.STRIP)[0] == b"\xef\xbb\xbf{                  }"


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        ('{"labels":{"a":"b"}}'.encode("utf-16"), True),
        ('{"contents":[]}'.encode("utf-16"), False),
        (gzip.compress(b'{"labels":{"a":"b"}}'), True),
        (b"{'labels': {'a': 'b'}}", True),
        (b"{labels: {'a': 'b'}}", True),
        (b"{'contents': []}", False),
        (b'{"labels":{"a":"b"}', True),
        (b'{"labels":{"a":', True),
        (b'{"contents":[}, "labels":{}}', True),
        (b'{"contents":[}, "other":{}}', False),
        (b"", False),
        (b"labels=a", True),
        (b"a=b", False),
    ],
)
def test_bodies_too_unusual_to_read(body: bytes, unread: bool) -> None:
    """They pass untouched; the row says so where they may hold labels."""
    for mode in Mode:
        for size in (1, 4, 1000):
            given, found = in_pieces(body, mode, size)
            assert b"".join(given) == body
            assert (found.unread, found.labels, found.error) == (unread, {}, None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"labels":{}}', True),
        (b'{"\\u006Cabels":{}}', True),
        (b'{"label\\u0073":{}}', True),
        (b'{"l\\u0061bels":{}}', True),
        (b'{"la\\u0062els":{}}', True),
        (b'{"lab\\u0065ls":{}}', True),
        (b'{"contents":"\\u00e9\\u0041"}', False),
        (b"", False),
    ],
)
def test_prefilter(body: bytes, expected: bool) -> None:
    """The name, or a letter of it as an escape."""
    assert may_hold_labels(body) is expected


def test_only_filling_in_can_lengthen() -> None:
    """`grows` is known before the first byte."""
    assert LabelFilter(Mode.INJECT, INJECTED, lenient=False).grows
    assert not LabelFilter(Mode.INJECT, {}, lenient=False).grows
    assert not LabelFilter(Mode.STRIP, INJECTED, lenient=False).grows
    assert not LabelFilter(Mode.KEEP, None, lenient=False).grows


def test_repr_shows_the_state() -> None:
    """Neither key nor value stands in what may be logged."""
    found = LabelFilter(Mode.KEEP, None, lenient=False)
    found.feed(b'{"labels":{"secret":"')
    assert repr(found) == "<LabelFilter <MemberScanner STRING at 21>, 21 bytes held>"
