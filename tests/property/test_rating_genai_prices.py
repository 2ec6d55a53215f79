"""Ours and genai-prices agree to the last digit, wherever `DIFFERENCES` does not say otherwise.

The table of differences is in docs/explanation/price-book.md; each of its rows is shown here,
so that a row that is no longer true fails.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from genai_prices.data import providers
from genai_prices.types import Usage as TheirUsage
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.core.clock import to_unix_us
from weighbridge.core.money import pico_to_decimal
from weighbridge.core.outcome import Note, PricingStatus, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.rating import Rating, RatingFacts
from weighbridge.pricing.storage import rate_storage

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "price-book.md"
BOOK = PriceBook.load()
GOOGLE = next(provider for provider in providers if provider.id == "google")
TODAY = dt.date(2026, 11, 21)

# Models whose every price differs: rows `experimental-models`, `flash-8b`, `names-resolved`.
OTHERWISE_PRICED = {
    "gemini-2.0-flash-exp",
    "gemini-exp-1206",
    "learnlm-1.5-pro-experimental",
    "gemini-1.5-flash-8b",
    "gemini-2.5-computer-use-preview",
    "gemini-3.5-transcribe",
    "gemini-3.5-transcribe-live",
}
# Models of Claude that only litellm prices on Vertex: row `claude-added`.
ONLY_OURS = {"claude-3-sonnet", "claude-sonnet-5"}
CLAUDE = sorted(name for name, model in BOOK.names("anthropic").items() if model not in ONLY_OURS)
# Names that they do not know, of models that both price: row `names-resolved`.
NAMES = sorted(
    name
    for name, model in BOOK.names().items()
    if model not in OTHERWISE_PRICED and GOOGLE.find_model(name) is not None
)


def ours(name: str, day: dt.date = TODAY, **given_: Any) -> Rating:
    at = to_unix_us(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC))
    facts = {
        "provider": "anthropic" if "claude" in name else "google",
        "surface": given_.pop("surface", "gemini"),
        "operation": "generateContent",
        "model": name,
        "model_version": None,
        "service_tier": given_.pop("tier", "standard"),
        "location": given_.pop("location", None),
    }
    usage = given_.pop("usage", None) or Usage(**given_)
    return BOOK.rate(
        RatingFacts(usage=usage, usage_source=UsageSource.FINAL, free=False, at_unix_us=at, **facts)
    )


def theirs(
    name: str, day: dt.date = TODAY, context: dict[str, str] | None = None, **counts: int
) -> Decimal | None:
    """Their price; None where they do not know the model."""
    model = GOOGLE.find_model(name)
    if model is None:
        return None
    at = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    return model.calc_price(
        TheirUsage(**counts), GOOGLE, genai_request_timestamp=at, price_context=context
    ).total_price


def dollars(rating: Rating) -> Decimal | None:
    return None if rating.list_cost_pico is None else pico_to_decimal(rating.list_cost_pico)


def context_of(tier: str) -> dict[str, str] | None:
    if tier == "standard":
        return None
    return {"processing": "batch"} if tier == "batch" else {"service_tier": tier}


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, str, dt.date]:
    """A name, tier and day that both price: all of standard, batch and tiers where they have it."""
    name = draw(st.sampled_from(NAMES))
    info = GOOGLE.find_model(name)
    assert info is not None
    variants = info.price_variants or []
    tiers = {"standard"} | {next(iter(variant.when.values())) for variant in variants}
    tier = draw(st.sampled_from(sorted(tiers)))
    # Rows `batch-always` and `flex-priority`: they price tiers from the day they read them.
    first = dt.date(2025, 1, 1) if tier == "standard" else dt.date(2026, 10, 15)
    changes = [day for day in BOOK.change_days() if day > first]
    around = [day + dt.timedelta(days=n) for day in changes for n in (-1, 0)]
    day = draw(st.one_of(st.sampled_from(around), st.dates(first, dt.date(2027, 12, 31))))
    return name, tier, day


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Every token unit that both know; cached tokens are text and audio, all splits reported."""
    count = st.integers(0, 90_000)
    text, audio, image, video = (draw(count) for _ in range(4))
    text = draw(st.one_of(st.just(text), st.integers(0, 260_000)))
    cached_text, cached_audio = draw(st.integers(0, text)), draw(st.integers(0, audio))
    answer = {m: draw(count) for m in ("text", "image", "audio", "video")}
    return Usage(
        input_tokens=text + audio + image + video,
        input_text_tokens=text,
        input_audio_tokens=audio,
        input_image_tokens=image,
        input_video_tokens=video,
        cached_input_tokens=cached_text + cached_audio,
        cached_text_tokens=cached_text,
        cached_audio_tokens=cached_audio,
        output_tokens=sum(answer.values()),
        output_image_tokens=answer["image"],
        output_audio_tokens=answer["audio"],
        output_video_tokens=answer["video"],
        thinking_tokens=draw(count),
    )


def their_counts(usage: Usage) -> dict[str, int]:
    """The same usage in their units: thinking is output, cached is part of input."""
    assert usage.output_tokens is not None
    pairs = {
        "input_tokens": usage.input_tokens,
        "input_audio_tokens": usage.input_audio_tokens,
        "input_image_tokens": usage.input_image_tokens,
        "input_video_tokens": usage.input_video_tokens,
        "cache_read_tokens": usage.cached_input_tokens,
        "cache_audio_read_tokens": usage.cached_audio_tokens,
        "output_tokens": usage.output_tokens + (usage.thinking_tokens or 0),
        "output_audio_tokens": usage.output_audio_tokens,
        "output_image_tokens": usage.output_image_tokens,
        "output_video_tokens": usage.output_video_tokens,
    }
    return {name: count or 0 for name, count in pairs.items()}


@settings(max_examples=600, deadline=None)
@given(calls(), usages())
def test_both_agree_exactly(call: tuple[str, str, dt.date], usage: Usage) -> None:
    """Every name, tier, day and token unit that both price."""
    name, tier, day = call
    if BOOK.resolve(name) == "gemini-1.5-pro":
        usage.cached_input_tokens = usage.cached_text_tokens = usage.cached_audio_tokens = 0
    rating = ours(name, day, tier=tier, usage=usage)
    assert dollars(rating) == theirs(name, day, context_of(tier), **their_counts(usage))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(CLAUDE),
    st.dates(dt.date(2025, 1, 1), dt.date(2027, 12, 31)) | st.just(dt.date(2026, 3, 12)),
    st.lists(st.integers(0, 150_000), min_size=5, max_size=5),
    st.sampled_from(["global", None]),
)
def test_both_agree_on_claude(
    name: str, day: dt.date, counts: list[int], location: str | None
) -> None:
    """M1, M3: cached, written for five minutes or an hour, and the rest; cliffs and dates too."""
    fresh, cached, written, hour, output = counts
    card = BOOK.card(BOOK.names("anthropic")[name], day=day, surface="vertex")
    assert card is not None
    if card.base.cache_write_1h_input_token is None:
        hour = 0  # row `claude-hour-missing`
    usage = Usage(
        input_tokens=fresh + cached + written + hour,
        cached_input_tokens=cached,
        cache_write_input_tokens=written + hour,
        cache_write_1h_input_tokens=hour,
        output_tokens=output,
    )
    rating = ours(name, day, surface="vertex", location=location, usage=usage)
    assert dollars(rating) == theirs(
        name,
        day,
        input_tokens=fresh + cached + written + hour,
        cache_read_tokens=cached,
        cache_write_tokens=written + hour,
        cache_write_1h_tokens=hour,
        output_tokens=output,
    )


@pytest.mark.parametrize("name", CLAUDE)
def test_both_know_whose_model_it_is(name: str) -> None:
    """The name means the same model to both."""
    info = GOOGLE.find_model(name)
    assert info is not None
    assert BOOK.resolve(name, provider="anthropic") == info.id


@pytest.mark.parametrize("name", NAMES)
def test_both_agree_on_a_grounded_prompt(name: str) -> None:
    """One search, on every name that they have a search price for."""
    info = GOOGLE.find_model(name)
    assert info is not None
    if info.get_prices(dt.datetime(2026, 11, 21, tzinfo=dt.UTC)).web_searches_kcount is None:
        assert theirs(name, web_searches=1) == 0  # row `search-missing` or `search-added`
        return
    rating = ours(name, input_tokens=100, search_queries=1, grounded_by_search=True)
    assert dollars(rating) == theirs(name, input_tokens=100, web_searches=1)


MILLION = 1_000_000
Shown = tuple[Decimal | None, Decimal | None]


def plain(name: str, **given_: Any) -> Shown:
    """Both prices of a million prompt tokens."""
    return theirs(name, input_tokens=MILLION), dollars(ours(name, input_tokens=MILLION, **given_))


def cached_without_split() -> Shown:
    with pytest.raises(ValueError, match="cache_audio_read_tokens"):
        theirs("gemini-2.5-flash", input_tokens=9, input_audio_tokens=4, cache_read_tokens=5)
    rating = ours("gemini-2.5-flash", input_tokens=9, input_audio_tokens=4, cached_input_tokens=5)
    assert rating.notes == (Note.CACHED_SPLIT_ESTIMATED,)
    return None, dollars(rating)


def search_missing() -> Shown:
    rating = ours("gemini-3.1-flash-tts-preview", input_tokens=MILLION, search_queries=1)
    assert rating.pricing_status is PricingStatus.INCOMPLETE
    theirs_ = theirs("gemini-3.1-flash-tts-preview", input_tokens=MILLION, web_searches=1)
    assert theirs_ == dollars(rating)  # the same sum, but ours says that it is not all
    return theirs_, None


def cached_of_1_5_pro() -> Shown:
    return (
        theirs("gemini-1.5-pro", input_tokens=1000, cache_read_tokens=1000),
        dollars(ours("gemini-1.5-pro", input_tokens=1000, cached_input_tokens=1000)),
    )


def tiers_in_one_table() -> Shown:
    batch = {"processing": "batch"}
    counts = {"input_tokens": 1000, "cache_read_tokens": 1000}
    return (
        theirs("gemini-3.5-flash-lite", context=batch, **counts),
        dollars(
            ours(
                "gemini-3.5-flash-lite",
                surface="vertex",
                tier="batch",
                input_tokens=1000,
                cached_input_tokens=1000,
            )
        ),
    )


def claude(name: str, context: dict[str, str] | None = None, **given_: Any) -> Shown:
    """Both prices of a million prompt tokens on Vertex."""
    rating = ours(name, surface="vertex", input_tokens=MILLION, **given_)
    return theirs(name, context=context, input_tokens=MILLION), dollars(rating)


def searches_of_2_5() -> Shown:
    return (
        theirs("gemini-2.5-flash", web_searches=3),
        dollars(ours("gemini-2.5-flash", search_queries=3)),
    )


def hour_missing() -> Shown:
    """They take an hour's write for one of five minutes where only that has a rate."""
    counts = {
        "input_tokens": MILLION,
        "cache_write_1h_tokens": MILLION,
        "cache_write_tokens": MILLION,
    }
    rating = ours(
        "claude-opus-4",
        surface="vertex",
        input_tokens=MILLION,
        cache_write_input_tokens=MILLION,
        cache_write_1h_input_tokens=MILLION,
    )
    assert rating.pricing_status is PricingStatus.INCOMPLETE
    assert dollars(rating) == 0
    return theirs("claude-opus-4", **counts), None


def storage() -> Shown:
    """They have no unit for it."""
    assert not [key for key in vars(GOOGLE.find_model("gemini-2.5-pro")) if "storage" in key]
    hour = (to_unix_us(dt.datetime(2026, 11, 21, n, tzinfo=dt.UTC)) for n in (1, 2))
    return None, dollars(rate_storage(BOOK, "gemini-2.5-pro", "gemini", None, MILLION, *hour))


def tool_tokens(name: str, prompt: int, tool_use: int, *, grounded: bool) -> Shown:
    """They take tool use as input."""
    rating = ours(
        name, input_tokens=prompt, tool_use_input_tokens=tool_use, grounded_by_search=grounded
    )
    tokens = sum(Decimal(c.amount) for c in rating.charges if "token" in c.unit)
    return theirs(name, input_tokens=prompt + tool_use), tokens


D = Decimal
DIFFERENCES: dict[str, tuple[Callable[[], Shown], Shown]] = {
    "names-by-prefix": (lambda: plain("gemini-3.8-flash-lite"), (D("0.75"), None)),
    "experimental-models": (lambda: plain("gemini-2.0-flash-exp"), (D("0.1"), D(0))),
    "flash-8b": (lambda: plain("gemini-1.5-flash-8b"), (D("0.15"), D("0.075"))),
    "pro-1.5-cache": (cached_of_1_5_pro, (D("0.00125"), D("0.0003125"))),
    "names-resolved": (lambda: plain("models/gemini-2.5-flash-001"), (None, D("0.3"))),
    "names-left-out": (lambda: plain("gemma-2-27b-it"), (D("0.65"), None)),
    "batch-always": (
        lambda: (
            theirs(
                "gemini-2.5-flash",
                dt.date(2026, 10, 13),
                {"processing": "batch"},
                input_tokens=MILLION,
            ),
            dollars(
                ours("gemini-2.5-flash", dt.date(2026, 10, 13), tier="batch", input_tokens=MILLION)
            ),
        ),
        (D("0.3"), D("0.15")),
    ),
    "flex-priority": (
        lambda: (
            theirs("gemini-2.5-flash", context={"service_tier": "flex"}, input_tokens=MILLION),
            dollars(ours("gemini-2.5-flash", tier="flex", input_tokens=MILLION)),
        ),
        (D("0.3"), D("0.15")),
    ),
    "vertex-rates": (lambda: plain("gemini-2.0-flash", surface="vertex"), (D("0.1"), D("0.15"))),
    "vertex-batch": (tiers_in_one_table, (D("0.00002"), D("0.000015"))),
    "regional-uplift": (
        lambda: plain("gemini-3.5-flash", surface="vertex", location="us-east1"),
        (D("1.5"), D("1.65")),
    ),
    "claude-added": (
        lambda: claude("claude-sonnet-5@default"),
        (None, D(2)),
    ),
    "claude-uplift": (
        lambda: claude("claude-haiku-4-5@20251001", location="us-east5"),
        (D(1), D("1.1")),
    ),
    "claude-batch": (
        lambda: claude("claude-haiku-4-5", {"processing": "batch"}, tier="batch"),
        (D(1), D("0.5")),
    ),
    "claude-hour-missing": (hour_missing, (D("18.75"), None)),
    "pieces": (
        lambda: (
            theirs("imagen-3.0-generate-002"),
            dollars(ours("imagen-3.0-generate-002", images=1)),
        ),
        (None, D("0.04")),
    ),
    "cache-storage": (storage, (None, D("4.5"))),
    "search-per-prompt": (searches_of_2_5, (D("0.105"), D("0.035"))),
    "search-missing": (search_missing, (D(1), None)),
    "search-added": (
        lambda: (
            theirs("gemini-2.5-flash-image", web_searches=1),
            dollars(ours("gemini-2.5-flash-image", search_queries=1)),
        ),
        (D(0), D("0.035")),
    ),
    "maps-fee": (
        lambda: (
            theirs("gemini-3.5-flash", input_tokens=0),
            dollars(ours("gemini-3.5-flash", maps_queries=1)),
        ),
        (D(0), D("0.014")),
    ),
    "grounded-tool-tokens": (
        lambda: tool_tokens("gemini-2.5-flash", 0, MILLION, grounded=True),
        (D("0.3"), D(0)),
    ),
    "tool-tokens-and-cliff": (
        lambda: tool_tokens("gemini-2.5-pro", 150_000, 90_000, grounded=False),
        (D("0.6"), D("0.3")),
    ),
    "cached-without-split": (cached_without_split, (None, D("0.00000415"))),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_difference_is_still_one(name: str) -> None:
    """Their price beside ours; a row of the table that stops being true fails here."""
    show, expected = DIFFERENCES[name]
    shown = show()
    assert shown == expected
    assert shown[0] != shown[1]


def test_the_page_lists_exactly_these_differences() -> None:
    """The table of the documentation is this one."""
    table = PAGE.read_text(encoding="utf-8").split("## Where ours differs")[1].split("\n## ")[0]
    rows = [line.split("|")[1].strip(" `") for line in table.splitlines() if line.startswith("| `")]
    assert rows == list(DIFFERENCES)


def test_names_that_only_they_know_are_listed_rows() -> None:
    """Every literal of their match clauses resolves here, or is a row of the table."""
    left_out = {"gemini-flash-1.5", "gemini-flash-1.5-8b", "gemini-pro-1.5", "gemma-2-27b-it"}
    known = {info.id for info in GOOGLE.models}
    resolved = {
        name for name in known if BOOK.resolve(name) or BOOK.resolve(name, None, "anthropic")
    }
    assert known - resolved == left_out
