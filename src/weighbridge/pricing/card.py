"""A rate card: the rates of one model, surface, tier and location over one stretch of time.

Hides the arithmetic form of a price: integer pico-dollars for one unit, fallbacks between
modalities already resolved, both sides of the prompt-size cliff laid out, texts prepared.
Rules for future edits: pure, immutable once made, no `float`.
Counterpart: `compiler` makes cards, `rating` multiplies by them.
"""

import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from weighbridge.core.exchange import Charge
from weighbridge.core.money import PICO_USD_PER_USD, pico_to_text
from weighbridge.pricing.units import UNITS, fallbacks

NO_THRESHOLD: Final = sys.maxsize


class UnitPrice(msgspec.Struct, frozen=True):
    """What one unit costs, and the line of the book that says so.

    `form` is a charge of this unit as JSON, wanting a whole quantity and an amount in
    pico-dollars that stays below one dollar: all but those two is the same every time.
    """

    pico_usd: int
    text: str
    price_id: str
    unit: str = ""
    form: bytes = b""

    def of(self, unit: str) -> "UnitPrice":
        """The same price for a unit that takes it."""
        names = Charge(unit, "", self.text, "", self.price_id)
        form = msgspec.json.encode(names).replace(b"%", b"%%")
        form = form.replace(b'"quantity":""', b'"quantity":"%d"', 1)
        form = form.replace(b'"amount":""', b'"amount":"0.%012d"', 1)
        return msgspec.structs.replace(self, unit=unit, form=form)

    def charge(self, quantity: int | Decimal, amount: int) -> bytes:
        """One charge as JSON, whatever its size."""
        if type(quantity) is int and amount < PICO_USD_PER_USD:
            return self.form % (quantity, amount)
        amount_text = pico_to_text(amount)
        return msgspec.json.encode(
            Charge(self.unit, str(quantity), self.text, amount_text, self.price_id)
        )


class TextCall(msgspec.Struct, frozen=True):
    """The charges of prompt and answer, and of thinking, where all is text: most calls are so.

    The forms are the JSON of these charges together, wanting each quantity with its amount.
    """

    prompt_pico_usd: int
    answer_pico_usd: int
    thinking_pico_usd: int
    form: bytes
    thinking_form: bytes

    @classmethod
    def of(
        cls, prompt: UnitPrice | None, answer: UnitPrice | None, thinking: UnitPrice | None
    ) -> "TextCall | None":
        """The three prices as one, or None where one of them is missing."""
        if prompt is None or answer is None or thinking is None:
            return None
        return cls(
            prompt.pico_usd,
            answer.pico_usd,
            thinking.pico_usd,
            b"[%b,%b]" % (prompt.form, answer.form),
            b"[%b,%b,%b]" % (prompt.form, answer.form, thinking.form),
        )


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """The unit prices on one side of the prompt-size cliff; None = the unit has no price.

    One field for each unit of `units.UNITS`; a modality without a rate of its own holds the
    price it falls back to, under that price's own id. `text_call` is None where one of its
    three units has no price.
    """

    input_text_token: UnitPrice | None
    input_image_token: UnitPrice | None
    input_audio_token: UnitPrice | None
    input_video_token: UnitPrice | None
    input_document_token: UnitPrice | None
    tool_use_input_token: UnitPrice | None
    cache_write_input_token: UnitPrice | None
    cache_write_1h_input_token: UnitPrice | None
    cached_input_text_token: UnitPrice | None
    cached_input_image_token: UnitPrice | None
    cached_input_audio_token: UnitPrice | None
    cached_input_video_token: UnitPrice | None
    cached_input_document_token: UnitPrice | None
    output_text_token: UnitPrice | None
    output_image_token: UnitPrice | None
    output_audio_token: UnitPrice | None
    output_video_token: UnitPrice | None
    thinking_token: UnitPrice | None
    search_prompt: UnitPrice | None
    search_query: UnitPrice | None
    maps_prompt: UnitPrice | None
    maps_query: UnitPrice | None
    web_search: UnitPrice | None
    input_character: UnitPrice | None
    image: UnitPrice | None
    video_second: UnitPrice | None
    video_second_1080p: UnitPrice | None
    video_second_4k: UnitPrice | None
    video_second_silent: UnitPrice | None
    song: UnitPrice | None
    cache_storage_token_hour: UnitPrice | None
    text_call: TextCall | None

    @classmethod
    def from_own(cls, own: Mapping[str, UnitPrice]) -> "Rates":
        """Every unit's price, given the rates that the book states."""
        sources = {name: fallbacks(name, own) for name in UNITS}
        prices = {
            name: own[source].of(name) if source else None for name, source in sources.items()
        }
        text_units = ("input_text_token", "output_text_token", "thinking_token")
        return cls(**prices, text_call=TextCall.of(*(prices[name] for name in text_units)))


class RateCard:
    """Rates in force from day `first_day` to the day before `end_day` (proleptic ordinals).

    `base` holds up to `threshold` prompt tokens, `above` beyond it, for the whole request.
    Example: at 200,000 prompt tokens a card with threshold 200,000 gives `base`, at 200,001
    `above`.
    """

    __slots__ = ("above", "base", "end_day", "first_day", "free", "model", "threshold")

    def __init__(  # noqa: PLR0913 - the card is the value object
        self,
        model: str,
        base: Rates,
        above: Rates,
        *,
        threshold: int,
        free: bool,
        first_day: int,
        end_day: int,
    ) -> None:
        self.model = model
        self.base = base
        self.above = above
        self.threshold = threshold
        self.free = free
        self.first_day = first_day
        self.end_day = end_day

    def __repr__(self) -> str:
        cliff = "" if self.threshold == NO_THRESHOLD else f" cliff {self.threshold}"
        return f"<RateCard {self.model}{' free' if self.free else ''}{cliff}>"


def unit_price(pico_usd: int, price_id: str) -> UnitPrice:
    """A unit price with its text prepared, since every charge of a busy model repeats it."""
    return UnitPrice(pico_usd, pico_to_text(pico_usd), price_id)
