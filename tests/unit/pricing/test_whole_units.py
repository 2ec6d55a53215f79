"""What is billed by the piece: images, seconds of video, songs, characters."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from weighbridge.core.money import pico_to_decimal
from weighbridge.core.outcome import PricingStatus, UsageSource
from weighbridge.pricing.rating import Rating

Rate = Callable[..., Rating]


def cost(rating: Rating) -> Decimal:
    assert rating.list_cost_pico is not None
    return pico_to_decimal(rating.list_cost_pico)


def only_line(rating: Rating) -> tuple[str, str]:
    (charge,) = rating.charges
    return charge.unit, charge.quantity


@pytest.mark.parametrize("surface", ["gemini", "vertex"])
@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("imagen-3.0-generate-002", "0.12"),
        ("imagen-3.0-fast-generate-001", "0.06"),
        ("imagen-4.0-fast-generate-001", "0.06"),
        ("imagen-4.0-generate-001", "0.12"),
        ("imagen-4.0-ultra-generate-001", "0.18"),
    ],
)
def test_imagen_is_billed_per_image(rate: Rate, model: str, dollars: str, surface: str) -> None:
    """M7: three images, on either surface."""
    rating = rate(model, images=3, surface=surface)
    assert (cost(rating), only_line(rating)) == (Decimal(dollars), ("image", "3"))


@pytest.mark.parametrize(
    ("model", "kind", "unit", "dollars"),
    [
        ("veo-3.1-generate-preview", None, "video_second", "3.2"),
        ("veo-3.1-generate-preview", "720p", "video_second", "3.2"),
        ("veo-3.1-generate-preview", "1080p", "video_second_1080p", "3.2"),
        ("veo-3.1-generate-preview", "4k", "video_second_4k", "4.8"),
        ("veo-3.1-fast-generate-001", None, "video_second", "0.8"),
        ("veo-3.1-fast-generate-001", "1080p", "video_second_1080p", "0.96"),
        ("veo-3.1-fast-generate-001", "4k", "video_second_4k", "2.4"),
        ("veo-3.1-lite-generate-preview", "1080p", "video_second_1080p", "0.64"),
        ("veo-2.0-generate-001", None, "video_second", "4"),
        ("veo-2.0-generate-001", "silent", "video_second_silent", "4"),
    ],
)
def test_veo_is_billed_per_second_by_kind(
    rate: Rate, model: str, kind: str | None, unit: str, dollars: str
) -> None:
    """M7: eight seconds; 1080p costs what 720p does where no rate of its own is listed."""
    rating = rate(model, video_seconds=Decimal(8), video_kind=kind)
    assert (cost(rating), only_line(rating)) == (Decimal(dollars), (unit, "8"))


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("veo-3.1-lite-generate-preview", "4k"),
        ("veo-3.1-generate-001", "silent"),
        ("veo-3.1-generate-001", "4k_silent"),
        ("veo-3.1-generate-001", "other"),
    ],
)
def test_a_kind_of_video_without_price_is_incomplete(rate: Rate, model: str, kind: str) -> None:
    """M10: never the price of another kind, and an unknown word is no kind."""
    rating = rate(model, video_seconds=Decimal(8), video_kind=kind)
    assert (rating.list_cost_pico, rating.pricing_status) == (0, PricingStatus.INCOMPLETE)


def test_video_of_a_model_of_tokens_is_not_billed_twice(rate: Rate) -> None:
    """M7: Omni's answers count their video in tokens."""
    rating = rate(
        "gemini-omni-flash-preview",
        output_tokens=1000,
        output_video_tokens=1000,
        video_seconds=Decimal(4),
    )
    assert (cost(rating), only_line(rating)) == (Decimal("0.0175"), ("output_video_token", "1000"))


@pytest.mark.parametrize(
    ("model", "surface", "dollars"),
    [
        ("lyria-3.5", "gemini", "0.16"),
        ("lyria-3.5-clip-preview", "gemini", "0.08"),
        ("lyria-3-pro-preview", "vertex", "0.16"),
        ("lyria-002", "vertex", "0.12"),
    ],
)
def test_lyria_is_billed_per_song(rate: Rate, model: str, surface: str, dollars: str) -> None:
    """M7: and the song covers the tokens that the answer counts beside it."""
    for tokens in ({}, {"input_tokens": 20, "output_tokens": 3000, "output_audio_tokens": 3000}):
        rating = rate(model, surface=surface, songs=2, **tokens)
        assert (cost(rating), only_line(rating)) == (Decimal(dollars), ("song", "2"))
        assert rating.pricing_status is PricingStatus.PRICED


def test_music_without_its_songs_is_incomplete(rate: Rate) -> None:
    """M10: tokens alone do not make a song free of charge."""
    rating = rate("lyria-3.5", input_tokens=20, output_tokens=3000)
    assert (rating.list_cost_pico, rating.pricing_status) == (0, PricingStatus.INCOMPLETE)


def test_songs_of_a_model_without_their_price_are_incomplete(rate: Rate) -> None:
    """M10: the text of the same answer is charged."""
    rating = rate("gemini-2.5-flash", input_tokens=1_000_000, output_tokens=1, songs=1)
    assert rating.pricing_status is PricingStatus.INCOMPLETE
    assert cost(rating) == Decimal("0.3000025")


@pytest.mark.parametrize(("tier", "dollars"), [(None, "0.025"), ("batch", "0.02")])
@pytest.mark.parametrize(
    "model", ["text-embedding-004", "text-embedding-005", "text-multilingual-embedding-002"]
)
def test_older_embeddings_are_billed_by_characters(
    rate: Rate, model: str, tier: str | None, dollars: str
) -> None:
    """M7: the tokens that they report beside them cost nothing more."""
    rating = rate(
        model, surface="vertex", tier=tier, input_tokens=250_000, input_characters=1_000_000
    )
    assert (cost(rating), only_line(rating)) == (Decimal(dollars), ("input_character", "1000000"))
    assert rating.pricing_status is PricingStatus.PRICED


def test_characters_that_a_model_of_tokens_reports_are_not_billed(rate: Rate) -> None:
    """Early Vertex answers count both; the price list names tokens."""
    rating = rate("gemini-2.5-flash", surface="vertex", input_tokens=250, input_characters=1000)
    assert only_line(rating) == ("input_text_token", "250")


def test_characters_alone_without_a_price_are_incomplete(rate: Rate) -> None:
    """M10: they are no tokens, and never free."""
    rating = rate("gemini-2.5-flash", surface="vertex", input_characters=1000)
    assert (rating.list_cost_pico, rating.pricing_status) == (0, PricingStatus.INCOMPLETE)


@pytest.mark.parametrize(
    ("model", "usage"),
    [
        ("imagen-4.0-generate-001", {"images": 1}),
        ("veo-3.1-generate-001", {"video_seconds": Decimal(8)}),
        ("lyria-3.5", {"songs": 1}),
    ],
)
@pytest.mark.parametrize("tier", ["batch", "flex", "priority"])
def test_no_tier_is_made_up_for_pieces(
    rate: Rate, model: str, usage: dict[str, Any], tier: str
) -> None:
    """M8: what halves Gemini in a batch says nothing of Imagen, Veo and Lyria."""
    assert rate(model, tier=tier, **usage).pricing_status is PricingStatus.UNPRICED


@pytest.mark.parametrize("model", ["imagen-4.0-generate-001", "veo-3.1-generate-001"])
def test_a_place_costs_nothing_more_for_pieces(rate: Rate, model: str) -> None:
    """M8: the uplift is for tokens of some models."""
    usage = {"images": 1} if model.startswith("imagen") else {"video_seconds": Decimal(1)}
    here, there = (
        rate(model, surface="vertex", location=place, **usage).list_cost_pico
        for place in ("global", "us-central1")
    )
    assert here == there


@pytest.mark.parametrize("usage", [{"images": 0}, {"songs": 0}, {"video_seconds": Decimal(0)}])
def test_none_made_is_none_charged(rate: Rate, usage: dict[str, Any]) -> None:
    """0 is reported zero: all pictures filtered out cost nothing."""
    rating = rate("imagen-4.0-generate-001", **usage)
    assert rating == Rating(0, PricingStatus.PRICED)


def test_counts_not_reported_are_unmetered(rate: Rate) -> None:
    """Missing is not zero."""
    rating = rate("imagen-4.0-generate-001", source=UsageSource.NONE)
    assert rating.pricing_status is PricingStatus.UNMETERED


@pytest.mark.parametrize("usage", [{"songs": -2}, {"images": -1}, {"input_characters": -5}])
def test_negative_pieces_credit_nothing(rate: Rate, usage: dict[str, int]) -> None:
    """M12: they make no line."""
    rating = rate("gemini-2.5-flash", input_tokens=10, output_tokens=1, **usage)
    assert cost(rating) == Decimal("0.0000055")
