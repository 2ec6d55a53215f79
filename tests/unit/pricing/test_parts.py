"""M11: what a batch or an operation came to, part by part."""

from decimal import Decimal
from typing import Any

import pytest

from weighbridge.core.outcome import Note, PricingStatus, UsageSource
from weighbridge.core.resource import UsagePart
from weighbridge.core.usage import Usage
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.parts import rate_parts
from weighbridge.pricing.rating import Rating, RatingFacts


def facts(model: str | None = "gemini-2.5-pro", **changed: Any) -> RatingFacts:
    fields: dict[str, Any] = {
        "provider": "google",
        "surface": "gemini",
        "operation": "batchGenerateContent",
        "model": model,
        "model_version": None,
        "service_tier": "batch",
        "location": None,
        "usage": Usage(),
        "usage_source": UsageSource.FINAL,
        "free": False,
        "at_unix_us": 1_795_000_000_000_000,  # 2026-11-18
    }
    return RatingFacts(**(fields | changed))


def part(version: str | None = None, **counts: Any) -> UsagePart:
    return UsagePart(usage=Usage(**counts), model_version=version)


def lines(rating: Rating) -> list[tuple[str, str, Decimal]]:
    return [
        (charge.unit, charge.quantity, Decimal(charge.unit_price) * 1_000_000)
        for charge in rating.charges
    ]


def test_summed_prompts_keep_their_side_of_the_cliff(book: PriceBook) -> None:
    """M3: a thousand short prompts are short however long their sum is; batch halves both."""
    short = part(input_tokens=5_000_000, output_tokens=100, cliff_tokens=200_000)
    long = part(input_tokens=900_000, output_tokens=10, cliff_tokens=200_001)
    assert lines(rate_parts(book, facts(), [short, long])) == [
        ("input_text_token", "5000000", Decimal("0.625")),
        ("output_text_token", "100", Decimal(5)),
        ("input_text_token", "900000", Decimal("1.25")),
        ("output_text_token", "10", Decimal("7.5")),
    ]


def test_equal_prices_are_one_line(book: PriceBook) -> None:
    """Parts of two versions of one model meet in one charge, and the cost is the sum."""
    one = part("gemini-2.5-flash-001", input_tokens=10, output_tokens=3)
    two = part("gemini-2.5-flash", input_tokens=20, output_tokens=4, thinking_tokens=5)
    rating = rate_parts(book, facts("gemini-flash"), [one, two])
    assert lines(rating) == [
        ("input_text_token", "30", Decimal("0.15")),
        ("output_text_token", "7", Decimal("1.25")),
        ("thinking_token", "5", Decimal("1.25")),
    ]
    assert rating.list_cost_pico == 30 * 150_000 + 12 * 1_250_000
    assert rating.pricing_status is PricingStatus.PRICED


def test_charges_stay_products(book: PriceBook) -> None:
    """Seconds of video have fractions; their sum is still quantity times price."""
    seconds = [part(video_seconds=Decimal(text)) for text in ("7.5", "0.25", "8")]
    rating = rate_parts(book, facts("veo-3.1-generate-001", service_tier=None), seconds)
    (charge,) = rating.charges
    assert (charge.quantity, Decimal(charge.amount)) == ("15.75", Decimal("6.3"))


def test_grounded_prompts_of_a_batch_are_counted(book: PriceBook) -> None:
    """M7: four grounded prompts of 2.5 are four fees, three queries of 3.5 are three."""
    grounded = part(
        input_tokens=1, search_queries=9, search_prompts=4, maps_prompts=2, grounded_by_maps=True
    )
    rating = rate_parts(book, facts("gemini-2.5-flash"), [grounded])
    assert lines(rating)[1:] == [
        ("search_prompt", "4", Decimal(35_000)),
        ("maps_prompt", "2", Decimal(25_000)),
    ]
    newer = part(input_tokens=1, search_queries=3, search_prompts=2)
    rating = rate_parts(book, facts("gemini-3.5-flash"), [newer])
    assert lines(rating)[1:] == [("search_query", "3", Decimal(14_000))]
    assert rating.notes == (Note.FREE_QUOTA_NOT_APPLIED,)


def test_grounding_without_queries_counts_each_prompt(book: PriceBook) -> None:
    """M7: it cannot have been fewer."""
    grounded = part(input_tokens=1, grounded_by_search=True, search_prompts=3)
    rating = rate_parts(book, facts("gemini-3.5-flash"), [grounded])
    assert lines(rating)[1:] == [("search_query", "3", Decimal(14_000))]


@pytest.mark.parametrize(
    ("versions", "status"),
    [
        (["gemini-2.5-flash", "gemini-2.5-flash"], PricingStatus.PRICED),
        (["gemini-2.5-flash", "gemini-9"], PricingStatus.INCOMPLETE),
        (["gemini-9", "gemini-9"], PricingStatus.UNPRICED),
        (["gemma-3-27b-it", "gemma-3-27b-it"], PricingStatus.FREE),
        (["gemma-3-27b-it", "gemini-2.5-flash"], PricingStatus.PRICED),
        (["gemma-3-27b-it", "gemini-9"], PricingStatus.UNPRICED),
        ([], PricingStatus.UNMETERED),
    ],
)
def test_a_part_without_a_price_shows(
    book: PriceBook, versions: list[str], status: PricingStatus
) -> None:
    """M9, M10: it never makes the whole free, nor hides behind a part that has one."""
    parts = [part(version, input_tokens=10) for version in versions]
    rating = rate_parts(book, facts(None), parts)
    assert rating.pricing_status is status
    known = status in {PricingStatus.PRICED, PricingStatus.INCOMPLETE, PricingStatus.FREE}
    assert (rating.list_cost_pico is not None) is known


def test_parts_without_usage_are_unmetered(book: PriceBook) -> None:
    """Missing is not zero."""
    assert rate_parts(book, facts(), [part()]).pricing_status is PricingStatus.UNMETERED
    both = rate_parts(book, facts(), [part(), part(input_tokens=1)])
    assert both.pricing_status is PricingStatus.INCOMPLETE


def test_the_sum_is_bounded(book: PriceBook) -> None:
    """M12: parts that each fit the ledger but not together are no cost."""
    huge = part(input_tokens=6 * 10**11, cliff_tokens=1)
    one, two = rate_parts(book, facts(), [huge]), rate_parts(book, facts(), [huge] * 3)
    assert one.list_cost_pico is not None
    assert (two.list_cost_pico, two.notes) == (None, (Note.COUNT_REJECTED,))
