"""One document in bounded memory."""

import pytest

from weighbridge.providers.documents import (
    TAIL_BYTES,
    WHOLE_BYTES,
    DocumentBuffer,
    member_of_cut,
)


def _filled(body: bytes, size: int) -> DocumentBuffer:
    buffer = DocumentBuffer()
    for start in range(0, len(body), size):
        buffer.add(body[start : start + size])
    return buffer


@pytest.mark.parametrize("size", [100_000, 1 << 20, 1 << 24])
def test_a_document_up_to_the_bound_is_whole(size: int) -> None:
    """Exactly `WHOLE_BYTES` still fit."""
    body = bytes(WHOLE_BYTES - 1) + b"x"
    buffer = _filled(body, size)
    assert buffer.whole
    assert buffer.take() == body


@pytest.mark.parametrize("size", [1000, 100_000, 1 << 20, 1 << 24])
def test_beyond_the_bound_the_tail_is_left(size: int) -> None:
    """S5: the same tail and head whatever the pieces."""
    body = b"data: head" + bytes(WHOLE_BYTES) + b"tail" * 100
    buffer = _filled(body, size)
    assert not buffer.whole
    assert buffer.head.startswith(b"data: head")
    assert len(buffer) <= WHOLE_BYTES
    assert buffer.take() == body[-TAIL_BYTES:]
    assert buffer.whole
    assert len(buffer) == 0
    assert repr(buffer) == "<DocumentBuffer document of 0 bytes>"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b'{"a":{"k":{}},"k":{"n":1},"b":"tex', b'{"n":1}'),
        (b'{"k": {"n": [1, {"x": "}"}]} , "b', b'{"n": [1, {"x": "}"}]}'),
        (b'{"k":{"n":1},"k":{"n":2}', b'{"n":2}'),
        (b'{"k":{"n":1', None),
        (b'{"a":{"k":{"n":1}},"b":"', None),
        (b'{"a":"k","b":{"n":1},"c', None),
        (b'{"a":"\\"k\\":{}', None),
        (b'{"a":["k",{"n":1}],"b', None),
        (b"", None),
    ],
)
def test_a_top_level_member_of_a_cut_document(document: bytes, expected: bytes | None) -> None:
    """Only the whole value of a top-level key counts, not its look-alikes."""
    assert member_of_cut(document, b'"k"') == expected
