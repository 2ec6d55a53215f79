"""A hold is never below what an answer within the request's declared maximum is charged."""

import datetime as dt
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from weighbridge.budgets.hold import IMAGE_TOKENS, SEARCHES, Tariff, size_of
from weighbridge.core.usage import Usage
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.rating import rate_usage
from weighbridge.providers.base import Route
from weighbridge.providers.declared import Declared, declared

BOOK = PriceBook.load()
DAYS = [dt.date(2026, 11, 21), dt.date(2027, 2, 1), dt.date(2025, 6, 1)]
MODELS = sorted({model for maker in BOOK.makers for model in BOOK.names(maker).values()})
CHAT = Route(
    provider="google", surface="gemini", upstream="gemini", host="h", operation="generateContent"
)


def parts_of(draw: Any, whole: int, names: list[str]) -> dict[str, int]:
    """A split of a count over some of the names; what is left out is text."""
    split = {}
    for name in names:
        split[name] = draw(st.integers(0, whole))
        whole -= split[name]
    return split


@st.composite
def calls(draw: Any) -> tuple[Declared, Usage]:
    """What a request declares, and the usage of an answer that keeps to it."""
    said = Declared(
        text_bytes=draw(st.integers(0, 300_000)),
        answer_tokens=draw(st.integers(1, 100_000)),
        answers=draw(st.integers(1, 8)),
        images=draw(st.integers(0, 3)),
        audio_bytes=draw(st.sampled_from([0, 0, 5000])),
        tools=draw(st.booleans()),
        only_text=draw(st.booleans()),
        writes_cache=draw(st.booleans()),
    )
    said_searches = Declared(
        **{name: getattr(said, name) for name in said.__struct_fields__}
        | {"searches": said.tools and draw(st.booleans())}
    )
    return said_searches, usage_within(draw, said_searches)


def usage_within(draw: Any, said: Declared) -> Usage:
    text = draw(st.integers(0, said.text_bytes))
    images = draw(st.integers(0, said.images * IMAGE_TOKENS))
    audio = draw(st.integers(0, said.audio_bytes))
    prompt = text + images + audio
    answer = draw(st.integers(0, (said.answer_tokens or 0) * said.answers))
    thinking = draw(st.integers(0, answer))
    cached = draw(st.one_of(st.none(), st.integers(0, prompt)))
    written = draw(st.integers(0, text)) if said.writes_cache and cached is None else None
    usage = Usage(
        input_tokens=prompt,
        input_image_tokens=images,
        input_audio_tokens=audio,
        cached_input_tokens=cached,
        cache_write_input_tokens=written,
        cache_write_1h_input_tokens=draw(st.integers(0, written)) if written else None,
        output_tokens=answer - thinking,
        thinking_tokens=thinking,
        tool_use_input_tokens=draw(st.integers(0, 60_000)) if said.tools else None,
        url_context_or_code=said.tools and draw(st.booleans()),
    )
    if not said.only_text:
        split = parts_of(draw, answer - thinking, ["image", "audio"])
        usage.output_image_tokens, usage.output_audio_tokens = split["image"], split["audio"]
    if said.searches:
        usage.search_queries = draw(st.integers(0, SEARCHES))
        usage.grounded_by_search = True
        usage.maps_queries = draw(st.integers(0, SEARCHES))
        usage.grounded_by_maps = draw(st.booleans())
    return usage


@given(
    call=calls(),
    model=st.sampled_from(MODELS),
    surface=st.sampled_from(["gemini", "vertex"]),
    place=st.sampled_from(["global", "regional"]),
    tiers=st.sampled_from([("standard",), ("standard", "priority"), ("standard", "flex")]),
    day=st.sampled_from(DAYS),
    data=st.data(),
)
@settings(max_examples=400, deadline=None)
def test_no_answer_within_its_maximum_costs_more_than_its_hold(  # noqa: PLR0917 - drawn
    call: tuple[Declared, Usage],
    model: str,
    surface: str,
    place: str,
    tiers: tuple[str, ...],
    day: dt.date,
    data: st.DataObject,
) -> None:
    """Whatever is cached, thought, searched or spoken, and at whichever tier it is served."""
    said, usage = call
    cards = [
        card
        for tier in tiers
        if (card := BOOK.card(model, day=day, surface=surface, tier=tier, location=place))
    ]
    if not cards:
        return
    size = size_of(Tariff.of(cards), said)
    cost = rate_usage(data.draw(st.sampled_from(cards)), usage).list_cost_pico or 0
    assert cost <= size.bound
    assert size.floor <= size.bound


texts = st.text(st.characters(codec="utf-8"), max_size=200)
names = st.sampled_from(
    ["text", "maxOutputTokens", "inlineData", "tools", "generationConfig", "fileData", "data"]
)
anything: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**7) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | texts, inner, max_size=3),
    max_leaves=8,
)


@given(
    prompt=texts,
    maximum=st.integers(1, 70_000),
    candidates=st.integers(1, 8),
    more=anything,
    ascii_only=st.booleans(),
    snake=st.booleans(),
)
@example(
    prompt="}",
    maximum=5,
    candidates=1,
    more={"maxOutputTokens": 1},
    ascii_only=True,
    snake=False,
)
@example(
    prompt="}",
    maximum=5,
    candidates=1,
    more={"inlineData": {"data": "x"}},
    ascii_only=True,
    snake=False,
)
@settings(max_examples=300, deadline=None)
def test_a_body_bounds_its_answer_by_its_own_maximum_or_not_at_all(
    prompt: str, maximum: int, candidates: int, more: Any, *, ascii_only: bool, snake: bool
) -> None:
    """Whatever else stands in a body, and in whichever spelling, no smaller maximum is taken."""
    config = (
        {"max_output_tokens": maximum, "candidate_count": candidates}
        if snake
        else {"maxOutputTokens": maximum, "candidateCount": candidates}
    )
    document = {
        "contents": [{"parts": [{"text": prompt}, {"functionCall": {"args": more}}]}],
        "generation_config" if snake else "generationConfig": config,
    }
    body = json.dumps(document, ensure_ascii=ascii_only).encode()
    found = declared(CHAT, body, len(body))
    assert found.answer_tokens in {None, maximum}
    assert found.answers >= candidates
    assert found.open_prompt or found.text_bytes >= len(prompt.encode())


@given(data=st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_what_is_no_request_bounds_nothing_and_breaks_nothing(data: bytes) -> None:
    """A body that cannot be read counts by its length, as open-ended."""
    for operation in ("generateContent", "chat.completions", "predict", "predictLongRunning"):
        route = Route(
            provider="google", surface="gemini", upstream="gemini", host="h", operation=operation
        )
        found = declared(route, data, len(data))
        assert found.answer_tokens is None or json.loads(data)
