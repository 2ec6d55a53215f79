"""Where the member `labels` stands, for documents written out: offsets, leniency, bounds."""

import pytest

from weighbridge.attribution.json_members import Member, MemberScanner, State
from weighbridge.attribution.json_whole import may_hold_name, read_whole


def scanned(document: bytes, size: int) -> tuple[MemberScanner, list[Member]]:
    scanner = MemberScanner()
    found = [
        member
        for at in range(0, len(document), size)
        for member in scanner.feed(document[at : at + size])
    ]
    return scanner, found


SIZES = pytest.mark.parametrize("size", [1, 3, 10_000_000])


@SIZES
def test_offsets(size: int) -> None:
    """Comma before, key, value, comma behind: all count from the first byte."""
    document = b'{"a":[{"labels":1}] , "labels" : {"b":"c"} , "d":2}'
    scanner, (member,) = scanned(document, size)
    assert document[member.before : member.key_at] == b", "
    assert document[member.key_at : member.value_at] == b'"labels" : '
    assert document[member.value_at : member.end] == b'{"b":"c"}'
    assert member.comma_at == document.rindex(b",")
    assert (member.first, member.last) == (False, False)
    assert member.known_at == document.index(b'"d"')
    assert (scanner.state, scanner.closed_at) == (State.TAIL, len(document) - 1)


@SIZES
@pytest.mark.parametrize(
    "document",
    [
        b"{}",
        b' {"a" : [1, 2.5e-3, -0, true, false, null, "", {}, []]} \r\n',
        b'{"a":1,}',
        b'{"a":[1,],"b":{"c":2,},}',
        b'{"a":"line\nline"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"a":"' + b'\\"' * 5000 + b'\\\\"}',
        b'{"' + b"k" * 5000 + b'":1}',
    ],
)
def test_documents_that_are_read(document: bytes, size: int) -> None:
    """Strict JSON, and what Google takes beside it."""
    scanner, found = scanned(document, size)
    assert (scanner.state, found, scanner.broken_at) == (State.TAIL, [], None)


@SIZES
@pytest.mark.parametrize(
    ("document", "at"),
    [
        (b'{"a":1}x', 7),
        (b"{,}", 1),
        (b'{"a":1,,"b":2}', 7),
        (b'{"a" 1}', 5),
        (b'{"a":01}', 5),
        (b'{"a":nul}', 5),
        (b'{"a":1]', 6),
        (b'{"a":[1}', 7),
        (b"{'a':1}", 1),
        (b"{a:1}", 1),
        (b'{"a":+1}', 5),
        (b'{"a":}', 5),
    ],
)
def test_where_a_document_breaks(document: bytes, at: int, size: int) -> None:
    """At the same byte, whatever the pieces."""
    scanner, found = scanned(document, size)
    assert (scanner.state, scanner.broken_at, found) == (State.BROKEN, at, [])


@SIZES
def test_brackets_without_end(size: int) -> None:
    """Depth is bounded: beyond it a document counts as broken."""
    scanner, _ = scanned(b'{"a":' + b"[" * 20_000, size)
    assert scanner.state is State.BROKEN


@SIZES
@pytest.mark.parametrize("document", [b"[]", b'"labels"', b"1", b"x", b"\xef\xbbx", b"\xff\xfe{"])
def test_what_is_no_object(document: bytes, size: int) -> None:
    """It is left alone."""
    assert scanned(document, size)[0].state is State.FOREIGN


@pytest.mark.parametrize(
    "document",
    [
        b"", b"{", b"}", b"{} x", b'{"a":1,}', b'{"labels":{},"labels":{}}',
        b'{"labels":{},"a":"labels"}', b'{"labels":{},"a":"\\u0073"}',
    ],
)  # fmt: skip
def test_the_shortcut_leaves_what_it_is_not_sure_of(document: bytes) -> None:
    """Two spellings of the name, or anything but strict JSON, take the closer look."""
    assert read_whole(document) is None


def test_the_name_in_a_prompt_is_no_hindrance() -> None:
    """Words in strings are not the member; where there is none, that is certain."""
    document = b'{"contents":"my \\"labels\\" and labels"}'
    whole = read_whole(document)
    assert whole is not None
    assert (whole.key_at, whole.closed_at, whole.empty) == (-1, len(document) - 1, False)
    assert may_hold_name(document)


def test_repr_shows_the_state() -> None:
    """One line, no content."""
    scanner, (member,) = scanned(b'{"labels":{"secret":"s"}}', 1)
    assert repr(scanner) == "<MemberScanner TAIL at 25>"
    assert repr(member) == "<Member 1:24, last>"
