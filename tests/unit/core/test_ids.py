"""Ids and secrets: RFC 9562's bits, order in time, unbiased characters."""

import random
import uuid

import pytest

from weighbridge.core.ids import (
    SECRET_CHARACTERS,
    TRACKING_TOKEN_PREFIX,
    IdMaker,
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


def _maker() -> IdMaker:
    return IdMaker(random.Random(1).getrandbits)


def test_ids_of_a_maker_are_version_7() -> None:
    """Whichever came before, each names its own millisecond."""
    maker = _maker()
    for unix_us in (0, 1, 999, 1000, 5_000_999, 1_700_000_000_000_123, 1_700_000_000_000_999, 3):
        parsed = uuid.UUID(maker.new(unix_us))
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
        assert parsed.int >> 80 == unix_us // 1000


def test_ids_of_a_maker_are_unique() -> None:
    """Over several blocks in one millisecond, also where the clock goes back."""
    maker = _maker()
    made = [maker.new(unix_us) for unix_us in (7000, 8000, 7000) for _ in range(5000)]
    assert len(set(made)) == len(made)


def test_ids_of_a_block_are_in_order() -> None:
    """As text they sort as they were made, within a millisecond and beyond."""
    maker = _maker()
    made = [maker.new(1_700_000_000_000_000 + number * 10) for number in range(4096)]
    assert sorted(made) == made


def test_makers_draw_apart() -> None:
    """Two processes that make ids in the same millisecond make different ones."""
    ours, theirs = IdMaker(random.Random(1).getrandbits), IdMaker(random.Random(2).getrandbits)
    assert not {ours.new(5) for _ in range(99)} & {theirs.new(5) for _ in range(99)}


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
