"""The closed list of what can carry a price, and whose rate a unit takes where it has none.

Hides the naming of billable units and the fallbacks between them. Rules for future edits: a
name here ends up in every stored charge, so it is never renamed; a new unit needs its place in
`card.Rates` and in `rating`. Counterpart: price files name these units, `card` compiles them.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Kind = Literal["input", "cached", "output", "fee"]

INPUT_MODALITIES: Final = ("text", "image", "audio", "video", "document")
OUTPUT_MODALITIES: Final = ("text", "image", "audio", "video")

_MILLION: Final = 1_000_000
_THOUSAND: Final = 1_000


class Unit(msgspec.Struct, frozen=True):
    """A billable unit.

    `kind` groups what tier and location multiples apply to, `per` is the pricing unit (list
    prices are quoted per million tokens, per thousand searches).
    """

    name: str
    kind: Kind
    per: int
    fallback: str | None = None


def _token_units() -> list[Unit]:
    """Token units with their fallbacks.

    A modality without a rate of its own takes the text rate of its direction. A model without
    a cached rate gives no discount: cached tokens then cost what uncached ones do, which is
    what the cached units' last resort (`input_*`) says.
    """
    units = [Unit("input_text_token", "input", _MILLION)]
    units += [
        Unit(f"input_{modality}_token", "input", _MILLION, "input_text_token")
        for modality in INPUT_MODALITIES[1:]
    ]
    units.append(Unit("tool_use_input_token", "input", _MILLION, "input_text_token"))
    units.append(Unit("cache_write_input_token", "input", _MILLION, "input_text_token"))
    units.append(Unit("cache_write_1h_input_token", "input", _MILLION))
    units.append(Unit("cached_input_text_token", "cached", _MILLION, "input_text_token"))
    units += [
        Unit(f"cached_input_{modality}_token", "cached", _MILLION, "cached_input_text_token")
        for modality in INPUT_MODALITIES[1:]
    ]
    units.append(Unit("output_text_token", "output", _MILLION))
    units += [
        Unit(f"output_{modality}_token", "output", _MILLION, "output_text_token")
        for modality in OUTPUT_MODALITIES[1:]
    ]
    units.append(Unit("thinking_token", "output", _MILLION, "output_text_token"))
    return units


# What a second of video costs by, beside plain seconds (720p, with sound where there is any).
# A model without a rate for 1080p lists one rate for both; 4k and silent video never cost
# the same as plain, so without a rate of their own they have no price.
VIDEO_KINDS: Final[Mapping[str, str]] = {
    "720p": "video_second",
    "1080p": "video_second_1080p",
    "4k": "video_second_4k",
    "silent": "video_second_silent",
}

_FEES: Final = [
    Unit("search_prompt", "fee", _THOUSAND),  # one per grounded prompt, up to Gemini 2.5
    Unit("search_query", "fee", _THOUSAND),  # each unique query, from Gemini 3 on
    Unit("maps_prompt", "fee", _THOUSAND),
    Unit("maps_query", "fee", _THOUSAND),
    Unit("web_search", "fee", _THOUSAND),  # of a partner's model, each search
    Unit("input_character", "input", _MILLION),  # older embeddings; white space is not counted
    Unit("image", "output", 1),  # models that bill whole images, not image tokens
    Unit("video_second", "output", 1),
    Unit("video_second_1080p", "output", 1, "video_second"),
    Unit("video_second_4k", "output", 1),
    Unit("video_second_silent", "output", 1),
    Unit("song", "output", 1),
    Unit("cache_storage_token_hour", "fee", _MILLION),  # an explicit cache, until it ends
]

UNITS: Final[Mapping[str, Unit]] = {unit.name: unit for unit in [*_token_units(), *_FEES]}


def fallbacks(name: str, priced: Mapping[str, object]) -> str | None:
    """The unit whose rate `name` takes, given the units that have a rate of their own.

    Example: with rates for `input_text_token` and `cached_input_text_token`,
    `cached_input_audio_token` takes the cached text rate; without a cached rate it takes
    `input_audio_token`'s own rate if there is one, else `input_text_token`'s.
    """
    if name in priced:
        return name
    unit = UNITS[name]
    if unit.kind == "cached" and "cached_input_text_token" not in priced:
        return fallbacks(name.removeprefix("cached_"), priced)
    return fallbacks(unit.fallback, priced) if unit.fallback else None
