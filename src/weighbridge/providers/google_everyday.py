"""The everyday answer of a Gemini model: one candidate, plain text tokens, nothing else to tell.

Hides what makes an answer so plain that its few counts are all there is to know of it. It is
decoded into types that hold nothing else, so that the decoder itself turns down whatever has
tools, caches, kinds other than text, blocks, errors, or counts that are no whole numbers; those
are read by `google_answer`. Rules for future edits: what is taken here must read there as the
same (a property test compares rows); doubt is a refusal. Fields stand in the order in which
Google writes them, which is the order in which the decoder looks.
Counterpart: `gateway/everyday` makes the row.
"""

from typing import Final, Literal

import msgspec

from weighbridge.providers.base import UsageReader
from weighbridge.providers.google_answer import GeminiAnswer
from weighbridge.providers.google_usage import LARGEST_COUNT
from weighbridge.providers.json_array import JsonReader

LARGEST_BODY_BYTES: Final = 64 << 10  # beyond, decoding is what takes the time


class _Part(msgspec.Struct, rename="camel", gc=False):
    executable_code: None = None
    code_execution_result: None = None


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, rename="camel", gc=False):
    finish_reason: str
    content: _Content | None = None
    grounding_metadata: None = None
    url_context_metadata: None = None


class _Detail(msgspec.Struct, rename="camel", gc=False):
    modality: Literal["TEXT"]
    token_count: int


class _Usage(msgspec.Struct, rename="camel", gc=False):
    prompt_token_count: int
    candidates_token_count: int
    total_token_count: int
    prompt_tokens_details: tuple[_Detail] | None = None
    thoughts_token_count: int | None = None
    candidates_tokens_details: tuple[_Detail] | None = None
    service_tier: str | None = None
    traffic_type: str | None = None
    cached_content_token_count: None = None
    tool_use_prompt_token_count: None = None
    prompt_token_details: None = None


class EverydayAnswer(msgspec.Struct, rename="camel", gc=False):
    """One answer; its words are as they came, its counts add up."""

    candidates: tuple[_Candidate]
    usage_metadata: _Usage
    model_version: str
    prompt_feedback: None = None
    error: None = None


_decode: Final = msgspec.json.Decoder(EverydayAnswer).decode


def may_be_everyday(reader: UsageReader) -> bool:
    """Whether a reader is of such answers, not compressed, and has read nothing yet."""
    return type(reader) is JsonReader and not reader.shape and type(reader.answer) is GeminiAnswer


def everyday_answer(body: bytes) -> EverydayAnswer | None:
    """The answer of a whole body, or None where it is not so plain.

    Gives: counts from 1 for prompt and answer, from 0 for thinking, that add up to the total,
    and details, where they came, of text alone, no more of it than is counted.
    """
    if len(body) > LARGEST_BODY_BYTES:
        return None
    try:
        answer = _decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    usage = answer.usage_metadata
    prompt = usage.prompt_token_count
    output = usage.candidates_token_count
    thinking = usage.thoughts_token_count or 0
    total = usage.total_token_count
    if prompt < 1 or output < 1 or thinking < 0 or total > LARGEST_COUNT:
        return None
    if total != prompt + output + thinking:
        return None
    details = usage.prompt_tokens_details
    if details is not None and not 0 <= details[0].token_count <= prompt:
        return None
    details = usage.candidates_tokens_details
    if details is not None and not 0 <= details[0].token_count <= output:
        return None
    return answer
