"""Text, pictures, sound and signatures to fill answers with: meaningless, repeatable, cheap.

The words hold letters of two, three and four bytes, so that any cut of a stream falls inside
one sooner or later.
"""

import base64
import random
import zlib

_TEXT = """
the shipment left port on time and every container was weighed twice before loading because a
bridge that weighs lorries never opens the cargo it only counts what passes meanwhile our team
compared three routes measured fuel checked the ledger and found that most of the cost came from
one agent whose prompts kept growing café naïve façade Zürich São-Paulo 東京 重量 橋 🚚 ⚖️ – …
tokens cached thinking output summary customer invoice question reply draft translate review
contract clause risk forecast budget department
"""
_WORDS = _TEXT.split()


def prose(roll: random.Random, tokens: int) -> str:
    """About `tokens` tokens of text in sentences and paragraphs, at least one word."""
    characters = max(4, tokens * 4)
    words = roll.choices(_WORDS, k=max(1, characters // 6))
    length, sentences = roll.randint(8, 14), roll.randint(3, 6)
    said = [" ".join(words[at : at + length]) for at in range(0, len(words), length)]
    said = [f"{each[:1].upper()}{each[1:]}." for each in said]
    paragraphs = [" ".join(said[at : at + sentences]) for at in range(0, len(said), sentences)]
    return "\n\n".join(paragraphs)


def phrase(roll: random.Random, words: int) -> str:
    """A few words, as for a title or a search."""
    return " ".join(roll.choices(_WORDS[:40], k=words))


def opaque(roll: random.Random, size: int) -> str:
    """Base64 of random bytes: thought signatures and the like."""
    return base64.b64encode(roll.randbytes(size)).decode()


def web_safe_id(roll: random.Random, size: int = 17) -> str:
    """An id as Google writes them (`responseId`)."""
    return base64.urlsafe_b64encode(roll.randbytes(size)).decode().rstrip("=")


def picture(roll: random.Random, side: int = 32) -> str:
    """Base64 of a valid PNG of coloured noise."""
    rows = b"".join(b"\x00" + roll.randbytes(3 * side) for _ in range(side))
    head = side.to_bytes(4) * 2 + b"\x08\x02\x00\x00\x00"
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)
        for kind, data in chunks
    )
    return base64.b64encode(png).decode()


def sound(roll: random.Random, seconds: int = 1) -> str:
    """Base64 of 16-bit PCM at 24 kHz; quiet noise, one second repeated."""
    return base64.b64encode(roll.randbytes(4_800) * (10 * seconds)).decode()
