"""Compiled integer cards equal a slow reference in `Decimal`, on any usage, model, tier and day.

The reference reads the price files as text, again and by itself: no card, no compiler, no
rating, no unit table of the package. It is written the way the rules are spoken.
"""

import datetime as dt
import json
import tomllib
from decimal import Decimal
from importlib import resources
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.core.clock import to_unix_us
from weighbridge.core.money import decimal_to_pico
from weighbridge.core.outcome import PricingStatus, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.rating import Rating, RatingFacts

BOOK = PriceBook.load()
DATA = resources.files("weighbridge.pricing.data")
FILES: list[dict[str, Any]] = [
    json.loads((DATA / "google.json").read_text(encoding="utf-8")),
    tomllib.loads((DATA / "overlay.toml").read_text(encoding="utf-8")),
]
PRICES = [price for file in FILES for price in file.get("prices", [])]
MULTIPLES = [multiple for file in FILES for multiple in file.get("multiples", [])]
MAKERS = {model: maker for maker in ("google", "anthropic") for model in BOOK.names(maker).values()}
MODELS = sorted(MAKERS)
PIECES = ("image", "video_second", "video_second_1080p", "video_second_4k")
NON_TEXT = ("document", "image", "video", "audio")


def holds(statement: dict[str, Any], surface: str, day: dt.date) -> bool:
    def as_date(value: Any) -> dt.date:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)

    return (
        statement.get("surface", surface) == surface
        and ("since" not in statement or as_date(statement["since"]) <= day)
        and ("until" not in statement or day < as_date(statement["until"]))
    )


def applies(multiple: dict[str, Any], model: str) -> bool:
    return model not in multiple.get("except_models", []) and any(
        model == name or (name.endswith("*") and model.startswith(name[:-1]))
        for name in multiple["models"]
    )


def kind_of(unit: str) -> str:
    if unit.startswith("cached_"):
        return "cached"
    if unit.startswith(("search_", "maps_", "web_", "cache_storage_")):
        return "fee"
    return "output" if unit.startswith(("output_", "song", *PIECES)) else "input"


def own_rates(  # noqa: PLR0917 - all that a price depends on
    model: str, surface: str, tier: str, place: str, day: dt.date, prompt: int
) -> dict[str, Decimal] | None:
    """US dollars per pricing unit; None = no price; {} = free."""
    current = [p for p in PRICES if model in p["models"] and holds(p, surface, day)]
    standard = [p for p in current if p.get("tier", "standard") == "standard"]
    tiered = [p for p in current if p.get("tier", "standard") == tier != "standard"]
    factors = [m for m in MULTIPLES if applies(m, model) and holds(m, surface, day)]
    of_tier = [m for m in factors if m.get("tier") == tier]
    if standard and standard[-1].get("free"):
        return {}
    if not standard or (tier != "standard" and not tiered and not of_tier):
        return None

    def stated(prices: list[dict[str, Any]]) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for price in prices:
            for unit, usd in price["rates"].items():
                found[unit] = Decimal(usd)
                if unit in price.get("rates_above", {}) and prompt > price["above_tokens"]:
                    found[unit] = Decimal(price["rates_above"][unit])
        return found

    def multiplied(rates: dict[str, Decimal], by: list[dict[str, Any]]) -> dict[str, Decimal]:
        result = {}
        for unit, usd in rates.items():
            matching = [m for m in by if kind_of(unit) in m["kinds"]]
            result[unit] = usd * Decimal(matching[-1]["factor"]) if matching else usd
        return result

    rates = multiplied(stated(standard), of_tier) | stated(tiered)
    return multiplied(rates, [m for m in factors if m.get("location") == place])


def per_unit(rates: dict[str, Decimal], unit: str) -> Decimal | None:
    """US dollars for one unit, by the fallbacks as the contract words them."""
    direction = "output_" if unit.startswith(("output_", "thinking")) else "input_"
    chain = [unit]
    if unit.startswith("cached_"):
        chain += ["cached_input_text_token"]
        if "cached_input_text_token" not in rates:
            chain += [unit.removeprefix("cached_")]
    if unit == "video_second_1080p":
        chain += ["video_second"]
    elif unit.endswith("_token") and unit != "cache_write_1h_input_token":
        chain += [f"{direction}text_token"]
    thousands = ("search_prompt", "search_query", "maps_prompt", "maps_query", "web_search")
    per = 1_000_000 if unit.endswith(("_token", "_character")) else 1
    per = 1_000 if unit in thousands else per
    return next((rates[name] / per for name in chain if name in rates), None)


def quantities(usage: Usage, rates: dict[str, Decimal]) -> dict[str, int | Decimal]:
    """What is billed, unit by unit; the usages drawn here fit their counts."""
    if usage.input_characters and ("input_character" in rates or not usage.input_tokens):
        found: dict[str, int | Decimal] = {"input_character": usage.input_characters}
    else:
        found = of_prompt(usage)
    answer = {m: read(usage, f"output_{m}_tokens") for m in ("image", "audio", "video")}
    found["output_text_token"] = read(usage, "output_tokens") - sum(answer.values())
    found |= {f"output_{m}_token": count for m, count in answer.items()}
    found["thinking_token"] = read(usage, "thinking_tokens")
    for what in ("search", "maps"):
        count = read(usage, f"{what}_queries")
        if what == "search" and "web_search" in rates:
            found["web_search"] = count
        elif f"{what}_prompt" in rates:
            found[f"{what}_prompt"] = min(count, 1) * (read(usage, f"{what}_prompts") or 1)
        else:
            found[f"{what}_query"] = count
    found |= of_pieces(usage)
    if found["song"] and "song" in rates:
        found = {unit: n for unit, n in found.items() if per_unit(rates, unit) is not None} | {
            unit: n for unit, n in of_pieces(usage).items() if unit != "song"
        }
    return {unit: count for unit, count in found.items() if count}


def read(usage: Usage, name: str) -> int:
    return getattr(usage, name) or 0


def of_prompt(usage: Usage) -> dict[str, int | Decimal]:
    """Tokens of the prompt: uncached, cached, written to a cache, from tools."""
    found: dict[str, int | Decimal] = {}
    cached_left = read(usage, "cached_input_tokens")
    prompt = {m: read(usage, f"input_{m}_tokens") for m in NON_TEXT}
    prompt = {"text": read(usage, "input_tokens") - sum(prompt.values())} | prompt
    if usage.cached_text_tokens is None:
        cached = {}
        for modality, count in prompt.items():
            cached[modality] = min(count, cached_left)
            cached_left -= cached[modality]
    else:
        cached = {m: read(usage, f"cached_{m}_tokens") for m in prompt}
    for modality, count in prompt.items():
        found[f"cached_input_{modality}_token"] = cached[modality]
        found[f"input_{modality}_token"] = count - cached[modality]
    writes = read(usage, "cache_write_input_tokens")
    found["cache_write_1h_input_token"] = read(usage, "cache_write_1h_input_tokens")
    found["cache_write_input_token"] = writes - found["cache_write_1h_input_token"]
    found["input_text_token"] -= writes
    if usage.url_context_or_code or not (usage.grounded_by_search or usage.grounded_by_maps):
        found["tool_use_input_token"] = read(usage, "tool_use_input_tokens")
    return found


def of_pieces(usage: Usage) -> dict[str, int | Decimal]:
    """Songs, and images and seconds that no tokens stand for."""
    kind = f"_{usage.video_kind}" if usage.video_kind else ""
    return {
        "song": read(usage, "songs"),
        "image": 0 if usage.output_image_tokens else read(usage, "images"),
        f"video_second{kind}": (not usage.output_video_tokens and usage.video_seconds) or 0,
    }


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Counts that fit: splits within their counts, cached within the prompt, cliff in reach."""
    counts = st.integers(0, 60_000)
    prompt = {m: draw(counts) for m in ("text", *NON_TEXT)}
    prompt["text"] = draw(st.one_of(counts, st.integers(0, 250_000)))
    cached = {m: draw(st.integers(0, n)) for m, n in prompt.items()}
    pieces = draw(st.booleans())
    if draw(st.booleans()):  # a call whose prompt is cached, as Claude reports it
        prompt |= dict.fromkeys(NON_TEXT, 0)
        cached |= dict.fromkeys(NON_TEXT, 0)
        writes = draw(st.integers(0, prompt["text"] - cached["text"]))
    else:
        writes = 0
    split = draw(st.booleans())
    output = {m: draw(counts) for m in ("text", "image", "audio", "video")}
    if pieces:
        output |= {"image": 0, "video": 0}
    queries = draw(st.integers(0, 4))
    maps = draw(st.integers(0, 3))
    return Usage(
        input_tokens=sum(prompt.values()),
        cache_write_input_tokens=writes,
        cache_write_1h_input_tokens=draw(st.integers(0, writes)),
        cliff_tokens=draw(st.none() | st.integers(0, sum(prompt.values()))),
        input_characters=draw(st.none() | st.integers(0, 10_000)),
        songs=draw(st.integers(0, 3)) if pieces else None,
        images=draw(st.integers(0, 4)) if pieces else None,
        video_seconds=draw(st.decimals(0, 60, places=1)) if pieces else None,
        video_kind=draw(st.sampled_from([None, "1080p", "4k", "silent"])),
        search_prompts=draw(st.none() | st.integers(1, 3)),
        maps_prompts=draw(st.none() | st.integers(1, 3)),
        input_text_tokens=prompt["text"],
        **{f"input_{m}_tokens": prompt[m] for m in NON_TEXT},
        cached_input_tokens=sum(cached.values()),
        **({f"cached_{m}_tokens": n for m, n in cached.items()} if split else {}),
        output_tokens=sum(output.values()),
        output_image_tokens=output["image"],
        output_audio_tokens=output["audio"],
        output_video_tokens=output["video"],
        thinking_tokens=draw(counts),
        tool_use_input_tokens=draw(counts),
        search_queries=queries,
        maps_queries=maps,
        grounded_by_search=queries > 0,
        grounded_by_maps=maps > 0,
        url_context_or_code=draw(st.booleans()),
    )


CHANGES = BOOK.change_days()
days = st.one_of(
    st.dates(dt.date(2025, 1, 1), dt.date(2027, 12, 31)),
    st.sampled_from([day + dt.timedelta(days=n) for day in CHANGES for n in (-1, 0)]),
)
places = st.sampled_from([("gemini", None), ("vertex", "global"), ("vertex", "europe-west1")])
tiers = st.sampled_from(["standard", "flex", "priority", "batch"])


def rate(
    model: str, place: tuple[str, str | None], tier: str, day: dt.date, usage: Usage
) -> Rating:
    at = to_unix_us(dt.datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=dt.UTC))
    return BOOK.rate(
        RatingFacts(
            provider=MAKERS[model],
            surface=place[0],
            operation="generateContent",
            model=model,
            model_version=None,
            service_tier=tier,
            location=place[1],
            usage=usage,
            usage_source=UsageSource.FINAL,
            free=False,
            at_unix_us=at,
        )
    )


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(MODELS), places, tiers, days, usages())
def test_cards_equal_the_slow_reference(
    model: str, place: tuple[str, str | None], tier: str, day: dt.date, usage: Usage
) -> None:
    """M1-M8, M10: every amount, the sum, and the status."""
    rating = rate(model, place, tier, day, usage)
    region = "regional" if place[1] == "europe-west1" else "global"
    prompt = usage.input_tokens if usage.cliff_tokens is None else usage.cliff_tokens
    rates = own_rates(model, place[0], tier, region, day, prompt or 0)
    if rates is None:
        assert rating == Rating(None, PricingStatus.UNPRICED)
        return
    if not rates:
        assert rating == Rating(0, PricingStatus.FREE)
        return
    expected = quantities(usage, rates)
    prices = {unit: per_unit(rates, unit) for unit in expected}
    amounts = {unit: expected[unit] * price for unit, price in prices.items() if price is not None}
    assert {c.unit: Decimal(c.amount) for c in rating.charges} == amounts
    assert {c.unit: Decimal(c.quantity) for c in rating.charges} == {
        unit: expected[unit] for unit in amounts
    }
    assert rating.list_cost_pico == sum(map(decimal_to_pico, amounts.values()))
    whole = PricingStatus.PRICED if None not in prices.values() else PricingStatus.INCOMPLETE
    assert rating.pricing_status is whole


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MODELS), places, tiers, days, usages())
def test_cost_is_the_sum_of_the_charges_and_each_is_a_product(
    model: str, place: tuple[str, str | None], tier: str, day: dt.date, usage: Usage
) -> None:
    """Exactly, as the ledger stores them: text with twelve places."""
    rating = rate(model, place, tier, day, usage)
    for charge in rating.charges:
        assert Decimal(charge.quantity) * Decimal(charge.unit_price) == Decimal(charge.amount)
    total = sum((Decimal(charge.amount) for charge in rating.charges), Decimal(0))
    assert rating.list_cost_pico is None or decimal_to_pico(total) == rating.list_cost_pico


ADDITIVE = ("input_tokens", "output_tokens", "thinking_tokens", "tool_use_input_tokens")


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(MODELS),
    tiers,
    days,
    st.lists(st.integers(0, 50_000), min_size=4, max_size=4),
    st.lists(st.integers(0, 50_000), min_size=4, max_size=4),
)
def test_rating_is_additive(
    model: str, tier: str, day: dt.date, one: list[int], two: list[int]
) -> None:
    """Below the cliff, two calls cost together what one call of their sum costs."""
    both = [a + b for a, b in zip(one, two, strict=True)]
    costs = [
        rate(model, ("gemini", None), tier, day, Usage(**dict(zip(ADDITIVE, counts, strict=True))))
        for counts in (one, two, both)
    ]
    if costs[2].list_cost_pico is not None:
        assert sum(c.list_cost_pico or 0 for c in costs[:2]) == costs[2].list_cost_pico


anything = st.one_of(
    st.none(), st.integers(-(2**70), 2**70), st.integers(-5, 5), st.integers(0, 10**6)
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(MODELS),
    st.fixed_dictionaries(
        {
            name: anything
            for name in Usage.__struct_fields__
            if name.endswith(("_tokens", "_queries", "_prompts"))
            or name in {"images", "songs", "videos", "input_characters", "video_seconds"}
        }
    ),
    st.booleans(),
)
def test_no_usage_breaks_rating_nor_credits_anything(
    model: str, counts: dict[str, int | None], grounded: bool
) -> None:
    """M12: whatever the counts, a cost is never negative and fits the ledger's column."""
    usage = Usage(**counts, grounded_by_search=grounded)
    rating = rate(model, ("gemini", None), "standard", dt.date(2026, 11, 21), usage)
    assert rating.list_cost_pico is None or 0 <= rating.list_cost_pico < 10**18
    assert all(Decimal(charge.amount) >= 0 for charge in rating.charges)
