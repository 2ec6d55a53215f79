"""Values at wanted paths of a document that comes in pieces."""

import pytest

from weighbridge.providers.json_walk import (
    LONGEST_OBJECT_BYTES,
    LONGEST_VALUE_BYTES,
    JsonWalker,
    wanted,
)

PATHS = wanted(
    {
        "name": "name",
        "count": "count",
        "usage": "usage",
        "data[].image": "image",
        "deep.er.value": "value",
        "matrix[][].x": "x",
    },
    {"data[]": "piece", "name": "named"},
)


def _walk(body: bytes, size: int = 1 << 30) -> list[tuple[str, bytes | None]]:
    told: list[tuple[str, bytes | None]] = []
    walker = JsonWalker(PATHS, lambda name, value: told.append((name, value)))
    for start in range(0, len(body), size):
        walker.feed(body[start : start + size])
    return told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", []),
        (b"{}", []),
        (b"[]", []),
        (b'{"name":"n"}', [("name", b'"n"'), ("named", b"")]),
        (b'{"name":null}', []),
        (b' { "count" : 12 , "x" : 1 } ', [("count", b"12")]),
        (b'{"count":12', []),
        (b'{"x":{"name":"no"},"name":"yes"}', [("name", b'"yes"'), ("named", b"")]),
        (b'{"x":"\\"name\\":\\"no\\"","count":1}', [("count", b"1")]),
        (b'{"usage":{"a":[1,{"b":"}"}]}}', [("usage", b'{"a":[1,{"b":"}"}]}')]),
        (b'{"usage":[1]}', [("usage", b"[1]")]),
        (b'{"usage":7}', [("usage", b"7")]),
        (
            b'{"data":[{"image":"AAAA"},{"reason":"no"},null,{"image":"BB"}]}',
            [
                ("image", b'"AAAA"'),
                ("piece", b""),
                ("piece", b""),
                ("image", b'"BB"'),
                ("piece", b""),
            ],
        ),
        (b'{"data":{"image":"no list"}}', []),
        (b'{"data":[[{"image":"too deep"}]]}', [("piece", b"")]),
        (b'{"deep":{"er":{"value":true}}}', [("value", b"true")]),
        (b'{"deep":{"er":"value"}}', []),
        (b'{"matrix":[[{"x":1},{"x":2}],[{"x":3}]]}', [("x", b"1"), ("x", b"2"), ("x", b"3")]),
        (b'[{"count":1},{"count":2}]', [("count", b"1"), ("count", b"2")]),
        (b'{"count":1}\n{"count":2}\n', [("count", b"1"), ("count", b"2")]),
        (b'{"na\\u006de":"escaped names are not read"}', []),
        (b"]}]}{]", []),
        (b"<html>oh no</html>", []),
        (b'\xff\xfe{"count":3}', [("count", b"3")]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 1 << 30])
def test_only_what_is_wanted_is_told(
    body: bytes, told: list[tuple[str, bytes | None]], size: int
) -> None:
    """S5: in any pieces, at its path alone, never from inside a text."""
    assert _walk(body, size) == told


@pytest.mark.parametrize("size", [1000, LONGEST_VALUE_BYTES, 1 << 20])
def test_what_is_too_long_is_told_without_its_content(size: int) -> None:
    """Bounded memory: an image is there, its bytes are not kept."""
    longest = b'"' + b"A" * (LONGEST_VALUE_BYTES - 2) + b'"'
    longer = b'"' + b"A\\n" * (LONGEST_VALUE_BYTES // 2) + b'"'
    body = b'{"data":[{"image":' + longest + b'},{"image":' + longer + b'}],"count":1}'
    assert _walk(body, size) == [
        ("image", longest),
        ("piece", b""),
        ("image", None),
        ("piece", b""),
        ("count", b"1"),
    ]
    body = b"{" + longer + b':1,"usage":[' + b"1," * (LONGEST_OBJECT_BYTES // 2) + b'1],"count":2}'
    assert _walk(body, size) == [("usage", None), ("count", b"2")]


def test_whole_documents_are_counted() -> None:
    """A cut one is not, and shows as open."""
    for body, documents, inside in (
        (b"", 0, False),
        (b'{"a":1}', 1, False),
        (b'{"a":', 0, True),
        (b'[{"a":1},{"b":2}', 2, True),
        (b'{"data":[{},{}]}', 1, False),
        (b'{"a":1}{"a":2}', 2, False),
        (b'{"a":"', 0, True),
    ):
        walker = JsonWalker(PATHS, lambda name, value: None)
        walker.feed(body)
        assert (walker.documents, walker.inside) == (documents, inside), body


@pytest.mark.parametrize("size", [7, 1 << 20])
def test_a_number_without_end_stops_the_walk(size: int) -> None:
    """No number is that long: nothing behind it is believed."""
    body = b'{"x":' + b"1" * (LONGEST_VALUE_BYTES + 1) + b',"count":1}'
    assert _walk(body, size) == []
