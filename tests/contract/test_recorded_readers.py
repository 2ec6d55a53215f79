"""Recorded Gemini and Vertex exchanges, read as they passed, against plain `json`."""

from typing import Any

import pytest
from recorded import (
    content_type,
    expected_columns,
    expected_words,
    is_metered,
    name_of,
    recorded_exchanges,
)

from weighbridge.core.outcome import Refusal
from weighbridge.providers.registry import Registry

PIECES = (1, 7, 1000, 1 << 30)
EXCHANGES = [
    pytest.param(row, id=name_of(index, row)) for index, row in enumerate(recorded_exchanges())
]


@pytest.mark.parametrize("row", EXCHANGES)
def test_a_recorded_answer_reads_the_same_in_any_pieces(row: dict[str, Any]) -> None:
    """Tokens of every recorded exchange equal the reference, however the bytes come (S1-S5)."""
    registry = Registry()
    route = registry.route(row["method"].encode(), row["url_path"].encode())
    assert route is not None
    assert not isinstance(route, Refusal)
    assert route.operation != "unknown"
    assert route.metered or not is_metered(row)
    body = (row["response_body"] or "").encode()
    expected = expected_columns(row) | expected_words(row)
    for size in PIECES:
        reader = registry.provider(route.upstream).reader(route, row["status"], content_type(row))
        for start in range(0, len(body), size):
            reader.feed(body[start : start + size])
        reading = reader.finish(complete=True)
        read = {
            name: getattr(reading, name, getattr(reading.usage, name, None)) for name in expected
        }
        assert read == expected


@pytest.mark.parametrize("row", EXCHANGES)
def test_a_recorded_answer_cut_short_is_never_final(row: dict[str, Any]) -> None:
    """An answer cut in the middle is partial or has none, and never counts more input."""
    registry = Registry()
    route = registry.route(row["method"].encode(), row["url_path"].encode())
    assert route is not None
    assert not isinstance(route, Refusal)
    body = (row["response_body"] or "").encode()
    for share in (10, 50, 90):
        reader = registry.provider(route.upstream).reader(route, row["status"], content_type(row))
        reader.feed(body[: len(body) * share // 100])
        assert reader.finish(complete=False).usage_source in {"partial", "none"}
