"""Passwords as salted scrypt hashes: made, and checked in the same time whether right or wrong.

scrypt is in the standard library and memory-hard; argon2 would bring a package with C code of
its own for a difference that rate limiting makes moot. The parameters cost 32 MiB and about a
third of a second, one of the equal choices of the source below; they stand in each hash, so a
later version may raise them. At most two hashes are computed at once, which bounds memory.
Source: OWASP Password Storage Cheat Sheet, scrypt (read 2026-11-22); NIST SP 800-63B section
3.1.1 (length, no composition rules, Unicode normalisation).
"""

import base64
import hashlib
import hmac
import threading
import unicodedata
from collections.abc import Callable
from typing import Final

from weighbridge.errors import Problem

MIN_CHARACTERS: Final = 12
MAX_CHARACTERS: Final = 256
_LOG2_N, _R, _P = 15, 8, 3
_SALT_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
_LARGEST_MEMORY: Final = 64 * 1024 * 1024


class Passwords:
    """Hashes passwords; `entropy(n)` gives that many random bytes."""

    def __init__(self, entropy: Callable[[int], bytes], log2_n: int = _LOG2_N) -> None:
        self._entropy = entropy
        self._log2_n = log2_n
        self._room = threading.BoundedSemaphore(2)
        self._nobodys = self._stored(bytes(_SALT_BYTES), bytes(_DIGEST_BYTES), log2_n)

    def __repr__(self) -> str:
        return f"<Passwords scrypt 2^{self._log2_n}>"

    def hash(self, password: str) -> str:
        """A new hash, with its salt and its cost."""
        salt = self._entropy(_SALT_BYTES)
        digest = self._scrypt(password, salt, (self._log2_n, _R, _P))
        return self._stored(salt, digest, self._log2_n)

    def matches(self, password: str, stored: str | None) -> bool:
        """Whether a password is the stored one; as slow where nothing is stored."""
        _, log2_n, r, p, salt, digest = (stored or self._nobodys).split("$")
        cost = int(log2_n), int(r), int(p)
        found = self._scrypt(password, base64.b64decode(salt), cost)
        return hmac.compare_digest(found, base64.b64decode(digest)) and stored is not None

    @staticmethod
    def _stored(salt: bytes, digest: bytes, log2_n: int) -> str:
        return f"scrypt${log2_n}${_R}${_P}${_base64(salt)}${_base64(digest)}"

    def _scrypt(self, password: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
        log2_n, r, p = cost
        secret = unicodedata.normalize("NFKC", password).encode("utf-8", "replace")
        with self._room:
            return hashlib.scrypt(
                secret,
                salt=salt,
                n=1 << log2_n,
                r=r,
                p=p,
                maxmem=_LARGEST_MEMORY,
                dklen=_DIGEST_BYTES,
            )


def password_problems(password: str, name: str) -> list[Problem]:
    """What is wrong with a password that somebody chose; the answer never repeats it."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        message = f"expected {MIN_CHARACTERS} to {MAX_CHARACTERS} characters"
        return [Problem("password", f"{message}, got {len(password)}")]
    if len(set(password)) < 4 or password.casefold().strip() == name.casefold().strip():
        return [Problem("password", "too easy to guess; a few words that do not belong together")]
    return []


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
