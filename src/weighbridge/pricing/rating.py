"""Usage times price: the charges of one exchange, exactly.

Hides which counts include which, and what Google bills for. Rules for future edits: pure and
quick, it runs once per exchange on the gateway's event loop; quantities and amounts are exact
integers; nothing here raises on any usage; `list_cost_pico` is always the sum of the charges.
Counterpart: `core/usage` gives the counts, `card` the prices, `catalogue` finds the card.
"""

from typing import Final

import msgspec

from weighbridge.core.exchange import Charge
from weighbridge.core.money import PICO_USD_PER_USD
from weighbridge.core.outcome import Note, PricingStatus, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.pricing.card import RateCard, Rates, TextCall, UnitPrice
from weighbridge.pricing.whole_units import Item, bills_characters, whole_items

PROVISIONED: Final = "provisioned"
# The ledger's decimal(18,12) ends below a million dollars for one exchange; only invented
# counts get there (M12).
COST_LIMIT_PICO: Final = 10**18

NO_CHARGES: Final = msgspec.Raw(b"[]")
_CHARGES: Final = msgspec.json.Decoder(tuple[Charge, ...])
# Members of an enum are looked up anew at each use, which takes as long as ten attributes.
_PRICED: Final = PricingStatus.PRICED


class RatingFacts(msgspec.Struct, frozen=True, gc=False):
    """All that a price depends on.

    `service_tier` is the tier as served (None = standard), `free` says that the provider
    charges nothing for this call: countTokens, lists, a failed call without usage.
    """

    provider: str | None
    surface: str | None
    operation: str | None
    model: str | None
    model_version: str | None
    service_tier: str | None
    location: str | None
    usage: Usage
    usage_source: UsageSource
    free: bool
    at_unix_us: int


class Rating(msgspec.Struct, frozen=True, gc=False):
    """What an exchange costs at list price, and why; `list_cost_pico` None = not known.

    The charges are kept as the JSON in which the ledger's row wants them.
    """

    list_cost_pico: int | None
    pricing_status: PricingStatus
    charges_json: msgspec.Raw = NO_CHARGES
    notes: tuple[Note, ...] = ()

    @property
    def charges(self) -> tuple[Charge, ...]:
        """The charges as values."""
        return _CHARGES.decode(self.charges_json)


FREE: Final = Rating(0, PricingStatus.FREE)
PROVISIONED_FREE: Final = Rating(0, PricingStatus.FREE, notes=(Note.PROVISIONED_THROUGHPUT,))
UNPRICED: Final = Rating(None, PricingStatus.UNPRICED)
UNMETERED: Final = Rating(None, PricingStatus.UNMETERED)
REJECTED: Final = Rating(None, PricingStatus.UNMETERED, notes=(Note.COUNT_REJECTED,))


def rate_usage(card: RateCard, usage: Usage) -> Rating:
    """Charges of a usage under a card.

    Gives: one charge for each unit that was consumed, none for a unit of quantity 0. The
    prompt-size cliff is decided by `input_tokens` (cached included, tool use excluded), or by
    `cliff_tokens` where the prompts of several calls are summed.
    Example: 1,000 prompt tokens of which 600 are cached are charged as 400 at the input rate
    and 600 at the cached rate (M1).
    """
    if card.free:
        return FREE
    prompt = usage.input_tokens or 0
    rates = card.above if prompt > card.threshold and _is_long(usage, card) else card.base
    call = rates.text_call
    if call is not None and prompt > 0 and _is_text_only(usage):
        return _rate_text(call, usage, prompt) or _rate_all(usage, prompt, rates)
    return _rate_all(usage, prompt, rates)


def _rate_text(call: TextCall, usage: Usage, prompt: int) -> Rating | None:
    """What `_rate_all` comes to where all is text, in a third of its time (a test compares).

    None where a charge is missing or too large for the prepared form.
    """
    answer = usage.output_tokens or 0
    thinking = usage.thinking_tokens or 0
    if answer <= 0 or thinking < 0:
        return None
    prompt_pico = prompt * call.prompt_pico_usd
    answer_pico = answer * call.answer_pico_usd
    thinking_pico = thinking * call.thinking_pico_usd
    total = prompt_pico + answer_pico + thinking_pico
    if total >= PICO_USD_PER_USD:
        return None
    if thinking:
        charges = call.thinking_form % (
            prompt,
            prompt_pico,
            answer,
            answer_pico,
            thinking,
            thinking_pico,
        )
    else:
        charges = call.form % (prompt, prompt_pico, answer, answer_pico)
    return Rating(total, _PRICED, msgspec.Raw(charges))


def _is_text_only(usage: Usage) -> bool:
    """Whether prompt, answer and thinking are all there is, as for most calls."""
    return not (
        usage.cached_input_tokens
        or usage.tool_use_input_tokens
        or usage.input_image_tokens
        or usage.input_audio_tokens
        or usage.input_video_tokens
        or usage.input_document_tokens
        or usage.output_image_tokens
        or usage.output_audio_tokens
        or usage.output_video_tokens
        or usage.grounded_by_search
        or usage.grounded_by_maps
        or usage.search_queries
        or usage.maps_queries
        or usage.images
        or usage.video_seconds
        or usage.cache_write_input_tokens
        or usage.input_characters
        or usage.songs
    )


def _is_long(usage: Usage, card: RateCard) -> bool:
    """Whether a sum of prompts beyond the threshold is one of prompts beyond it (M3)."""
    return usage.cliff_tokens is None or usage.cliff_tokens > card.threshold


def _rate_all(usage: Usage, prompt: int, rates: Rates) -> Rating:
    notes: list[Note] = []
    items: list[Item] = []
    if bills_characters(usage, prompt, rates):
        items.append((usage.input_characters or 0, rates.input_character))
    else:
        _input_items(usage, prompt, rates, items, notes)
    _output_items(usage, rates, items, notes)
    grounded = usage.grounded_by_search or usage.grounded_by_maps
    if grounded or usage.search_queries or usage.maps_queries:
        _grounding_items(usage, rates, items, notes)
    if usage.images or usage.video_seconds or usage.songs:
        items = whole_items(usage, rates, items)
    return _sum_up(usage, items, notes)


def _sum_up(usage: Usage, items: list[Item], notes: list[Note]) -> Rating:
    total = 0
    charges = []
    status = _PRICED
    for quantity, price in items:
        if quantity <= 0:
            continue
        if price is None:
            status = PricingStatus.INCOMPLETE
            continue
        amount = int(quantity * price.pico_usd)
        total += amount
        charges.append(price.charge(quantity, amount))
    if total >= COST_LIMIT_PICO:
        return REJECTED
    if not charges:
        if status is _PRICED and not _anything_reported(usage):
            return UNMETERED
        return Rating(total, status, notes=tuple(notes))
    return Rating(total, status, msgspec.Raw(b"[%b]" % b",".join(charges)), tuple(notes))


def _input_items(
    usage: Usage, prompt: int, rates: Rates, items: list[Item], notes: list[Note]
) -> None:
    """Prompt tokens by modality, cached ones apart, and tool-use tokens."""
    image, audio = usage.input_image_tokens or 0, usage.input_audio_tokens or 0
    video, document = usage.input_video_tokens or 0, usage.input_document_tokens or 0
    text = prompt - image - audio - video - document
    if text < 0 or image < 0 or audio < 0 or video < 0 or document < 0:
        # A split that contradicts its count loses (M6): all of it is text.
        text, image, audio, video, document = max(prompt, 0), 0, 0, 0, 0
        notes.append(Note.DETAILS_CONTRADICT)
    if usage.cached_input_tokens:
        split = (text, document, image, video, audio)
        cached = _cached_split(usage, split, notes)
        text, document, image, video, audio = (
            count - saved for count, saved in zip(split, cached, strict=True)
        )
        items += (
            (cached[0], rates.cached_input_text_token),
            (cached[1], rates.cached_input_document_token),
            (cached[2], rates.cached_input_image_token),
            (cached[3], rates.cached_input_video_token),
            (cached[4], rates.cached_input_audio_token),
        )
    if usage.cache_write_input_tokens:
        text -= _cache_writes(usage, text, rates, items, notes)
    items.append((text, rates.input_text_token))
    if image or audio or video or document:
        items += (
            (image, rates.input_image_token),
            (audio, rates.input_audio_token),
            (video, rates.input_video_token),
            (document, rates.input_document_token),
        )
    tool_use = usage.tool_use_input_tokens
    if tool_use:
        grounded = usage.grounded_by_search or usage.grounded_by_maps
        if grounded and not usage.url_context_or_code:
            notes.append(Note.TOOL_TOKENS_GROUNDED)  # the query fee covers them (M5)
        else:
            items.append((tool_use, rates.tool_use_input_token))


def _cache_writes(
    usage: Usage, text: int, rates: Rates, items: list[Item], notes: list[Note]
) -> int:
    """Tokens written to a cache: part of the prompt, at rates of their own by how long they stay.

    Gives: how many they are. More of them than uncached prompt tokens are none (M12), and more
    that stay an hour than there are at all stay five minutes.
    """
    count, hour = usage.cache_write_input_tokens or 0, usage.cache_write_1h_input_tokens or 0
    if not 0 <= count <= text:
        notes.append(Note.COUNT_REJECTED)
        return 0
    if not 0 <= hour <= count:
        notes.append(Note.DETAILS_CONTRADICT)
        hour = 0
    items += (
        (count - hour, rates.cache_write_input_token),
        (hour, rates.cache_write_1h_input_token),
    )
    return count


def _cached_split(usage: Usage, prompt: tuple[int, ...], notes: list[Note]) -> tuple[int, ...]:
    """Cached tokens by modality, in the order of `prompt`: text, document, image, video, audio.

    The reported split is taken where it fits both its count and the prompt; else text comes
    first and audio, whose discount is worth most, last, and the row says so, unless all of the
    prompt is text and there is nothing to estimate (M2). More cached than prompt tokens credit
    nothing (M12).
    """
    count = usage.cached_input_tokens or 0
    if not 0 <= count <= sum(prompt):
        notes.append(Note.COUNT_REJECTED)
        return (0,) * len(prompt)
    other = (
        usage.cached_document_tokens or 0,
        usage.cached_image_tokens or 0,
        usage.cached_video_tokens or 0,
        usage.cached_audio_tokens or 0,
    )
    if usage.cached_text_tokens is not None or any(other):
        split = (count - sum(other), *other)
        if all(0 <= part <= whole for part, whole in zip(split, prompt, strict=True)):
            return split
    if usage.input_text_tokens is None or any(prompt[1:]):
        notes.append(Note.CACHED_SPLIT_ESTIMATED)
    estimate = []
    for whole in prompt:
        estimate.append(min(count, whole))
        count -= estimate[-1]
    return tuple(estimate)


def _output_items(usage: Usage, rates: Rates, items: list[Item], notes: list[Note]) -> None:
    """Answer tokens by modality, and thinking at the output text rate (M4)."""
    output = usage.output_tokens or 0
    image, audio = usage.output_image_tokens or 0, usage.output_audio_tokens or 0
    video = usage.output_video_tokens or 0
    if image or audio or video:
        text = output - image - audio - video
        if text < 0 or image < 0 or audio < 0 or video < 0:
            text, image, audio, video = max(output, 0), 0, 0, 0
            notes.append(Note.DETAILS_CONTRADICT)
        items += (
            (text, rates.output_text_token),
            (image, rates.output_image_token),
            (audio, rates.output_audio_token),
            (video, rates.output_video_token),
        )
    elif output:
        items.append((output, rates.output_text_token))
    if usage.thinking_tokens:
        items.append((usage.thinking_tokens, rates.thinking_token))


def _grounding_items(usage: Usage, rates: Rates, items: list[Item], notes: list[Note]) -> None:
    """Search and maps fees: per grounded prompt or per unique query, as the model bills (M7).

    Grounding whose queries are not reported counts as one a prompt: it cannot have been fewer.
    """
    searches, maps = usage.search_queries, usage.maps_queries
    if usage.grounded_by_search and searches is None:
        searches = usage.search_prompts or 1
    if usage.grounded_by_maps and maps is None:
        maps = usage.maps_prompts or 1
    fees = []
    if searches and searches > 0:
        if rates.web_search is not None:
            items.append((searches, rates.web_search))
        else:
            prompts = usage.search_prompts or 1
            fees.append(_fee(searches, prompts, rates.search_prompt, rates.search_query))
    if maps and maps > 0:
        fees.append(_fee(maps, usage.maps_prompts or 1, rates.maps_prompt, rates.maps_query))
    items += fees
    if any(price is not None and price.pico_usd for _, price in fees):
        notes.append(Note.FREE_QUOTA_NOT_APPLIED)  # free quotas are account-wide, unknown here


def _fee(
    queries: int, prompts: int, per_prompt: UnitPrice | None, per_query: UnitPrice | None
) -> Item:
    return (queries, per_query) if per_prompt is None else (prompts, per_prompt)


def _anything_reported(usage: Usage) -> bool:
    """Whether any billable count was reported at all, if only as 0."""
    return any(
        count is not None
        for count in (
            usage.input_tokens,
            usage.output_tokens,
            usage.thinking_tokens,
            usage.tool_use_input_tokens,
            usage.search_queries,
            usage.maps_queries,
            usage.images,
            usage.video_seconds,
            usage.input_characters,
            usage.songs,
        )
    )
