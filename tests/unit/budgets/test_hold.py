"""How much is set aside for a call."""

import datetime as dt
from decimal import Decimal

import pytest

from weighbridge.budgets.hold import (
    IMAGE_TOKENS,
    LEAST,
    NOTHING,
    SEARCHES,
    Size,
    Tariff,
    ask,
    size_of,
)
from weighbridge.core.money import decimal_to_pico
from weighbridge.core.usage import Usage
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.providers.declared import Declared

BOOK = PriceBook.load()
DAY = dt.date(2026, 11, 21)


def tariff(*models: str, tier: str = "standard", surface: str = "gemini") -> Tariff:
    cards = [BOOK.card(model, day=DAY, tier=tier, surface=surface) for model in models]
    return Tariff.of([card for card in cards if card is not None])


def usd(text: str) -> int:
    return decimal_to_pico(Decimal(text))


def test_prompt_and_declared_maximum_are_held_at_list_price() -> None:
    """A thousand bytes at 0.30 and a hundred tokens at 2.50 USD per million."""
    said = Declared(text_bytes=1000, answer_tokens=100, only_text=True)
    size = size_of(tariff("gemini-2.5-flash"), said)
    assert size.bound == usd("0.00055")
    assert size.declared


def test_the_cliff_is_where_the_prompt_may_reach_it() -> None:
    """B3: at the threshold the lower tier for all, one byte on the upper one for all."""
    pro = tariff("gemini-2.5-pro")
    at = size_of(pro, Declared(text_bytes=200_000, answer_tokens=1000, only_text=True))
    beyond = size_of(pro, Declared(text_bytes=200_001, answer_tokens=1000, only_text=True))
    assert at.bound == 200_000 * usd("0.00000125") + 1000 * usd("0.00001")
    assert beyond.bound == 200_001 * usd("0.0000025") + 1000 * usd("0.000015")


def test_of_a_prompt_that_nobody_has_seen_nothing_is_certain() -> None:
    """B4: a file by reference, or a body too long to be read, is let in while anything is left."""
    flash = tariff("gemini-2.5-flash")
    hidden = size_of(flash, Declared(text_bytes=3_000_000, answer_tokens=100, open_prompt=True))
    assert hidden.bound > usd("0.30")
    assert hidden.floor == LEAST
    seen = size_of(flash, Declared(text_bytes=4000, answer_tokens=100, only_text=True))
    assert seen.floor == 1000 * usd("0.0000003")


def test_an_answer_without_a_maximum_may_be_as_long_as_the_model_makes_it() -> None:
    """65,536 tokens."""
    size = size_of(tariff("gemini-2.5-flash"), Declared(text_bytes=0, only_text=True))
    assert size.bound == 65_536 * usd("0.0000025")
    assert not size.declared


def test_each_candidate_is_held_for() -> None:
    """Two answers, twice the tokens."""
    flash = tariff("gemini-2.5-flash")
    one = size_of(flash, Declared(text_bytes=0, answer_tokens=10))
    two = size_of(flash, Declared(text_bytes=0, answer_tokens=10, answers=2))
    assert two.bound == 2 * one.bound


def test_an_answer_that_may_be_an_image_is_held_as_one() -> None:
    """30 USD per million, not 2.50."""
    images = tariff("gemini-2.5-flash-image")
    may = size_of(images, Declared(text_bytes=0, answer_tokens=1000))
    not_so = size_of(images, Declared(text_bytes=0, answer_tokens=1000, only_text=True))
    assert (may.bound, not_so.bound) == (usd("0.03"), usd("0.0025"))


def test_audio_is_held_at_its_own_rate() -> None:
    """1 USD per million, not 0.30."""
    said = Declared(text_bytes=0, audio_bytes=1000, answer_tokens=1)
    assert size_of(tariff("gemini-2.5-flash"), said).bound == usd("0.001") + usd("0.0000025")


def test_an_image_counts_the_same_whatever_its_bytes() -> None:
    """As many tokens as the largest may have."""
    said = Declared(text_bytes=0, images=1, answer_tokens=1, only_text=True)
    bound = size_of(tariff("gemini-2.5-flash"), said).bound
    assert bound == IMAGE_TOKENS * usd("0.0000003") + usd("0.0000025")


def test_an_open_prompt_is_as_large_as_the_model_takes() -> None:
    """At the dearest kind of token, on the dearer side of the cliff."""
    said = Declared(text_bytes=10, open_prompt=True, answer_tokens=1, only_text=True)
    size = size_of(tariff("gemini-2.5-flash"), said)
    assert size.bound == 1_048_576 * usd("0.000001") + usd("0.0000025")
    assert not size.declared
    pro = size_of(tariff("gemini-2.5-pro"), said)
    assert pro.bound == 1_048_576 * usd("0.0000025") + usd("0.000015")


def test_a_prompt_beyond_the_window_is_one_that_fills_it() -> None:
    """The provider refuses more; bytes say little of tokens."""
    said = Declared(text_bytes=9_000_000, answer_tokens=1, only_text=True)
    filled = Declared(text_bytes=0, open_prompt=True, answer_tokens=1, only_text=True)
    flash = tariff("gemini-2.5-flash")
    assert size_of(flash, said).bound == size_of(flash, filled).bound


def test_searches_are_held_as_the_model_bills_them() -> None:
    """One fee a prompt before Gemini 3, one a query since."""

    def fees(model: str) -> int:
        said = Declared(text_bytes=0, answer_tokens=1)
        plain = size_of(tariff(model), said)
        searching = size_of(tariff(model), Declared(text_bytes=0, answer_tokens=1, searches=True))
        return searching.bound - plain.bound

    assert fees("gemini-2.5-flash") >= usd("0.035")
    assert fees("gemini-3.8-flash") >= SEARCHES * usd("0.014")


def test_the_dearest_tier_that_may_serve_a_call_counts() -> None:
    """A call that asks for priority may get it."""
    said = Declared(text_bytes=1000, answer_tokens=100)
    cards = [BOOK.card("gemini-2.5-flash", day=DAY, tier=tier) for tier in ("standard", "priority")]
    both = Tariff.of([card for card in cards if card is not None])
    assert size_of(both, said).bound > size_of(tariff("gemini-2.5-flash"), said).bound


def test_writing_a_cache_is_held_at_its_own_rate() -> None:
    """Anthropic's costs more than the prompt."""
    sonnet = tariff("claude-sonnet-4-5", surface="vertex")
    plain = size_of(sonnet, Declared(text_bytes=1000, answer_tokens=1))
    writing = size_of(sonnet, Declared(text_bytes=1000, answer_tokens=1, writes_cache=True))
    assert writing.bound > plain.bound


def test_images_and_videos_are_held_by_the_piece_and_the_second() -> None:
    """As many as are asked for."""
    said = Declared(text_bytes=100, pieces=3)
    assert size_of(tariff("imagen-4.0-generate"), said).bound >= 3 * usd("0.04")
    video = Usage(video_seconds=Decimal(12), videos=2)
    veo = tariff("veo-3.1-generate")
    assert size_of(veo, Declared(text_bytes=0, video=video)).bound == 12 * usd("0.4")
    assert size_of(veo, Declared(text_bytes=0, pieces=1)).bound == 8 * usd("0.6")


def test_a_free_model_holds_nothing() -> None:
    """Nothing is charged."""
    assert size_of(tariff("gemini-exp-1206"), Declared(text_bytes=10)) == NOTHING


SIZE = Size(bound=100, floor=5, declared=True)
OPEN = Size(bound=100, floor=5, declared=False)


@pytest.mark.parametrize(
    ("size", "strict", "recent", "limit", "expected"),
    [
        (SIZE, True, 7, 10, (100, 100)),
        (OPEN, True, None, 10, (100, 100)),
        (SIZE, False, None, 1000, (100, 100)),
        (SIZE, False, None, 99, (12, 100)),
        (OPEN, False, None, 1000, (100, 100)),
        (OPEN, False, None, 160, (20, 100)),
        (OPEN, False, None, 10, (5, 100)),
        (OPEN, False, 7, 1000, (7, 7)),
        (SIZE, False, 7, 800, (7, 100)),
        (SIZE, False, 7, 400, (7, 50)),
        (SIZE, False, 70, 400, (70, 70)),
        (SIZE, False, 700, 1000, (100, 100)),
        (SIZE, False, 0, 1000, (LEAST, 100)),
    ],
)
def test_what_a_call_asks_for(
    size: Size,
    strict: bool,
    recent: int | None,
    limit: int,
    expected: tuple[int, int],
) -> None:
    """The bound where the budget is strict, or where it is declared and a small part; else less."""
    assert ask(size, strict=strict, recent=recent, limit=limit) == expected


@pytest.mark.parametrize(
    ("size", "recent", "limit", "expected"),
    [
        (SIZE, None, 1000, (7, 100)),
        (SIZE, None, 50, (7, 100)),
        (SIZE, 9, 1000, (9, 100)),
        (OPEN, None, 1000, (7, 7)),
        (OPEN, 9, 1000, (9, 9)),
        (SIZE, None, 6, (5, 100)),
        (OPEN, None, 6, (5, 100)),
    ],
)
def test_whose_first_call_it_is_goes_by_what_those_of_others_came_to(
    size: Size, recent: int | None, limit: int, expected: tuple[int, int]
) -> None:
    """All of a declared bound where there is so much; where less is left, what others needed."""
    assert ask(size, strict=False, recent=recent, others=7, limit=limit) == expected
    assert ask(size, strict=True, recent=recent, others=7, limit=limit) == (100, 100)
