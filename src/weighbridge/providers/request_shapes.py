"""The members of request bodies that bear on what a call may consume, per family of methods.

Hides a way to tell a body of text from all others at the speed of one decoding: in the shapes
whose names end in `Text`, whatever is no text has a type that no value of it fits, so that the
decoder refuses it. Rules for future edits: a member that may hold or name anything but text stands
in the `Text` shapes as `None`, in both of the spellings that Google reads; what is refused there is
read by the loose shapes, which refuse little.
Counterpart: `declared`.
"""

from typing import Any, Final, Literal

import msgspec

ABSENT: Final = msgspec.Raw(b"null")


class Config(msgspec.Struct, gc=False):
    """`generationConfig`, in both spellings."""

    maxOutputTokens: Any = None  # noqa: N815 - wire names
    max_output_tokens: Any = None
    candidateCount: Any = None  # noqa: N815
    candidate_count: Any = None
    responseModalities: Any = None  # noqa: N815
    response_modalities: Any = None


class _GoogleParts(msgspec.Struct, gc=False):
    parts: None = None


class _GoogleTextPart(msgspec.Struct, gc=False):
    inlineData: None = None  # noqa: N815
    inline_data: None = None
    fileData: None = None  # noqa: N815
    file_data: None = None
    functionResponse: _GoogleParts | None = None  # noqa: N815
    function_response: _GoogleParts | None = None


class _GoogleTextContent(msgspec.Struct, gc=False):
    parts: list[_GoogleTextPart] | _GoogleTextPart | None = None


class _GoogleTextRequest(msgspec.Struct, gc=False):
    content: _GoogleTextContent | None = None


class GoogleText(msgspec.Struct, gc=False):
    """A request of Google's whose prompt is all text; embeddings have `content`, `requests`."""

    contents: list[_GoogleTextContent] | _GoogleTextContent | None = None
    content: _GoogleTextContent | None = None
    requests: list[_GoogleTextRequest] | None = None
    systemInstruction: _GoogleTextContent | None = None  # noqa: N815
    system_instruction: _GoogleTextContent | None = None
    generationConfig: Config | None = None  # noqa: N815
    generation_config: Config | None = None
    tools: msgspec.Raw = ABSENT
    cachedContent: msgspec.Raw = ABSENT  # noqa: N815
    cached_content: msgspec.Raw = ABSENT
    serviceTier: Any = None  # noqa: N815
    service_tier: Any = None
    model: Any = None


class Google(msgspec.Struct, gc=False):
    """A request of Google's, whatever its prompt."""

    generationConfig: Config | None = None  # noqa: N815
    generation_config: Config | None = None
    tools: msgspec.Raw = ABSENT
    cachedContent: msgspec.Raw = ABSENT  # noqa: N815
    cached_content: msgspec.Raw = ABSENT
    serviceTier: Any = None  # noqa: N815
    service_tier: Any = None
    model: Any = None


class Tool(msgspec.Struct, gc=False):
    """A tool in OpenAI's or Anthropic's shape, by its type."""

    type: Any = None


class _OwnTool(msgspec.Struct, gc=False):
    type: Literal["function", "custom"] | None = None
    cache_control: None = None


class _TextPart(msgspec.Struct, gc=False):
    type: Literal["text", "input_text", "output_text", "refusal"]
    cache_control: None = None


class _TextMessage(msgspec.Struct, gc=False):
    content: str | list[_TextPart | str] | None = None
    type: Literal["message", "text"] | None = None
    audio: None = None
    cache_control: None = None


class PlainText(msgspec.Struct, gc=False):
    """A request of OpenAI's or Anthropic's, or an interaction, that is all text."""

    model: Any = None
    agent: None = None
    messages: list[_TextMessage] | None = None
    input: str | list[str | _TextMessage] | None = None
    prompt: str | None = None
    system: str | list[_TextPart | str] | None = None
    max_tokens: Any = None
    max_completion_tokens: Any = None
    max_output_tokens: Any = None
    n: Any = None
    best_of: Any = None
    modalities: Any = None
    service_tier: Any = None
    tools: list[_OwnTool] | None = None
    previous_response_id: None = None
    previous_interaction_id: None = None
    conversation: None = None
    cached_content: None = None
    extra_body: None = None
    google: None = None
    web_search_options: None = None
    mcp_servers: None = None
    container: None = None
    background: None = None
    generation_config: Config | None = None


class Plain(msgspec.Struct, gc=False):
    """The same, whatever it holds."""

    model: Any = None
    agent: Any = None
    max_tokens: Any = None
    max_completion_tokens: Any = None
    max_output_tokens: Any = None
    n: Any = None
    best_of: Any = None
    service_tier: Any = None
    tools: msgspec.Raw = ABSENT
    previous_response_id: msgspec.Raw = ABSENT
    previous_interaction_id: msgspec.Raw = ABSENT
    conversation: msgspec.Raw = ABSENT
    prompt: Any = None
    generation_config: Config | None = None
    extra_body: msgspec.Raw = ABSENT
    google: msgspec.Raw = ABSENT
    web_search_options: msgspec.Raw = ABSENT


class Parameters(msgspec.Struct, gc=False):
    """The parameters of the older `predict` method."""

    sampleCount: Any = None  # noqa: N815
    sample_count: Any = None


class Predict(msgspec.Struct, gc=False):
    """A request of the older `predict` method."""

    parameters: Parameters | None = None
