"""The closed list of units and whose rate each takes."""

from typing import Any

import pytest

from weighbridge.pricing.card import Rates
from weighbridge.pricing.units import UNITS, fallbacks


def test_card_has_a_field_for_every_unit() -> None:
    """`card.Rates` spells the units out for the type checker; the list is this one."""
    assert Rates.__struct_fields__ == (*UNITS, "text_call")


@pytest.mark.parametrize(
    ("unit", "priced", "source"),
    [
        ("input_audio_token", ["input_text_token"], "input_text_token"),
        ("input_audio_token", ["input_text_token", "input_audio_token"], "input_audio_token"),
        (
            "cached_input_audio_token",
            ["input_text_token", "input_audio_token", "cached_input_text_token"],
            "cached_input_text_token",
        ),
        (
            "cached_input_audio_token",
            ["input_text_token", "input_audio_token"],
            "input_audio_token",
        ),
        ("cached_input_video_token", ["input_text_token"], "input_text_token"),
        ("thinking_token", ["output_text_token"], "output_text_token"),
        ("tool_use_input_token", ["input_text_token"], "input_text_token"),
        ("output_image_token", ["input_text_token"], None),
        ("search_query", ["input_text_token", "search_prompt"], None),
        ("image", ["output_text_token"], None),
    ],
)
def test_fallbacks_stay_in_their_direction(unit: str, priced: list[str], source: Any) -> None:
    """A modality takes the text rate of its direction; what is no token takes nobody's."""
    assert fallbacks(unit, dict.fromkeys(priced)) == source
