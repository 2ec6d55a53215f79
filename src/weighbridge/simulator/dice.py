"""Seeded choices: the one place where the simulator draws.

The same request or seed always gives the same answer.
"""

import hashlib
import random


def dice(*seeds: object) -> random.Random:
    """A generator that depends on the seeds alone, on any machine and in any process."""
    text = "\x1f".join(str(seed) for seed in seeds)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return random.Random(int.from_bytes(digest))  # noqa: S311 -- repeatable on purpose, no secret


def fingerprint(*seeds: bytes) -> str:
    """32 hex characters that stand for the given bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for seed in seeds:
        digest.update(len(seed).to_bytes(8))
        digest.update(seed)
    return digest.hexdigest()
