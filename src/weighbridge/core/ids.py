"""Identifiers and secrets: exchange ids (UUID v7), tracking tokens, admin keys, their hashes.

Entropy is an argument, so that this module stays pure.
Source: RFC 9562 section 5.7 (UUID version 7).
"""

import hashlib
from functools import lru_cache
from typing import Final

TRACKING_TOKEN_PREFIX: Final = "trk_"
ADMIN_KEY_PREFIX: Final = "wbk_"
SECRET_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SECRET_LENGTH: Final = 32
# Version and variant lead their groups, so these are always four digits; a `%x` without a width
# takes a third of the time of one that pads.
_UUID: Final = "%s-%x-%x-%s"


def uuid7(unix_ms: int, random_bits: int) -> str:
    """UUID v7 as its 36-character text.

    Takes: milliseconds since the epoch (48 bits), and at least 74 random bits.
    Gives: ids that sort as text in the order of their milliseconds.
    """
    rand_a = 0x7000 | (random_bits >> 62) & 0xFFF
    rand_b = 0x8000 | (random_bits >> 48) & 0x3FFF
    rest = (random_bits & 0xFFFF_FFFF_FFFF).to_bytes(6, "big").hex()
    return _UUID % (_time_part(unix_ms), rand_a, rand_b, rest)


@lru_cache(maxsize=1)
def _time_part(unix_ms: int) -> str:
    """The first 48 bits as text; a busy gateway asks for the same millisecond many times."""
    text = unix_ms.to_bytes(6, "big").hex()
    return f"{text[:8]}-{text[8:]}"


def secret_from_bytes(prefix: str, entropy: bytes) -> str:
    """`prefix` and 32 characters of [A-Za-z0-9] drawn without bias from `entropy`.

    Takes: at least 64 random bytes (each byte of 248 or more is skipped, which keeps the draw
    uniform over 62 characters; 64 bytes run short less than once in 10^30).
    Errors: `ValueError` where the entropy runs short.
    """
    usable = [byte for byte in entropy if byte < 248][:SECRET_LENGTH]
    if len(usable) < SECRET_LENGTH:
        raise ValueError(f"{len(entropy)} bytes of entropy are too few for a secret")
    return prefix + "".join(SECRET_CHARACTERS[byte % 62] for byte in usable)


def secret_hash(secret: str) -> str:
    """SHA-256 of a tracking token or admin key as hex: the only form that is ever stored.

    A plain hash is right here, unlike for passwords: the secret has 190 bits of entropy.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
