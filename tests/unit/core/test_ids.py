"""Ids and secrets: RFC 9562's bits, order in time, unbiased characters."""

import uuid

import pytest

from weighbridge.core.ids import (
    SECRET_CHARACTERS,
    TRACKING_TOKEN_PREFIX,
    secret_from_bytes,
    secret_hash,
    uuid7,
)


@pytest.mark.parametrize("bits", [0, 2**74 - 1, 0x1234567890ABCDEF12, 2**128 - 1])
@pytest.mark.parametrize("unix_ms", [0, 1, 1_700_000_000_000, 2**48 - 1])
def test_uuid7_layout(unix_ms: int, bits: int) -> None:
    """Version 7, RFC variant, milliseconds in front, whatever the random bits."""
    text = uuid7(unix_ms, bits)
    parsed = uuid.UUID(text)
    assert str(parsed) == text
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == unix_ms


def test_uuid7_of_the_rfc() -> None:
    """The example of RFC 9562 appendix A.6."""
    bits = (0xCC3 << 62) | 0x18C4DC0C0C07398F
    assert uuid7(0x017F22E279B0, bits) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_uuid7_sorts_in_time() -> None:
    """As text, later milliseconds sort behind earlier ones."""
    instants = [0, 9, 10, 255, 256, 65_535, 65_536, 10**12, 10**12 + 1, 2**48 - 1]
    ids = [uuid7(instant, 2**74 - 1 - number) for number, instant in enumerate(instants)]
    assert sorted(ids) == ids


def test_uuid7_keeps_74_random_bits() -> None:
    """Each of the 74 bits makes another id."""
    assert len({uuid7(5, 1 << bit) for bit in range(74)}) == 74


def test_secret_has_its_form() -> None:
    """A token is its prefix and 32 letters or digits."""
    secret = secret_from_bytes(TRACKING_TOKEN_PREFIX, bytes(range(64)))
    assert secret == "trk_" + (SECRET_CHARACTERS * 2)[:32]


def test_secret_skips_bytes_that_would_bias_it() -> None:
    """248 and above are skipped, so that each character comes from four bytes."""
    assert secret_from_bytes("", bytes([248, 255] * 16 + [247] * 32)) == SECRET_CHARACTERS[61] * 32
    counts = dict.fromkeys(SECRET_CHARACTERS, 0)
    for byte in range(248):
        counts[secret_from_bytes("", bytes([byte] * 32))[0]] += 1
    assert set(counts.values()) == {4}


@pytest.mark.parametrize("entropy", [b"", bytes(31), bytes([255] * 64)])
def test_secret_needs_entropy(entropy: bytes) -> None:
    """Too few usable bytes are an error, never a shorter secret."""
    with pytest.raises(ValueError, match="too few"):
        secret_from_bytes("trk_", entropy)


def test_secret_hash() -> None:
    """SHA-256 as hex, also of what is no valid text."""
    assert secret_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(secret_hash("\udcff")) == 64
