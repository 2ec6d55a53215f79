"""How alerts write money, names and keys; the same in every message.

Rules for future edits: text comes from clients (a department, a label's value), so `name` is
the only way into a message; no key is built but by `key`.
"""

from typing import Final
from urllib.parse import quote

from weighbridge.core.dollars import short_usd
from weighbridge.core.money import pico_to_decimal

_LONGEST: Final = 80


def usd(pico: int) -> str:
    """Dollars for people.

    Example: `usd(1_234_500_000_000_000)` gives `$1,234.50`, `usd(12_300_000_000)` `$0.0123`.
    """
    return short_usd(pico_to_decimal(pico))


def percent(part: int, whole: int) -> int:
    """Whole percent, rounded down, so that 100 means all of it."""
    return part * 100 // whole if whole > 0 else 0


def name(text: str) -> str:
    """A name that somebody chose, on one line and of bounded length."""
    plain = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


def key(*parts: str | int | None) -> str:
    """An occurrence's key; parts cannot run into each other, and None is not the empty text."""
    return "|".join("-" if part is None else f"={quote(str(part), safe='')}" for part in parts)
