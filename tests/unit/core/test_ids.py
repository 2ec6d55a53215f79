"""Exchange ids and secrets."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.ids import TRACKING_TOKEN_PREFIX, secret_from_bytes, uuid7

MILLISECONDS = st.integers(0, 2**48 - 1)


@given(MILLISECONDS, st.integers(0, 2**80))
def test_uuid7_is_the_standard_one(unix_ms: int, random_bits: int) -> None:
    """Time, version, 12 random bits, variant, 62 random bits (RFC 9562 section 5.7)."""
    text = uuid7(unix_ms, random_bits)
    number = uuid.UUID(text).int
    assert text == str(uuid.UUID(int=number))
    assert number >> 80 == unix_ms
    assert number >> 76 & 0xF == 7
    assert number >> 62 & 0b11 == 0b10
    assert (number >> 64 & 0xFFF, number & (1 << 62) - 1) == (
        random_bits >> 62 & 0xFFF,
        random_bits & (1 << 62) - 1,
    )


@given(MILLISECONDS, MILLISECONDS, st.integers(0, 2**74), st.integers(0, 2**74))
def test_ids_sort_by_time(first: int, second: int, bits: int, others: int) -> None:
    """Ids of different milliseconds sort as their times do."""
    assert first == second or (uuid7(first, bits) < uuid7(second, others)) == (first < second)


def test_secret_is_drawn_without_bias() -> None:
    """Bytes from 248 on are skipped; too few of the others are an error."""
    assert secret_from_bytes(TRACKING_TOKEN_PREFIX, b"\xff" + bytes(32)) == "trk_" + "a" * 32
    with pytest.raises(ValueError, match="too few"):
        secret_from_bytes(TRACKING_TOKEN_PREFIX, b"\xff" * 64)
