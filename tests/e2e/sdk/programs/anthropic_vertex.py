"""Anthropic's SDK for Claude on Vertex: a message, a stream, a token count."""

from typing import Any

from anthropic import AnthropicVertex
from transcript import JOB, QUESTION, STORY, play

CLAUDE = "claude-sonnet-4-5@20250929"
CLIENT = AnthropicVertex(
    project_id="research-1",
    region="europe-west1",
    access_token="ya29.TESTresearch",
    base_url=JOB["base_url"].rstrip("/") + "/v1",
    default_headers=JOB["headers"],
    max_retries=0,
)


def _asking(text: str) -> Any:
    return {
        "model": CLAUDE,
        "max_tokens": 600,
        "messages": [{"role": "user", "content": text}],
    }


def _message() -> Any:
    made = CLIENT.messages.create(**_asking(QUESTION))
    return made.model_dump(mode="json", exclude_none=True)


def _cached() -> Any:
    law = {"type": "text", "text": "law " * 4000, "cache_control": {"type": "ephemeral"}}
    made = CLIENT.messages.create(**_asking(QUESTION), system=[law])
    return made.usage.model_dump(mode="json", exclude_none=True)


def _stream() -> Any:
    with CLIENT.messages.stream(**_asking(STORY)) as stream:
        texts = list(stream.text_stream)
        made = stream.get_final_message()
    return [texts, made.usage.model_dump(mode="json", exclude_none=True)]


def _count() -> Any:
    asking = _asking(QUESTION)
    del asking["max_tokens"]
    return CLIENT.messages.count_tokens(**asking).input_tokens


play({"message": _message, "cached": _cached, "stream": _stream, "count": _count})
