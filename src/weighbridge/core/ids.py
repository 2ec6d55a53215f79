"""Identifiers and secrets: exchange ids (UUID v7), tracking tokens, admin keys, their hashes.

Entropy is an argument, so that this module stays pure.
Source: RFC 9562 section 5.7 (UUID version 7).
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Final

TRACKING_TOKEN_PREFIX: Final = "trk_"
ADMIN_KEY_PREFIX: Final = "wbk_"
SESSION_PREFIX: Final = "wbs_"
LINK_PREFIX: Final = "wbl_"
SECRET_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SECRET_LENGTH: Final = 32
# Version and variant lead their groups, so these are always four digits; a `%x` without a width
# takes a third of the time of one that pads.
_UUID: Final = "%s-%x-%x-%s"
_TIME_LENGTH: Final = 13
_COUNT_LENGTH: Final = 3
_THREE_HEX_DIGITS: Final = tuple(f"{number:03x}" for number in range(16**_COUNT_LENGTH))
_BLOCK: Final = len(_THREE_HEX_DIGITS)


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


class IdMaker:
    """Makes the exchange ids of one process, an eighth of the work of `uuid7` each.

    Of the 74 random bits the last twelve count through a block of ids, and the others are drawn
    for each block: ids are unique and in order, not secret. Takes: `random_bits(n)`, a source of
    that many random bits, seeded apart from those of other processes.
    """

    __slots__ = ("_count", "_front", "_middle", "_millisecond_us", "_random_bits")

    def __init__(self, random_bits: Callable[[int], int]) -> None:
        self._random_bits = random_bits
        self._millisecond_us = -1000
        self._count = _BLOCK
        self._middle = self._front = ""

    def __repr__(self) -> str:
        return f"<IdMaker {self._count} of {_BLOCK}>"

    def new(self, unix_us: int) -> str:
        """A fresh UUID v7 as its 36-character text, for an instant in microseconds.

        Gives: ids that sort as text in the order of their milliseconds and, in one block, in
        the order in which they were made.
        """
        count = self._count
        if count == _BLOCK or not 0 <= unix_us - self._millisecond_us < 1000:
            self._turn(unix_us)
            count = self._count
        self._count = count + 1
        return self._front + _THREE_HEX_DIGITS[count]

    def _turn(self, unix_us: int) -> None:
        """Begin another millisecond, or another block, or both."""
        if self._count == _BLOCK:
            self._count = 0
            self._middle = uuid7(0, self._random_bits(74))[_TIME_LENGTH:-_COUNT_LENGTH]
        unix_ms = unix_us // 1000
        self._millisecond_us = unix_ms * 1000
        self._front = _time_part(unix_ms) + self._middle


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
    """SHA-256 of a secret that we made as hex: the only form that is ever stored.

    A plain hash is right here, unlike for passwords: the secret has 190 bits of entropy.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
