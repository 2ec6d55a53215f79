"""The end of a JSON object is read from the last key of a name that stands at its top level."""

from typing import Any

import msgspec
import pytest

from weighbridge.providers.decoding import from_last

KEY = b'"usage"'


@pytest.mark.parametrize(
    ("tail", "found"),
    [
        (b'..."}],"usage":{"n":1},"id":"x"}', ({"usage": {"n": 1}, "id": "x"}, 7)),
        (b'"usage":{"n":1},"usage":{"n":2}}', ({"usage": {"n": 2}}, 16)),
        (b'"usage":{"n":1},"x":{"usage":2}}', ({"usage": {"n": 1}, "x": {"usage": 2}}, 0)),
        (b'...{"usage":{"n":2}}}', None),
        (b'says \\"usage\\":{"n":1}}', None),
        (b'"usage":{"n":1}', None),
        (b"", None),
    ],
)
def test_what_follows_the_last_key(tail: bytes, found: Any) -> None:
    """Deeper, brackets are left over; inside a text, quotes are escaped."""
    assert from_last(KEY, tail, msgspec.json.decode) == found


def test_few_keys_are_tried() -> None:
    """An answer that is made of that word is not searched for ever."""
    tail = b'"usage":1,"x":[' + b'"usage",' * 20 + b"0]}"
    assert from_last(KEY, tail, msgspec.json.decode) is None
