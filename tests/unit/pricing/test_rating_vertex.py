"""Vertex AI: its tiers and places, tuned models, and Claude there."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from weighbridge.core.money import pico_to_decimal
from weighbridge.core.outcome import Note, PricingStatus
from weighbridge.pricing.rating import Rating

Rate = Callable[..., Rating]
SONNET = "claude-sonnet-4-5@20250929"


def lines(rating: Rating) -> dict[str, tuple[str, Decimal]]:
    """Unit → quantity and US dollars per million units."""
    return {c.unit: (c.quantity, Decimal(c.unit_price) * 1_000_000) for c in rating.charges}


def cost(rating: Rating) -> Decimal:
    assert rating.list_cost_pico is not None
    return pico_to_decimal(rating.list_cost_pico)


@pytest.fixture
def claude(rate: Rate) -> Rate:
    """A call of Claude on Vertex's global endpoint."""

    def call(model: str = SONNET, **given: Any) -> Rating:
        defaults = {"provider": "anthropic", "surface": "vertex", "operation": "rawPredict"}
        return rate(model, **(defaults | given))

    return call


def test_cache_reads_and_writes_are_part_of_the_prompt(claude: Rate) -> None:
    """M1: each token once: read, written for five minutes, written for an hour, or fresh."""
    rating = claude(
        input_tokens=1000,
        cached_input_tokens=100,
        cache_write_input_tokens=300,
        cache_write_1h_input_tokens=200,
        output_tokens=50,
    )
    assert lines(rating) == {
        "cached_input_text_token": ("100", Decimal("0.3")),
        "cache_write_input_token": ("100", Decimal("3.75")),
        "cache_write_1h_input_token": ("200", Decimal(6)),
        "input_text_token": ("600", Decimal(3)),
        "output_text_token": ("50", Decimal(15)),
    }
    assert rating.pricing_status is PricingStatus.PRICED


def test_writes_without_a_rate_of_their_own_are_input(rate: Rate) -> None:
    """What an explicit cache of Gemini's takes in costs the input rate."""
    rating = rate("gemini-2.5-pro", input_tokens=5000, cache_write_input_tokens=5000)
    assert lines(rating) == {"cache_write_input_token": ("5000", Decimal("1.25"))}
    assert rating.charges[0].price_id.endswith(":input_text_token")


def test_an_hour_without_a_rate_is_incomplete(claude: Rate) -> None:
    """M10: an hour costs more than five minutes, so it never takes their rate."""
    rating = claude(
        "claude-opus-4-1@20250805",
        input_tokens=100,
        cache_write_input_tokens=100,
        cache_write_1h_input_tokens=40,
    )
    assert lines(rating) == {"cache_write_input_token": ("60", Decimal("18.75"))}
    assert rating.pricing_status is PricingStatus.INCOMPLETE


@pytest.mark.parametrize(
    ("counts", "note"),
    [
        ({"cache_write_input_tokens": 1001}, Note.COUNT_REJECTED),
        ({"cache_write_input_tokens": -7}, Note.COUNT_REJECTED),
        ({"cached_input_tokens": 600, "cache_write_input_tokens": 401}, Note.COUNT_REJECTED),
    ],
)
def test_writes_beyond_the_prompt_are_none(
    claude: Rate, counts: dict[str, int], note: Note
) -> None:
    """M12: what cannot be credits and charges nothing."""
    rating = claude(input_tokens=1000, input_text_tokens=1000, **counts)
    cached = counts.get("cached_input_tokens", 0)
    assert lines(rating)["input_text_token"] == (str(1000 - cached), Decimal(3))
    assert not any("write" in unit for unit in lines(rating))
    assert rating.notes == (note,)


@pytest.mark.parametrize("hour", [11, -1])
def test_more_hours_than_writes_are_five_minutes(claude: Rate, hour: int) -> None:
    """M6, M12: a split that contradicts its count loses."""
    rating = claude(input_tokens=10, cache_write_input_tokens=10, cache_write_1h_input_tokens=hour)
    assert lines(rating) == {"cache_write_input_token": ("10", Decimal("3.75"))}
    assert rating.notes == (Note.DETAILS_CONTRADICT,)


@pytest.mark.parametrize(("prompt", "rate_usd"), [(100_000, "0.1"), (100_001, "0.5")])
def test_the_cliff_counts_all_of_the_prompt(claude: Rate, prompt: int, rate_usd: str) -> None:
    """M3: Haiku 5.5 at 100,000, whatever of it was cached; output goes with it."""
    rating = claude(
        "claude-haiku-5-5@default",
        input_tokens=prompt,
        cached_input_tokens=90_000,
        input_text_tokens=prompt,
        output_tokens=1,
    )
    assert lines(rating)["input_text_token"] == (str(prompt - 90_000), Decimal(rate_usd))
    assert lines(rating)["output_text_token"][1] == Decimal(rate_usd) * 5


@pytest.mark.parametrize(
    ("model", "location", "dollars"),
    [
        (SONNET, "global", "3"),
        (SONNET, "us-east5", "3.3"),
        (SONNET, "eu", "3.3"),
        ("claude-3-7-sonnet@20250219", "us-east5", "3"),
        ("claude-opus-4@20250514", "us-east5", "15"),
    ],
)
def test_regional_claude_costs_ten_percent_more_from_4_5_on(
    claude: Rate, model: str, location: str, dollars: str
) -> None:
    """M8: earlier models cost the same everywhere."""
    rating = claude(model, location=location, input_tokens=100_000)
    assert cost(rating) == Decimal(dollars) / 10


def test_batches_of_claude_halve_everything(claude: Rate) -> None:
    """M8, M11: cache reads and writes too."""
    rating = claude(
        tier="batch",
        input_tokens=4,
        input_text_tokens=4,
        cached_input_tokens=1,
        cache_write_input_tokens=2,
        cache_write_1h_input_tokens=1,
        output_tokens=1,
    )
    assert {unit: usd for unit, (_, usd) in lines(rating).items()} == {
        "cached_input_text_token": Decimal("0.15"),
        "cache_write_input_token": Decimal("1.875"),
        "cache_write_1h_input_token": Decimal(3),
        "input_text_token": Decimal("1.5"),
        "output_text_token": Decimal("7.5"),
    }


def test_a_tier_that_claude_does_not_have_is_unpriced(claude: Rate) -> None:
    """M8: Gemini's priority tier says nothing of Claude."""
    assert claude(tier="priority", input_tokens=1).pricing_status is PricingStatus.UNPRICED


def test_claude_searches_at_its_own_fee(claude: Rate) -> None:
    """M7: $10 for a thousand searches, and no free quota to speak of."""
    rating = claude("claude-opus-5@default", input_tokens=1, search_queries=3)
    assert lines(rating)["web_search"] == ("3", Decimal(10_000))
    assert rating.notes == ()


def test_claude_is_priced_on_vertex_only(rate: Rate) -> None:
    """M8: another surface has another list, and Google makes no Claude."""
    call = {"input_tokens": 1, "provider": "anthropic"}
    assert rate(SONNET, **call).pricing_status is PricingStatus.UNPRICED
    as_google = rate(SONNET, surface="vertex", input_tokens=1)
    assert as_google.pricing_status is PricingStatus.UNPRICED


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("mistralai", "mistral-medium-3@001"),
        ("meta", "llama-4-maverick-17b-128e-instruct-maas"),
        ("anthropic", "claude-mystic-9@20270101"),
    ],
)
def test_other_partners_are_unpriced(rate: Rate, provider: str, model: str) -> None:
    """M9: no list that we follow has them."""
    rating = rate(model, provider=provider, surface="vertex", input_tokens=5)
    assert rating == Rating(None, PricingStatus.UNPRICED)


@pytest.mark.parametrize("asked", ["tunedModels/my-poems-1a2b", "endpoints/4711", "4711", None])
def test_a_tuned_model_costs_what_its_base_does(rate: Rate, asked: str | None) -> None:
    """M9: where the answer names the base; else its price is not known."""
    known = rate(asked, surface="vertex", served="gemini-2.5-flash", input_tokens=1_000_000)
    assert cost(known) == Decimal("0.3")
    unknown = rate(asked, surface="vertex", served="my-poems", input_tokens=1_000_000)
    assert unknown.pricing_status is PricingStatus.UNPRICED


@pytest.mark.parametrize("tier", ["standard", "flex", "priority", "batch"])
def test_fees_are_alike_in_every_tier_and_place(rate: Rate, tier: str) -> None:
    """M7, M8: searches and maps of 3.5 Flash on a regional endpoint."""
    rating = rate(
        "gemini-3.5-flash",
        surface="vertex",
        location="europe-west4",
        tier=tier,
        input_tokens=1,
        search_queries=2,
        maps_queries=1,
    )
    assert lines(rating)["search_query"] == ("2", Decimal(14_000))
    assert lines(rating)["maps_query"] == ("1", Decimal(14_000))


@pytest.mark.parametrize(
    ("model", "unit", "fee"),
    [
        ("gemini-1.5-pro-002", "search_prompt", 35_000),
        ("gemini-2.0-flash-lite", "search_prompt", 35_000),
        ("gemini-2.5-flash-image", "search_prompt", 35_000),
        ("gemini-2.5-flash-native-audio-preview-12-2025", "search_prompt", 35_000),
        ("gemini-3-pro-image-preview", "search_query", 14_000),
        ("gemini-3.1-flash-image", "search_query", 14_000),
        ("gemini-3.1-flash-live-preview", "search_query", 14_000),
        ("gemini-3.8-live", "search_query", 14_000),
        ("gemini-4-argon", "search_query", 14_000),
    ],
)
@pytest.mark.parametrize("surface", ["gemini", "vertex"])
def test_search_fees_by_generation(
    rate: Rate, model: str, unit: str, fee: int, surface: str
) -> None:
    """M5, M7: images and Live too; what the search brought in is not billed as tokens."""
    rating = rate(
        model,
        surface=surface,
        input_tokens=10,
        tool_use_input_tokens=99,
        search_queries=2,
        grounded_by_search=True,
    )
    count = "1" if unit == "search_prompt" else "2"
    assert lines(rating)[unit] == (count, Decimal(fee))
    assert "tool_use_input_token" not in lines(rating)
    assert rating.pricing_status is PricingStatus.PRICED


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gemini-3.8-live", ("0.75", "3", "1", "1", "4.5", "12")),
        ("gemini-3.1-flash-live-preview", ("0.75", "3", "1", "1", "4.5", "12")),
        ("gemini-2.5-flash-native-audio-latest", ("0.5", "3", "3", "3", "2", "12")),
    ],
)
def test_live_sessions_by_modality(
    rate: Rate, model: str, expected: tuple[str, str, str, str, str, str]
) -> None:
    """M6, M7: text, audio, image and video in, text and audio out."""
    rating = rate(
        model,
        input_tokens=40,
        input_audio_tokens=10,
        input_image_tokens=10,
        input_video_tokens=10,
        output_tokens=20,
        output_audio_tokens=10,
    )
    units = ("input_text", "input_audio", "input_image", "input_video", "output_text")
    names = [f"{unit}_token" for unit in (*units, "output_audio")]
    found = {name: usd for name, (_, usd) in lines(rating).items()}
    assert found == dict(zip(names, map(Decimal, expected), strict=True))


@pytest.mark.parametrize(
    ("model", "at", "dollars"),
    [
        ("gemini-2.5-flash-preview-tts", None, "10"),
        ("gemini-2.5-pro-preview-tts", None, "20"),
        ("gemini-3.1-flash-tts-preview", None, "20"),
        ("gemini-3.8-flash-tts", None, "9"),
        ("gemini-3.8-flash-tts", dt.date(2027, 1, 1), "18"),
    ],
)
def test_speech_is_billed_as_audio_output(
    rate: Rate, model: str, at: dt.date | None, dollars: str
) -> None:
    """M7, M8: a model that speaks has one output rate."""
    given = {} if at is None else {"at": at}
    rating = rate(model, output_tokens=1_000_000, output_audio_tokens=1_000_000, **given)
    assert cost(rating) == Decimal(dollars)


@pytest.mark.parametrize(
    ("surface", "tier", "dollars"),
    [
        ("gemini", None, "0.15"),
        ("gemini", "batch", "0.075"),
        ("vertex", None, "0.15"),
        ("vertex", "batch", "0.12"),
    ],
)
def test_embeddings_by_tokens(rate: Rate, surface: str, tier: str | None, dollars: str) -> None:
    """M8: a batch is discounted less on Vertex."""
    rating = rate("gemini-embedding-001", surface=surface, tier=tier, input_tokens=1_000_000)
    assert cost(rating) == Decimal(dollars)
