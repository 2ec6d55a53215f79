"""The inclusion rules of Google's `usageMetadata`: what came on the wire, as a `Usage`.

Hides which count holds which, and what to believe where they disagree:
- `promptTokenCount` holds the cached tokens and not the tool use; `candidatesTokenCount` holds
  no thoughts, but did on an old preview model; zero is omitted.
- The total decides (M4): candidates + thinking = total - prompt - tool use, where that is
  possible. A row says so in its notes.
- A details list splits its count and never replaces it (M6): what it leaves out is text, kinds
  it does not name are 0, and a list above its count is dropped.
- A count that is no count (M12) is as if it had not come.
Rules for future edits: None = not reported; every change needs a recorded or documented case.
Source: 528 recorded answers, 525 of which satisfy total = prompt + candidates + tool + thoughts.
Counterpart: `google_answer` merges chunks into `UsageMetadata`, `pricing/rating` takes `Usage`.
"""

from typing import Any, Final

import msgspec

from weighbridge.core.outcome import Note
from weighbridge.core.usage import Usage
from weighbridge.providers.google_enums import MODALITIES

# No request reaches ten thousand million tokens; beyond that a count is noise or an attack.
LARGEST_COUNT: Final = 10**10
_LONGEST_TEXT: Final = 11

# Which kinds a cached count without its own split is taken from, in this order (M2). Text first
# is the promise; audio, whose discount is worth most, comes last, so the estimate stays high.
_CACHED_ORDER: Final = ("text", "document", "image", "video", "audio")


class UsageMetadata(msgspec.Struct, rename="camel", gc=False):
    """`usageMetadata` as it came, untrusted: any field may hold anything.

    `prompt_token_details` is the spelling of embedding answers.
    """

    prompt_token_count: Any = None
    candidates_token_count: Any = None
    thoughts_token_count: Any = None
    total_token_count: Any = None
    cached_content_token_count: Any = None
    tool_use_prompt_token_count: Any = None
    prompt_tokens_details: Any = None
    prompt_token_details: Any = None
    candidates_tokens_details: Any = None
    cache_tokens_details: Any = None
    service_tier: Any = None
    traffic_type: Any = None

    def merge(self, later: "UsageMetadata") -> None:
        """Take over what a later chunk says; what it leaves out stays (S1)."""
        for name in UsageMetadata.__struct_fields__:
            value = getattr(later, name)
            if value is not None and (name not in _COUNTS or as_count(value) is not None):
                setattr(self, name, value)

    @property
    def counts(self) -> bool:
        """Whether any token count came, readable or not."""
        return not (
            self.prompt_token_count is None
            and self.total_token_count is None
            and self.candidates_token_count is None
            and self.thoughts_token_count is None
            and self.cached_content_token_count is None
            and self.tool_use_prompt_token_count is None
        )


_COUNTS: Final = frozenset(
    name for name in UsageMetadata.__struct_fields__ if name.endswith("_count")
)


def as_count(value: object) -> int | None:
    """A token count, or None where it is negative, huge, or no whole number (M12).

    Example: `12` and `"12"` give 12 (int64 is text in proto3 JSON); `-1`, `1.5`, `True`,
    `"many"` and `10**11` give None.
    """
    if type(value) is int:
        return value if 0 <= value <= LARGEST_COUNT else None
    if type(value) is str and len(value) <= _LONGEST_TEXT and value.isascii() and value.isdigit():
        number = int(value)
        return number if number <= LARGEST_COUNT else None
    return None


def usage_of(metadata: UsageMetadata, notes: set[Note]) -> Usage:
    """Usage of one answer from its merged `usageMetadata`.

    Takes: notes to add to.
    """
    return text_usage_of(metadata) or any_usage_of(metadata, notes)


def text_usage_of(metadata: UsageMetadata) -> Usage | None:
    """What `any_usage_of` comes to in the common case, in a fifth of its time (a test compares).

    That is: whole numbers that add up, nothing cached, no tools, and details, where they came,
    of text alone. None in any other case.
    """
    prompt = metadata.prompt_token_count
    output = metadata.candidates_token_count
    thinking = metadata.thoughts_token_count
    total = metadata.total_token_count
    thoughts = 0 if thinking is None else thinking
    if not type(prompt) is type(output) is type(thoughts) is type(total) is int:
        return None
    if (
        prompt < 0
        or output < 0
        or thoughts < 0
        or total > LARGEST_COUNT
        or total != prompt + output + thoughts
        or metadata.cached_content_token_count is not None
        or metadata.tool_use_prompt_token_count is not None
    ):
        return None
    input_text = input_other = output_text = output_other = None
    details = metadata.prompt_tokens_details
    if details is None:
        details = metadata.prompt_token_details
    if details is not None:
        if not _is_text(details, prompt):
            return None
        input_text, input_other = prompt, 0
    if metadata.candidates_tokens_details is not None:
        if not _is_text(metadata.candidates_tokens_details, output):
            return None
        output_text, output_other = output, 0
    return Usage(
        input_tokens=prompt,
        output_tokens=output,
        thinking_tokens=thinking,
        total_tokens=total,
        input_text_tokens=input_text,
        input_image_tokens=input_other,
        input_audio_tokens=input_other,
        input_video_tokens=input_other,
        input_document_tokens=input_other,
        output_text_tokens=output_text,
        output_image_tokens=output_other,
        output_audio_tokens=output_other,
        output_video_tokens=output_other,
    )


def _is_text(details: Any, count: int) -> bool:
    """Whether a details list has one entry, of text, that fits its count."""
    try:
        (detail,) = details
        tokens = detail["tokenCount"]
        return type(tokens) is int and 0 <= tokens <= count and detail["modality"] == "TEXT"
    except (LookupError, TypeError, ValueError):
        return False


def any_usage_of(metadata: UsageMetadata, notes: set[Note]) -> Usage:
    """The same by all the rules."""
    prompt = _count(metadata.prompt_token_count, notes)
    total = _count(metadata.total_token_count, notes)
    reported = _count(metadata.candidates_token_count, notes)
    thinking = _count(metadata.thoughts_token_count, notes)
    cached = _count(metadata.cached_content_token_count, notes)
    tool_use = _count(metadata.tool_use_prompt_token_count, notes)
    if cached is not None and prompt is not None and cached > prompt:
        cached = None  # It is part of the prompt; a larger one would be a credit.
        notes.add(Note.COUNT_REJECTED)
    usage = Usage(
        input_tokens=prompt,
        cached_input_tokens=cached,
        tool_use_input_tokens=tool_use,
        output_tokens=reported,
        thinking_tokens=thinking,
        total_tokens=total,
    )
    if total is not None:
        _check_total(usage, total, notes)
    details = metadata.prompt_tokens_details
    if details is None:
        details = metadata.prompt_token_details
    if details is not None and prompt is not None:
        _split_input(usage, prompt, _kinds(details, prompt, notes))
    if metadata.candidates_tokens_details is not None and reported is not None:
        _split_output(usage, _kinds(metadata.candidates_tokens_details, reported, notes), notes)
    if cached:
        _split_cached(usage, cached, metadata.cache_tokens_details, notes)
    return usage


def _count(value: object, notes: set[Note]) -> int | None:
    if value is None:
        return None
    number = as_count(value)
    if number is None:
        notes.add(Note.COUNT_REJECTED)
    return number


def _check_total(usage: Usage, total: int, notes: set[Note]) -> None:
    """Put right output and thinking tokens that do not add up to the total (M4).

    Example (prompt 801, no tool use): candidates 725, thoughts 794, total 2320 agree;
    candidates 1519, thoughts 794, total 2320 hold the thoughts inside, so output is 725.
    """
    answer = usage.output_tokens or 0
    thinking = usage.thinking_tokens or 0
    beyond_input = total - (usage.input_tokens or 0) - (usage.tool_use_input_tokens or 0)
    if beyond_input == answer + thinking:
        return
    if beyond_input == answer and answer >= thinking:
        notes.add(Note.THINKING_INSIDE_OUTPUT)
        usage.output_tokens = answer - thinking
        return
    notes.add(Note.TOTAL_MISMATCH)
    if usage.input_tokens is None or beyond_input < 0 or total < answer:
        return  # A total that is impossible, or of more than is known, decides nothing.
    if usage.output_tokens is None:
        usage.thinking_tokens = beyond_input  # Output not reported: what it hides is thinking.
        return
    thinking = min(thinking, beyond_input)
    usage.output_tokens = beyond_input - thinking
    if usage.thinking_tokens is not None:
        usage.thinking_tokens = thinking


def _kinds(details: object, count: int, notes: set[Note]) -> dict[str, int] | None:
    """Tokens by kind of one details list, all kinds but text; None where it contradicts.

    Takes: the list as it came (`[{"modality", "tokenCount"}]`) and the count that it splits.
    """
    if type(details) is not list:
        notes.add(Note.DETAILS_CONTRADICT)
        return None
    kinds: dict[str, int] = {}
    listed = 0
    for detail in details:
        if type(detail) is not dict:
            continue
        tokens = _count(detail.get("tokenCount"), notes)
        if not tokens:
            continue
        listed += tokens
        modality = detail.get("modality")
        kind = MODALITIES.get(modality) if type(modality) in (str, int) else None
        if kind is not None:
            kinds[kind] = kinds.get(kind, 0) + tokens
    if listed > count:
        notes.add(Note.DETAILS_CONTRADICT)
        return None
    return kinds


def _split_input(usage: Usage, count: int, kinds: dict[str, int] | None) -> None:
    if kinds is None:
        return
    usage.input_image_tokens = kinds.get("image", 0)
    usage.input_audio_tokens = kinds.get("audio", 0)
    usage.input_video_tokens = kinds.get("video", 0)
    usage.input_document_tokens = kinds.get("document", 0)
    usage.input_text_tokens = count - sum(kinds.values())


def _split_output(usage: Usage, kinds: dict[str, int] | None, notes: set[Note]) -> None:
    output = usage.output_tokens
    if kinds is None or output is None:
        return
    image, audio, video = kinds.get("image", 0), kinds.get("audio", 0), kinds.get("video", 0)
    text = output - image - audio - video
    if text < 0:  # The total left less output than the list names.
        notes.add(Note.DETAILS_CONTRADICT)
        return
    usage.output_text_tokens = text
    usage.output_image_tokens = image
    usage.output_audio_tokens = audio
    usage.output_video_tokens = video


def _split_cached(usage: Usage, cached: int, details: object, notes: set[Note]) -> None:
    """Kinds of the cached tokens, each at most that kind of the input (M2).

    Without a split of the input there is none of the cached tokens either: both are text then.
    """
    inputs = {
        kind: tokens
        for kind in _CACHED_ORDER
        if (tokens := getattr(usage, f"input_{kind}_tokens")) is not None
    }
    if not inputs:
        notes.add(Note.CACHED_SPLIT_ESTIMATED)
        return
    split = None if details is None else _kinds(details, cached, notes)
    if split is not None:
        split["text"] = cached - sum(split.values())
        if any(split.get(kind, 0) > tokens for kind, tokens in inputs.items()):
            notes.add(Note.DETAILS_CONTRADICT)
            split = None
    if split is None:
        if inputs["text"] < sum(inputs.values()):
            notes.add(Note.CACHED_SPLIT_ESTIMATED)
        split, left = {}, cached
        for kind in _CACHED_ORDER:
            split[kind] = min(left, inputs[kind])
            left -= split[kind]
    for kind in _CACHED_ORDER:
        setattr(usage, f"cached_{kind}_tokens", split.get(kind, 0))
