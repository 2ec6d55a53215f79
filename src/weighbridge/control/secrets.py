"""Making secrets and ids; the only place of the control side that draws entropy."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from secrets import randbits, token_bytes

from weighbridge.core.ids import secret_from_bytes, uuid7

HINT_LENGTH = 4
_ENTROPY_BYTES = 96


@dataclass(frozen=True, slots=True)
class Mint:
    """Clock and entropy of the services, as functions so that tests can fix them."""

    now_us: Callable[[], int] = lambda: time.time_ns() // 1000
    entropy: Callable[[int], bytes] = token_bytes
    bits: Callable[[int], int] = randbits

    def secret(self, prefix: str) -> str:
        """A new secret with its prefix."""
        return secret_from_bytes(prefix, self.entropy(_ENTROPY_BYTES))

    def identifier(self, prefix: str) -> str:
        """A new id: prefix and the digits of a UUID v7, so that ids sort by their making."""
        return prefix + uuid7(self.now_us() // 1000, self.bits(80)).replace("-", "")
