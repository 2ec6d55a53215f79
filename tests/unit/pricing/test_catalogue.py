"""The book: cards by date, listing, age, memo, overlays."""

import datetime as dt
from pathlib import Path

import pytest

from weighbridge.core.outcome import PricingStatus, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.errors import ConfigurationError
from weighbridge.pricing import catalogue
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.rating import RatingFacts

TODAY = dt.date(2026, 11, 21)


def facts(model: str, **changed: object) -> RatingFacts:
    fields: dict[str, object] = {
        "provider": "google",
        "surface": "gemini",
        "operation": "generateContent",
        "model": model,
        "model_version": None,
        "service_tier": None,
        "location": None,
        "usage": Usage(input_tokens=1_000_000),
        "usage_source": UsageSource.FINAL,
        "free": False,
        "at_unix_us": 1_795_000_000_000_000,  # 2026-11-18
    }
    return RatingFacts(**(fields | changed))  # type: ignore[arg-type]


def write(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text("format = 1\nas_of = 2026-11-21\n" + text, encoding="utf-8")
    return path


def test_a_remembered_card_ends_on_its_day(book: PriceBook) -> None:
    """The memo of a busy model never outlives a dated change."""
    day_us = 86_400_000_000
    change = (dt.date(2026, 12, 1).toordinal() - dt.date(1970, 1, 1).toordinal()) * day_us
    costs = [
        book.rate(facts("gemini-4-argon", at_unix_us=at)).list_cost_pico
        for at in (change - 1, change, change - 1)
    ]
    assert costs == [2 * 10**12, 4 * 10**12, 2 * 10**12]


def test_cards_are_compiled_once(book: PriceBook) -> None:
    """Two calls on different days between changes share one card."""
    first = book.card("gemini-2.5-flash", day=dt.date(2026, 11, 20))
    assert book.card("gemini-2.5-flash", day=dt.date(2026, 11, 21)) is first
    assert repr(first) == "<RateCard gemini-2.5-flash>"


def test_memo_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that invents names and locations cannot grow the worker."""
    monkeypatch.setattr(catalogue, "_MEMO_ENTRIES", 8)
    book = PriceBook.load()
    for number in range(50):
        book.rate(facts("gemini-2.5-flash", location=f"place-{number}"))
        book.rate(facts(f"invented-{number}"))
    assert len(book._calls) <= 8


def test_every_charge_names_a_line_of_the_listing(book: PriceBook) -> None:
    """`price_id` leads to the line that says why, for every model, tier and place."""
    for surface, location in (("gemini", None), ("vertex", "global"), ("vertex", "us-central1")):
        ids = {line.price_id for line in book.listing(TODAY, surface=surface)}
        for model in sorted(set(book.names().values())):
            for tier in ("standard", "flex", "priority", "batch"):
                rating = book.rate(
                    facts(
                        model,
                        surface=surface,
                        location=location,
                        service_tier=tier,
                        usage=Usage(
                            input_tokens=300_000,
                            input_audio_tokens=10,
                            cached_input_tokens=5,
                            output_tokens=7,
                            search_queries=1,
                        ),
                        at_unix_us=1_795_219_200_000_000,
                    )
                )
                assert {charge.price_id for charge in rating.charges} <= ids


def test_listing_filters(book: PriceBook) -> None:
    """By provider, surface, model under any of its names, tier and place."""
    lines = book.listing(
        TODAY, "google", "gemini", model="models/gemini-2.5-flash-001", tier="batch"
    )
    assert {(line.model, line.tier, line.surface, line.location) for line in lines} == {
        ("gemini-2.5-flash", "batch", "gemini", "global")
    }
    assert book.listing(TODAY, "mistralai") == []
    assert book.listing(TODAY, model="gemini-9") == []
    regional = book.listing(TODAY, model="gemini-3.5-flash", surface="vertex", location="regional")
    assert regional[0].usd == "1.65"


def test_listing_of_a_partner(book: PriceBook) -> None:
    """Claude stands under its maker, on Vertex, in both places and in batch from 4.5 on."""
    lines = book.listing(TODAY, "anthropic")
    assert {line.provider for line in lines} == {"anthropic"}
    assert {line.surface for line in lines} == {"vertex"}
    for maker in ("anthropic", None):
        own = book.listing(TODAY, maker, model="claude-haiku-4-5@20251001", tier="batch")
        assert [(line.location, line.unit, line.usd) for line in own[:2]] == [
            ("global", "input_text_token", "0.5"),
            ("global", "cache_write_input_token", "0.625"),
        ]
        assert own[-1].location == "regional"


def test_listing_quotes_pieces_as_google_does(book: PriceBook) -> None:
    """By the image, second and song; characters and token-hours by the million."""
    found = {
        (line.model, line.unit): (line.usd, line.per)
        for line in book.listing(TODAY, "google", "vertex", tier="standard", location="global")
    }
    assert found["imagen-4.0-ultra-generate", "image"] == ("0.06", 1)
    assert found["veo-3.1-generate", "video_second_4k"] == ("0.6", 1)
    assert found["lyria-3.5", "song"] == ("0.08", 1)
    assert found["text-embedding-005", "input_character"] == ("0.025", 1_000_000)
    assert found["gemini-2.5-pro", "cache_storage_token_hour"] == ("4.5", 1_000_000)
    assert found["gemini-2.5-pro", "search_prompt"] == ("35", 1_000)


def test_what_nobody_could_check_says_so(book: PriceBook) -> None:
    """A rate from memory is never shown as if it had been read."""
    lines = book.listing(TODAY, model="imagen-4.0-generate-001")
    assert lines
    assert all(line.source.endswith("from memory, unverified") for line in lines)


def test_listing_says_from_when_to_when(book: PriceBook) -> None:
    """A dated line carries its days, source and day read as text."""
    line = book.listing(TODAY, surface="gemini", model="gemini-4-argon", tier="standard")[0]
    assert (line.unit, line.usd, line.per, line.since, line.until, line.read) == (
        "input_text_token",
        "2",
        1_000_000,
        None,
        "2026-12-01",
        "2026-10-15",
    )
    assert line.source == "genai-prices 0.2.3"


def test_listing_takes_an_instant_in_any_zone(book: PriceBook) -> None:
    """Days are UTC: half past eight in the evening in New York is the next day."""
    new_york = dt.timezone(dt.timedelta(hours=-5))
    at = dt.datetime(2026, 11, 30, 20, 30, tzinfo=new_york)
    line = book.listing(at, surface="gemini", model="gemini-4-argon", tier="standard")[0]
    assert line.usd == "4"


def test_free_model_has_one_line(book: PriceBook) -> None:
    """Unit `any`, price 0."""
    (line,) = book.listing(TODAY, surface="gemini", model="gemma-3", tier="standard")
    assert (line.unit, line.usd) == ("any", "0")


def test_age_counts_from_the_day_the_prices_were_checked(book: PriceBook) -> None:
    """At the limit the data is not stale yet; a day later it is."""
    limit = dt.timedelta(days=60)
    assert book.age(dt.date(2026, 11, 14)) == dt.timedelta(days=30)
    assert not book.is_stale(dt.date(2026, 12, 14), limit)
    assert book.is_stale(dt.datetime(2026, 12, 15, tzinfo=dt.UTC), limit)
    assert repr(book).endswith("models as of 2026-10-15>")


def test_operator_overlay_beats_the_book(tmp_path: Path) -> None:
    """M14: own dated rates, unit by unit; what they leave out keeps its price."""
    path = write(
        tmp_path,
        """
        [[prices]]
        models = ["gemini-2.5-flash"]
        since = 2026-11-01
        rates = { input_text_token = "0.21" }
        source = "contract 4711"
        read = 2026-11-01
        """,
    )
    book = PriceBook.load(overlay_paths=[path])
    assert book.rate(facts("gemini-2.5-flash")).list_cost_pico == 210_000_000_000
    lines = {
        line.unit: line
        for line in book.listing(TODAY, model="gemini-2.5-flash", tier="standard", surface="gemini")
    }
    assert (lines["input_text_token"].source, lines["output_text_token"].usd) == (
        "contract 4711",
        "2.5",
    )


def test_operator_overlay_can_add_a_model(tmp_path: Path) -> None:
    """What nobody lists yet can be priced before we know it."""
    path = write(
        tmp_path,
        """
        [[models]]
        id = "gemini-9-ultra"
        names = ["gemini-ultra-latest"]
        source = "offer"
        read = 2026-11-01
        [[prices]]
        models = ["gemini-9-ultra"]
        rates = { input_text_token = "50", output_text_token = "100" }
        source = "offer"
        read = 2026-11-01
        """,
    )
    rating = PriceBook.load(overlay_paths=[path]).rate(facts("gemini-ultra-latest"))
    assert (rating.list_cost_pico, rating.pricing_status) == (50 * 10**12, PricingStatus.PRICED)


def test_overlay_problems_come_all_at_once(tmp_path: Path) -> None:
    """Each says where, the value seen and what to do."""
    path = write(
        tmp_path,
        """
        colour = "red"
        [[prices]]
        models = ["gemini-2.5-flahs"]
        rates = { input_text_tokn = "0.21", output_text_token = "cheap" }
        source = "x"
        read = 2026-11-01
        [[prices]]
        models = []
        source = "x"
        read = 2026-11-01
        since = 2026-11-02
        until = 2026-11-01
        above_tokens = 5
        [[prices]]
        models = ["gemini-2.5-flash"]
        rates = { input_text_token = 0.21 }
        source = "x"
        read = 2026-11-01
        [[multiples]]
        models = ["*"]
        kinds = ["input"]
        factor = "-1"
        source = "x"
        read = 2026-11-01
        """,
    )
    with pytest.raises(ConfigurationError) as caught:
        PriceBook.load(overlay_paths=[path])
    assert [str(problem) for problem in caught.value.problems] == [
        "colour (own.toml): unknown key; see docs/explanation/price-book.md",
        (
            "prices[3] (own.toml): Expected `str`, got `float` - at `$.rates[...]`; "
            "see docs/explanation/price-book.md"
        ),
        (
            "prices[1].models (own.toml): unknown model, got gemini-2.5-flahs; "
            "did you mean gemini-2.5-flash?"
        ),
        "prices[1].rates.input_text_tokn (own.toml): unknown unit; did you mean input_text_token?",
        (
            "prices[1].rates.output_text_token (own.toml): no amount, got 'cheap'; "
            'write a decimal such as "0.30"'
        ),
        "prices[2].models (own.toml): no model named, got []; name at least one model id",
        (
            "prices[2].since (own.toml): the period is empty, got 2026-11-02; "
            "put since before until 2026-11-01"
        ),
        "prices[2].rates (own.toml): neither rates nor `free = true`; give one of them",
        "prices[2].above_tokens (own.toml): belongs with rates_above; give both or neither",
        "multiples[1].tier (own.toml): either tier or location; give one of them",
        "multiples[1].factor (own.toml): no amount, got '-1'; write a decimal such as \"0.30\"",
    ]


def test_rate_finer_than_a_pico_dollar_is_found_when_loading(tmp_path: Path) -> None:
    """Nothing is rounded, and no fault waits for traffic."""
    path = write(
        tmp_path,
        """
        [[prices]]
        models = ["gemini-2.5-flash"]
        rates = { input_text_token = "0.0000001" }
        source = "x"
        read = 2026-11-01
        """,
    )
    with pytest.raises(ConfigurationError, match="finer than one pico-dollar"):
        PriceBook.load(overlay_paths=[path])


@pytest.mark.parametrize("text", ["not toml", None])
def test_unreadable_file_is_told(tmp_path: Path, text: str | None) -> None:
    """Missing or no TOML: one line with the path."""
    path = tmp_path / "prices.toml"
    if text:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"prices\.toml"):
        PriceBook.load(overlay_paths=[path])
