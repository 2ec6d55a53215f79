"""Every rule of rating, one call at a time, in US dollars per million tokens."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from weighbridge.core.money import pico_to_decimal
from weighbridge.core.outcome import Note, PricingStatus, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.pricing.card import NO_THRESHOLD, RateCard, Rates, unit_price
from weighbridge.pricing.rating import Rating, rate_usage

Rate = Callable[..., Rating]


def lines(rating: Rating) -> dict[str, tuple[str, Decimal]]:
    """Unit → quantity and US dollars per million units."""
    return {c.unit: (c.quantity, Decimal(c.unit_price) * 1_000_000) for c in rating.charges}


def cost(rating: Rating) -> Decimal:
    assert rating.list_cost_pico is not None
    return pico_to_decimal(rating.list_cost_pico)


def test_text_call(rate: Rate) -> None:
    """A charge is unit, quantity, unit price, amount and the line of the book."""
    rating = rate("gemini-2.5-flash", input_tokens=1000, output_tokens=200)
    assert [(c.unit, c.quantity, c.unit_price, c.amount, c.price_id) for c in rating.charges] == [
        (
            "input_text_token",
            "1000",
            "0.000000300000",
            "0.000300000000",
            "gemini-2.5-flash:gemini:standard:input_text_token",
        ),
        (
            "output_text_token",
            "200",
            "0.000002500000",
            "0.000500000000",
            "gemini-2.5-flash:gemini:standard:output_text_token",
        ),
    ]
    assert (rating.list_cost_pico, rating.pricing_status) == (800_000_000, PricingStatus.PRICED)


def test_cached_tokens_are_part_of_the_prompt(rate: Rate) -> None:
    """M1: prompt less cached at the input rate, cached at the cached rate."""
    rating = rate(
        "gemini-2.5-flash", input_tokens=1000, cached_input_tokens=600, cached_text_tokens=600
    )
    assert lines(rating) == {
        "cached_input_text_token": ("600", Decimal("0.03")),
        "input_text_token": ("400", Decimal("0.3")),
    }
    assert rating.notes == ()


def test_cached_without_split_takes_text_first(rate: Rate) -> None:
    """M2: still discounted, text first, and marked as an estimate."""
    rating = rate(
        "gemini-2.5-flash",
        input_tokens=1000,
        input_text_tokens=300,
        input_audio_tokens=700,
        cached_input_tokens=500,
    )
    assert lines(rating) == {
        "cached_input_text_token": ("300", Decimal("0.03")),
        "cached_input_audio_token": ("200", Decimal("0.1")),
        "input_audio_token": ("500", Decimal(1)),
    }
    assert rating.notes == (Note.CACHED_SPLIT_ESTIMATED,)


def test_cached_split_of_a_prompt_known_to_be_text_is_no_estimate(rate: Rate) -> None:
    """M2: where the details list says that all of the prompt is text, nothing is guessed."""
    known = {"input_tokens": 1000, "cached_input_tokens": 600}
    assert rate("gemini-2.5-flash", **known, input_text_tokens=1000).notes == ()
    assert rate("gemini-2.5-flash", **known).notes == (Note.CACHED_SPLIT_ESTIMATED,)


def test_cached_split_that_does_not_fit_the_prompt_is_estimated(rate: Rate) -> None:
    """M6: a split of cached tokens that exceeds the prompt's own split loses."""
    rating = rate(
        "gemini-2.5-flash",
        input_tokens=1000,
        input_text_tokens=900,
        input_audio_tokens=100,
        cached_input_tokens=500,
        cached_audio_tokens=500,
    )
    assert lines(rating)["cached_input_text_token"] == ("500", Decimal("0.03"))
    assert rating.notes == (Note.CACHED_SPLIT_ESTIMATED,)


def test_cached_without_a_cached_rate_costs_the_input_rate(rate: Rate) -> None:
    """A model without cache pricing gives no discount, under the input line's id."""
    rating = rate(
        "gemini-3-pro-image-preview",
        input_tokens=1000,
        cached_input_tokens=600,
        input_text_tokens=1000,
    )
    assert lines(rating)["cached_input_text_token"] == ("600", Decimal(2))
    assert "standard:input_text_token" in rating.charges[0].price_id


@pytest.mark.parametrize(
    ("prompt", "dollars"), [(200_000, Decimal("0.26")), (200_001, Decimal("0.5150025"))]
)
def test_prompt_size_is_a_cliff(rate: Rate, prompt: int, dollars: Decimal | str | int) -> None:
    """M3: at the threshold the lower tier, above it all kinds take the upper one."""
    assert cost(rate("gemini-2.5-pro", input_tokens=prompt, output_tokens=1000)) == dollars


def test_the_cliff_takes_cached_and_output_with_it(rate: Rate) -> None:
    """M3: above the threshold cached, input, output and thinking all change rate."""
    rating = rate(
        "gemini-2.5-pro",
        input_tokens=200_001,
        cached_input_tokens=200_000,
        output_tokens=1,
        thinking_tokens=1,
    )
    assert lines(rating) == {
        "cached_input_text_token": ("200000", Decimal("0.25")),
        "input_text_token": ("1", Decimal("2.5")),
        "output_text_token": ("1", Decimal(15)),
        "thinking_token": ("1", Decimal(15)),
    }


def test_tool_use_tokens_do_not_reach_the_cliff(rate: Rate) -> None:
    """Google's rule speaks of prompts: tool-use tokens are no part of the prompt's size."""
    rating = rate("gemini-2.5-pro", input_tokens=150_000, tool_use_input_tokens=90_000)
    assert lines(rating)["tool_use_input_token"] == ("90000", Decimal("1.25"))


def test_other_modalities_keep_their_own_rates_above_the_cliff() -> None:
    """M3: a unit that has no upper rate keeps the one it has."""
    own = {"input_text_token": unit_price(10, "t"), "input_audio_token": unit_price(70, "a")}
    above = Rates.from_own({**own, "input_text_token": unit_price(20, "t2")})
    card = RateCard(
        "m", Rates.from_own(own), above, threshold=100, free=False, first_day=0, end_day=9
    )
    rating = rate_usage(card, Usage(input_tokens=101, input_audio_tokens=1))
    assert [(c.unit, c.amount[-4:]) for c in rating.charges] == [
        ("input_text_token", "2000"),
        ("input_audio_token", "0070"),
    ]


def test_thinking_is_billed_as_output(rate: Rate) -> None:
    """M4: at the output text rate, on a line of its own."""
    rating = rate("gemini-2.5-flash", input_tokens=1, thinking_tokens=100)
    assert lines(rating)["thinking_token"] == ("100", Decimal("2.5"))


@pytest.mark.parametrize("grounding", ["grounded_by_search", "grounded_by_maps"])
def test_tool_use_tokens_of_grounding_are_not_billed(rate: Rate, grounding: str) -> None:
    """M5: retrieved context of search or maps is covered by the query fee, and noted."""
    rating = rate(
        "gemini-2.5-flash", input_tokens=10, tool_use_input_tokens=50, **{grounding: True}
    )
    assert "tool_use_input_token" not in lines(rating)
    assert Note.TOOL_TOKENS_GROUNDED in rating.notes


@pytest.mark.parametrize(
    "flags",
    [{}, {"url_context_or_code": True}, {"url_context_or_code": True, "grounded_by_search": True}],
)
def test_tool_use_tokens_of_url_context_and_code_are_input(
    rate: Rate, flags: dict[str, bool]
) -> None:
    """M5: at the input rate with URL context and code execution, grounded or not."""
    rating = rate("gemini-2.5-flash", input_tokens=10, tool_use_input_tokens=50, **flags)
    assert lines(rating)["tool_use_input_token"] == ("50", Decimal("0.3"))


def test_modalities_at_their_own_rates(rate: Rate) -> None:
    """M6: audio, image, video and document apart; what the lists leave out is text."""
    rating = rate(
        "gemini-embedding-2",
        input_tokens=1000,
        input_audio_tokens=100,
        input_image_tokens=200,
        input_video_tokens=300,
        input_document_tokens=50,
    )
    assert lines(rating) == {
        "input_text_token": ("350", Decimal("0.2")),
        "input_image_token": ("200", Decimal("0.45")),
        "input_audio_token": ("100", Decimal("6.5")),
        "input_video_token": ("300", Decimal(12)),
        "input_document_token": ("50", Decimal("0.2")),
    }


def test_modality_without_a_rate_takes_the_text_rate(rate: Rate) -> None:
    """B7: and the row is priced, under the text line's id."""
    rating = rate("gemini-2.5-flash", input_tokens=100, input_image_tokens=100)
    assert lines(rating) == {"input_image_token": ("100", Decimal("0.3"))}
    assert rating.charges[0].price_id.endswith(":input_text_token")
    assert rating.pricing_status is PricingStatus.PRICED


@pytest.mark.parametrize(
    "split",
    [
        {"input_audio_tokens": 1001},
        {"input_audio_tokens": 600, "input_image_tokens": 600},
        {"input_audio_tokens": -5},
    ],
)
def test_lists_that_contradict_the_count_lose(rate: Rate, split: dict[str, int]) -> None:
    """M6, M12: the count stands, all of it as text, and the row says so."""
    rating = rate("gemini-2.5-flash", input_tokens=1000, **split)
    assert lines(rating) == {"input_text_token": ("1000", Decimal("0.3"))}
    assert rating.notes == (Note.DETAILS_CONTRADICT,)


def test_output_images_at_their_own_rate(rate: Rate) -> None:
    """M7: an image of 1,290 tokens of 2.5 Flash Image is $0.0387; the rest of the answer text."""
    rating = rate(
        "gemini-2.5-flash-image",
        input_tokens=10,
        output_tokens=1307,
        output_image_tokens=1290,
        images=1,
    )
    assert lines(rating)["output_image_token"] == ("1290", Decimal(30))
    assert lines(rating)["output_text_token"] == ("17", Decimal("2.5"))
    assert rating.pricing_status is PricingStatus.PRICED


def test_output_list_that_contradicts_the_count_loses(rate: Rate) -> None:
    """M6: on the output side too."""
    rating = rate("gemini-2.5-flash-image", output_tokens=10, output_image_tokens=11)
    assert lines(rating) == {"output_text_token": ("10", Decimal("2.5"))}


def test_images_without_tokens_or_price_are_incomplete(rate: Rate) -> None:
    """M10: an image that nothing prices never passes as text alone."""
    rating = rate("gemini-2.5-flash-image", input_tokens=100, output_tokens=10, images=1)
    assert rating.pricing_status is PricingStatus.INCOMPLETE
    assert cost(rating) == Decimal("0.000055")


@pytest.mark.parametrize(
    ("unit", "usage"),
    [("image", {"images": 3}), ("video_second", {"video_seconds": Decimal("7.5")})],
)
def test_whole_images_and_seconds(unit: str, usage: dict[str, Any]) -> None:
    """M7: models that bill by the piece are charged by the piece."""
    rates = Rates.from_own({unit: unit_price(40_000_000_000, unit)})
    card = RateCard("m", rates, rates, threshold=NO_THRESHOLD, free=False, first_day=0, end_day=9)
    rating = rate_usage(card, Usage(**usage))
    (charge,) = rating.charges
    assert Decimal(charge.amount) == Decimal(charge.quantity) * Decimal("0.04")
    assert rating.pricing_status is PricingStatus.PRICED


def test_search_is_billed_per_query_from_gemini_3_on(rate: Rate) -> None:
    """M7: $14 for a thousand unique queries."""
    rating = rate("gemini-3.5-flash", input_tokens=1, grounded_by_search=True, search_queries=3)
    assert lines(rating)["search_query"] == ("3", Decimal(14_000))
    assert Note.FREE_QUOTA_NOT_APPLIED in rating.notes


def test_search_is_billed_per_grounded_prompt_before(rate: Rate) -> None:
    """M7: $35 for a thousand grounded prompts, however many queries."""
    rating = rate("gemini-2.5-flash", input_tokens=1, grounded_by_search=True, search_queries=3)
    assert lines(rating)["search_prompt"] == ("1", Decimal(35_000))


def test_no_queries_no_fee(rate: Rate) -> None:
    """M7: an answer that reports no query costs none."""
    rating = rate("gemini-3.5-flash", input_tokens=1, search_queries=0)
    assert lines(rating) == {"input_text_token": ("1", Decimal("1.5"))}
    assert rating.notes == ()


def test_grounding_without_reported_queries_counts_as_one(rate: Rate) -> None:
    """M7: it cannot have been fewer."""
    rating = rate("gemini-3.5-flash", input_tokens=1, grounded_by_maps=True)
    assert lines(rating)["maps_query"] == ("1", Decimal(14_000))


def test_maps_is_billed_per_grounded_prompt_before_gemini_3(rate: Rate) -> None:
    """M7: $25 for a thousand prompts."""
    rating = rate("gemini-2.5-flash", input_tokens=1, grounded_by_maps=True, maps_queries=2)
    assert lines(rating)["maps_prompt"] == ("1", Decimal(25_000))


def test_search_with_gemini_3_was_free_until_its_day(rate: Rate) -> None:
    """M8: the fee began on 2026-01-05; before, the line stands there with 0."""
    searched = {"input_tokens": 1, "grounded_by_search": True, "search_queries": 1}
    before = rate("gemini-3-flash-preview", at=dt.date(2026, 1, 4), **searched)
    after = rate("gemini-3-flash-preview", at=dt.date(2026, 1, 5), **searched)
    assert lines(before)["search_query"] == ("1", Decimal(0))
    assert lines(after)["search_query"] == ("1", Decimal(14_000))
    assert Note.FREE_QUOTA_NOT_APPLIED not in before.notes


def test_unit_without_price_is_incomplete(rate: Rate) -> None:
    """M10: the cost of the rest, never 0 for it, never a crash."""
    rating = rate("gemini-3.1-flash-lite-image", input_tokens=1000, search_queries=1)
    assert rating.pricing_status is PricingStatus.INCOMPLETE
    assert cost(rating) == Decimal("0.00025")


@pytest.mark.parametrize(
    ("model", "day", "dollars"),
    [
        ("gemini-4-argon", dt.date(2026, 11, 30), 2),
        ("gemini-4-argon", dt.date(2026, 12, 1), 4),
        ("gemini-3.8-flash", dt.date(2026, 12, 31), Decimal("0.75")),
        ("gemini-3.8-flash", dt.date(2027, 1, 1), Decimal("1.5")),
    ],
)
def test_price_by_date(rate: Rate, model: str, day: dt.date, dollars: Decimal | str | int) -> None:
    """M8: announced changes apply on their day, in UTC."""
    assert cost(rate(model, input_tokens=1_000_000, at=day)) == dollars


@pytest.mark.parametrize(
    ("tier", "rates"),
    [
        (None, ("0.3", "0.03", "2.5")),
        ("standard", ("0.3", "0.03", "2.5")),
        ("flex", ("0.15", "0.03", "1.25")),
        ("batch", ("0.15", "0.03", "1.25")),
        ("priority", ("0.54", "0.054", "4.5")),
    ],
)
def test_price_by_tier_as_served(rate: Rate, tier: str | None, rates: tuple[str, str, str]) -> None:
    """M8: flex and batch halve, leaving cached reads of 2.5 Flash alone; priority is 1.8 times."""
    rating = rate(
        "gemini-2.5-flash",
        tier=tier,
        input_tokens=3,
        input_text_tokens=3,
        cached_input_tokens=1,
        output_tokens=1,
    )
    expected = dict(
        zip(
            ("input_text_token", "cached_input_text_token", "output_text_token"),
            map(Decimal, rates),
            strict=True,
        )
    )
    assert {unit: dollars for unit, (_, dollars) in lines(rating).items()} == expected


@pytest.mark.parametrize(
    ("model", "dollars"), [("gemini-3.8-flash", "0.0375"), ("gemini-3.5-flash-lite", "0.02")]
)
def test_batch_cache_exceptions(rate: Rate, model: str, dollars: Decimal | str | int) -> None:
    """Newer models halve cached reads in batch; 3.5 Flash-Lite has a rate of its own."""
    rating = rate(model, tier="batch", input_tokens=1, input_text_tokens=1, cached_input_tokens=1)
    assert lines(rating) == {"cached_input_text_token": ("1", Decimal(dollars))}


def test_unknown_tier_is_unpriced(rate: Rate) -> None:
    """M8: a tier without a price never passes as standard."""
    assert rate("gemini-2.5-flash", tier="offpeak", input_tokens=1).pricing_status == "unpriced"


def test_provisioned_throughput_is_free(rate: Rate) -> None:
    """B4: paid by the month, nothing per token, and the row says so."""
    rating = rate("gemini-2.5-flash", surface="vertex", tier="provisioned", input_tokens=1)
    assert (rating.list_cost_pico, rating.pricing_status) == (0, PricingStatus.FREE)
    assert rating.notes == (Note.PROVISIONED_THROUGHPUT,)


@pytest.mark.parametrize(
    ("location", "dollars"),
    [(None, "1.5"), ("global", "1.5"), ("europe-west4", "1.65"), ("us", "1.65")],
)
def test_regional_endpoints_cost_ten_percent_more(
    rate: Rate, location: str | None, dollars: Decimal | str | int
) -> None:
    """M8: on Vertex, for models of 3.x and later; the global endpoint and express do not."""
    rating = rate("gemini-3.5-flash", surface="vertex", location=location, input_tokens=1_000_000)
    assert cost(rating) == Decimal(dollars)


def test_no_uplift_for_2_5_nor_for_fees(rate: Rate) -> None:
    """M8: the 2.5 family has none, and search fees are the same everywhere."""
    old = rate("gemini-2.5-flash", surface="vertex", location="us-central1", input_tokens=1)
    assert lines(old)["input_text_token"] == ("1", Decimal("0.3"))
    new = rate("gemini-3.5-flash", surface="vertex", location="us-central1", search_queries=1)
    assert lines(new)["search_query"] == ("1", Decimal(14_000))


def test_surface_decides(rate: Rate) -> None:
    """M8: 2.0 Flash costs more on Vertex."""
    assert cost(rate("gemini-2.0-flash", input_tokens=1_000_000)) == Decimal("0.1")
    on_vertex = rate("gemini-2.0-flash", surface="vertex", input_tokens=1_000_000)
    assert cost(on_vertex) == Decimal("0.15")


def test_unknown_model_is_unpriced(rate: Rate) -> None:
    """M9: cost null, no charges."""
    rating = rate("gemini-9-ultra", input_tokens=1000)
    assert rating == Rating(None, PricingStatus.UNPRICED)


def test_provider_decides(rate: Rate) -> None:
    """M9: another provider's model is not looked for among Google's."""
    assert rate("gemini-2.5-flash", provider="openai", input_tokens=1).pricing_status == "unpriced"


@pytest.mark.parametrize("source", [UsageSource.NONE, UsageSource.UNPARSED])
def test_usage_not_known_is_unmetered(rate: Rate, source: Any) -> None:
    """Missing is not zero: cost null, whatever the model."""
    for model in ("gemini-2.5-flash", "gemini-9-ultra", None):
        rating = rate(model, operation="unknown", source=source)
        assert rating == Rating(None, PricingStatus.UNMETERED)


def test_usage_without_any_count_is_unmetered(rate: Rate) -> None:
    """Vertex sometimes sends `usageMetadata` with nothing in it but the traffic type."""
    assert rate("gemini-2.5-flash").pricing_status is PricingStatus.UNMETERED


def test_reported_zero_is_priced_zero(rate: Rate) -> None:
    """0 is reported zero: priced, cost 0, no lines."""
    assert rate("gemini-2.5-flash", input_tokens=0) == Rating(0, PricingStatus.PRICED)


def test_free_calls_cost_nothing(rate: Rate) -> None:
    """countTokens, lists, failed calls: the caller says so."""
    rating = rate(None, operation="countTokens", source=UsageSource.NONE, free=True)
    assert rating == Rating(0, PricingStatus.FREE)


def test_free_models_cost_nothing(rate: Rate) -> None:
    """Gemma has no paid tier on the Developer API; on Vertex it has no token price."""
    assert rate("gemma-3-27b-it", input_tokens=5).pricing_status is PricingStatus.FREE
    assert rate("gemma-3-27b-it", source=UsageSource.NONE).pricing_status is PricingStatus.FREE
    on_vertex = rate("gemma-3-27b-it", surface="vertex", input_tokens=5)
    assert on_vertex.pricing_status is PricingStatus.UNPRICED


def test_partial_usage_is_priced_as_a_lower_bound(rate: Rate) -> None:
    """S2: what was seen is charged."""
    rating = rate("gemini-2.5-flash", source=UsageSource.PARTIAL, input_tokens=10)
    assert (cost(rating), rating.pricing_status) == (Decimal("0.000003"), PricingStatus.PRICED)


@pytest.mark.parametrize("cached", [1001, -600])
def test_more_cached_than_prompt_credits_nothing(rate: Rate, cached: int) -> None:
    """M12: an impossible cached count takes nothing off."""
    rating = rate("gemini-2.5-flash", input_tokens=1000, cached_input_tokens=cached)
    assert cost(rating) == Decimal("0.0003")
    assert rating.notes == (Note.COUNT_REJECTED,)


def test_negative_counts_credit_nothing(rate: Rate) -> None:
    """M12: they make no line."""
    rating = rate(
        "gemini-2.5-flash",
        input_tokens=-1000,
        output_tokens=-5,
        thinking_tokens=-5,
        tool_use_input_tokens=-5,
        search_queries=-1,
    )
    assert (rating.charges, rating.list_cost_pico) == ((), 0)


def test_counts_beyond_any_bill_are_rejected(rate: Rate) -> None:
    """M12: a cost that the ledger's column cannot hold is no cost."""
    rating = rate("gemini-2.5-pro", input_tokens=10**15)
    assert (rating.list_cost_pico, rating.pricing_status) == (None, PricingStatus.UNMETERED)
    assert rating.notes == (Note.COUNT_REJECTED,)
