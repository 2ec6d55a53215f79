"""What a request body says about how much its call may consume: the upper bounds in it.

Hides where each method writes its maximum, and what in a body no count of bytes bounds: files by
reference, caches, earlier turns, videos and documents, whose tokens have nothing to do with their
size. Rules for future edits: whatever is doubtful bounds nothing; nothing of a prompt is kept; the
everyday body, all text, costs one decoding that skips the prompt: the shapes of `request_shapes`
admit nothing but text, so that all else falls through to the slower look.
Counterparts: `request_shapes` has the members, `media` what is no text, `budgets/hold` prices it,
`asked` reads what the row needs.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from weighbridge.core.usage import Usage
from weighbridge.providers.asked import asked
from weighbridge.providers.base import Route
from weighbridge.providers.decoding import UNREADABLE
from weighbridge.providers.media import Media, media_of
from weighbridge.providers.model_names import keep_model, made_by
from weighbridge.providers.request_shapes import (
    ABSENT,
    Config,
    Google,
    GoogleText,
    Plain,
    PlainText,
    Predict,
    Tool,
)

# What a letter looks like where somebody hides a name: no encoder writes plain letters so.
_ESCAPED_LETTER: Final = re.compile(rb"\\u00[4-7]")
_MOST_TOKENS: Final = 1 << 31
_LONGEST_COUNT: Final = 10
_MOST_ANSWERS: Final = 64
# Images that Google's own method makes where a request does not say how many.
_DEFAULT_PIECES: Final = 4
_LONGEST_TIER: Final = 32
# Anthropic puts instructions of its own before tools. Source: Anthropic "Tool use", from memory.
_TOOL_FRAME_TOKENS: Final = 1_024
_NO_MEDIA: Final = Media(0, 0, 0, open_ended=False)


class Declared(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one request may consume, as far as its body tells.

    `text_bytes` bounds the tokens of all that is text: a token is at least one byte.
    `answer_tokens` is the declared maximum of one answer, thinking included, None where there is
    none; `answers` how many are asked for. `open_prompt`: the body refers to what it does not
    hold. `tools` says that the provider runs tools, whose results are read as prompt; `searches`
    that it may search. `pieces` are images or songs asked for, `video` is video as it is billed.
    """

    text_bytes: int
    answer_tokens: int | None = None
    answers: int = 1
    images: int = 0
    audio_bytes: int = 0
    open_prompt: bool = False
    tools: bool = False
    searches: bool = False
    only_text: bool = False
    writes_cache: bool = False
    pieces: int = 1
    video: Usage | None = None
    tier: str | None = None
    model: str | None = None
    provider: str | None = None


_google_text: Final = msgspec.json.Decoder(GoogleText).decode
_google: Final = msgspec.json.Decoder(Google).decode
_plain_text: Final = msgspec.json.Decoder(PlainText).decode
_plain: Final = msgspec.json.Decoder(Plain).decode
_predict: Final = msgspec.json.Decoder(Predict).decode
_google_tools: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
_plain_tools: Final = msgspec.json.Decoder(list[Tool]).decode


def declared(route: Route, body: bytes | None, length: int) -> Declared:
    """What a request on this route may consume.

    Takes: the body where it is whole, and how long it is; -1 = nobody knows.
    Example: 4,000 bytes of text with `maxOutputTokens` 100 and two candidates are at most 4,000
    prompt tokens and twice 100 tokens of answer.
    """
    if body is None:
        return _unread(length)
    read = _BY_OPERATION.get(route.operation)
    if read is None:
        return _unread(len(body))
    try:
        return read(route, body)
    except UNREADABLE:
        return _unread(len(body))


def as_maximum(value: object) -> int | None:
    """A count that a request names, or None where it names none that holds.

    Example: `100`, `"100"` and `100.0` are 100, as Google reads them; 0 and -1 are none.
    """
    if type(value) is str and value.isdecimal() and len(value) <= _LONGEST_COUNT:
        value = int(value)
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 < value < _MOST_TOKENS else None


def _unread(length: int) -> Declared:
    """All that is known of a body that was not read is its length."""
    return Declared(
        text_bytes=max(length, 0),
        open_prompt=length != 0,
        tools=length != 0,
        searches=length != 0,
        writes_cache=True,
        pieces=_DEFAULT_PIECES,
    )


def _of_google(route: Route, body: bytes) -> Declared:  # noqa: ARG001 - one signature for all
    found: Google | GoogleText
    media = _NO_MEDIA
    try:
        found = _google_text(body)
    except msgspec.ValidationError:
        found = _google(body)
        media = media_of(body)
        if _hides_names(body):
            media = Media(0, 0, 0, open_ended=True)
    answer_tokens, answers, only_text = _configured(found, body)
    tools = found.tools is not ABSENT and _runs_google_tools(found.tools)
    return Declared(
        text_bytes=len(body) - media.data_bytes,
        answer_tokens=answer_tokens,
        answers=answers,
        images=media.images,
        audio_bytes=media.audio_bytes,
        open_prompt=media.open_ended
        or found.cachedContent is not ABSENT
        or found.cached_content is not ABSENT,
        tools=tools,
        searches=tools,
        only_text=only_text,
        tier=_tier(found.serviceTier or found.service_tier),
        model=None if found.model is None else keep_model(found.model),
    )


def _configured(found: Google | GoogleText, body: bytes) -> tuple[int | None, int, bool]:
    """Most tokens of an answer, how many answers, and whether they are surely text.

    A member that is there in both spellings, or more than once, is read as nobody knows.
    """
    config, other = found.generationConfig, found.generation_config
    if config is None and other is None:
        return None, 1, False
    name = b"enerationConfig" if config is not None else b"eneration_config"
    if (config is not None and other is not None) or body.count(name) != 1:
        return None, _MOST_ANSWERS, False
    read = config or other or Config()
    answers = 1
    count, other_count = read.candidateCount, read.candidate_count
    if count is not None or other_count is not None:
        answers = max(as_maximum(each) or 0 for each in (count, other_count)) or _MOST_ANSWERS
    modalities = read.responseModalities or read.response_modalities
    return _maximum(read), min(answers, _MOST_ANSWERS), _says_text(modalities)


def _maximum(config: Config) -> int | None:
    """The declared maximum; the larger where both spellings are there."""
    one, two = config.maxOutputTokens, config.max_output_tokens
    if one is None or two is None:
        return as_maximum(two if one is None else one)
    first, second = as_maximum(one), as_maximum(two)
    return None if first is None or second is None else max(first, second)


def _hides_names(body: bytes) -> bool:
    """Whether names may be written with escapes, so that a search does not find them."""
    return body.find(b"\\u00") >= 0 and _ESCAPED_LETTER.search(body) is not None


def _says_text(modalities: object) -> bool:
    if type(modalities) is not list:
        return False
    return all(type(each) is str and each.upper() == "TEXT" for each in modalities)


def _runs_google_tools(raw: msgspec.Raw) -> bool:
    """Whether the provider runs any of the tools; functions are the caller's own."""
    try:
        tools = _google_tools(raw)
    except UNREADABLE:
        return True
    return any(not tool.keys() <= _OWN_TOOLS for tool in tools)


_OWN_TOOLS: Final = frozenset({"functionDeclarations", "function_declarations"})


def _of_openai(route: Route, body: bytes) -> Declared:  # noqa: ARG001 - one signature for all
    found: Plain | PlainText
    try:
        found = _plain_text(body)
    except msgspec.ValidationError:
        return _of_plain(_plain(body), body)
    maker, model = made_by(found.model)
    return Declared(
        text_bytes=len(body) + (_TOOL_FRAME_TOKENS if found.tools else 0),
        answer_tokens=_plain_maximum(found),
        answers=_plain_answers(found, 1),
        only_text=found.modalities is None,
        pieces=as_maximum(found.n) or 1,
        tier=_tier(found.service_tier),
        model=model,
        provider=maker,
    )


def _of_plain(found: Plain, body: bytes) -> Declared:
    """The slower look: words that stand in every part that is no text."""
    hides = _hides_names(body)
    prompts = len(found.prompt) if type(found.prompt) is list else 1
    maker, model = made_by(found.model if found.model is not None else found.agent)
    tools = hides or found.agent is not None or _serves_tools(found)
    refers = (found.previous_response_id, found.previous_interaction_id, found.conversation)
    return Declared(
        text_bytes=len(body) + _TOOL_FRAME_TOKENS,
        answer_tokens=_plain_maximum(found),
        answers=_plain_answers(found, prompts),
        images=body.count(b"image"),
        audio_bytes=len(body) if b"audio" in body else 0,
        open_prompt=hides
        or any(raw is not ABSENT for raw in refers)
        or any(word in body for word in _OPEN_WORDS),
        tools=tools,
        searches=tools,
        writes_cache=hides or b"cache_control" in body,
        pieces=as_maximum(found.n) or 1,
        tier=_tier(found.service_tier),
        model=model,
        provider=maker,
    )


# Words of which one stands in every part that holds or names a file, a document or a video.
_OPEN_WORDS: Final = (b"file", b"document", b"video", b"cached_content", b"cachedContent")


def _plain_maximum(found: Plain | PlainText) -> int | None:
    """The declared maximum: the largest, where it is declared under several names."""
    most = 0
    config = found.generation_config
    for value in (
        found.max_tokens,
        found.max_completion_tokens,
        found.max_output_tokens,
        None if config is None else _maximum(config),
    ):
        if value is not None:
            maximum = as_maximum(value)
            if maximum is None:
                return None
            most = max(most, maximum)
    return most or None


def _plain_answers(found: Plain | PlainText, prompts: int) -> int:
    answers = max(as_maximum(found.n) or 1, as_maximum(found.best_of) or 1)
    return min(answers * max(prompts, 1), _MOST_ANSWERS)


def _serves_tools(found: Plain) -> bool:
    """Whether the provider may run tools of its own.

    Anthropic's tools of the caller have no type, or `custom`; all others name a version.
    """
    extras = (found.web_search_options, found.extra_body, found.google)
    if any(raw is not ABSENT for raw in extras):
        return True
    if found.tools is ABSENT:
        return False
    try:
        tools = _plain_tools(found.tools)
    except UNREADABLE:
        return True
    return any(tool.type not in {None, "function", "custom"} for tool in tools)


def _of_predict(route: Route, body: bytes) -> Declared:  # noqa: ARG001 - one signature for all
    parameters = _predict(body).parameters
    pieces = None
    if parameters is not None:
        pieces = as_maximum(parameters.sampleCount) or as_maximum(parameters.sample_count)
    return Declared(
        text_bytes=len(body),
        images=body.count(b"image"),
        open_prompt=b"ideo" in body,
        pieces=min(pieces or _DEFAULT_PIECES, _MOST_ANSWERS),
    )


def _of_video(route: Route, body: bytes) -> Declared:
    return Declared(text_bytes=0, video=asked(route, body).usage, pieces=_DEFAULT_PIECES)


def _tier(value: object) -> str | None:
    return value.lower() if type(value) is str and len(value) <= _LONGEST_TIER else None


_Read = Callable[[Route, bytes], Declared]
_BY_OPERATION: Final[Mapping[str, _Read]] = {
    "generateContent": _of_google,
    "streamGenerateContent": _of_google,
    "createCachedContent": _of_google,
    "embedContent": _of_google,
    "batchEmbedContents": _of_google,
    "chat.completions": _of_openai,
    "completions": _of_openai,
    "embeddings": _of_openai,
    "images.generations": _of_openai,
    "responses": _of_openai,
    "responses.compact": _of_openai,
    "createInteraction": _of_openai,
    "createDecision": _of_openai,
    "rawPredict": _of_openai,
    "streamRawPredict": _of_openai,
    "predict": _of_predict,
    "predictLongRunning": _of_video,
}
