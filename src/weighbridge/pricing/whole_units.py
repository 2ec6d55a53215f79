"""What is billed by the piece and not by the token: images, seconds, songs, characters.

Hides which unit a second of video is, and when pieces take the place of tokens. Rules for
future edits: pure; a piece without a price leaves an item without one, so that the row is
incomplete (M10), never silently cheap. Counterpart: `rating` adds these items to its own.
"""

from decimal import Decimal

from weighbridge.core.usage import Usage
from weighbridge.pricing.card import Rates, UnitPrice
from weighbridge.pricing.units import VIDEO_KINDS

Quantity = int | Decimal
# A quantity and its price; None = it has none.
Item = tuple[Quantity, UnitPrice | None]


def bills_characters(usage: Usage, prompt: int, rates: Rates) -> bool:
    """Whether the prompt is billed by its characters: never by them and by its tokens.

    Older Vertex models report both; the price list says which of them counts.
    """
    if not usage.input_characters:
        return False
    return rates.input_character is not None or prompt <= 0


def whole_items(usage: Usage, rates: Rates, items: list[Item]) -> list[Item]:
    """The items with images, seconds and songs added.

    What was reported as image or video tokens is charged as tokens already. A song covers the
    tokens that a model of songs reports beside it, where the price list names none for them.
    """
    if usage.songs and usage.songs > 0:
        if rates.song is not None:
            items = [item for item in items if item[1] is not None]
        items.append((usage.songs, rates.song))
    if usage.images and not usage.output_image_tokens:
        items.append((usage.images, rates.image))
    if usage.video_seconds and not usage.output_video_tokens:
        items.append((usage.video_seconds, _second(usage.video_kind, rates)))
    return items


def _second(kind: str | None, rates: Rates) -> UnitPrice | None:
    """Price of a second of video of a kind; a kind that is new to us has none."""
    unit = "video_second" if kind is None else VIDEO_KINDS.get(kind)
    price: UnitPrice | None = getattr(rates, unit) if unit else None
    return price
