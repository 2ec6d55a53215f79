"""Where documents begin and end: JSON bodies, JSON arrays, event streams."""

import pytest

from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading
from weighbridge.providers.documents import TAIL_BYTES, WHOLE_BYTES
from weighbridge.providers.json_array import JsonReader
from weighbridge.providers.sse import SseReader


class Heard:
    """An answer that writes down what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes]] = []

    def document(self, document: bytes | bytearray) -> None:
        self.said.append(("document", bytes(document)))

    def tail(self, tail: bytes | bytearray) -> None:
        self.said.append(("tail", bytes(tail)))

    def cut(self, document: bytes | bytearray) -> None:
        self.said.append(("cut", bytes(document)))

    def broken(self) -> None:
        self.said.append(("broken", b""))

    def reading(self, *, complete: bool) -> Reading:
        return Reading(usage=Usage(), usage_source=UsageSource.NONE)


def _hear(
    reader_type: type[JsonReader] | type[SseReader],
    body: bytes,
    size: int,
    *,
    complete: bool = True,
) -> list[tuple[str, bytes]]:
    heard = Heard()
    reader = reader_type(heard)
    for start in range(0, len(body), size):
        reader.feed(body[start : start + size])
        reader.feed(b"")
    reader.finish(complete=complete)
    return heard.said


SIZES = (1, 2, 3, 5, 1 << 20)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":1}', [b'{"a":1}']),
        (b' \r\n\t{"a":1}\n', [b'{"a":1}\n']),
        (b"", []),
        (b"  ", []),
        (b"[]", []),
        (b'[{"a":1}\n,\r\n{"b":[{}]}\n]', [b'{"a":1}', b'{"b":[{}]}']),
        (b'[{"a":"}]\\"{["},{"\\\\":{}}]', [b'{"a":"}]\\"{["}', b'{"\\\\":{}}']),
        (b'["x", 1, [{"no": 1}], null, {"a": 1}]', [b'{"a": 1}']),
    ],
)
def test_json_documents_end_where_they_end(body: bytes, expected: list[bytes], size: int) -> None:
    """S5: brackets in strings, escapes and split pieces do not matter."""
    assert _hear(JsonReader, body, size) == [("document", document) for document in expected]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("body", "complete", "expected"),
    [
        (b'{"a":', False, [("cut", b'{"a":')]),
        (b'{"a":', True, [("document", b'{"a":')]),
        (b'[{"a":1},{"b"', False, [("document", b'{"a":1}'), ("cut", b'{"b"')]),
        (b'[{"a":1},', True, [("document", b'{"a":1}'), ("broken", b"")]),
        (b"<html>", True, [("broken", b"")]),
        (b"]]]}}", True, [("broken", b"")]),
    ],
)
def test_what_is_cut_or_no_json_is_said_to_be(
    body: bytes, complete: bool, expected: list[tuple[str, bytes]], size: int
) -> None:
    """A cut document is told from a whole one, and other text is no document."""
    assert _hear(JsonReader, body, size, complete=complete) == expected


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'data: {"a":1}\r\n\r\ndata: {"b":2}\r\n\r\n', [b'{"a":1}', b'{"b":2}']),
        (b'data:{"a":1}\n\n', [b'{"a":1}']),
        (b'data: {"a":1}\r\rdata: {"b":2}\r\r', [b'{"a":1}', b'{"b":2}']),
        (b'data: {"a":\r\ndata: 1}\r\n\r\n', [b'{"a":\n1}']),
        (b": hi\nevent: x\nid: 1\nretry: 5\ndata: {}\n\n", [b"{}"]),
        (b'data: {"a":1}\n\ndata: [DONE]\n\n', [b'{"a":1}']),
        (b'data: {"a":1}', [b'{"a":1}']),
        (b"\n\n\ndata\n\n", []),
        (b'{\n "error": {}\n}\n', [b'{\n "error": {}\n}\n']),
        (b'[{"error": {}}]', [b'{"error": {}}']),
        (
            b'data: {"a":1}\r\n\r\n{\r\n  "error": {\r\n  "code": 503}}\r\n',
            [b'{"a":1}', b'{\n  "error": {\n  "code": 503}}\n'],
        ),
        (b"upstream connect error\n", []),
    ],
)
def test_events_end_at_empty_lines(body: bytes, expected: list[bytes], size: int) -> None:
    """S3, S5: any line end, several data lines, and bare JSON without `data:`."""
    assert _hear(SseReader, body, size) == [("document", document) for document in expected]


@pytest.mark.parametrize("size", SIZES)
def test_a_cut_event_is_said_to_be(size: int) -> None:
    """The last event of a cut stream may be half of one."""
    body = b'data: {"a":1}\n\ndata: {"b":'
    assert _hear(SseReader, body, size, complete=False) == [
        ("document", b'{"a":1}'),
        ("cut", b'{"b":'),
    ]


@pytest.mark.parametrize("size", [1000, 65536, 1 << 22])
@pytest.mark.parametrize(
    ("reader", "before", "after"),
    [(JsonReader, b"", b""), (JsonReader, b"[", b"]"), (SseReader, b"data: ", b"\n\n")],
)
def test_a_document_beyond_the_bound_is_told_by_its_tail(
    reader: type[JsonReader] | type[SseReader], before: bytes, after: bytes, size: int
) -> None:
    """Large answers and large elements alike, and the next element is whole again."""
    document = b'{"image":"' + b"A" * WHOLE_BYTES + b'"}'
    heard = _hear(reader, before + document + after, size)
    assert heard == [("tail", document[-TAIL_BYTES:])]


def test_an_overlong_line_that_is_no_data_is_passed_over() -> None:
    """A comment of megabytes costs neither memory nor the next event."""
    body = b": " + b"x" * (2 * WHOLE_BYTES) + b"\ndata: {}\n\n"
    assert _hear(SseReader, body, 65536) == [("document", b"{}")]


def test_readers_show_their_state() -> None:
    """`repr` is one line of state."""
    assert repr(JsonReader(Heard())) == "<JsonReader waiting <DocumentBuffer document of 0 bytes>>"
    assert repr(SseReader(Heard())).startswith("<SseReader line <DocumentBuffer")
