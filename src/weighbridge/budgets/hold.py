"""How much money is set aside for a call before it goes up: never less than it can come to.

Hides the bound: what a request may consume at most, at the dearest price that it may be rated at.
That is the side of the prompt-size cliff that the prompt may reach (B3), no discount for caches,
the dearest kind of token that may stand in prompt and answer, the fees of the tools that may run.
Rules for future edits: pure and quick, it runs before every call under a budget; integers only;
`bound` is never below what `pricing/rating` charges for an answer within what was declared
(tests/property/test_hold_bounds.py compares); what has no bound stands in the docstring of the
constant that takes its place.
Counterparts: `providers/declared` reads the request, `history` knows what such calls came to.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from weighbridge.pricing.card import RateCard, Rates, UnitPrice
from weighbridge.pricing.limits import Limits, limits_of
from weighbridge.pricing.rating import rate_usage
from weighbridge.providers.declared import Declared

# No count of bytes bounds these; all are beyond what is seen.
# An image is cut into tiles of 258 tokens after it was scaled to at most 3,072 pixels a side, 16
# of them; the newest models and Anthropic's stay below. Source: Gemini API "Understand and count
# tokens", "Image understanding"; read 2026-11-22.
IMAGE_TOKENS: Final = 5_200
# A search costs by the query from Gemini 3 on, and nobody says how many a model may make.
SEARCHES: Final = 16
# A video of eight seconds, where the request does not say how long.
_VIDEO_SECONDS: Final = 8
# What has to be left for a call whose own row costs nothing: a batch, an operation.
LEAST: Final = 1
# What a call declares is set aside beyond what such calls came to, up to this part of the budget:
# so many can always go side by side, and no more where what they came to told too little.
_SIDE_BY_SIDE: Final = 8
# A byte of text is a fourth of a token in everyday English.
_BYTES_PER_TOKEN: Final = 4

_INPUT: Final = ("text", "image", "audio", "video", "document")
_OUTPUT: Final = (
    "output_text_token",
    "output_image_token",
    "output_audio_token",
    "output_video_token",
    "thinking_token",
)
_SECONDS: Final = (
    "video_second",
    "video_second_1080p",
    "video_second_4k",
    "video_second_silent",
)


class _Side(msgspec.Struct, frozen=True, gc=False):
    """The dearest pico-dollars on one side of the cliff; a unit without a price costs nothing."""

    text: int
    image: int
    audio: int
    any_input: int
    cache_write: int
    tool_use: int
    answer: int
    any_answer: int
    fees: int
    piece: int
    second: int


class Tariff(msgspec.Struct, frozen=True, gc=False):
    """What is needed of the cards that a call may be rated by."""

    cards: tuple[RateCard, ...]
    limits: Limits
    threshold: int
    base: _Side
    above: _Side
    bounded_prompt: bool

    @classmethod
    def of(cls, cards: Sequence[RateCard], *, embeds: bool = False) -> "Tariff":
        """The tariff of a call that may be served at any of these cards, of one model.

        Takes: `embeds`, whether a call may hold many prompts, each of the model's size.
        """
        base = _dearest([_side(card.base) for card in cards])
        above = _dearest([base, *(_side(card.above) for card in cards)])
        threshold = min(card.threshold for card in cards)
        return cls(tuple(cards), limits_of(cards[0].model), threshold, base, above, not embeds)


class Size(msgspec.Struct, frozen=True, gc=False):
    """What a call may come to.

    `bound` is the most, `floor` what its prompt costs at least by all likelihood; `declared`
    says that the request itself bounds it.
    """

    bound: int
    floor: int
    declared: bool


NOTHING: Final = Size(0, 0, declared=True)
SOMETHING: Final = Size(LEAST, LEAST, declared=True)


def size_of(tariff: Tariff, declared: Declared) -> Size:
    """What a call may come to, in pico-dollars.

    Example: at 1.25 USD per million prompt tokens up to 200,000 and 2.50 beyond, a body of
    200,000 bytes is held for at 1.25, one more at 2.50 for all of it.
    """
    if tariff.base.any_input == 0 and all(card.free for card in tariff.cards):
        return NOTHING
    limits = tariff.limits
    window = limits.prompt_tokens
    text, images = declared.text_bytes, declared.images * IMAGE_TOKENS
    audio = declared.audio_bytes
    prompt = text + images + audio
    if declared.open_prompt or (prompt > window and tariff.bounded_prompt):
        prompt = max(prompt, window) if not tariff.bounded_prompt else window
        beyond = prompt
    else:
        beyond = 0
    side = tariff.above if prompt > tariff.threshold else tariff.base
    price = max(side.text, side.cache_write) if declared.writes_cache else side.text
    cost = text * price + images * side.image + audio * side.audio
    # Of what the body does not show, or was too long to be read, nothing is certain: a large one is
    # a picture more often than prose.
    floor = 0 if declared.open_prompt else cost // _BYTES_PER_TOKEN
    if beyond:
        cost = beyond * max(side.any_input, side.cache_write)
    if declared.tools:
        cost += window * max(side.tool_use, price)
    if declared.searches:
        cost += side.fees
    tokens = declared.answer_tokens
    answer = side.answer if declared.only_text else side.any_answer
    cost += (limits.answer_tokens if tokens is None else tokens) * declared.answers * answer
    cost += declared.pieces * side.piece
    if side.second:
        cost += _video_of(tariff, declared, side)
    bounded = (tokens is not None or not answer) and not beyond
    cost = max(cost, LEAST)
    return Size(cost, min(max(floor, LEAST), cost), bounded)


def _video_of(tariff: Tariff, declared: Declared, side: _Side) -> int:
    """What the seconds cost that were asked for, or as many as are made where nobody asked."""
    most = declared.pieces * _VIDEO_SECONDS * side.second
    if declared.video is None:
        return most
    ratings = [rate_usage(card, declared.video) for card in tariff.cards]
    return max(rating.list_cost_pico or 0 for rating in ratings)


def _side(rates: Rates) -> _Side:
    inputs = {name: _input(rates, name) for name in _INPUT}
    characters = _pico(rates.input_character)
    answers = [_pico(getattr(rates, name)) for name in _OUTPUT]
    return _Side(
        text=max(inputs["text"], characters),
        image=inputs["image"],
        audio=inputs["audio"],
        any_input=max(characters, *inputs.values()),
        cache_write=max(
            _pico(rates.cache_write_input_token), _pico(rates.cache_write_1h_input_token)
        ),
        tool_use=_pico(rates.tool_use_input_token),
        answer=max(_pico(rates.output_text_token), _pico(rates.thinking_token)),
        any_answer=max(answers),
        fees=_fee(rates.search_prompt, rates.search_query)
        + _fee(rates.maps_prompt, rates.maps_query)
        + SEARCHES * _pico(rates.web_search),
        piece=max(_pico(rates.image), _pico(rates.song)),
        second=max(_pico(getattr(rates, name)) for name in _SECONDS),
    )


def _input(rates: Rates, name: str) -> int:
    """A prompt token of a kind, cached or not: a discount may never come."""
    plain: UnitPrice | None = getattr(rates, f"input_{name}_token")
    cached: UnitPrice | None = getattr(rates, f"cached_input_{name}_token")
    return max(_pico(plain), _pico(cached))


def _fee(per_prompt: UnitPrice | None, per_query: UnitPrice | None) -> int:
    """The fee of a grounded answer: one, or one for each query."""
    return _pico(per_prompt) if per_prompt is not None else SEARCHES * _pico(per_query)


def _pico(price: UnitPrice | None) -> int:
    return 0 if price is None else price.pico_usd


def _dearest(sides: Sequence[_Side]) -> _Side:
    names = _Side.__struct_fields__
    return _Side(*(max(getattr(side, name) for side in sides) for name in names))


def ask(
    size: Size, *, strict: bool, recent: int | None, others: int | None = None, limit: int
) -> tuple[int, int]:
    """How much a call needs to pass, and how much it takes where there is enough.

    Takes: what similar calls came to of late, and such calls of anybody's, None where nobody
    knows; the whole of the budget.
    Gives: (least, most), the same where the size is certain enough. A strict budget takes the
    bound. Any other takes a declared bound up to a share of the budget, and does with what similar
    calls came to where that is all that is left: cheap calls tell nothing of a dear one after them.
    Without a declaration it takes what similar calls came to. Whose first call of a kind this is
    takes all of a declared bound that the budget could ever hold, and does with what the calls of
    others came to. Where nobody knows, or theirs came to more than the whole budget, it takes what
    there is, so that a first call of unknown size is not turned away for ever (B4), but not the
    very last of it, which it would likely pass.
    """
    bound = size.bound
    if strict:
        return bound, bound
    if others is not None and others > limit:
        others = None  # by their measure none would ever begin here
    if recent is None and not size.declared:
        recent = others
    if recent is not None:
        likely = min(bound, max(recent, LEAST))
        share = limit // _SIDE_BY_SIDE if size.declared else 0
        return likely, min(bound, max(likely, share))
    if others is not None:
        return min(bound, max(others, LEAST)), bound
    if size.declared and bound <= limit:
        return bound, bound
    return min(bound, max(size.floor, limit // _SIDE_BY_SIDE)), bound
